"""Where crack begins, found without a crack label: on clean pavement alone."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import Residual, RgbImage
from crackdemo.checkpoints import Calibration
from crackdemo.detector import Eye, fuse, look
from crackdemo.heatmaps import HeatmapConfig, photo_score, to_heatmap
from crackdemo.illumination import FlattenConfig

CLEAN_SHARES = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
"""Shares of clean pavement whose heatmap values a checkpoint stores."""
CLEAN_MARKED = 0.0004
"""Share of clean validation pixels at or above the calibrated residual r0, before morphology."""
SCORE_QUANTILE = 0.98
"""Share of clean validation tiles that the score's threshold calls sound."""
MOST_TILES = 200
"""More tiles than this change no quantile that is stored."""


def calibrate(
    eye: Eye,
    tiles: Sequence[NDArray[np.uint8]],
    flatten: FlattenConfig,
    heatmap: HeatmapConfig,
    score_top_share: float,
    seed: int,
) -> Calibration:
    """From clean validation tiles (H, W) uint8 gray alone; at most MOST_TILES of them are used."""
    order = np.random.default_rng([seed, 1]).permutation(len(tiles))[:MOST_TILES]
    residuals = [_residual(eye, tiles[i], flatten, heatmap) for i in order]
    pixels = np.concatenate([residual.ravel() for residual in residuals])
    r0 = max(float(np.quantile(pixels, 1 - CLEAN_MARKED)), 1e-6)
    levels = np.quantile(pixels, CLEAN_SHARES)
    scores = [photo_score(to_heatmap(residual, r0), score_top_share) for residual in residuals]
    return Calibration(
        r0=r0,
        # above 0, or photos without any residual would be called cracked
        score_threshold=max(float(np.quantile(scores, SCORE_QUANTILE)), 1e-6),
        score_top_share=score_top_share,
        clean_quantiles={
            str(share): round(float(level / (level + r0)), 6)
            for share, level in zip(CLEAN_SHARES, levels, strict=True)
        },
    )


def _residual(
    eye: Eye, tile: NDArray[np.uint8], flatten: FlattenConfig, heatmap: HeatmapConfig
) -> Residual:
    photo: RgbImage = cv2.cvtColor(tile, cv2.COLOR_GRAY2RGB)
    return fuse(look(photo, eye, flatten, heatmap), heatmap, *tile.shape)
