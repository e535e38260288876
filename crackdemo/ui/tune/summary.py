"""A scored set as what the page draws: counts at every threshold, so that a move needs no request;
and exact figures of settings with morphology, which the server counts."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask, Heatmap, RgbImage
from crackdemo.data.splits import SPLITS
from crackdemo.evaluation.gain import PhotoCounts, count
from crackdemo.evaluation.heat import KnownPhoto
from crackdemo.masks.cut import cut_mask, cut_value
from crackdemo.masks.grow import dilate
from crackdemo.masks.params import MaskParams
from crackdemo.photos.images import read_photo
from crackdemo.photos.overlays import preview, truth_overlay
from crackdemo.ui.tune.sets import ScoredSet

STEPS = 1000
"""Thresholds of the slider: 0 to 1 in steps of .001."""
TOLERANCES = (2, 5)
"""In px, beside exact figures."""
Order: TypeAlias = Literal["Dice", "False positives", "False negatives", "Score"]
ORDERS: tuple[Order, ...] = get_args(Order)
"""What the film strip goes by: the worst photos come first."""
FIGURES = {
    "pixel_precision": "precision", "pixel_recall": "recall", "pixel_f1": "F1",
    "pixel_f1_2px": "F1 within 2 px", "pixel_f1_5px": "F1 within 5 px", "pixel_iou": "IoU",
    "mean_image_dice": "mean image Dice",
}  # fmt: skip
"""What people read for a figure's name."""
_CUTS = np.array([cut_value(step / STEPS) for step in range(STEPS + 1)])
_SHOWN = 1024
"""Longest side of the photo on show."""
_THUMBNAIL = 220


def passing_at(values: NDArray[np.uint16]) -> NDArray[np.int64]:
    """(STEPS + 1,): how many heatmap values are crack at each threshold of the slider."""
    below = np.concatenate([[0], np.cumsum(np.bincount(values.ravel(), minlength=65536))])
    passed: NDArray[np.int64] = values.size - below[_CUTS]
    return passed


@dataclass(frozen=True)
class Tally:
    """One photo's counts without morphology, at each threshold of the slider."""

    predicted: NDArray[np.int64]
    """(STEPS + 1,) pixels marked."""
    right: NDArray[np.int64]
    """(STEPS + 1,) of these on a true crack."""
    near: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]]
    """By tolerance in px: marked pixels near a true one, and true ones near a marked one."""
    truth: int
    """Pixels of true crack."""


def tally(heatmap: Heatmap, gt_mask: CrackMask) -> Tally:
    """Of a photo (H, W)."""
    near = {
        px: (
            passing_at(heatmap[dilate(gt_mask, px)]),
            passing_at(dilate(heatmap, px)[gt_mask]),
        )
        for px in TOLERANCES
    }
    right = passing_at(heatmap[gt_mask])
    return Tally(passing_at(heatmap), right, near, int(np.count_nonzero(gt_mask)))


def page_data(scored: ScoredSet, own: MaskParams, score_threshold: float) -> dict[str, Any]:
    """All that the page needs of one weights; photos come one at a time.

    Counts are little-endian 32-bit words as base64. Pixels within 2 and 5 px are pooled by part.
    """
    photos: list[dict[str, Any]] = []
    pooled: dict[str, dict[int, NDArray[np.int64]]] = {}
    for photo, split in zip(scored.photos, scored.splits, strict=True):
        has_mask = photo.photo.mask_path is not None
        entry: dict[str, Any] = {
            "name": photo.photo.source.file,
            "part": split,
            "score": photo.score,
            "cracked": photo.cracked,
            "hasMask": has_mask,
        }
        if has_mask:
            counts = tally(*photo.read())
            entry |= {
                "truth": counts.truth,
                "predicted": _packed(counts.predicted),
                "right": _packed(counts.right),
            }
            sums = pooled.setdefault(split, {px: np.zeros((2, STEPS + 1), np.int64)
                                             for px in TOLERANCES})  # fmt: skip
            for px in TOLERANCES:
                sums[px] += counts.near[px]
        photos.append(entry)
    return {
        "weights": scored.weights.name,
        "own": asdict(own),
        "scoreThreshold": score_threshold,
        "photos": photos,
        "near": {
            split: {str(px): [each.tolist() for each in sums[px]] for px in TOLERANCES}
            for split, sums in pooled.items()
        },
        "parts": [split for split in SPLITS if split in scored.splits],
    }


def _packed(counts: NDArray[np.int64]) -> str:
    return base64.b64encode(counts.astype("<u4").tobytes()).decode()


def counted(photos: Sequence[KnownPhoto], params: MaskParams) -> Iterator[PhotoCounts]:
    """Exact counts of each photo with all settings, one at a time."""
    for photo in photos:
        heatmap, gt_mask = photo.read()
        yield count(cut_mask(heatmap, params), gt_mask, called=True)


def worst_first(
    photos: Sequence[KnownPhoto], counts: Sequence[PhotoCounts], order: Order
) -> list[int]:
    """Places of the photos, the worst first; by score, the clean ones that score highest and the
    cracked ones that score lowest. Photos without masks go by score always."""

    def badness(place: int) -> float:
        photo, exact = photos[place], counts[place].exact
        if photo.photo.mask_path is None:
            return 1 - photo.score if photo.cracked else photo.score
        if order == "Dice":
            return 1 - exact.dice
        if order == "False positives":
            return exact.predicted - exact.right_predicted
        if order == "False negatives":
            return exact.truth - exact.found_truth
        return 1 - photo.score if photo.cracked else photo.score

    return sorted(range(len(photos)), key=lambda place: -badness(place))


def caption(photo: KnownPhoto, counts: PhotoCounts) -> str:
    """How well it is marked, and its name."""
    name = Path(photo.photo.source.file).name
    if photo.photo.mask_path is None:
        return f"{photo.score:.2f} {'cracked' if photo.cracked else 'clean'} · {name}"
    return f"Dice {counts.exact.dice:.2f} · {name}"


def shown(photo: KnownPhoto, params: MaskParams, side: int = _SHOWN) -> RgbImage:
    """The photo with its truth: right, wrong and missed pixels in three colours. Raises
    PhotoError."""
    heatmap, gt_mask = photo.read()
    overlay = truth_overlay(read_photo(photo.photo.source.path), cut_mask(heatmap, params), gt_mask)
    return preview(overlay, side)


def thumbnail(photo: KnownPhoto) -> RgbImage:
    """A small picture of the photo. Raises PhotoError."""
    return preview(read_photo(photo.photo.source.path), _THUMBNAIL)
