"""What a person corrected in a photo, as data to learn from: the surroundings of the false alarms
that were dropped, and the crack that was left there."""

import re
from dataclasses import dataclass

import cv2
import numpy as np

from crackdemo.arrays import CrackMask, RegionMask, RgbImage

SIDE = 768
"""Pixels that a part of a photo has at least on each side, where the photo has them: room for
several of the tiles that a fit learns from, around a small false alarm too."""
MARK = ".corrected"
"""Ends the stem of a corrected photo and of its mask: names go along into ZIPs and runs."""
_MARKED = re.compile(re.escape(MARK) + r"( ?\(\d+\)| - Copy)*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Correction:
    """A part of a photo in which false alarms were dropped."""

    photo: RgbImage
    """(h, w, 3)."""
    mask: CrackMask
    """(h, w): what is crack there, as the person left it."""


def corrected(
    photo: RgbImage, marked: CrackMask, left: CrackMask, region: RegionMask | None = None
) -> Correction | None:
    """Of a photo (H, W, 3) with what the settings mark, (H, W), and what is left of it after false
    alarms; None where nothing was dropped.

    Nothing outside the rectangle around the region of interest is taken: nobody judged that.
    """
    if not (marked & ~left).any():
        return None
    inside = (0, 0, *marked.shape) if region is None else _around(region)
    top, left_edge, bottom, right = _around(marked & ~left)
    rows = _widened(top, bottom, inside[0], inside[2])
    columns = _widened(left_edge, right, inside[1], inside[3])
    return Correction(photo[rows, columns], left[rows, columns])


def is_corrected(stem: str) -> bool:
    """Whether a photo of this stem is a correction; uploads and desktops number copies."""
    return _MARKED.search(stem) is not None


def _around(mask: CrackMask) -> tuple[int, int, int, int]:
    """Top, left, bottom and right of what is set."""
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return y, x, y + height, x + width


def _widened(start: int, stop: int, least: int, most: int) -> slice:
    """To `SIDE` at least, in the middle of which it lies where there is room between the bounds."""
    lacking = max(0, SIDE - (stop - start))
    first = max(least, min(start - lacking // 2, most - SIDE))
    return slice(first, min(most, max(stop, first + SIDE)))
