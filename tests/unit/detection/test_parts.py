"""Which parts of a heatmap are no cracks."""

import cv2
import numpy as np
import pytest
from skimage.draw import disk
from skimage.draw import line as drawn_line
from skimage.measure import label

from crackdemo.arrays import Heatmap
from crackdemo.detection.parts import without_sound_parts
from tests.plain import plain_heat

HOT, WARM, COLD = 50_000, 12_000, 0


def ground(height: int = 400, width: int = 600) -> Heatmap:
    return np.full((height, width), COLD, np.uint16)


def drawn(points: np.ndarray, thickness: int = 3, heat: int = HOT) -> Heatmap:
    """A polyline through (x, y) points."""
    heatmap = ground()
    cv2.polylines(heatmap, [np.round(points).astype(np.int32)], False, heat, thickness)
    return heatmap


def way(off: np.ndarray, turned: float = 0.0) -> np.ndarray:
    """A line across the ground that is `off` pixels from straight, turned by an angle."""
    x = np.linspace(-250, 250, len(off))
    turn = np.array([[np.cos(turned), -np.sin(turned)], [np.sin(turned), np.cos(turned)]])
    points: np.ndarray = np.stack([x, off], axis=1) @ turn.T + (300, 200)
    return points


def wandering() -> np.ndarray:
    """A crack's way: steps to either side."""
    steps = np.random.default_rng(3).normal(0, 1, 126)
    return np.cumsum(steps)


def is_left(heatmap: Heatmap, **settings: float) -> bool:
    return bool((without_sound_parts(heatmap, plain_heat(**settings)) >= 32768).any())


class TestFaint:
    def test_parts_that_are_sure_nowhere_are_none(self):
        noise = np.random.default_rng(1).normal(0, 1, (200, 300)).astype(np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), 3)
        heatmap = (32768 + 30000 * smooth / np.abs(smooth).max()).astype(np.uint16)
        before = heatmap.copy()
        inside = label(before >= 32768, connectivity=2)
        sure = np.unique(inside[before >= 65536 * 0.667])
        stays = (inside > 0) & np.isin(inside, sure)
        assert 0 < stays.sum() < (inside > 0).sum()
        after = without_sound_parts(heatmap, plain_heat(faint=0.667))
        assert np.array_equal(after >= 32768, stays)
        assert np.array_equal(after[stays], before[stays])
        assert np.array_equal(after[inside == 0], before[inside == 0])
        # a lower threshold has all of them
        assert np.array_equal(after >= 32767, before >= 32767)

    def test_corners_connect(self):
        heatmap = np.zeros((4, 4), np.uint16)
        heatmap[0, 0], heatmap[1, 1] = 33000, 60000
        after = without_sound_parts(heatmap.copy(), plain_heat(faint=0.9))
        assert after.tolist() == heatmap.tolist()

    def test_without_the_setting_all_stays(self):
        heatmap = np.full((3, 3), 33000, np.uint16)
        assert (without_sound_parts(heatmap, plain_heat()) == 33000).all()
        assert (without_sound_parts(heatmap, plain_heat(faint=0.9)) == 32767).all()


class TestStraight:
    @pytest.mark.parametrize("turned", [0.0, 0.3, 0.785, 1.57, 2.5])
    @pytest.mark.parametrize("thickness", [1, 3, 12])
    def test_a_line_falls_just_below_the_threshold(self, turned: float, thickness: int):
        heatmap = drawn(way(np.zeros(2), turned), thickness)
        after = without_sound_parts(heatmap.copy(), plain_heat(straight=0.004))
        assert set(np.unique(after)) == {COLD, 32767}
        assert np.array_equal(after == 32767, heatmap == HOT)
        assert is_left(heatmap)

    @pytest.mark.parametrize("turned", [0.0, 0.6, 1.2])
    def test_an_even_bend_is_a_marking(self, turned: float):
        bend = 40 * np.linspace(-1, 1, 200) ** 2
        assert not is_left(drawn(way(bend, turned)), straight=0.004)

    @pytest.mark.parametrize("turned", [0.0, 0.6, 1.2])
    @pytest.mark.parametrize("thickness", [1, 4])
    def test_a_crack_wanders(self, turned: float, thickness: int):
        assert is_left(drawn(way(wandering(), turned), thickness), straight=0.004)

    def test_pieces_of_a_line_are_joined_by_what_is_warm_between_them(self):
        heatmap = drawn(way(np.zeros(2)), heat=WARM)
        for x in range(60, 540, 60):
            heatmap[198:203, x : x + 30] = HOT
        assert not is_left(heatmap.copy(), straight=0.004)
        heatmap[heatmap == WARM] = COLD
        assert is_left(heatmap, straight=0.004)  # each alone is too short to tell

    def test_a_crack_is_not_straight_for_ending_in_something_warm(self):
        crack = drawn(way(wandering()))
        heatmap = np.maximum(crack, drawn(np.array([[550, 20], [550, 380]]), heat=WARM))
        after = without_sound_parts(heatmap.copy(), plain_heat(straight=0.004))
        assert np.array_equal(after, heatmap)

    def test_a_crack_beside_a_line_stays(self):
        crack, line = drawn(way(wandering())), ground()
        line[drawn_line(5, 5, 5, 590)] = HOT
        after = without_sound_parts(np.maximum(crack, line), plain_heat(straight=0.004))
        assert np.array_equal(after >= 32768, crack >= 32768)

    def test_spots_and_short_pieces_stay(self):
        spot, piece = ground(), ground()
        spot[disk((200, 300), 90)] = HOT
        piece[100:103, 100:170] = HOT
        for heatmap in (spot, piece):
            assert is_left(heatmap, straight=0.05)

    def test_a_large_photo_s_crack_may_be_straight_for_its_length(self):
        """A wave of 6 px over 4,000: .1 % of it, and more than any joint."""
        x = np.arange(4000)
        heatmap = np.zeros((100, 4000), np.uint16)
        rows = np.round(50 + 6 * np.sin(x / 300)).astype(int)
        for row in range(-2, 3):
            heatmap[rows + row, x] = HOT
        assert is_left(heatmap, straight=0.004)

    def test_an_even_photo_is_no_line(self):
        for heat in (COLD, HOT):
            heatmap = np.full((300, 30), heat, np.uint16)
            kept = without_sound_parts(heatmap.copy(), plain_heat(straight=0.004))
            assert kept.shape == heatmap.shape
        assert without_sound_parts(np.empty((0, 5), np.uint16), plain_heat()).size == 0

    def test_together_with_faint_ones(self):
        crack, line = drawn(way(wandering())), ground()
        line[drawn_line(5, 5, 5, 590)] = HOT
        faint = ground()
        faint[300:310, 10:20] = 34_000
        heatmap = np.maximum(np.maximum(crack, line), faint)
        after = without_sound_parts(heatmap, plain_heat(faint=0.65, straight=0.004))
        assert np.array_equal(after >= 32768, crack >= 32768)
