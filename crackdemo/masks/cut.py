"""Heatmap to crack mask: threshold, morphology, region of interest, smallest component."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask, Heatmap, RegionMask
from crackdemo.masks.grow import disc, grow
from crackdemo.masks.params import KERNEL_SIZES, KERNELS, MAX_GROW, Kernel, MaskParams

_ROWS = 256
"""Of a mask that are looked up at once."""
_SHAPES = {"ellipse": cv2.MORPH_ELLIPSE, "rect": cv2.MORPH_RECT, "cross": cv2.MORPH_CROSS}


def kernel_bitmap(kernel: Kernel, size: int) -> NDArray[np.uint8]:
    """OpenCV's structuring element: (size, size), 1 inside the shape, 0 outside."""
    bitmap: NDArray[np.uint8] = cv2.getStructuringElement(_SHAPES[kernel], (size, size))
    return bitmap


def kernel_bitmaps() -> dict[str, dict[int, list[list[int]]]]:
    """Every bitmap that a mask may need, for viewers: by shape and size, and the discs that widen
    and thin it as `disc`, by radius."""
    odd = [size for size in KERNEL_SIZES if size]
    radii = range(1, MAX_GROW + 1)
    bitmaps: dict[str, dict[int, list[list[int]]]] = {
        kernel: {size: kernel_bitmap(kernel, size).tolist() for size in odd} for kernel in KERNELS
    }
    return {**bitmaps, "disc": {radius: disc(radius).tolist() for radius in radii}}


def cut_value(threshold: float) -> int:
    """The smallest heatmap value that is crack at this threshold, 0..65536.

    For whole h, h >= threshold * 65536 is h >= ceil(threshold * 65536), and scaling by a power of
    two rounds nothing. A heatmap ends at 65535, so that threshold 1 marks nothing.
    """
    return math.ceil(threshold * 65536)


def cut_mask(heatmap: Heatmap, params: MaskParams, region: RegionMask | None = None) -> CrackMask:
    """Threshold, then open, close, grow, clip to the region, drop small 8-connected components.

    heatmap: (H, W) uint16; region: (H, W), True where the photo counts. The components are counted
    after clipping. ValueError if the heatmap is of another kind or the region of another size.
    """
    if heatmap.dtype != np.uint16 or heatmap.ndim != 2:
        raise ValueError(f"A heatmap is (H, W) uint16, not {heatmap.shape} {heatmap.dtype}.")
    mask = (heatmap >= cut_value(params.threshold)).view(np.uint8)
    mask = _morph(mask, cv2.MORPH_OPEN, params.kernel, params.opening)
    mask = _morph(mask, cv2.MORPH_CLOSE, params.kernel, params.closing)
    mask = grow(mask, params.grow)
    if region is not None:
        if region.shape != mask.shape:
            raise ValueError(f"The region is {region.shape}, but the heatmap is {mask.shape}.")
        mask &= region
    return _drop_small(mask, params.min_area)


def _morph(mask: NDArray[np.uint8], operation: int, kernel: Kernel, size: int) -> NDArray[np.uint8]:
    if size == 0:
        return mask
    changed: NDArray[np.uint8] = cv2.morphologyEx(mask, operation, kernel_bitmap(kernel, size))
    return changed


def _drop_small(mask: NDArray[np.uint8], min_area: int) -> CrackMask:
    if min_area <= 1:
        return mask.view(np.bool_)
    labels, stats = cv2.connectedComponentsWithStats(mask, connectivity=8)[1:3]
    keep = stats[:, cv2.CC_STAT_AREA] >= min_area
    keep[0] = False  # the background
    kept = np.empty(mask.shape, np.bool_)
    for top in range(0, len(mask), _ROWS):  # numpy's own copy of numbers takes eight bytes a pixel
        keep.take(labels[top : top + _ROWS], out=kept[top : top + _ROWS], mode="clip")
    return kept


def drop_components(mask: CrackMask, points: Sequence[tuple[int, int]]) -> CrackMask:
    """The mask without the 8-connected components that hold a point (x, y): false alarms.

    Points on no component, or outside the mask, drop nothing.
    """
    height, width = mask.shape
    inside = [(y, x) for x, y in points if 0 <= x < width and 0 <= y < height]
    if not inside:
        return mask
    labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)[1]
    dropped = {int(labels[point]) for point in inside} - {0}
    return mask & ~np.isin(labels, list(dropped))
