"""Several classes of damage: what they may be called, and labels held against true ones."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import ClassMask, CrackMask, Heatmap
from crackdemo.errors import ConfigError, shortened

CRACK = "crack"
"""The only class of masks and weights that know no other."""
BACKGROUND = "background"
"""What belongs to no class."""
MOST_CLASSES = 32
_NAME = re.compile(r"\w([\w -]{0,38}[\w-])?")
_OF_WINDOWS = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])", re.IGNORECASE)
"""No file can be called so there."""


def check_name(name: str) -> None:
    """Of one class: files and folders are named for it. Raises ConfigError."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{shortened(name)!r} is no name of a class: take up to 40 letters, digits, - and _, "
            "with spaces only between them."
        )
    if _OF_WINDOWS.fullmatch(name):
        raise ConfigError(f"Windows keeps the name “{name}” to itself: give the class another.")


def check_names(names: Sequence[str]) -> None:
    """Of all classes, the background not among them. Raises ConfigError."""
    seen: dict[str, str] = {}
    for name in names:
        check_name(name)
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise ConfigError(
                f"“{other}” and “{name}” differ by capital letters alone, which names of files "
                "may not: call one otherwise, or both the same."
            )


@dataclass(frozen=True)
class Confusion:
    """Which class pixels were taken for."""

    names: tuple[str, ...]
    """The classes, without the background."""
    counts: NDArray[np.int64]
    """(1 + classes, 1 + classes) pixels: rows are the truth, columns what was found, the
    background first."""

    @classmethod
    def of(cls, truth: ClassMask, found: ClassMask, names: Sequence[str]) -> Self:
        """Of one photo; labels (H, W) with 0 for the background."""
        kinds = len(names) + 1
        pairs = truth.astype(np.int64) * kinds + found
        counts = np.bincount(pairs.ravel(), minlength=kinds * kinds)
        return cls(tuple(names), counts.reshape(kinds, kinds))

    def __add__(self, other: "Confusion") -> "Confusion":
        return Confusion(self.names, self.counts + other.counts)

    @property
    def iou(self) -> dict[str, float | None]:
        """By class; None of one that is neither in the truth nor found."""
        return self._by_class(lambda hits, truth, found: hits / (truth + found - hits))

    @property
    def dice(self) -> dict[str, float | None]:
        """By class; None as in `iou`."""
        return self._by_class(lambda hits, truth, found: 2 * hits / (truth + found))

    @property
    def mean_iou(self) -> float:
        """Over the classes that have one, the background left out; 0 where none has."""
        return _mean(self.iou)

    @property
    def pixel_accuracy(self) -> float:
        """The share of all pixels, 0..1, that were taken for what they are."""
        return float(np.trace(self.counts) / max(1, self.counts.sum()))

    @property
    def shares(self) -> dict[str, dict[str, float | None]]:
        """Truth to found: of each class' pixels the share, 0..1, that was taken for another; None
        of one that does not occur."""
        kinds = (BACKGROUND, *self.names)
        totals = self.counts.sum(axis=1)
        return {
            name: {
                other: round(float(count / total), 4) if total else None
                for other, count in zip(kinds, row, strict=True)
            }
            for name, row, total in zip(kinds, self.counts, totals, strict=True)
        }

    def metrics(self) -> dict[str, Any]:
        """All figures by name, JSON values."""
        return {
            "mean_iou": self.mean_iou,
            "mean_dice": _mean(self.dice),
            "pixel_accuracy": self.pixel_accuracy,
            **{f"iou of {name}": value for name, value in self.iou.items()},
            **{f"dice of {name}": value for name, value in self.dice.items()},
        }

    def _by_class(self, figure: Any) -> dict[str, float | None]:
        hits = np.diag(self.counts)
        truth, found = self.counts.sum(axis=1), self.counts.sum(axis=0)
        return {
            name: float(figure(hits[i], truth[i], found[i])) if truth[i] + found[i] else None
            for i, name in enumerate(self.names, 1)
        }


def strongest(heatmaps: Mapping[str, Heatmap], masks: Mapping[str, CrackMask]) -> ClassMask:
    """Labels (H, W), from 1 in the heatmaps' order: of the classes whose mask is there the one that
    is hottest; 0 where there is none."""
    heat = np.stack(
        [np.where(masks[name], 1 + heat.astype(np.int32), 0) for name, heat in heatmaps.items()]
    )
    labels: ClassMask = np.where(heat.any(axis=0), 1 + heat.argmax(axis=0), 0).astype(np.uint8)
    return labels


def _mean(figures: Mapping[str, float | None]) -> float:
    known = [value for value in figures.values() if value is not None]
    return float(np.mean(known)) if known else 0.0
