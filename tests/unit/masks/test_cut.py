import json
from dataclasses import asdict

import cv2
import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import remove_small_objects

from crackdemo.masks.cut import (
    KERNELS,
    MAX_KERNEL,
    MaskParams,
    cut_mask,
    cut_value,
    kernel_bitmap,
    region_mask,
)


def blobs(height: int = 90, width: int = 120, seed: int = 0) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).random((height, width)), 2)
    return np.round((noise - noise.min()) / np.ptp(noise) * 65535).astype(np.uint16)


def test_threshold_half_cuts_at_the_calibrated_value() -> None:
    heatmap = np.array([[0, 32767, 32768, 65535]], np.uint16)
    assert cut_mask(heatmap, MaskParams(threshold=0.5)).tolist() == [[False, False, True, True]]


def test_threshold_one_marks_nothing_and_threshold_zero_everything() -> None:
    heatmap = np.array([[0, 65535]], np.uint16)
    assert not cut_mask(heatmap, MaskParams(threshold=1)).any()
    assert cut_mask(heatmap, MaskParams(threshold=0)).all()


@pytest.mark.parametrize("threshold", [0.0, 1e-9, 0.07, 0.29, 1 / 3, 65535 / 65536, 0.999999, 1.0])
def test_the_whole_number_cut_equals_the_comparison_in_reals(threshold: float) -> None:
    values = np.arange(65536)
    assert np.array_equal(values >= cut_value(threshold), values >= threshold * 65536)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("opening", "closing"), [(0, 0), (3, 0), (0, 5), (7, 3), (15, 15)])
def test_morphology_equals_scipy(kernel: str, opening: int, closing: int) -> None:
    heatmap = blobs()
    expected = heatmap >= 32768
    if opening:
        bitmap = kernel_bitmap(kernel, opening)
        expected = ndimage.binary_erosion(expected, bitmap, border_value=1)
        expected = ndimage.binary_dilation(expected, bitmap)
    if closing:
        bitmap = kernel_bitmap(kernel, closing)
        expected = ndimage.binary_dilation(expected, bitmap)
        expected = ndimage.binary_erosion(expected, bitmap, border_value=1)
    mask = cut_mask(heatmap, MaskParams(opening=opening, closing=closing, kernel=kernel))
    assert mask.dtype == np.bool_
    assert np.array_equal(mask, expected)


@pytest.mark.parametrize("min_area", [2, 10, 60, 100000])
def test_small_components_are_dropped_as_by_scikit_image(min_area: int) -> None:
    heatmap = blobs()
    expected = remove_small_objects(heatmap >= 40000, max_size=min_area - 1, connectivity=2)
    mask = cut_mask(heatmap, MaskParams(threshold=40000 / 65536, min_area=min_area))
    assert np.array_equal(mask, expected)


def test_pixels_that_touch_at_a_corner_are_one_component() -> None:
    heatmap = (np.eye(5) * 65535).astype(np.uint16)
    assert cut_mask(heatmap, MaskParams(min_area=5)).sum() == 5
    assert not cut_mask(heatmap, MaskParams(min_area=6)).any()


def test_closing_does_not_leak_into_what_lies_outside_the_region() -> None:
    heatmap = np.zeros((9, 9), np.uint16)
    heatmap[4, [2, 4]] = 65535
    region = np.ones((9, 9), bool)
    region[:, 3] = False
    mask = cut_mask(heatmap, MaskParams(closing=3), region)
    assert np.argwhere(mask).tolist() == [[4, 2], [4, 4]]


def test_min_area_counts_only_what_lies_inside_the_region() -> None:
    heatmap = np.zeros((5, 10), np.uint16)
    heatmap[2] = 65535
    region = np.zeros((5, 10), bool)
    region[:, :4] = True
    assert cut_mask(heatmap, MaskParams(min_area=4), region).sum() == 4
    assert not cut_mask(heatmap, MaskParams(min_area=5), region).any()


