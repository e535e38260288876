"""What the pieces of a heatmap say together: how strong they are, and which of those that are as
hot as the calibrated threshold are no crack."""

import math
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from crackdemo.arrays import Heatmap
from crackdemo.configs import SETTINGS

CALIBRATED = 32768
"""The calibrated threshold, on the fixed scale."""

Labels = NDArray[np.int32]
"""(H, W), the number of each pixel's piece, from 1; 0 where there is none."""


@dataclass(frozen=True, config=SETTINGS)
class LoneMarks:
    """How cracks are told from lone marks: a crack goes on, if in pieces, and the shadow of a stone
    or the end of a drip does not.

    Found by trying gaps of 0 to 48 px, strengths of 80 to 220 and shares of .15 to .3 on validation
    photos, also at .35 to 3 times their size, `uav` photos that are not of its test split, and made
    photos with cracks and without, labels in sight: more than half of the sound photos on which
    anything was marked have nothing marked, and no set of cracked ones loses .002 of F1.
    """

    gap: Annotated[float, Field(ge=0, le=1000)] = 48.0
    """Pixels up to which pieces belong together."""
    strength: Annotated[float, Field(gt=0, le=100_000)] = 170.0
    """What pieces that belong together must have, as `strengths` has it: 85 px, say, with twice the
    residual of the calibrated threshold."""
    diagonal: Annotated[float, Field(gt=0, le=100)] = 0.3
    """The share of the photo's diagonal, in pixels, that is enough: on a small photo a crack is
    shorter."""

    def least(self, height: int, width: int) -> float:
        """What pieces must have on a photo (height, width)."""
        return min(self.strength, self.diagonal * math.hypot(height, width))


def strengths(heatmap: Heatmap, labels: Labels, count: int) -> NDArray[np.float64]:
    """Of the pieces 0 to count - 1 of a heatmap (H, W), in pixels: the product of reach (the
    diagonal of the bounding box) and mean odds h / (1 - h); what has no pixel has 0, as piece 0."""
    rows, columns = np.nonzero(labels)
    number = labels[rows, columns]
    total = np.bincount(number, heatmap[rows, columns], count)
    heat = total / np.maximum(np.bincount(number, minlength=count), 1)
    reach = np.hypot(_extent(rows, number, count), _extent(columns, number, count))
    strength: NDArray[np.float64] = reach * heat / (65536 - heat)
    return strength


def _extent(place: NDArray[np.intp], number: Labels, count: int) -> NDArray[np.intp]:
    """From the first to the last place of each piece, both counted."""
    first, last = np.full(count, np.iinfo(np.intp).max), np.full(count, -1)
    np.minimum.at(first, number, place)
    np.maximum.at(last, number, place)
    return np.where(last < 0, 0, last - first + 1)


def without_faint(heatmap: Heatmap, faint: float | None) -> Heatmap:
    """A heatmap (H, W), of which 8-connected parts at the calibrated threshold that are nowhere as
    hot as `faint`, 0..1, lie just below it: a hysteresis threshold (Canny 1986) with the mask's own
    as the lower one. The same array, changed in place."""
    if faint is None:
        return heatmap
    inside = heatmap >= CALIBRATED
    count, labels = cv2.connectedComponents(inside.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    is_sure = np.zeros(count, np.bool_)
    is_sure[labels[heatmap >= 65536 * faint]] = True
    return _lowered(heatmap, inside, is_sure[labels[inside]])


def without_lone(heatmap: Heatmap, lone: LoneMarks | None) -> Heatmap:
    """A heatmap (H, W), of which parts at the calibrated threshold that are weak and stand alone
    lie just below it. The same array, changed in place."""
    inside = heatmap >= CALIBRATED
    if lone is None or not inside.any():
        return heatmap
    # of no name, so that it is gone before the labels, as large, are there
    near = cv2.distanceTransform((~inside).view(np.uint8), cv2.DIST_L2, 5) <= lone.gap / 2
    count, labels = cv2.connectedComponents(near.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    labels[~inside] = 0
    is_crack = strengths(heatmap, labels, count) >= lone.least(*heatmap.shape)
    return _lowered(heatmap, inside, is_crack[labels[inside]])


def _lowered(heatmap: Heatmap, inside: NDArray[np.bool_], stays: NDArray[np.bool_]) -> Heatmap:
    """With all pixels inside, (H, W), that do not stay, (N,), just below the threshold."""
    heatmap[inside] = np.where(stays, heatmap[inside], CALIBRATED - 1)
    return heatmap
