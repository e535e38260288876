"""Where crack begins, found without a crack label: on clean pavement and procedural cracks."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask, GrayImage, Residual, RgbImage
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.engine import Engine
from crackdemo.detection.heatmaps import HeatmapConfig, photo_score, to_heatmap
from crackdemo.detection.illumination import FlattenConfig, to_gray
from crackdemo.detection.scales import fused_residual, predict_at_scales
from crackdemo.masks.grow import dilate
from crackdemo.synthesis.cracks import CrackConfig, paint_cracks

CLEAN_SHARES = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
"""Shares of clean pavement whose heatmap values a checkpoint stores."""
OUTLINE_PX = 1
"""How far beyond a crack's dark core people draw its mask, in pixels."""
CLEAN_PER_PAINTED = 3
"""How many clean tiles each painted one stands beside: cracks cover about 2 % of them together."""
MOST_TILES = 200
"""More tiles than this change no quantile that is stored."""


def calibrate(
    engine: Engine,
    tiles: Sequence[NDArray[np.uint8]],
    flatten: FlattenConfig,
    heatmap: HeatmapConfig,
    cracks: CrackConfig,
    score_top_share: float,
    score_quantile: float,
    seed: int,
) -> Calibration:
    """From clean validation tiles (H, W) uint8 gray, at most MOST_TILES of them.

    r0 is the residual at which cracks painted on the tiles are found with the best pixel F1, among
    CLEAN_PER_PAINTED times as many clean ones; clean quantiles and the score's threshold come from
    the tiles as they are, each once: a small set is repeated beside large ones, and if some of its
    tiles hold cracks that nobody labelled, the threshold would be theirs.
    """
    rng = np.random.default_rng([seed, 1])
    chosen = [tiles[i] for i in rng.permutation(len(tiles))[:MOST_TILES]]
    painted = [paint_cracks(tile.astype(np.float32) / 255, cracks, rng) for tile in chosen]
    cracked = [_residual(engine, _as_bytes(p.image), flatten, heatmap) for p in painted]
    clean = [_residual(engine, tile, flatten, heatmap) for tile in chosen]
    masks = [as_outlined(p.mask) for p in painted]
    r0 = max(best_f1_residual(cracked, masks, clean), 1e-6)
    once = {id(tile): residual for tile, residual in zip(chosen, clean, strict=True)}.values()
    levels = np.quantile(np.concatenate([residual.ravel() for residual in once]), CLEAN_SHARES)
    scores = [photo_score(to_heatmap(residual, r0), score_top_share) for residual in once]
    return Calibration(
        r0=r0,
        # above 0, or photos without any residual would be called cracked
        score_threshold=max(float(np.quantile(scores, score_quantile)), 1e-6),
        score_top_share=score_top_share,
        clean_quantiles={
            str(share): round(float(level / (level + r0)), 6)
            for share, level in zip(CLEAN_SHARES, levels, strict=True)
        },
    )


def as_outlined(mask: CrackMask) -> CrackMask:
    """A painted crack's mask as a person would draw it: OUTLINE_PX beyond the dark."""
    return dilate(mask, OUTLINE_PX)


def best_f1_residual(
    residuals: Sequence[Residual], masks: Sequence[CrackMask], clean: Sequence[Residual] = ()
) -> float:
    """The residual with the best pooled pixel F1 as a threshold; 0 if nothing was painted.

    clean: residuals where nothing was painted; each counts CLEAN_PER_PAINTED times.
    """
    values = np.concatenate([residual.ravel() for residual in residuals])
    truth = np.concatenate([mask.ravel() for mask in masks])
    order = np.argsort(-values, kind="stable")
    values, found = values[order], np.cumsum(truth[order])
    marked = np.arange(1, len(values) + 1)
    if clean:
        sound = np.sort(np.concatenate([residual.ravel() for residual in clean]))
        marked += CLEAN_PER_PAINTED * (len(sound) - np.searchsorted(sound, values))
    f1 = 2 * found / (marked + max(int(found[-1]), 1))
    f1[:-1][values[:-1] == values[1:]] = 0  # a threshold takes all equal values or none
    return float(values[int(np.argmax(f1))]) if found[-1] else 0.0


def _as_bytes(gray: GrayImage) -> NDArray[np.uint8]:
    return np.round(gray * 255).astype(np.uint8)


def _residual(
    engine: Engine, tile: NDArray[np.uint8], flatten: FlattenConfig, heatmap: HeatmapConfig
) -> Residual:
    photo: RgbImage = cv2.cvtColor(tile, cv2.COLOR_GRAY2RGB)
    answers = predict_at_scales(photo, engine, flatten, heatmap)
    return fused_residual(answers, heatmap, to_gray(photo, flatten.channel))
