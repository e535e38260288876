"""Heatmap to one number for the whole photo: how strong its strongest crack is."""

import math

import numpy as np

from crackdemo.arrays import Heatmap, RegionMask
from crackdemo.detection.pieces import CALIBRATED, pieces_of, strengths

_REFERENCE_AREA = 50_000
"""Pixels of a close-up; METU's have as many."""
_AREA_POWER = 0.4
"""How the strongest false alarm grows with the area that is searched. Found on mosaics of 1 x 1 to
8 x 8 clean validation tiles: fourfold on METU, hardly at all on sut_crack."""
_HALF = 100.0
"""Strength of a score of 0.5: 100 px of crack that is just as hot as the calibrated threshold."""


def photo_score(
    heatmap: Heatmap,
    top_share: float | None = None,
    region: RegionMask | None = None,
    level: float = 0.5,
) -> float:
    """0..1, higher = more crack, of a heatmap (H, W) or of a region (H, W) of it.

    By its strongest crack, so that one crack counts alike on a small photo and on a large one,
    connected where it is at least as hot as the level, 0..1: a lower one joins the pieces of a
    faint crack on smooth ground, and the grain of rough ground. With `top_share`, as older weights
    were calibrated, the mean of that share of its pixels, the hottest ones.
    """
    if top_share is not None:
        return _mean_of_hottest(heatmap if region is None else heatmap[region], top_share)
    if region is not None:
        heatmap = np.where(region, heatmap, 0).astype(np.uint16)
    area = heatmap.size if region is None else max(1, int(region.sum()))
    strength = _strongest(heatmap, 65536 * level) * (_REFERENCE_AREA / area) ** _AREA_POWER
    return float(strength / (strength + _HALF))


def _strongest(heatmap: Heatmap, level: float) -> float:
    """Over the 8-connected parts at or above a heatmap's level, the highest of their `strengths`.

    A photo without such a part has its hottest pixel instead.
    """
    # what is too faint or stands alone lies just below the calibrated threshold, and counts as that
    inside = heatmap >= (CALIBRATED - 1 if level == CALIBRATED else level)
    if not inside.any():
        hottest = float(heatmap.max())
        return math.sqrt(2) * hottest / (65536 - hottest)
    return float(strengths(pieces_of(heatmap, inside)).max())


def _mean_of_hottest(heatmap: Heatmap, share: float) -> float:
    count = max(1, round(heatmap.size * share))
    flat = heatmap.ravel()
    return float(np.partition(flat, flat.size - count)[-count:].mean() / 65536)
