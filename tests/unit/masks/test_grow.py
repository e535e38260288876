import cv2
import numpy as np
import pytest

from crackdemo.masks.grow import dilate


@pytest.mark.parametrize("radius", [0, 1, 2, 2.5, 5, 16])
def test_a_pixel_grows_to_all_within_the_distance(radius: float) -> None:
    mask = np.zeros((41, 45), np.bool_)
    mask[20, 22] = True
    row, column = np.ogrid[:41, :45]
    grown = dilate(mask, radius)
    assert grown.dtype == np.bool_
    assert np.array_equal(grown, np.hypot(row - 20, column - 22) <= radius)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_values_grow_by_the_highest_one(kind: type) -> None:
    image: np.ndarray = np.zeros((5, 5), kind)
    image[2, 1], image[2, 3] = 7, 9
    grown = dilate(image, 1)
    assert grown.dtype == kind
    assert grown[2].tolist() == [7, 7, 9, 9, 9]


def test_one_pixel_is_the_cross_that_outlines_painted_cracks() -> None:
    cross = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    dot = np.zeros((3, 3), np.uint8)
    dot[1, 1] = 1
    assert np.array_equal(dilate(dot, 1), cross)
