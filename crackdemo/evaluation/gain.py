"""What settings come to on a set of photos, and whether a gain is more than chance."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask, Heatmap
from crackdemo.evaluation.tune import Objective
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.metrics import TOLERANCES_PX, Counts, pixel_counts
from crackdemo.masks.params import MaskParams

RESAMPLES = 2000
"""Sets of as many photos, drawn with replacement (Efron's bootstrap)."""
CONFIDENCE = 0.95

Finding: TypeAlias = Literal["better", "worse", "within the noise", "too few photos"]


class Scored(Protocol):
    """A photo whose heatmap is kept, and its score."""

    @property
    def score(self) -> float:
        """0..1, higher = more crack."""
        ...

    def read(self) -> tuple[Heatmap, CrackMask]:
        """Its heatmap and true mask (H, W)."""
        ...


@dataclass(frozen=True)
class PhotoCounts:
    """What settings mark on one photo."""

    within: dict[float, Counts]
    """By tolerance in px."""
    called: bool
    """Whether its score calls it cracked."""

    @property
    def exact(self) -> Counts:
        """To the pixel."""
        return self.within[0.0]


@dataclass(frozen=True)
class Gain:
    """One figure of two settings on the same photos."""

    gain: float
    """Of the first over the second."""
    low: float
    """Lower end of the 95 % bootstrap interval over photos."""
    high: float
    """Its upper end."""
    finding: Finding
    """In words: a gain whose interval holds 0 is within the noise."""


_FEWEST = 5
"""Photos below which drawing among them says nothing of others."""


def count_each(
    photos: Iterable[Scored], settings: Sequence[MaskParams], is_cracked: Callable[[float], bool]
) -> Iterator[list[PhotoCounts]]:
    """For each photo the counts of every settings; photos come one at a time."""
    for photo in photos:
        heatmap, gt_mask = photo.read()
        called = is_cracked(photo.score)
        yield [count(cut_mask(heatmap, params), gt_mask, called) for params in settings]


def count(mask: CrackMask, gt_mask: CrackMask, called: bool) -> PhotoCounts:
    """One photo's counts at every tolerance."""
    return PhotoCounts({px: pixel_counts(mask, gt_mask, px) for px in TOLERANCES_PX}, called)


def set_figures(photos: Sequence[PhotoCounts]) -> dict[str, Any]:
    """Of a set, pixels pooled over it; `mean_image_dice` is the mean over photos, with `_gate` as
    if photos that are not called cracked had empty masks."""
    pooled = {px: sum((each.within[px] for each in photos), Counts()) for px in TOLERANCES_PX}
    exact = pooled[0.0]
    return {
        "photos": len(photos),
        "pixel_precision": exact.precision,
        "pixel_recall": exact.recall,
        "pixel_f1": exact.f1,
        "pixel_f1_2px": pooled[2.0].f1,
        "pixel_f1_5px": pooled[5.0].f1,
        "pixel_iou": exact.iou,
        "mean_image_dice": _mean([each.exact.dice for each in photos]),
        "mean_image_dice_gate": _mean([_gated(each).dice for each in photos]),
    }


def compare(
    first: Sequence[PhotoCounts],
    second: Sequence[PhotoCounts],
    objective: Objective,
    seed: int = 0,
) -> Gain:
    """The gain of the first settings over the second, with a bootstrap interval over photos."""
    ours, theirs = _table(first), _table(second)
    everything = np.arange(len(ours))[None]
    gain = float((_figure(ours, everything, objective) - _figure(theirs, everything, objective))[0])
    if len(ours) < _FEWEST:
        return Gain(gain, gain, gain, "too few photos")
    draws = np.random.default_rng(seed).integers(0, len(ours), (RESAMPLES, len(ours)))
    gains = _figure(ours, draws, objective) - _figure(theirs, draws, objective)
    tail = 50 * (1 - CONFIDENCE)
    low, high = (float(end) for end in np.percentile(gains, [tail, 100 - tail]))
    finding: Finding = "better" if low > 0 else "worse" if high < 0 else "within the noise"
    return Gain(gain, low, high, finding)


def _gated(photo: PhotoCounts) -> Counts:
    exact = photo.exact
    return exact if photo.called else Counts(0, 0, 0, exact.truth)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 1.0


def _table(photos: Sequence[PhotoCounts]) -> NDArray[np.float64]:
    """(N, 4): right, predicted, truth, Dice."""
    rows = [(e.exact.right_predicted, e.exact.predicted, e.exact.truth, e.exact.dice)
            for e in photos]  # fmt: skip
    return np.array(rows, np.float64).reshape(-1, 4)


def _figure(
    table: NDArray[np.float64], draws: NDArray[np.int64], objective: Objective
) -> NDArray[np.float64]:
    """The objective of each draw (draws, N) of photos; 1 where nothing is predicted nor true."""
    if objective == "mean_image_dice":
        means: NDArray[np.float64] = table[:, 3][draws].mean(axis=1)
        return means
    right, predicted, truth = (table[:, column][draws].sum(axis=1) for column in range(3))
    union = predicted + truth - right
    part, whole = (right, union) if objective == "pixel_iou" else (2 * right, predicted + truth)
    return np.where(whole > 0, part / np.maximum(whole, 1), 1.0)
