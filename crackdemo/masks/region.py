"""The region of interest: polygons to the pixels of a photo that count."""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import RegionMask

Polygon: TypeAlias = tuple[tuple[float, float], ...]
"""Corners (x, y) in fractions 0..1 of the photo."""

MAX_POLYGONS, MAX_CORNERS = 50, 1_000
"""Of one region, all polygons together: 10,000 corners would hold a core for seconds at every look
at a photo."""


def check_region(polygons: Sequence[Polygon]) -> None:
    """ValueError for more than a region may hold, and for what `region_mask` refuses."""
    corners = sum(map(len, polygons))
    if len(polygons) > MAX_POLYGONS or corners > MAX_CORNERS:
        raise ValueError(
            f"A region holds at most {MAX_POLYGONS} polygons and {MAX_CORNERS:,} corners, but this "
            f"one has {len(polygons):,} and {corners:,}: draw it with fewer."
        )
    for polygon in polygons:
        _checked_corners(polygon)


def region_mask(polygons: Sequence[Polygon], height: int, width: int) -> RegionMask:
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


def _checked_corners(polygon: Polygon) -> NDArray[np.float64]:
    corners = np.array([(float(x), float(y)) for x, y in polygon])
    if len(corners) < 3:
        raise ValueError(f"A region needs at least 3 corners, but has {len(corners)}.")
    if not np.all((corners >= 0) & (corners <= 1)):
        raise ValueError("The corners of a region must be fractions of the photo, from 0 to 1.")
    return corners
