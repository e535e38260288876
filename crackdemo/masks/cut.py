"""Heatmap to crack mask: threshold, opening, closing, region of interest, smallest component."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask, Heatmap, RegionMask

_SHAPES = {"ellipse": cv2.MORPH_ELLIPSE, "rect": cv2.MORPH_RECT, "cross": cv2.MORPH_CROSS}

KERNELS = tuple(_SHAPES)
MAX_KERNEL = 15
"""Largest kernel size in pixels."""


@dataclass(frozen=True)
class MaskParams:
    """Every setting of a mask; `dataclasses.asdict` is its JSON. ValueError if one is invalid."""

    threshold: float = 0.5
    """Share of the heatmap's scale from which a pixel is crack, 0..1; 0.5 is as calibrated."""
    opening: int = 0
    """Kernel size in px that removes specks thinner than it; 0 for none, else odd, 3 to 15."""
    closing: int = 0
    """Kernel size in px that bridges gaps narrower than it; 0 for none, else odd, 3 to 15."""
    kernel: str = "ellipse"
    """Shape of both kernels: ellipse, rect or cross."""
    min_area: int = 0
    """Connected regions of fewer pixels than this are dropped."""

    def __post_init__(self) -> None:
        if type(self.threshold) is bool or not isinstance(self.threshold, int | float):
            raise ValueError(f"The threshold must be a number, but is {self.threshold!r}.")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"The threshold must lie between 0 and 1, but is {self.threshold}.")
        if self.kernel not in KERNELS:
            raise ValueError(f"The kernel must be {', '.join(KERNELS)}, but is {self.kernel!r}.")
        _require_kernel_size("opening", self.opening)
        _require_kernel_size("closing", self.closing)
        if type(self.min_area) is not int or self.min_area < 0:
            raise ValueError(
                f"The min_area must be a whole number from 0 on, but is {self.min_area!r}."
            )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The reverse of `asdict`: missing settings keep their default, ValueError for others."""
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"Unknown mask settings: {', '.join(unknown)}; please remove them.")
        return cls(**values)


def _require_kernel_size(name: str, size: int) -> None:
    if type(size) is not int or size not in (0, *range(3, MAX_KERNEL + 1, 2)):
        raise ValueError(
            f"The {name} must be 0 (off) or an odd size from 3 to {MAX_KERNEL}, but is {size!r}."
        )


def kernel_bitmap(kernel: str, size: int) -> NDArray[np.uint8]:
    """OpenCV's structuring element: (size, size), 1 inside the shape, 0 outside."""
    bitmap: NDArray[np.uint8] = cv2.getStructuringElement(_SHAPES[kernel], (size, size))
    return bitmap


def cut_value(threshold: float) -> int:
    """The smallest heatmap value that is crack at this threshold, 0..65536.

    For whole h, h >= threshold * 65536 is h >= ceil(threshold * 65536), and scaling by a power of
    two rounds nothing. A heatmap ends at 65535, so that threshold 1 marks nothing.
    """
    return math.ceil(threshold * 65536)


def cut_mask(heatmap: Heatmap, params: MaskParams, region: RegionMask | None = None) -> CrackMask:
    """Threshold, then open, close, clip to the region and drop small 8-connected components.

    heatmap: (H, W) uint16; region: (H, W), True where the photo counts. The components are counted
    after clipping. ValueError if the heatmap is of another kind or the region of another size.
    """
    if heatmap.dtype != np.uint16 or heatmap.ndim != 2:
        raise ValueError(f"A heatmap is (H, W) uint16, not {heatmap.shape} {heatmap.dtype}.")
    mask = (heatmap >= cut_value(params.threshold)).astype(np.uint8)
    mask = _morph(mask, cv2.MORPH_OPEN, params.kernel, params.opening)
    mask = _morph(mask, cv2.MORPH_CLOSE, params.kernel, params.closing)
    if region is not None:
        if region.shape != mask.shape:
            raise ValueError(f"The region is {region.shape}, but the heatmap is {mask.shape}.")
        mask &= region
    return _drop_small(mask, params.min_area)


def _morph(mask: NDArray[np.uint8], operation: int, kernel: str, size: int) -> NDArray[np.uint8]:
    if size == 0:
        return mask
    changed: NDArray[np.uint8] = cv2.morphologyEx(mask, operation, kernel_bitmap(kernel, size))
    return changed


def _drop_small(mask: NDArray[np.uint8], min_area: int) -> CrackMask:
    if min_area <= 1:
        return mask.astype(np.bool_)
    labels = cv2.connectedComponents(mask, connectivity=8)[1]
    keep = np.bincount(labels.ravel()) >= min_area
    keep[0] = False  # the background
    kept: CrackMask = keep.take(labels)
    return kept


def drop_components(mask: CrackMask, points: Sequence[tuple[int, int]]) -> CrackMask:
    """The mask without the 8-connected components that hold a point (x, y): false alarms.

    Points on no component, or outside the mask, drop nothing.
    """
    height, width = mask.shape
    inside = [(y, x) for x, y in points if 0 <= x < width and 0 <= y < height]
    if not inside:
        return mask
    labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[1]
    dropped = {int(labels[point]) for point in inside} - {0}
    return mask & ~np.isin(labels, list(dropped))


def region_mask(
    polygons: Sequence[Sequence[tuple[float, float]]], height: int, width: int
) -> RegionMask:
    """The union of polygons as (height, width), True inside; no polygon means the whole photo.

    Corners are (x, y) in fractions 0..1 of the photo, so that one region holds for photos of any
    size. A corner takes the pixel it falls into, and outlines belong to the region. ValueError for
    fewer than three corners or one outside the photo.
    """
    if not polygons:
        return np.ones((height, width), np.bool_)
    canvas = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        corners = np.floor(_checked_corners(polygon) * (width, height))
        corners = np.minimum(corners, (width - 1, height - 1)).astype(np.int32)
        cv2.fillPoly(canvas, [corners], 1)  # one by one: overlaps in one call become holes
    return canvas.astype(np.bool_)


def _checked_corners(polygon: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    corners = np.array([(float(x), float(y)) for x, y in polygon])
    if len(corners) < 3:
        raise ValueError(f"A region needs at least 3 corners, but has {len(corners)}.")
    if not np.all((corners >= 0) & (corners <= 1)):
        raise ValueError("The corners of a region must be fractions of the photo, from 0 to 1.")
    return corners
