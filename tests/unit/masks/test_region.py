import cv2
import numpy as np
import pytest

from crackdemo.masks.region import MAX_CORNERS, MAX_POLYGONS, check_region, region_mask


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


def corners(count: int) -> tuple[tuple[float, float], ...]:
    return tuple((x, y) for x, y in np.random.default_rng(0).random((count, 2)))


def test_a_region_may_hold_what_a_person_draws() -> None:
    check_region([corners(MAX_CORNERS // MAX_POLYGONS)] * MAX_POLYGONS)
    check_region([corners(MAX_CORNERS)])


@pytest.mark.parametrize(
    "region", [[corners(3)] * (MAX_POLYGONS + 1), [corners(MAX_CORNERS + 1)], [corners(600)] * 2]
)
def test_a_region_that_would_hold_a_core_is_refused(region: list) -> None:
    with pytest.raises(ValueError, match=r"at most 50 polygons and 1,000 corners.*draw it"):
        check_region(region)
