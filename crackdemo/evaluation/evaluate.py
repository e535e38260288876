"""Photos with known truth to figures: pixel metrics from masks, image metrics from two folders.

Figures are named as in `metrics`: without a distance they are exact to the pixel, `_2px` and
`_5px` tolerate that Euclidean distance. `with_morphology` says that ODS and OIS, which choose
their threshold on the true masks, keep the opening, closing and min_area that `pixel_f1` has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from crackdemo.arrays import ClassMask, CrackMask, Heatmap
from crackdemo.data.labelled import LabelledPhoto
from crackdemo.detection.detector import Detector
from crackdemo.errors import PhotoError
from crackdemo.evaluation.gallery import Gallery
from crackdemo.evaluation.truth import classes_of, require_size
from crackdemo.inspection.predict import Failed, Inspected, inspect_photos
from crackdemo.masks.classes import Confusion, strongest
from crackdemo.masks.metrics import (
    TOLERANCES_PX,
    Counts,
    Curve,
    auroc,
    average_precision,
    confusion,
    image_auroc,
    ods,
    ois,
    pixel_counts,
    pixel_histogram,
    threshold_curves,
)
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset


@dataclass(frozen=True)
class SetCurves:
    """What plots are drawn of."""

    pixels: dict[float, Curve]
    """By tolerance in px: counts pooled over the set at each of THRESHOLDS, with the morphology of
    the settings; empty without masks."""
    threshold: float
    """Of the settings."""
    scores: list[float]
    """Of the photos that are labelled as a whole, 0..1."""
    labels: list[bool]
    """Whether each of these is cracked."""
    score_threshold: float
    """From which a photo is called cracked."""


class Evaluation:
    """The figures of one checkpoint on a set, photo by photo."""

    def __init__(self, detector: Detector, own: MaskParams) -> None:
        """own: the checkpoint's mask settings, or those that are to be judged."""
        self.rows: list[dict[str, str]] = []
        self.failures: list[Failed] = []
        self.notes: list[str] = []
        """Sentences on masks that were not taken as they are."""
        self.gallery = Gallery()
        self._detector, self._mask = detector, own
        self._pixels = _PixelTally(own)
        self._confusion: Confusion | None = None
        self._scores: list[float] = []
        self._labels: list[bool] = []
        self._seconds = self._megapixels = 0.0

    def run(self, photos: Sequence[LabelledPhoto]) -> Iterator[Inspected | Failed]:
        """Takes in the photos, one at a time; those that cannot be used are listed apart."""
        sources = [photo.source for photo in photos]
        outcomes = inspect_photos(sources, self._detector, Preset(self._mask))
        for photo, inspected in zip(photos, outcomes, strict=True):
            outcome = self._add(photo, inspected) if isinstance(inspected, Inspected) else inspected
            if isinstance(outcome, Failed):
                self.failures.append(outcome)
            yield outcome

    def metrics(self) -> dict[str, Any]:
        """All figures by name, JSON values; None where the set cannot tell."""
        figures: dict[str, Any] = {
            "photos": len(self.rows),
            "failed_photos": len(self.failures),
            "mask": asdict(self._mask),
        }
        if self._pixels.photos:
            figures |= self._pixels.metrics()
        if self._confusion is not None:
            figures |= self._confusion.metrics()
            figures["confusion"] = self._confusion.shares
        if self._labels:
            calibration = self._detector.calibration
            called = [calibration.is_cracked(score) for score in self._scores]
            figures |= image_metrics(self._scores, self._labels, called)
            figures["image_score_threshold"] = calibration.score_threshold
        figures["seconds_per_megapixel"] = (
            self._seconds / self._megapixels if self._megapixels else None
        )
        return figures

    def _add_classes(self, labels: ClassMask, inspected: Inspected) -> None:
        """Where there are several: what each pixel was taken for, by the masks."""
        classes = inspected.verdict.classes
        if classes:
            found = strongest(inspected.detection.classes, classes)
            confusion = Confusion.of(labels, found, tuple(classes))
            before = self._confusion
            self._confusion = confusion if before is None else before + confusion

    def curves(self) -> SetCurves:
        """What plots are drawn of."""
        return SetCurves(
            self._pixels.pooled,
            self._mask.threshold,
            self._scores,
            self._labels,
            self._detector.calibration.score_threshold,
        )

    def _add(self, photo: LabelledPhoto, inspected: Inspected) -> Inspected | Failed:
        row = {
            "file": photo.source.file,
            "score": f"{inspected.verdict.score:.6f}",
            "crack": str(inspected.verdict.crack).lower(),
            "seconds": f"{inspected.seconds:.3f}",
        }
        mask, heatmap = inspected.verdict.mask, inspected.detection.heatmap
        try:
            labels, note = classes_of(photo, self._detector.classes)
            require_size(photo, labels, heatmap.shape)
        except PhotoError as problem:
            return Failed(inspected.source, str(problem))
        cracked = photo.cracked
        gt_mask = None if labels is None else labels > 0
        if labels is None or gt_mask is None:
            self._scores.append(inspected.verdict.score)
            self._labels.append(cracked)
            surplus = inspected.verdict.score - self._detector.calibration.score_threshold
            figure = surplus if cracked else -surplus
            caption = f"{'cracked' if cracked else 'clean'}, score {inspected.verdict.score:.3f}"
        else:
            cracked = bool(gt_mask.any())
            row |= self._pixels.add(heatmap, mask, gt_mask)
            self._add_classes(labels, inspected)
            figure = pixel_counts(mask, gt_mask).dice
            caption = f"Dice {figure:.3f}"
        self.notes += [note] if note else []
        self.gallery.add(figure, f"{caption}  {row['file']}", inspected, gt_mask)
        self.rows.append({**row, "gt_crack": str(cracked).lower()})
        self._seconds += inspected.seconds
        self._megapixels += inspected.detection.heatmap.size / 1e6
        return inspected


