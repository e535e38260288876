"""Pixel and image metrics; every name is the standard quantity, and higher is better.

Photos come one at a time: each leaves a few counts or a histogram, and a set's figure is computed
from their sum (pixels pooled over the set, "micro").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crackdemo.arrays import CrackMask, Heatmap
from crackdemo.masks.grow import dilate
from crackdemo.masks.levels import Levels, cut_levels, level_histogram, passing
from crackdemo.masks.params import MaskParams

THRESHOLDS = tuple(step / 100 for step in range(1, 100))
"""The fixed grid that ODS and OIS choose from: .01 to .99."""

TOLERANCES_PX = (0.0, 2.0, 5.0)
"""Euclidean distances at which pixel figures are reported."""

Histogram: TypeAlias = NDArray[np.int64]
"""(2, bins), ascending values: how many negatives (row 0) and positives (row 1) have each value."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Pixel counts within a tolerance; those of several photos add up.

    A quotient 0/0 is 1 if there is neither prediction nor truth, for then they agree, else 0.
    """

    right_predicted: int = 0
    """Predicted pixels within the tolerance of a true one."""
    predicted: int = 0
    """Pixels predicted as crack."""
    found_truth: int = 0
    """True pixels within the tolerance of a predicted one."""
    truth: int = 0
    """Pixels that are crack."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.right_predicted + other.right_predicted,
            self.predicted + other.predicted,
            self.found_truth + other.found_truth,
            self.truth + other.truth,
        )

    @property
    def precision(self) -> float:
        return self._share(self.right_predicted, self.predicted)

    @property
    def recall(self) -> float:
        return self._share(self.found_truth, self.truth)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; at 0 px this is Dice."""
        return self._share(2 * self.precision * self.recall, self.precision + self.recall)

    @property
    def iou(self) -> float:
        """Intersection over union; it has a meaning at 0 px only."""
        return self._share(self.right_predicted, self.predicted + self.truth - self.right_predicted)

    @property
    def dice(self) -> float:
        """Of a single photo at 0 px: 1 where prediction and truth are both empty."""
        return self._share(2 * self.right_predicted, self.predicted + self.truth)

    def _share(self, part: float, whole: float) -> float:
        return part / whole if whole else float(self.predicted == self.truth == 0)


Curve: TypeAlias = list[Counts]
"""The counts of one photo, or of a set, at each of THRESHOLDS."""


def pixel_counts(mask: CrackMask, gt_mask: CrackMask, tolerance_px: float = 0.0) -> Counts:
    """Compare two (H, W) masks: pixels agree within this Euclidean distance.

    ValueError if the sizes differ or gt_mask is not bool.
    """
    _require_pair(mask, gt_mask)
    near_truth = dilate(gt_mask, tolerance_px)
    near_prediction = dilate(mask, tolerance_px)
    return Counts(
        right_predicted=_count(mask & near_truth),
        predicted=_count(mask),
        found_truth=_count(gt_mask & near_prediction),
        truth=_count(gt_mask),
    )


def threshold_curves(
    heatmap: Heatmap,
    gt_mask: CrackMask,
    params: MaskParams,
    tolerances_px: Sequence[float] = TOLERANCES_PX,
) -> dict[float, Curve]:
    """One photo's counts at every threshold, for each tolerance, with the morphology of `params`.

    `params.threshold` is not used. ValueError as `pixel_counts`.
    """
    _require_pair(heatmap, gt_mask)
    levels = cut_levels(heatmap, params, THRESHOLDS)
    return {px: _curve_of_levels(levels, gt_mask, px) for px in tolerances_px}


def _curve_of_levels(levels: Levels, gt_mask: CrackMask, tolerance_px: float) -> Curve:
    """A true pixel is found while the highest level near it passes."""
    predicted = level_histogram(levels)
    right_predicted = level_histogram(levels, dilate(gt_mask, tolerance_px))
    found_truth = level_histogram(dilate(levels, tolerance_px), gt_mask)
    truth = _count(gt_mask)
    passed = (passing(each, len(THRESHOLDS)) for each in (right_predicted, predicted, found_truth))
    return [
        Counts(right, predicted, found, truth)
        for right, predicted, found in np.stack(list(passed), axis=1).tolist()
    ]


def ods(curves: Sequence[Curve]) -> tuple[float, Counts]:
    """Optimal dataset scale (Arbelaez et al. 2011): the one threshold with the best pooled F1.

    The threshold, the highest of equals, and the pooled counts there.
    """
    pooled = [sum(counts, Counts()) for counts in zip(*curves, strict=True)]
    best = _best(pooled)
    return THRESHOLDS[best], pooled[best]


def ois(curves: Sequence[Curve]) -> Counts:
    """Optimal image scale (Arbelaez et al. 2011): each photo's counts at its own best F1, pooled.

    Some crack papers average the photos' best F1 instead, which is another figure. Pooled like
    this, a set of few photos can score a little below its ODS.
    """
    return sum((curve[_best(curve)] for curve in curves), Counts())


def _best(curve: Curve) -> int:
    return max(reversed(range(len(curve))), key=lambda index: curve[index].f1)


def pixel_histogram(heatmap: Heatmap, gt_mask: CrackMask) -> Histogram:
    """(2, 65536) counts of the heatmap's values, off and on the true crack; photos add up.

    ValueError if the sizes differ or gt_mask is not bool.
    """
    _require_pair(heatmap, gt_mask)
    return np.stack([np.bincount(heatmap[where], minlength=65536) for where in (~gt_mask, gt_mask)])


def auroc(histogram: Histogram) -> float:
    """Area under the ROC curve: how often a positive is higher than a negative, ties half.

    ValueError unless there are both.
    """
    negatives, positives = _both_classes(histogram)
    lower = np.cumsum(negatives) - negatives / 2
    return float(positives @ lower / (positives.sum() * negatives.sum()))


def average_precision(histogram: Histogram) -> float:
    """Area under the precision-recall curve in steps, not interpolated; ValueError as `auroc`."""
    negatives, positives = _both_classes(histogram)
    hits, alarms = np.cumsum(positives[::-1]), np.cumsum(negatives[::-1])
    precision = hits / np.maximum(hits + alarms, 1)
    return float(positives[::-1] @ precision / positives.sum())


def image_auroc(scores: ArrayLike, labels: ArrayLike) -> float:
    """`auroc` of photos: (N,) scores, higher = more crack-like, and (N,) labels, True = crack."""
    cracked = np.asarray(labels, np.bool_)
    values, bins = np.unique(np.asarray(scores), return_inverse=True)
    return auroc(
        np.stack([np.bincount(bins[where], minlength=values.size) for where in (~cracked, cracked)])
    )


def _both_classes(histogram: Histogram) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    negatives, positives = histogram.astype(np.float64)
    if not (negatives.any() and positives.any()):
        raise ValueError("AUROC and average precision need both crack and sound examples.")
    return negatives, positives


@dataclass(frozen=True)
class Confusion:
    """How many photos were called right and wrong."""

    true_positives: int
    """Cracked photos called cracked."""
    false_positives: int
    """Sound photos called cracked."""
    false_negatives: int
    """Cracked photos called sound."""
    true_negatives: int
    """Sound photos called sound."""

    @property
    def accuracy(self) -> float:
        """Share of the photos that were called right; 1 without any."""
        right = self.true_positives + self.true_negatives
        photos = right + self.false_positives + self.false_negatives
        return right / photos if photos else 1.0

    @property
    def precision(self) -> float:
        return self._counts.precision

    @property
    def recall(self) -> float:
        return self._counts.recall

    @property
    def f1(self) -> float:
        return self._counts.f1

    @property
    def _counts(self) -> Counts:
        predicted = self.true_positives + self.false_positives
        truth = self.true_positives + self.false_negatives
        return Counts(self.true_positives, predicted, self.true_positives, truth)


def confusion(called: ArrayLike, labels: ArrayLike) -> Confusion:
    """(N,) photos called cracked against (N,) labels, True = crack."""
    called, cracked = np.asarray(called, np.bool_), np.asarray(labels, np.bool_)
    return Confusion(
        true_positives=_count(called & cracked),
        false_positives=_count(called & ~cracked),
        false_negatives=_count(~called & cracked),
        true_negatives=_count(~called & ~cracked),
    )


def _count(mask: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(mask))


def _require_pair(image: NDArray[np.generic], gt_mask: CrackMask) -> None:
    if image.shape != gt_mask.shape:
        raise ValueError(f"The true mask is {gt_mask.shape}, but the image is {image.shape}.")
    if gt_mask.dtype != np.bool_:
        raise ValueError(f"The true mask must be bool, but is {gt_mask.dtype}.")
