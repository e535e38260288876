from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from crackdemo.detection.calibrate import (
    CLEAN_SHARES,
    MOST_TILES,
    SCENES_PER_KIND,
    SOUND_SCENES_PER_KIND,
    calibrate,
    find_scale,
)
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.engine import Engine
from crackdemo.detection.heatmaps import to_heatmap
from crackdemo.detection.illumination import to_gray
from crackdemo.detection.scales import fused_residual, predict_at_scales
from crackdemo.detection.score import photo_score
from crackdemo.models.cae import CaeConfig
from crackdemo.models.family import Network, Prediction, build_network
from crackdemo.synthesis.kinds import KINDS, scenes
from tests.plain import plain_flatten, plain_heat

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
FLATTEN, HEATMAP = plain_flatten(), plain_heat(scales=(1.0,))


class Average(Network):
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
    return calibrate(engine(), pixels, FLATTEN, HEATMAP, 0.02, 0.98, seed)[0]


def heat(tile: np.ndarray, calibration: Calibration) -> np.ndarray:
    photo = cv2.cvtColor(tile, cv2.COLOR_GRAY2RGB)
    answers = predict_at_scales(photo, engine(), FLATTEN, HEATMAP)
    residual = fused_residual(answers, HEATMAP, to_gray(photo, "luma"))[:]
    return to_heatmap(residual, calibration.r0)


def darkness(tile: np.ndarray) -> np.ndarray:
    return (255 - tile.astype(np.float32)) / 255


def test_the_scale_is_where_the_kinds_are_found_best_on_average():
    pixels = tiles(12)
    found = find_scale(darkness, pixels, seed=3)
    assert list(found.kinds) == [kind.name for kind in KINDS]
    curves = []
    for number, kind in enumerate(KINDS):
        made = scenes(kind, pixels, SCENES_PER_KIND, np.random.default_rng([3, 2, number]))
        shots = [np.round(255 * scene.image).astype(np.uint8) for scene in made.painted]
        values = np.concatenate([darkness(shot).ravel() for shot in shots])
        # people's masks reach most of a pixel further than the dark core
        wider = [cv2.dilate(s.mask.astype(np.uint8), CROSS) > 0 for s in made.painted]
        truth = np.concatenate(
            [
                np.where(s.mask, 1, 0.75 * m).ravel()
                for s, m in zip(made.painted, wider, strict=True)
            ]
        )
        sound = [darkness(np.round(255 * each).astype(np.uint8)).ravel() for each in made.clean]
        alarms = np.concatenate(sound)
        tried = np.geomspace(1e-3, 1, 241)
        hits = np.array([truth[values >= r].sum() for r in tried])
        marked = np.array([(values >= r).sum() for r in tried])
        marked = marked + np.array([(alarms >= r).sum() for r in tried])
        curves.append(2 * hits / np.maximum(marked + truth.sum(), 1))
        assert found.kinds[kind.name].best_f1 == pytest.approx(curves[-1].max())
    best = int(np.mean(curves, axis=0).argmax())
    assert found.r0 == pytest.approx(tried[best])
    for kind, curve in zip(KINDS, curves, strict=True):
        assert found.kinds[kind.name].f1 == pytest.approx(curve[best])


def test_where_nothing_answers_the_scale_is_still_a_number():
    assert find_scale(lambda tile: np.zeros(tile.shape, np.float32), tiles(4), seed=0).r0 > 0


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


def test_the_level_of_the_score_is_kept_with_its_threshold():
    pixels, settings = tiles(60, side=48), (FLATTEN, HEATMAP, None, 0.98, 0)
    lower, _ = calibrate(engine(), pixels, *settings, score_level=0.25)
    heats = [heat(tile, lower) for tile in pixels]
    scores = [photo_score(each, level=0.25) for each in heats]
    assert lower.score_level == 0.25
    made = [
        np.round(255 * surface).astype(np.uint8)
        for number, kind in enumerate(KINDS)
        for surface in scenes(
            kind, pixels, SOUND_SCENES_PER_KIND, np.random.default_rng([0, 3, number])
        ).clean
    ]
    of_made = [photo_score(heat(surface, lower), level=0.25) for surface in made]
    # aggregate, paint and walls show more than tiles do as they are
    assert np.quantile(of_made, 0.95) > np.quantile(scores, 0.98)
    assert lower.score_threshold == pytest.approx(np.quantile(of_made, 0.95))
    assert [lower.score_of(each) for each in heats] == scores


def test_few_tiles_do_not_set_the_score_low():
    few, more = calibrated(tiles(3)), calibrated(tiles(40))
    assert few.score_threshold >= 0.5 * 47 / 50 and more.score_threshold >= 0.5 * 10 / 50
    # nor far below that of weights that were learnt from
    pixels, settings = tiles(3), (FLATTEN, HEATMAP, 0.02, 0.98, 0)
    taught, _ = calibrate(engine(), pixels, *settings, usual_score=0.9)
    assert taught.score_threshold > 0.84


def test_of_many_tiles_the_seed_takes_some():
    pixels = tiles(MOST_TILES + 20, side=12)
    assert calibrated(pixels, seed=1) == calibrated(pixels, seed=1)
    assert calibrated(pixels, seed=1) != calibrated(pixels, seed=2)


def test_a_network_that_changes_nothing_calls_no_clean_tile_cracked():
    changes_nothing = Engine(build_network("cae", CaeConfig((4, 8))), torch.device("cpu"))
    calibration, _ = calibrate(changes_nothing, tiles(3), FLATTEN, HEATMAP, 0.02, 0.98, seed=0)
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