class _PixelTally:
    """Pixels pooled over a set; no photo leaves more than its sums."""

    def __init__(self, params: MaskParams) -> None:
        self.photos = 0
        self.pooled: dict[float, Curve] = {}
        """By tolerance in px."""
        self._params = params
        self._histogram = np.zeros((2, 65536), np.int64)
        self._counts = {px: Counts() for px in TOLERANCES_PX}
        self._best = {px: Counts() for px in TOLERANCES_PX}
        self._dice = 0.0

    def add(self, heatmap: Heatmap, mask: CrackMask, gt_mask: CrackMask) -> dict[str, str]:
        """Takes in one photo; its own figures as a row."""
        self.photos += 1
        self._histogram += pixel_histogram(heatmap, gt_mask)
        counts = {px: pixel_counts(mask, gt_mask, px) for px in TOLERANCES_PX}
        self._dice += counts[0.0].dice
        for px, curve in threshold_curves(heatmap, gt_mask, self._params, TOLERANCES_PX).items():
            self._counts[px] += counts[px]
            self._best[px] += ois([curve])
            so_far = self.pooled.get(px, [Counts()] * len(curve))
            self.pooled[px] = [a + b for a, b in zip(so_far, curve, strict=True)]
        return {name: f"{value:.4f}" for name, value in _mask_figures(counts).items()}

    def metrics(self) -> dict[str, Any]:
        figures: dict[str, Any] = {"pixel_photos": self.photos, **_mask_figures(self._counts)}
        figures["mean_image_dice"] = self._dice / self.photos
        for px, pooled in self.pooled.items():
            threshold, counts = ods([pooled])
            figures[f"pixel_ods_with_morphology{_within(px)}"] = counts.f1
            figures[f"pixel_ods_threshold{_within(px)}"] = threshold
            figures[f"pixel_ois_with_morphology{_within(px)}"] = self._best[px].f1
        both = bool(self._histogram.any(axis=1).all())
        figures["pixel_auroc"] = auroc(self._histogram) if both else None
        figures["pixel_average_precision"] = average_precision(self._histogram) if both else None
        return figures


def image_metrics(
    scores: Sequence[float], labels: Sequence[bool], called: Sequence[bool]
) -> dict[str, Any]:
    """Figures of (N,) scores, higher = more crack-like, and of the photos called cracked by them,
    against labels, True = crack.

    ROC-AUC is None unless there are both kinds.
    """
    matrix = confusion(called, labels)
    return {
        "image_photos": len(labels),
        "image_auroc": image_auroc(scores, labels) if len(set(labels)) == 2 else None,
        "image_precision": matrix.precision,
        "image_recall": matrix.recall,
        "image_f1": matrix.f1,
        "image_accuracy": matrix.accuracy,
        **{f"image_{name}": count for name, count in asdict(matrix).items()},
    }


def _mask_figures(counts: dict[float, Counts]) -> dict[str, float]:
    """Of masks cut with the checkpoint's own settings."""
    exact = counts[0.0]
    return {
        "pixel_precision": exact.precision,
        "pixel_recall": exact.recall,
        **{f"pixel_f1{_within(px)}": pooled.f1 for px, pooled in counts.items()},
        "pixel_iou": exact.iou,
    }


def _within(px: float) -> str:
    return f"_{px:g}px" if px else ""
