"""The page's mask equals Python's in every pixel, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser
from skimage import data

from crackdemo.arrays import Heatmap, RegionMask, RgbImage
from crackdemo.masks.cut import cut_mask, drop_components
from crackdemo.masks.measure import measure
from crackdemo.masks.params import KERNELS, MAX_GROW, MaskParams
from crackdemo.masks.region import region_mask
from tests.e2e.viewer_harness import Harness, darkness
from tests.plain import plain_mask

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "sut_crack" / "images"
KERNEL_SIZES = (0, 3, 5, 7, 9, 11, 13, 15)
SIZES = ((1, 1), (1, 67), (33, 31), (97, 131), (211, 64), (333, 301), (509, 487))
COMBINATIONS_PER_PHOTO = 32


@pytest.fixture(scope="module")
def harness(browser: Browser) -> Iterator[Harness]:
    page = browser.new_page()
    yield Harness(page)
    page.close()


def surface(size: tuple[int, int], seed: int) -> RgbImage:
    """A real photo where there are some, else scikit-image's gravel, cut to (height, width)."""
    height, width = size
    photos = sorted(SHARED.glob("*.jpg")) if SHARED.is_dir() else []
    if photos:
        photo = cv2.imread(str(photos[seed % len(photos)]))[..., ::-1]
    else:
        photo = np.dstack([data.gravel()] * 3)
    return photo[:height, :width]


def region(size: tuple[int, int]) -> RegionMask:
    quarter = [(0.1, 0.05), (0.9, 0.2), (0.95, 0.9), (0.4, 0.97)]
    return region_mask([quarter], *size)


def combinations(heatmap: Heatmap, seed: int) -> list[MaskParams]:
    """Random settings whose thresholds lie where the heatmap's values do."""
    rng = np.random.default_rng(seed)
    values = np.quantile(heatmap, rng.uniform(0.3, 0.99, COMBINATIONS_PER_PHOTO)) / 65536
    values[:3] = 0, 1, 0.5
    return [
        MaskParams(
            threshold=float(threshold),
            opening=int(rng.choice(KERNEL_SIZES)),
            closing=int(rng.choice(KERNEL_SIZES)),
            kernel=str(rng.choice(KERNELS)),
            grow=int(rng.integers(-MAX_GROW, MAX_GROW + 1)) * int(rng.integers(2)),
            min_area=int(rng.choice([0, 1, 2, 7, 40, 150, 500])),
        )
        for threshold in values
    ]


@pytest.mark.parametrize("is_clipped", [False, True], ids=["whole", "region"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_pixel_equals_python(
    harness: Harness, size: tuple[int, int], is_clipped: bool
) -> None:
    seed = SIZES.index(size)
    photo = surface(size, seed)
    heatmap = darkness(photo)
    roi = region(size) if is_clipped else None
    harness.show(harness.add(f"{size}{is_clipped}".replace(" ", ""), photo, heatmap, roi))
    for params in combinations(heatmap, seed + 100 * is_clipped):
        harness.set(params)
        expected = cut_mask(heatmap, params, roi)
        assert np.array_equal(harness.mask(), expected), params
    assert not harness.errors


def test_what_is_dropped_by_hand_equals_python(harness: Harness) -> None:
    heatmap = darkness(surface((333, 301), 8))
    points = [(x, y) for x in range(5, 301, 37) for y in range(3, 333, 29)]
    dropped = [{"x": x, "y": y} for x, y in points]
    source = harness.add("dropped", surface((333, 301), 8), heatmap, dropped=dropped)
    harness.show(source)
    for params in combinations(heatmap, 11)[:12]:
        harness.set(params)
        expected = drop_components(cut_mask(heatmap, params), points)
        assert np.array_equal(harness.mask(), expected), params


def test_a_large_photos_mask_from_the_worker_equals_python(harness: Harness) -> None:
    photo = cv2.resize(surface((512, 512), 3), (2051, 1533), interpolation=cv2.INTER_CUBIC)
    heatmap = darkness(photo)
    harness.show(harness.add("large", photo, heatmap))
    for params in combinations(heatmap, 7)[:6]:
        harness.set(params)
        assert np.array_equal(harness.mask(), cut_mask(heatmap, params)), params


def test_a_threshold_on_a_pixels_own_value_marks_it(harness: Harness) -> None:
    heatmap = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    harness.show(harness.add("ramp", np.zeros((256, 256, 3), np.uint8), heatmap))
    for value in (0, 1, 255, 256, 257, 32768, 65535):
        harness.set(plain_mask(threshold=value / 65536))
        assert harness.mask().sum() == 65536 - value


def test_figures_at_rest_equal_measure(harness: Harness) -> None:
    photo = surface((333, 301), 5)
    heatmap = darkness(photo)
    roi = region((333, 301))
    harness.show(harness.add("figures", photo, heatmap, roi))
    for params in combinations(heatmap, 5)[:8]:
        harness.set(params)
        state = harness.page.evaluate(
            """() => new Promise((resolve) => crackdemo.viewer.onstate((state) => {
                if (state.lengthPx !== null) resolve(state);
            }))"""
        )
        report = measure(cut_mask(heatmap, params, roi), roi)
        assert state["components"] == report.components
        assert state["crackPercent"] == pytest.approx(report.crack_percent)
        assert state["lengthPx"] == pytest.approx(report.length_px)
        assert state["meanWidthPx"] == pytest.approx(report.mean_width_px, rel=1e-5)
        assert state["maxWidthPx"] == pytest.approx(report.max_width_px, rel=1e-5)