@pytest.mark.parametrize("heatmap", [np.zeros((4, 4)), np.zeros((4, 4, 1), np.uint16)])
def test_a_heatmap_of_another_kind_is_refused(heatmap: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint16"):
        cut_mask(heatmap, MaskParams())


def test_a_region_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="region"):
        cut_mask(np.zeros((4, 4), np.uint16), MaskParams(), np.ones((4, 5), bool))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", range(3, MAX_KERNEL + 1, 2))
def test_kernels_are_symmetric_and_centred(kernel: str, size: int) -> None:
    bitmap = kernel_bitmap(kernel, size)
    assert bitmap.shape == (size, size) and bitmap.dtype == np.uint8
    assert np.array_equal(bitmap, bitmap[::-1, ::-1])
    assert bitmap[size // 2].all() and set(np.unique(bitmap)) <= {0, 1}


def test_a_cross_is_its_two_middle_lines_and_a_rect_is_full() -> None:
    assert kernel_bitmap("cross", 5).sum() == 9
    assert kernel_bitmap("rect", 5).sum() == 25


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("threshold", -0.1),
        ("threshold", 1.1),
        ("threshold", float("nan")),
        ("threshold", "0.5"),
        ("threshold", True),
        ("opening", 4),
        ("opening", 1),
        ("opening", 3.0),
        ("closing", 17),
        ("closing", -3),
        ("kernel", "disc"),
        ("kernel", None),
        ("min_area", -1),
        ("min_area", 2.5),
    ],
)
def test_an_invalid_setting_is_refused_by_name(setting: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"The {setting} must .*{value}"):
        MaskParams.from_dict({setting: value})


def test_settings_survive_json() -> None:
    params = MaskParams(0.37, 3, 15, "cross", 40)
    assert MaskParams.from_dict(json.loads(json.dumps(asdict(params)))) == params


def test_missing_settings_keep_their_default_and_unknown_ones_are_refused() -> None:
    assert MaskParams.from_dict({"opening": 3}) == MaskParams(opening=3)
    with pytest.raises(ValueError, match="openning"):
        MaskParams.from_dict({"openning": 3})


def test_no_polygon_means_the_whole_photo() -> None:
    assert region_mask([], 3, 5).shape == (3, 5)
    assert region_mask([], 3, 5).all()


def test_a_polygon_over_the_whole_photo_covers_every_pixel() -> None:
    assert region_mask([[(0, 0), (1, 0), (1, 1), (0, 1)]], 7, 11).all()


def test_x_runs_along_the_width_and_y_along_the_height() -> None:
    region = region_mask([[(0, 0.6), (0.29, 0.6), (0.29, 0.99), (0, 0.99)]], 10, 20)
    rows, columns = np.nonzero(region)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (6, 9, 0, 5)


def test_overlapping_polygons_are_united() -> None:
    square = [(0.0, 0.0), (0.6, 0.0), (0.6, 0.6), (0.0, 0.6)]
    other = [(0.3, 0.3), (0.9, 0.3), (0.9, 0.9), (0.3, 0.9)]
    both = region_mask([square, other], 50, 50)
    assert np.array_equal(both, region_mask([square], 50, 50) | region_mask([other], 50, 50))
    assert both[20, 20]


def test_a_region_covers_the_same_share_of_photos_of_any_size() -> None:
    polygon = [(0.1, 0.2), (0.8, 0.1), (0.7, 0.9)]
    small, large = region_mask([polygon], 200, 300), region_mask([polygon], 1000, 1500)
    assert large.mean() == pytest.approx(0.275, abs=0.002)
    enlarged = cv2.resize(small.astype(np.uint8), (1500, 1000), interpolation=cv2.INTER_NEAREST)
    assert np.mean(enlarged.astype(bool) != large) < 0.01


@pytest.mark.parametrize(
    "polygon",
    [[], [(0, 0), (1, 1)], [(0, 0), (1.2, 0), (1, 1)], [(0, 0), (float("nan"), 0), (1, 1)]],
)
def test_a_polygon_that_is_none_is_refused(polygon: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="corners"):
        region_mask([polygon], 10, 10)
