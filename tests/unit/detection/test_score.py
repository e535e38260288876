from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from crackdemo.detection.heatmaps import residual_of, to_heatmap
from crackdemo.detection.illumination import measure_illumination, to_gray
from crackdemo.detection.score import photo_score
from tests.plain import plain_flatten, plain_heat

CLEAN = Path(__file__).parents[3].parent / "shared" / "data" / "metu" / "clean"


def crack(side: int, length: int, heat: int = 45_000) -> np.ndarray:
    """A heatmap (side, side), cold but for a line 3 px wide in its middle."""
    heatmap = np.full((side, side), 3_000, np.uint16)
    middle, left = side // 2, (side - length) // 2
    heatmap[middle - 1 : middle + 2, left : left + length] = heat
    return heatmap


def test_the_score_is_the_strongest_cracks_reach_and_odds():
    heatmap = crack(200, 90)
    heatmap[5:8, 5:45] = 50_000  # shorter
    strength = np.hypot(90, 3) * 45_000 / (65536 - 45_000) * (50_000 / 200**2) ** 0.4
    assert photo_score(heatmap) == pytest.approx(strength / (strength + 100))


def test_longer_and_hotter_cracks_score_higher_and_many_short_ones_do_not():
    score = photo_score(crack(300, 100))
    assert photo_score(crack(300, 200)) > score
    assert photo_score(crack(300, 100, 55_000)) > score
    many = np.full((300, 300), 3_000, np.uint16)
    for top in range(0, 300, 10):
        many[top : top + 3, 100:120] = 45_000
    assert photo_score(many) < score


def test_a_lower_level_joins_the_pieces_of_a_faint_crack():
    heatmap = crack(300, 200, 40_000)
    heatmap[:, ::20] = np.minimum(heatmap[:, ::20], 20_000)  # torn at .5, and whole at .25
    torn, whole = (photo_score(heatmap, level=level) for level in (0.5, 0.25))
    assert whole > 3 * torn


def test_what_was_left_out_counts_as_just_below_the_threshold():
    """So that photos without a mark are still ordered by what is on them."""
    left_out, shorter = crack(300, 100, 32_767), crack(300, 60, 32_767)
    assert photo_score(crack(300, 100, 32_768)) == pytest.approx(photo_score(left_out), rel=1e-3)
    assert photo_score(left_out) > photo_score(shorter) > 5 * photo_score(crack(300, 100, 32_766))


def test_a_higher_level_counts_hotter_pixels_alone():
    heatmap = crack(300, 200, 40_000)
    heatmap[150, 60:120] = 60_000
    hot = np.where(heatmap > 50_000, heatmap, 3_000).astype(np.uint16)
    assert photo_score(heatmap, level=0.7) == photo_score(hot, level=0.7) != photo_score(heatmap)


def test_parts_that_only_touch_at_a_corner_are_one_crack():
    diagonal = np.where(np.eye(100, dtype=bool), 45_000, 0).astype(np.uint16)
    assert photo_score(diagonal) > 1.5 * photo_score(crack(100, 20))


def test_a_crack_is_called_alike_on_a_small_and_on_a_large_photo():
    """A share of the pixels would fall with the area: 1 to 64 here."""
    small, large = (photo_score(crack(side, 220)) for side in (250, 2_000))
    assert small > large > 0.3 * small


@pytest.mark.parametrize("share", [None, 0.01])
def test_without_a_crack_the_hottest_pixels_order_photos(share):
    scores = [photo_score(np.full((40, 50), heat, np.uint16), share) for heat in (0, 90, 32_767)]
    assert scores[0] == 0 and scores == sorted(set(scores))


def test_the_score_is_below_one():
    assert 0.99 < photo_score(np.full((600, 600), 65_535, np.uint16)) < 1


@pytest.mark.parametrize("share", [None, 0.01])
def test_of_a_region_only_what_lies_inside_counts(share):
    heatmap, region = crack(200, 90), np.zeros((200, 200), np.bool_)
    region[:50] = True
    assert photo_score(heatmap, share, region) < 0.05
    region[90:110] = True
    assert photo_score(heatmap, share, region) > 0.3
    whole = np.ones_like(region)
    assert photo_score(heatmap, share, whole) == pytest.approx(photo_score(heatmap, share))
    assert photo_score(heatmap, None, np.zeros_like(region)) == 0


def test_with_a_share_the_score_is_the_mean_of_the_hottest_share():
    heatmap = np.arange(10000, dtype=np.uint16).reshape(100, 100)
    expected = np.arange(9900, 10000).mean() / 65536
    assert photo_score(heatmap, 0.01) == pytest.approx(expected)
    assert photo_score(heatmap, 1) == pytest.approx(np.arange(10000).mean() / 65536)


def test_with_a_share_the_score_of_a_single_pixel_is_its_heat():
    assert photo_score(np.array([[32768]], np.uint16), 0.01) == 0.5


def test_with_a_share_the_score_of_a_photo_repeated_is_its_own():
    heatmap = np.random.default_rng(0).integers(0, 65536, (50, 60)).astype(np.uint16)
    for times in (2, 8):
        mosaic = np.tile(heatmap, (times, times))
        assert photo_score(mosaic, 0.02) == pytest.approx(photo_score(heatmap, 0.02), abs=1e-3)


def darkness(photo: np.ndarray) -> np.ndarray:
    """The residual without a network: how much darker than its surroundings."""
    config = plain_flatten()
    gray = to_gray(photo, "luma")
    image = measure_illumination(gray, config).flatten(gray)
    return residual_of(image, np.full_like(image, config.level), plain_heat())


def clean_photos(count: int) -> list[np.ndarray]:
    """Crack-free tiles of metu, cut to one size; procedural ones where it is absent."""
    if CLEAN.is_dir():
        paths = sorted(CLEAN.glob("*"))[:: max(1, len(list(CLEAN.glob("*"))) // count)][:count]
        return [np.array(Image.open(path).convert("RGB"))[:224, :224] for path in paths]
    rng = np.random.default_rng(0)
    photos = []
    for _ in range(count):
        noise = rng.normal(0.5, rng.uniform(0.02, 0.1), (224, 224)).astype(np.float32)
        gray = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.5, 3)).clip(0, 1)
        photos.append(np.repeat((gray * 255).astype(np.uint8)[..., None], 3, 2))
    return photos


@pytest.mark.parametrize("share", [None, 0.05])
def test_clean_mosaics_are_not_called_cracked_for_their_size(share):
    photos = clean_photos(400)
    heats = [to_heatmap(darkness(photo), 0.15) for photo in photos]
    threshold = np.quantile([photo_score(heat, share) for heat in heats[:200]], 0.98)
    held_out = heats[200:]
    rng = np.random.default_rng(0)
    for side in (1, 2, 4, 8):
        called = []
        for _ in range(200):
            chosen = rng.permutation(len(held_out))[: side * side]
            rows = np.split(np.stack([held_out[i] for i in chosen]), side)
            mosaic = np.vstack([np.hstack(list(row)) for row in rows])
            called.append(photo_score(mosaic, share) >= threshold)
        assert np.mean(called) <= 0.07
