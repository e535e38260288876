"""Where crack begins, found without a crack label: clean pavement and procedural cracks alone."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask, Residual, RgbImage
from crackdemo.checkpoints import Calibration
from crackdemo.cracks import CrackConfig, paint_cracks
from crackdemo.detector import Eye, fuse, look
from crackdemo.heatmaps import HeatmapConfig, photo_score, to_heatmap
from crackdemo.illumination import FlattenConfig

CLEAN_SHARES = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
"""Shares of clean pavement whose heatmap values a checkpoint stores."""
CLEAN_MARKED = 0.001
"""The calibrated threshold never marks more than this share of clean validation pixels."""
SCORE_QUANTILE = 0.98
"""Share of clean validation tiles that the score's threshold calls sound."""
MOST_TILES = 200
"""More tiles than this change no quantile that is stored."""


def calibrate(
    eye: Eye,
    tiles: Sequence[NDArray[np.uint8]],
    flatten: FlattenConfig,
    heatmap: HeatmapConfig,
    cracks: CrackConfig,
    score_top_share: float,
    seed: int,
) -> Calibration:
    """From clean validation tiles (H, W) uint8 gray; cracks are painted on a copy of each.

    r0 is the residual at which painted cracks are found with the best pixel F1, or, if that is
    higher, the one that all but CLEAN_MARKED of the clean pixels stay below.
    """
    rng = np.random.default_rng([seed, 1])
    chosen = [tiles[i] for i in rng.permutation(len(tiles))[:MOST_TILES]]
    clean = [_residual(eye, tile, flatten, heatmap) for tile in chosen]
    painted = [paint_cracks(tile.astype(np.float32) / 255, cracks, rng) for tile in chosen]
    cracked = [
        _residual(eye, np.round(p.image * 255).astype(np.uint8), flatten, heatmap) for p in painted
    ]
    clean_pixels = np.concatenate([residual.ravel() for residual in clean])
    best = best_f1_residual(cracked, [p.mask for p in painted])
    r0 = max(best, float(np.quantile(clean_pixels, 1 - CLEAN_MARKED)), 1e-6)
    levels = np.quantile(clean_pixels, CLEAN_SHARES)
    scores = [photo_score(to_heatmap(residual, r0), score_top_share) for residual in clean]
    return Calibration(
        r0=r0,
        score_threshold=float(np.quantile(scores, SCORE_QUANTILE)),
        score_top_share=score_top_share,
        clean_quantiles={
            str(share): round(float(level / (level + r0)), 6)
            for share, level in zip(CLEAN_SHARES, levels, strict=True)
        },
    )


def best_f1_residual(residuals: Sequence[Residual], masks: Sequence[CrackMask]) -> float:
    """The residual with the best pooled pixel F1 as a threshold; 0 if nothing was painted."""
    values = np.concatenate([residual.ravel() for residual in residuals])
    truth = np.concatenate([mask.ravel() for mask in masks])
    order = np.argsort(values)[::-1]
    found = np.cumsum(truth[order])
    f1 = 2 * found / (np.arange(1, len(values) + 1) + max(int(found[-1]), 1))
    return float(values[order[int(np.argmax(f1))]]) if found[-1] else 0.0


def _residual(
    eye: Eye, tile: NDArray[np.uint8], flatten: FlattenConfig, heatmap: HeatmapConfig
) -> Residual:
    photo: RgbImage = cv2.cvtColor(tile, cv2.COLOR_GRAY2RGB)
    return fuse(look(photo, eye, flatten, heatmap), heatmap, *tile.shape)
