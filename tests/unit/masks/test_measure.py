import math
from dataclasses import asdict

import cv2
import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import skeletonize

from crackdemo.masks.measure import measure, skeleton_length


def picture(text: str) -> np.ndarray:
    return np.array([[letter == "#" for letter in line] for line in text.split()])


def band(thickness: int) -> np.ndarray:
    mask = np.zeros((60, 200), bool)
    mask[20 : 20 + thickness, 30:170] = True
    return mask


@pytest.mark.parametrize(
    ("drawing", "length"),
    [
        (".....", 0),
        ("#", 1),
        ("#####", 5),
        ("#.. .#. ..#", 1 + 2 * math.sqrt(2)),
        ("..# .#. #..", 1 + 2 * math.sqrt(2)),
        ("##. .#. .##", 5),  # a staircase of straight steps
        ("#.... #.... .####", 5 + math.sqrt(2)),  # an L with a cut corner
        ("##### ..#.. ..#..", 7),  # a T: no diagonal round the junction
        ("#...# .#.#. ..#.. .#.#. #...#", 1 + 8 * math.sqrt(2)),  # an X
        (".##. #..# #..# .##.", 4 + 4 * math.sqrt(2)),  # a ring closes on itself
        ("###.###", 6),
    ],
)
def test_length_of_skeletons_counted_by_hand(drawing: str, length: float) -> None:
    assert skeleton_length(picture(drawing)) == pytest.approx(length)


@pytest.mark.parametrize("angle", [0, 20, 45, 70, 90, 135])
def test_length_of_a_thin_line_is_within_a_tenth_of_the_truth(angle: float) -> None:
    canvas = np.zeros((300, 300), np.uint8)
    step = 100 * np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    start, end = np.rint(150 - step).astype(int), np.rint(150 + step).astype(int)
    cv2.line(canvas, start.tolist(), end.tolist(), 1)
    assert measure(canvas.astype(bool)).length_px == pytest.approx(200, rel=0.1)


@pytest.mark.parametrize(("thickness", "width"), [(1, 2), (2, 2), (3, 4), (4, 4), (5, 6), (12, 12)])
def test_widest_place_of_a_straight_band_is_twice_the_centre_to_centre_distance(
    thickness: int, width: float
) -> None:
    report = measure(band(thickness))
    assert report.max_width_px == width
    assert width - 0.5 <= report.mean_width_px <= width


def test_widths_equal_twice_scipys_distance_on_the_skeleton() -> None:
    noise = ndimage.gaussian_filter(np.random.default_rng(3).random((120, 150)), 3)
    mask = noise > np.quantile(noise, 0.8)
    mask[[0, -1]] = mask[:, [0, -1]] = False
    widths = 2 * ndimage.distance_transform_edt(mask)[skeletonize(mask)]
    report = measure(mask)
    assert report.max_width_px == pytest.approx(widths.max())
    assert report.mean_width_px == pytest.approx(widths.mean())


def test_a_crack_across_the_photo_is_as_wide_at_the_edge() -> None:
    mask = np.zeros((40, 100), bool)
    mask[10:14] = True
    assert measure(mask).mean_width_px == pytest.approx(4)


def test_a_mask_without_background_is_as_wide_as_the_photo() -> None:
    assert measure(np.ones((21, 50), bool)).max_width_px == 22


def test_an_empty_mask_measures_zero() -> None:
    report = measure(np.zeros((8, 9), bool), mm_per_px=2.0)
    assert set(asdict(report).values()) == {0}


def test_a_single_pixel_is_one_pixel_long() -> None:
    mask = np.zeros((5, 4), bool)
    mask[2, 2] = True
    report = measure(mask)
    assert (report.crack_percent, report.length_px, report.components) == (5.0, 1.0, 1)


def test_only_the_region_counts() -> None:
    mask = np.zeros((10, 20), bool)
    mask[5] = True
    region = np.zeros_like(mask)
    region[:, :6] = True
    report = measure(mask, region)
    assert report.crack_percent == pytest.approx(10)
    assert report.length_px == 6
    assert mask.sum() == 20  # the caller's mask is left alone


def test_components_touch_at_corners() -> None:
    assert measure(picture("#..# .#.. ....")).components == 2


def test_a_scale_turns_pixels_into_millimetres() -> None:
    plain, scaled = measure(band(4)), measure(band(4), mm_per_px=0.25)
    assert plain.length_mm is plain.max_width_mm is plain.mean_width_mm is None
    assert scaled.length_mm == pytest.approx(plain.length_px / 4)
    assert scaled.max_width_mm == pytest.approx(1.0)
    assert scaled.mean_width_mm == pytest.approx(plain.mean_width_px / 4)


def test_the_report_holds_plain_numbers() -> None:
    assert {type(value) for value in asdict(measure(band(3), mm_per_px=1.0)).values()} == {
        int,
        float,
    }


@pytest.mark.parametrize("mm_per_px", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_none_is_refused(mm_per_px: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        measure(band(3), mm_per_px=mm_per_px)


@pytest.mark.parametrize("region", [np.zeros((60, 200), bool), np.ones((5, 5), bool)])
def test_a_region_that_is_empty_or_of_another_size_is_refused(region: np.ndarray) -> None:
    with pytest.raises(ValueError, match="region"):
        measure(band(3), region)


@pytest.mark.parametrize("share", [0.3, 0.9, 1.0])
def test_widths_of_a_tall_mask_are_those_of_one_transform(share: float) -> None:
    """Measured by bands: what is nearest may lie beyond them."""
    mask = np.zeros((2600, 60), bool)
    mask[: round(2600 * share), 5:-5] = True
    mask[700:2100, :] = True
    distance = cv2.distanceTransform(
        np.pad(mask, 1).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )[1:-1, 1:-1]
    widths = 2 * distance[skeletonize(mask)]
    report = measure(mask)
    assert report.max_width_px == widths.max()
    assert report.mean_width_px == float(widths.mean())
