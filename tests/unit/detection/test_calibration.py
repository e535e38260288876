from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from crackdemo.detection.calibrate import (
    CLEAN_PER_PAINTED,
    CLEAN_SHARES,
    MOST_TILES,
    OUTLINE_PX,
    as_outlined,
    best_f1_residual,
    calibrate,
)
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.engine import Engine
from crackdemo.detection.heatmaps import photo_score, to_heatmap
from crackdemo.detection.illumination import to_gray
from crackdemo.detection.scales import fused_residual, predict_at_scales
from crackdemo.models.cae import CaeConfig
from crackdemo.models.family import Prediction, build_network
from crackdemo.synthesis.cracks import CrackConfig
from tests.plain import plain_flatten, plain_heat

FLATTEN, HEATMAP = plain_flatten(), plain_heat(scales=(1.0,))
CRACKS = CrackConfig(width_min=4, width_max=6, depth_min=6, network_probability=0)


class Average(nn.Module):
    """Takes the mean of a pixel's surroundings for what sound pavement looks like."""

    stride, tile_size = 1, None

    def predict(self, image: Tensor) -> Prediction:
        rows = functional.avg_pool2d(image, (1, 31), 1, (0, 15), count_include_pad=False)
        mean = functional.avg_pool2d(rows, (31, 1), 1, (15, 0), count_include_pad=False)
        return Prediction(mean, None, torch.zeros(()))


def engine() -> Engine:
    return Engine(Average(), torch.device("cpu"))


