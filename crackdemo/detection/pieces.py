"""What the pieces of a heatmap say together: how strong they are, and which of those that are as
hot as the calibrated threshold are no crack."""

import math
from typing import Annotated, Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from crackdemo.arrays import Heatmap
from crackdemo.configs import SETTINGS

CALIBRATED = 32768
"""The calibrated threshold, on the fixed scale."""


@dataclass(frozen=True, config=SETTINGS)
class LoneMarks:
    """How cracks are told from lone marks: a crack goes on, if in pieces, and the shadow of a stone
    or the end of a drip does not.

    Found by trying gaps of 0 to 96 px, strengths of 80 to 220 and shares of .15 to .4 on validation
    photos, also at .35 to 3 times their size, `uav` photos that are not of its test split, and made
    photos with cracks and without, labels in sight: cae-asphalt marks something on 36 of 240 sound
    ones instead of 66, and loses no more than .001 of F1 on any set of cracked ones.
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


class Pieces(NamedTuple):
    """K connected parts of a heatmap, or groups of such parts."""

    number: NDArray[np.int32]
    """(N,) 0 to K - 1 of each pixel that belongs to one, row by row."""
    near: NDArray[np.int32]
    """(K, 2) first column and row of the bounding box."""
    far: NDArray[np.int32]
    """(K, 2) column and row just beyond it."""
    area: NDArray[np.float64]
    """(K,) in pixels."""
    heat: NDArray[np.float64]
    """(K,) sum of the pixels' heat."""


def pieces_of(heatmap: Heatmap, inside: NDArray[np.bool_]) -> Pieces:
    """The 8-connected parts of the pixels inside; both (H, W)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        inside.view(np.uint8), connectivity=8, ltype=cv2.CV_32S
    )
    number = labels[inside] - 1
    corner, size, area = stats[1:, :2], stats[1:, 2:4], stats[1:, cv2.CC_STAT_AREA]
    heat = _sums(number, heatmap[inside], len(area))
    return Pieces(number, corner, corner + size, area.astype(np.float64), heat)


def joined(pieces: Pieces, group: NDArray[np.int32]) -> Pieces:
    """Groups of pieces. group: (N,) of each pixel, like `Pieces.number`; alike within a piece."""
    of_piece = np.zeros(len(pieces.area), np.int32)
    of_piece[pieces.number] = group
    count = 1 + int(of_piece.max(initial=-1))
    near = np.full((count, 2), np.iinfo(np.int32).max, np.int32)
    far = np.zeros((count, 2), np.int32)
    np.minimum.at(near, of_piece, pieces.near)
    np.maximum.at(far, of_piece, pieces.far)
    area, heat = (_sums(of_piece, part, count) for part in (pieces.area, pieces.heat))
    return Pieces(group, near, far, area, heat)


def _sums(number: NDArray[np.int32], values: NDArray[Any], count: int) -> NDArray[np.float64]:
    return np.bincount(number, values, count).astype(np.float64, copy=False)


def strengths(pieces: Pieces) -> NDArray[np.float64]:
    """(K,) the product of reach (the diagonal of the bounding box, in pixels) and mean odds
    h / (1 - h)."""
    heat = pieces.heat / pieces.area
    reach = np.hypot(*(pieces.far - pieces.near).T.astype(np.float64))
    strength: NDArray[np.float64] = reach * heat / (65536 - heat)
    return strength


def without_faint(heatmap: Heatmap, faint: float | None) -> Heatmap:
    """A heatmap (H, W), of which 8-connected parts at the calibrated threshold that are nowhere as
    hot as `faint`, 0..1, lie just below it: a hysteresis threshold (Canny 1986) with the mask's own
    as the lower one. The same array, changed in place."""
    inside = heatmap >= CALIBRATED
    if faint is None or not inside.any():
        return heatmap
    count, labels = _labels(inside)
    is_sure = np.zeros(count, np.bool_)
    is_sure[labels[heatmap >= 65536 * faint]] = True
    return _lowered(heatmap, inside, is_sure[labels[inside]])


def without_lone(heatmap: Heatmap, lone: LoneMarks | None) -> Heatmap:
    """A heatmap (H, W), of which parts at the calibrated threshold that are weak and stand alone
    lie just below it. The same array, changed in place."""
    inside = heatmap >= CALIBRATED
    if lone is None or not inside.any():
        return heatmap
    # first, since of two arrays of labels at once a large photo would know
    group = _groups(inside, lone.gap)
    is_crack = strengths(joined(pieces_of(heatmap, inside), group)) >= lone.least(*heatmap.shape)
    return _lowered(heatmap, inside, is_crack[group])


def _groups(inside: NDArray[np.bool_], gap: float) -> NDArray[np.int32]:
    """(N,) of each pixel inside, the number of those that lie within the gap of each other."""
    near = cv2.distanceTransform((~inside).view(np.uint8), cv2.DIST_L2, 5) <= gap / 2
    group: NDArray[np.int32] = _labels(near)[1][inside] - 1
    return group


def _labels(inside: NDArray[np.bool_]) -> tuple[int, NDArray[np.int32]]:
    """Of the 8-connected parts, from 1; how many there are, with 0 for what is outside."""
    return cv2.connectedComponents(inside.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)


def _lowered(heatmap: Heatmap, inside: NDArray[np.bool_], stays: NDArray[np.bool_]) -> Heatmap:
    """With all pixels inside, (H, W), that do not stay, (N,), just below the threshold."""
    heatmap[inside] = np.where(stays, heatmap[inside], CALIBRATED - 1)
    return heatmap
