"""A heatmap's masks at all thresholds at once.

Opening, closing, growing and dropping small components keep one mask inside another (they are flat
operators; Serra 1982, "threshold decomposition"). So they can be done on an image of levels, the
number of thresholds that each pixel passes, and its masks are those of `cut_mask` to the pixel.
"""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask, Heatmap, RegionMask
from crackdemo.masks.cut import cut_value, kernel_bitmap
from crackdemo.masks.grow import grow
from crackdemo.masks.params import MaskParams

MOST_LEVELS = 255
"""Thresholds that fit into a byte."""

Levels: TypeAlias = NDArray[np.uint8]
"""(H, W): how many of ascending thresholds a pixel passes."""


def to_levels(heatmap: Heatmap, thresholds: Sequence[float]) -> Levels:
    """How many of at most MOST_LEVELS ascending thresholds each pixel (H, W) passes."""
    passed = np.zeros(65536, np.uint8)
    for threshold in thresholds:
        passed[cut_value(threshold) :] += 1
    return passed.take(heatmap)


def change_shape(levels: Levels, params: MaskParams) -> Levels:
    """Opened, closed and grown, as `cut_mask` does with the mask of each threshold."""
    kernel = params.kernel
    for operation, size in (
        (cv2.MORPH_OPEN, params.opening),
        (cv2.MORPH_CLOSE, params.closing),
    ):
        if size:
            levels = cv2.morphologyEx(levels, operation, kernel_bitmap(kernel, size))
    return grow(levels, params.grow)


def drop_small(levels: Levels, min_area: int) -> Levels:
    """Without the 8-connected components of fewer than `min_area` pixels, at each threshold."""
    if min_area <= 1:
        return levels
    kept = np.zeros_like(levels)
    flat, flat_kept = levels.ravel(), kept.ravel()
    inside = np.flatnonzero(flat)
    for level in range(1, int(levels.max(initial=0)) + 1):
        # what was dropped at a lower level is dropped here: its components are parts of those
        inside = inside[flat[inside] >= level]
        mask = np.zeros(levels.shape, np.uint8)
        mask.ravel()[inside] = 1
        labels = cv2.connectedComponents(mask, connectivity=8)[1].ravel()[inside]
        inside = inside[np.bincount(labels)[labels] >= min_area] if inside.size else inside
        if not inside.size:
            break
        flat_kept[inside] += 1
    return kept


def cut_levels(
    heatmap: Heatmap,
    params: MaskParams,
    thresholds: Sequence[float],
    region: RegionMask | None = None,
) -> Levels:
    """`cut_mask` at each of ascending thresholds: a pixel is crack at those that it passes.

    `params.threshold` is not used.
    """
    levels = change_shape(to_levels(heatmap, thresholds), params)
    if region is not None:
        levels = levels * region
    return drop_small(levels, params.min_area)


def level_histogram(levels: Levels, where: CrackMask | None = None) -> NDArray[np.int64]:
    """(256,): how many pixels, of all or of those in a mask (H, W), have each number of levels."""
    inside = None if where is None else where.view(np.uint8)
    # OpenCV counts in 32-bit floats, exact up to 2 ** 24 pixels a level
    if levels.size > 2**24:
        return np.bincount((levels if where is None else levels[where]).ravel(), minlength=256)
    counts: NDArray[np.int64] = (
        cv2.calcHist([levels], [0], inside, [256], [0, 256]).ravel().astype(np.int64)
    )
    return counts


def passing(histogram: NDArray[np.int64], thresholds: int) -> NDArray[np.int64]:
    """(thresholds,): how many pixels pass each of them, from counts of levels (256,)."""
    return histogram[::-1].cumsum()[::-1][1 : thresholds + 1]