def tiles(count: int = 12, side: int = 96, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    noise = [rng.normal(140, 3, (side, side)).astype(np.float32) for _ in range(count)]
    return [cv2.GaussianBlur(n, (0, 0), 0.8).clip(0, 255).astype(np.uint8) for n in noise]


def calibrated(pixels: list[np.ndarray], seed: int = 0) -> Calibration:
    return calibrate(engine(), pixels, FLATTEN, HEATMAP, CRACKS, 0.02, 0.98, seed)


def heat(tile: np.ndarray, calibration: Calibration) -> np.ndarray:
    photo = cv2.cvtColor(tile, cv2.COLOR_GRAY2RGB)
    answers = predict_at_scales(photo, engine(), FLATTEN, HEATMAP)
    residual = fused_residual(answers, HEATMAP, to_gray(photo, "luma"))
    return to_heatmap(residual, calibration.r0)


def f1(threshold: float, values: np.ndarray, truth: np.ndarray) -> float:
    marked = values >= threshold
    return 2 * (marked & truth).sum() / (marked.sum() + truth.sum())


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("levels", [3, 50, 10**9])
def test_the_best_residual_is_that_of_trying_all(seed, levels):
    rng = np.random.default_rng(seed)
    truth = rng.random((2, 12, 15)) < rng.uniform(0.02, 0.4)
    values = rng.random((2, 12, 15)) + truth * rng.uniform(0, 1)
    values = np.floor(values * levels) / levels  # few levels: many equal values
    best = best_f1_residual(list(values), list(truth))
    every = [f1(threshold, values, truth) for threshold in np.unique(values)]
    assert f1(best, values, truth) == pytest.approx(max(every))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("levels", [5, 10**9])
def test_clean_tiles_count_as_often_as_said(seed, levels):
    rng = np.random.default_rng(seed)
    truth = rng.random((12, 15)) < 0.2
    values, clean = rng.random((12, 15)) + truth * 0.4, rng.random((9, 4)) * 1.2
    values, clean = (np.floor(each * levels) / levels for each in (values, clean))
    every = np.concatenate([values.ravel(), np.repeat(clean.ravel(), CLEAN_PER_PAINTED)])
    is_crack = np.concatenate([truth.ravel(), np.zeros(every.size - truth.size, bool)])
    best = best_f1_residual([values], [truth], [clean[:4], clean[4:]])
    tried = [f1(threshold, every, is_crack) for threshold in np.unique(values)]
    assert f1(best, every, is_crack) == pytest.approx(max(tried))


def test_photos_of_several_sizes_are_pooled():
    values = [np.array([[0.1, 0.9]]), np.array([[0.2], [0.8], [0.7]])]
    truth = [np.array([[False, True]]), np.array([[False], [True], [False]])]
    assert best_f1_residual(values, truth) == 0.8


def test_without_a_painted_crack_the_best_residual_is_zero():
    assert best_f1_residual([np.ones((3, 3))], [np.zeros((3, 3), bool)]) == 0


def test_an_outlined_mask_reaches_beyond_the_dark_by_the_outline():
    mask = np.zeros((21, 21), bool)
    mask[10, 10] = True
    y, x = np.mgrid[-10:11, -10:11]
    outlined = as_outlined(mask)
    assert outlined[np.hypot(y, x) <= OUTLINE_PX - 0.5].all()
    assert not outlined[np.hypot(y, x) > OUTLINE_PX + 0.5].any()


def test_cracks_are_hotter_than_the_calibrated_threshold_and_the_rest_is_not():
    calibration = calibrated(tiles())
    cracked = tiles(1, seed=9)[0]
    cracked[44:49] = 40
    marked = heat(cracked, calibration) >= 32768
    assert marked[44:49].mean() > 0.95
    assert marked[:40].mean() < 0.05


def test_the_stored_quantiles_are_those_of_clean_pavement():
    pixels = tiles()
    calibration = calibrated(pixels)
    assert list(calibration.clean_quantiles) == [str(share) for share in CLEAN_SHARES]
    stored = list(calibration.clean_quantiles.values())
    assert all(low <= high for low, high in pairwise(stored))
    heats = np.stack([heat(tile, calibration) for tile in pixels]) / 65536
    for share, value in calibration.clean_quantiles.items():
        assert value == pytest.approx(np.quantile(heats, float(share)), abs=1e-3)
        flagged = calibration.clean_share_flagged(value)
        assert flagged == pytest.approx((heats >= value).mean(), abs=1e-3)


def test_two_of_a_hundred_clean_tiles_are_called_cracked():
    pixels = tiles(100, side=48)
    calibration = calibrated(pixels)
    scores = [photo_score(heat(tile, calibration), 0.02) for tile in pixels]
    assert calibration.score_top_share == 0.02
    assert sum(score >= calibration.score_threshold for score in scores) == 2


def test_of_many_tiles_the_seed_takes_some():
    pixels = tiles(MOST_TILES + 20, side=12)
    assert calibrated(pixels, seed=1) == calibrated(pixels, seed=1)
    assert calibrated(pixels, seed=1) != calibrated(pixels, seed=2)


def test_a_network_that_changes_nothing_calls_no_clean_tile_cracked():
    changes_nothing = Engine(build_network("cae", CaeConfig((4, 8))), torch.device("cpu"))
    calibration = calibrate(changes_nothing, tiles(3), FLATTEN, HEATMAP, CRACKS, 0.02, 0.98, seed=0)
    assert calibration.r0 > 0
    assert calibration.score_threshold > 0


@pytest.mark.parametrize("shape", [(1, 1), (7, 90), (30, 30)])
def test_tiles_of_any_size_calibrate(shape):
    pixels = [np.random.default_rng(0).integers(90, 170, shape).astype(np.uint8)]
    assert calibrated(pixels).r0 > 0


def test_a_tile_that_is_repeated_sets_the_score_no_higher():
    sound, cracked = tiles(24), tiles(1, seed=1)[0]
    cracked[40:46] = 20  # of a small set that is repeated beside a large one
    many = calibrated(sound + [cracked] * 24)
    assert many.score_threshold < photo_score(heat(cracked, many), many.score_top_share) * 0.9
    for share, value in many.clean_quantiles.items():
        once = np.concatenate([heat(tile, many).ravel() for tile in [*sound, cracked]]) / 65536
        assert value == pytest.approx(np.quantile(once, float(share)), abs=2e-3)
