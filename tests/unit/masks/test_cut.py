import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import remove_small_objects

from crackdemo.masks.cut import cut_mask, cut_value, kernel_bitmap
from crackdemo.masks.params import KERNELS, MAX_KERNEL
from tests.plain import plain_mask


def blobs(height: int = 90, width: int = 120, seed: int = 0) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).random((height, width)), 2)
    return np.round((noise - noise.min()) / np.ptp(noise) * 65535).astype(np.uint16)


def test_threshold_half_cuts_at_the_calibrated_value() -> None:
    heatmap = np.array([[0, 32767, 32768, 65535]], np.uint16)
    assert cut_mask(heatmap, plain_mask(threshold=0.5)).tolist() == [[False, False, True, True]]


def test_threshold_one_marks_nothing_and_threshold_zero_everything() -> None:
    heatmap = np.array([[0, 65535]], np.uint16)
    assert not cut_mask(heatmap, plain_mask(threshold=1)).any()
    assert cut_mask(heatmap, plain_mask(threshold=0)).all()


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
    mask = cut_mask(heatmap, plain_mask(opening=opening, closing=closing, kernel=kernel))
    assert mask.dtype == np.bool_
    assert np.array_equal(mask, expected)


@pytest.mark.parametrize("grow", [-7, -2, -1, 1, 3, 7])
def test_growing_equals_scipys_euclidean_distance(grow: int) -> None:
    heatmap = blobs()
    cut = heatmap >= 32768
    if grow > 0:
        expected = ndimage.distance_transform_edt(~cut) <= grow
    else:  # beyond the border nothing thins the mask
        expected = ndimage.distance_transform_edt(np.pad(cut, 20, constant_values=True)) > -grow
        expected = expected[20:-20, 20:-20]
    assert np.array_equal(cut_mask(heatmap, plain_mask(grow=grow)), expected)


def test_what_grows_is_what_closing_has_left_and_small_parts_are_counted_grown() -> None:
    heatmap = np.zeros((30, 40), np.uint16)
    heatmap[10, 5:9] = heatmap[10, 11:15] = 65535
    heatmap[25, 30] = 65535
    mask = cut_mask(heatmap, plain_mask(closing=3, kernel="rect", grow=1, min_area=6))
    assert mask[9:12, 5:15].all()  # the gap was closed before it grew
    assert mask.sum() == 3 * 10 + 2  # a speck of 5 grown pixels is dropped


@pytest.mark.parametrize("min_area", [2, 10, 60, 100000])
def test_small_components_are_dropped_as_by_scikit_image(min_area: int) -> None:
    heatmap = blobs()
    expected = remove_small_objects(heatmap >= 40000, max_size=min_area - 1, connectivity=2)
    mask = cut_mask(heatmap, plain_mask(threshold=40000 / 65536, min_area=min_area))
    assert np.array_equal(mask, expected)


def test_pixels_that_touch_at_a_corner_are_one_component() -> None:
    heatmap = (np.eye(5) * 65535).astype(np.uint16)
    assert cut_mask(heatmap, plain_mask(min_area=5)).sum() == 5
    assert not cut_mask(heatmap, plain_mask(min_area=6)).any()


def test_closing_does_not_leak_into_what_lies_outside_the_region() -> None:
    heatmap = np.zeros((9, 9), np.uint16)
    heatmap[4, [2, 4]] = 65535
    region = np.ones((9, 9), bool)
    region[:, 3] = False
    mask = cut_mask(heatmap, plain_mask(closing=3), region)
    assert np.argwhere(mask).tolist() == [[4, 2], [4, 4]]


def test_min_area_counts_only_what_lies_inside_the_region() -> None:
    heatmap = np.zeros((5, 10), np.uint16)
    heatmap[2] = 65535
    region = np.zeros((5, 10), bool)
    region[:, :4] = True
    assert cut_mask(heatmap, plain_mask(min_area=4), region).sum() == 4
    assert not cut_mask(heatmap, plain_mask(min_area=5), region).any()


@pytest.mark.parametrize("heatmap", [np.zeros((4, 4)), np.zeros((4, 4, 1), np.uint16)])
def test_a_heatmap_of_another_kind_is_refused(heatmap: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint16"):
        cut_mask(heatmap, plain_mask())


def test_a_region_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="region"):
        cut_mask(np.zeros((4, 4), np.uint16), plain_mask(), np.ones((4, 5), bool))


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


def test_small_parts_of_a_tall_mask_are_dropped_wherever_they_lie() -> None:
    heatmap = np.zeros((700, 20), np.uint16)
    heatmap[250:262, 3] = 65535  # 12 px, across where a look-up ends
    heatmap[400:403, 9] = 65535
    kept = cut_mask(heatmap, plain_mask(min_area=10))
    assert kept.dtype == np.bool_
    assert kept.sum() == 12 and kept[250:262, 3].all()
