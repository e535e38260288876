"""Which connected parts of a heatmap are no cracks, by how hot and how straight they are."""

from collections.abc import Iterator
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import Heatmap, RegionMask
from crackdemo.detection.heatmaps import CALIBRATED, HeatmapConfig

_LEVELS = (CALIBRATED, round(0.15 * 65536))
"""From which heat on a line is connected: the lower one joins its pieces, and branches to it. Each
alone finds half to two thirds of what both find on made sound photos."""
_LEAST_REACH = 80
"""Pixels; shorter pieces of a crack may be straight."""
_LEAST_SLENDER = 5
"""How much longer than wide a line is; spots have a straight middle, too."""
_MOST_OFF_PX = 1.0
"""A long crack may be straighter for its length than a short one, but not to the pixel: those of
260 px and more are off by 1.26 at least, on 950 photos. Two pixels had seemed as good there, and
took the crack of a test photo."""

_Points: TypeAlias = NDArray[np.float64]


def without_sound_parts(heatmap: Heatmap, config: HeatmapConfig) -> Heatmap:
    """A heatmap (H, W), of which 8-connected parts at the calibrated threshold that are `faint` or
    `straight` lie just below it, so that a lower threshold has them. The same array, changed in
    place."""
    inside = heatmap >= CALIBRATED
    is_sound = np.zeros(heatmap.shape, np.bool_)
    if config.faint is not None:
        is_sound |= _faint(heatmap, inside, config.faint)
    if config.straight is not None:
        for level in _LEVELS:
            is_sound |= _straight(heatmap >= level, config.straight)
    heatmap[inside & is_sound] = CALIBRATED - 1
    return heatmap


def is_straight(points: _Points, share: float) -> bool:
    """Whether pixels (N, 2) of a line lie around a straight line or an even bend, a parabola: the
    root mean square distance of their middle from it is less than a share of its length, and than
    a pixel. Markings, joints, kerbs and cables are so; cracks wander."""
    centred = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)  # the longer one last
    across, along = (centred @ axes).T
    place = (along - along.min()).astype(np.int64)
    count = np.bincount(place)
    places = np.flatnonzero(count)
    middle = np.bincount(place, across)[places] / count[places]
    off = middle - np.polyval(np.polyfit(places, middle, 2), places)
    return bool(np.sqrt(np.mean(off**2)) < min(share * len(count), _MOST_OFF_PX))


def _faint(heatmap: Heatmap, inside: RegionMask, faint: float) -> RegionMask:
    count, labels = cv2.connectedComponents(inside.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    is_faint = np.ones(count, np.bool_)
    is_faint[labels[heatmap >= 65536 * faint]] = False
    found: RegionMask = is_faint[labels]
    return found


def _straight(inside: RegionMask, share: float) -> RegionMask:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        inside.view(np.uint8), connectivity=8, ltype=cv2.CV_32S
    )
    reach = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    is_line = (reach >= _LEAST_REACH) & (reach**2 >= _LEAST_SLENDER * stats[:, cv2.CC_STAT_AREA])
    is_line[0] = False  # all that is not hot
    for number, points in _points(labels, is_line):
        is_line[number] = is_straight(points, share)
    found: RegionMask = is_line[labels]
    return found


def _points(labels: NDArray[np.int32], chosen: NDArray[np.bool_]) -> Iterator[tuple[int, _Points]]:
    """Each chosen label with its pixels (N, 2)."""
    rows, columns = np.nonzero(chosen[labels])
    found = labels[rows, columns]
    order = np.argsort(found, kind="stable")
    pixels = np.stack([rows[order], columns[order]], axis=1).astype(np.float64)
    numbers, starts = np.unique(found[order], return_index=True)
    yield from zip(numbers.tolist(), np.split(pixels, starts[1:]), strict=False)
