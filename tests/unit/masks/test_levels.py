from dataclasses import replace

import cv2
import numpy as np
import pytest

from crackdemo.masks.cut import cut_mask, cut_value
from crackdemo.masks.levels import (
    change_shape,
    cut_levels,
    drop_small,
    level_histogram,
    passing,
    to_levels,
)
from crackdemo.masks.metrics import THRESHOLDS, pixel_counts, threshold_curves
from tests.plain import plain_mask

SETTINGS = [
    plain_mask(),
    plain_mask(opening=3),
    plain_mask(closing=5, kernel="rect"),
    plain_mask(opening=3, closing=7, kernel="cross", grow=2),
    plain_mask(grow=-1),
    plain_mask(min_area=12),
    plain_mask(opening=3, closing=5, grow=-1, min_area=9),
    plain_mask(closing=3, grow=3, min_area=40),
]


def heat(seed: int, height: int = 61, width: int = 83) -> np.ndarray:
    noise = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    return np.round(smooth * 65535).astype(np.uint16)


@pytest.mark.parametrize("params", SETTINGS)
def test_each_level_is_the_mask_of_its_threshold(params) -> None:
    heatmap = heat(1)
    levels = cut_levels(heatmap, params, THRESHOLDS)
    for number, threshold in enumerate(THRESHOLDS, start=1):
        expected = cut_mask(heatmap, replace(params, threshold=threshold))
        assert np.array_equal(levels >= number, expected)


def test_a_region_counts_before_small_components_are_dropped() -> None:
    heatmap, params = heat(2), plain_mask(closing=3, min_area=15)
    region = np.zeros(heatmap.shape, bool)
    region[10:40, 20:60] = True
    levels = cut_levels(heatmap, params, THRESHOLDS, region)
    for number in (20, 50, 80):
        wanted = cut_mask(heatmap, replace(params, threshold=THRESHOLDS[number - 1]), region)
        assert np.array_equal(levels >= number, wanted)


def test_pixels_at_a_threshold_pass_it() -> None:
    at = cut_value(0.5)
    heatmap = np.array([[at - 1, at, 0, 65535]], np.uint16)
    assert to_levels(heatmap, [0.25, 0.5, 1.0]).tolist() == [[1, 2, 0, 2]]


def test_an_empty_image_has_no_component() -> None:
    nothing = np.zeros((4, 5), np.uint8)
    assert not drop_small(nothing, 3).any()
    assert not change_shape(nothing, plain_mask(closing=3, grow=2)).any()


def test_counts_are_those_of_numpy() -> None:
    levels = to_levels(heat(3), THRESHOLDS)
    where = heat(4) > 30_000
    assert level_histogram(levels).tolist() == np.bincount(levels.ravel(), minlength=256).tolist()
    inside = np.bincount(levels[where], minlength=256)
    assert level_histogram(levels, where).tolist() == inside.tolist()
    passed = passing(inside, len(THRESHOLDS))
    assert passed.tolist() == [int((levels[where] > n).sum()) for n in range(len(THRESHOLDS))]


def test_more_pixels_than_a_float_can_count_are_counted() -> None:
    large = np.ones((4097, 4097), np.uint8)
    assert large.size > 2**24
    assert level_histogram(large)[1] == large.size


@pytest.mark.parametrize("params", SETTINGS)
@pytest.mark.parametrize("tolerance_px", [0.0, 2.0])
def test_curves_count_what_masks_cut_one_by_one_count(params, tolerance_px: float) -> None:
    heatmap, gt_mask = heat(5, 40, 50), heat(6, 40, 50) > 42_000
    [curve] = threshold_curves(heatmap, gt_mask, params, [tolerance_px]).values()
    for threshold, counts in zip(THRESHOLDS, curve, strict=True):
        mask = cut_mask(heatmap, replace(params, threshold=threshold))
        assert counts == pixel_counts(mask, gt_mask, tolerance_px)
