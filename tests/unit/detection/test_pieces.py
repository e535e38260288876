"""What is too faint or too lonely to be a crack, held against scikit-image."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from skimage.measure import label

from crackdemo.detection.pieces import (
    LoneMarks,
    joined,
    pieces_of,
    strengths,
    without_faint,
    without_lone,
)


def smooth_heat(sigma: float) -> np.ndarray:
    """(200, 300), about half of it at the calibrated threshold."""
    noise = np.random.default_rng(1).normal(0, 1, (200, 300)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), sigma)
    return (32768 + 30000 * smooth / np.abs(smooth).max()).astype(np.uint16)


def dashes(*columns: int) -> np.ndarray:
    """A heatmap (100, 400) with dashes of 20 x 3 px that begin at these columns."""
    heatmap = np.full((100, 400), 3_000, np.uint16)
    for column in columns:
        heatmap[50:53, column : column + 20] = 45_000
    return heatmap


def exact_strength(heatmap: np.ndarray, inside: np.ndarray) -> float:
    """The diagonal of the bounding box times the mean odds."""
    rows, columns = np.nonzero(inside)
    heat = heatmap[inside].mean()
    return float(np.hypot(np.ptp(rows) + 1, np.ptp(columns) + 1) * heat / (65536 - heat))


class TestFaint:
    def test_parts_that_are_sure_nowhere_are_none(self):
        noise = np.random.default_rng(1).normal(0, 1, (200, 300)).astype(np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), 3)
        heatmap = (32768 + 30000 * smooth / np.abs(smooth).max()).astype(np.uint16)
        before = heatmap.copy()
        inside = label(before >= 32768, connectivity=2)
        sure = np.unique(inside[before >= 0.667 * 65536])
        stays = np.isin(inside, sure[sure > 0])
        assert 0 < stays.sum() < (inside > 0).sum()
        after = without_faint(heatmap, 0.667)
        assert np.array_equal(after >= 32768, stays)
        assert np.array_equal(after[stays], before[stays])
        assert np.array_equal(after[inside == 0], before[inside == 0])
        # a lower threshold has all of them
        assert np.array_equal(after >= 32767, before >= 32767)

    def test_corners_connect(self):
        heatmap = np.zeros((4, 4), np.uint16)
        heatmap[0, 0], heatmap[1, 1] = 33000, 60000
        assert without_faint(heatmap.copy(), 0.9).tolist() == heatmap.tolist()

    def test_without_the_setting_all_stays(self):
        heatmap = np.full((3, 3), 33000, np.uint16)
        assert (without_faint(heatmap, None) == 33000).all()
        assert (without_faint(heatmap, 0.9) == 32767).all()


class TestStrengths:
    def test_reach_times_mean_odds(self):
        heatmap = smooth_heat(3)
        labels = label(heatmap >= 32768, connectivity=2)
        pieces = pieces_of(heatmap, heatmap >= 32768)
        assert len(pieces.area) == labels.max() > 20
        found = strengths(pieces)[pieces.number]
        for piece, strength in zip(labels[labels > 0], found, strict=True):
            assert strength == pytest.approx(exact_strength(heatmap, labels == piece))

    def test_groups_count_as_one(self):
        heatmap = smooth_heat(3)
        labels = label(heatmap >= 32768, connectivity=2)
        pieces = pieces_of(heatmap, labels > 0)
        group = (labels % 3)[labels > 0].astype(np.int32)
        for number, strength in enumerate(strengths(joined(pieces, group))):
            together = (labels > 0) & (labels % 3 == number)
            assert strength == pytest.approx(exact_strength(heatmap, together))


class TestLoneMarks:
    def test_what_belongs_together_is_as_strong_as_all_of_it(self):
        lone = LoneMarks(gap=30, strength=150)
        alone, pair, four = dashes(40), dashes(40, 300), dashes(40, 80, 120, 160)
        assert (without_lone(four.copy(), lone) == four).all()
        for heatmap in (alone, pair):
            after = without_lone(heatmap.copy(), lone)
            assert (after[heatmap == 45_000] == 32_767).all()
            assert (after[heatmap < 45_000] == 3_000).all()

    @pytest.mark.parametrize(("apart", "stays"), [(29, True), (33, False)])
    def test_pieces_belong_together_up_to_the_gap(self, apart: int, stays: bool):
        heatmap = dashes(40, 60 + apart)
        strength = np.hypot(3, 40) * 45_000 / (65536 - 45_000)  # of both without the gap
        after = without_lone(heatmap.copy(), LoneMarks(30, strength, diagonal=1))
        assert (after >= 32768).any() == stays

    def test_a_strong_piece_stays_alone_and_hotter_ones_are_stronger(self):
        heatmap = dashes(40)
        odds = 45_000 / (65536 - 45_000)
        just = float(np.hypot(20, 3) * odds)
        assert (without_lone(heatmap.copy(), LoneMarks(48, just * 0.99)) == heatmap).all()
        assert (without_lone(heatmap.copy(), LoneMarks(48, just * 1.01)) < 32768).all()
        heatmap[heatmap == 45_000] = 50_000
        assert (without_lone(heatmap.copy(), LoneMarks(48, just * 1.01)) == heatmap).all()

    def test_on_a_small_photo_less_is_enough(self):
        lone = LoneMarks(strength=170, diagonal=0.25)
        assert lone.least(3_000, 4_000) == 170
        assert lone.least(300, 400) == 125
        small = dashes(40)[:60, :80].copy()  # a strength of 44
        assert (without_lone(small.copy(), lone) == small).all()
        assert (without_lone(dashes(40), lone) < 32768).all()

    def test_groups_are_those_of_an_exact_distance(self):
        heatmap = np.where(smooth_heat(3) > 45_000, smooth_heat(3), 3_000).astype(np.uint16)
        inside = heatmap >= 32768
        groups = label(distance_transform_edt(~inside) <= 5, connectivity=2) * inside
        numbers = range(1, groups.max() + 1)
        weak = np.array([False] + [exact_strength(heatmap, groups == n) < 60 for n in numbers])
        assert 3 < weak.sum() < groups.max() - 3
        after = without_lone(heatmap.copy(), LoneMarks(gap=10, strength=60))
        assert np.mean((after >= 32768) == (inside & ~weak[groups])) > 0.999
        assert np.array_equal(after >= 32767, inside)  # a lower threshold has all of them

    def test_a_heatmap_without_pixels_stays(self):
        nothing = np.zeros((0, 0), np.uint16)
        assert without_lone(without_faint(nothing, 0.6), LoneMarks()).size == 0

    def test_without_the_setting_or_anything_hot_all_stays(self):
        assert (without_lone(dashes(40), None) == dashes(40)).all()
        assert (without_lone(dashes(), LoneMarks()) == 3_000).all()
