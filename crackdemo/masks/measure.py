"""Crack mask to length, width and area, in pixels and, with a scale, in millimetres."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

from crackdemo.arrays import CrackMask, RegionMask

_ROWS = 1024
"""Of a mask whose widths are measured at once."""
_REACH = 64
"""Rows on either side that are looked at first: hardly a crack is twice as wide."""


@dataclass(frozen=True)
class CrackReport:
    """What a mask measures; all zero where it marks nothing."""

    crack_percent: float
    """Share of the region of interest that is crack, 0..100."""
    length_px: float
    """Length of all skeletons together."""
    max_width_px: float
    """Width at the widest place."""
    mean_width_px: float
    """Width averaged over the skeleton."""
    components: int
    """Number of 8-connected regions."""
    length_mm: float | None = None
    """Length in mm; None without a scale."""
    max_width_mm: float | None = None
    """Width at the widest place in mm; None without a scale."""
    mean_width_mm: float | None = None
    """Mean width in mm; None without a scale."""


def measure(
    mask: CrackMask, region: RegionMask | None = None, mm_per_px: float | None = None
) -> CrackReport:
    """Measure a (H, W) mask inside a region of the same size, by default the whole photo.

    ValueError if the region is of another size or empty, or mm_per_px is not above 0.
    """
    if region is not None and (region.shape != mask.shape or not region.any()):
        raise ValueError(f"The region must be {mask.shape} and hold at least one pixel.")
    if mm_per_px is not None and not 0 < mm_per_px < math.inf:
        raise ValueError(f"The scale in mm per pixel must be above 0, but is {mm_per_px}.")
    area = mask.size
    if region is not None:
        mask, area = mask & region, int(np.count_nonzero(region))
    skeleton = skeletonize(mask)
    widths = _widths(mask, skeleton)
    length = skeleton_length(skeleton)
    max_width = float(widths.max()) if widths.size else 0.0
    mean_width = float(widths.mean()) if widths.size else 0.0
    return CrackReport(
        crack_percent=100 * float(np.count_nonzero(mask) / area),
        length_px=length,
        max_width_px=max_width,
        mean_width_px=mean_width,
        components=cv2.connectedComponents(mask.view(np.uint8), connectivity=8)[0] - 1,
        length_mm=mm_per_px and mm_per_px * length,
        max_width_mm=mm_per_px and mm_per_px * max_width,
        mean_width_mm=mm_per_px and mm_per_px * mean_width,
    )


def skeleton_length(skeleton: CrackMask) -> float:
    """Pixels of a skeleton, its diagonal steps counting sqrt 2 instead of 1.

    A diagonal step joins two pixels that have no straight neighbour in common: round a corner or in
    a junction the straight way is counted, never both. N pixels in a row are N px, a single pixel
    is 1 px, N pixels along a diagonal are 1 + (N - 1) sqrt 2 px.
    """
    upper_left, upper_right = skeleton[:-1, :-1], skeleton[:-1, 1:]
    lower_left, lower_right = skeleton[1:, :-1], skeleton[1:, 1:]
    falling = upper_left & lower_right & ~upper_right & ~lower_left
    rising = upper_right & lower_left & ~upper_left & ~lower_right
    diagonal_steps = int(falling.sum()) + int(rising.sum())
    return int(skeleton.sum()) + (math.sqrt(2) - 1) * diagonal_steps


def _widths(mask: CrackMask, skeleton: CrackMask) -> NDArray[np.float32]:
    """At a skeleton's pixels: twice the Euclidean distance to the nearest background pixel, centre
    to centre.

    Straight lines of 1, 2, 3, 4, 5 px are thus 2, 2, 4, 4, 6 px wide. Beyond the photo's edge is
    background.
    """
    padded = np.pad(mask, 1).view(np.uint8)
    bands = [
        _distance(padded, top + 1, min(top + _ROWS, len(mask)) + 1)[skeleton[top : top + _ROWS]]
        for top in range(0, len(mask), _ROWS)
    ]
    return 2 * np.concatenate(bands)


def _distance(padded: NDArray[np.uint8], top: int, bottom: int) -> NDArray[np.float32]:
    """Of the rows from `top` to `bottom` of a mask with a border, without that."""
    reach = _REACH
    while True:
        first, last = max(0, top - reach), min(len(padded), bottom + reach)
        distance: NDArray[np.float32]
        distance = cv2.distanceTransform(padded[first:last], cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[
            top - first : bottom - first, 1:-1
        ]
        if (first, last) == (0, len(padded)) or distance.max() <= reach:
            return distance  # what lies further away is not nearer
        reach *= 2
