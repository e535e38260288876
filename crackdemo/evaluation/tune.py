"""The search for mask settings over cached heatmaps: threshold, opening, closing, kernel, grow and
smallest crack together.

First every shape (opening, closing, kernel, grow) at every threshold, without a smallest crack;
then the best few of each opening with every smallest crack, at the thresholds around their own
best. Photos come one at a time and leave counts alone, so that memory does not grow with them, and
a search that was stopped goes on where it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask, Heatmap
from crackdemo.masks.levels import Levels, change_shape, level_histogram, passing, to_levels
from crackdemo.masks.metrics import THRESHOLDS
from crackdemo.masks.params import KERNELS, Kernel, MaskParams

Objective: TypeAlias = Literal["pixel_f1", "mean_image_dice", "pixel_iou"]
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)

_PER_OPENING = 4
"""Shapes of each opening that are tried with every smallest crack."""
_BELOW, _ABOVE = 25, 10
"""Thresholds around a shape's best one: without small components a lower one may be the best."""


class Labelled(Protocol):
    """A photo whose heatmap is kept somewhere."""

    def read(self) -> tuple[Heatmap, CrackMask]:
        """Its heatmap and true mask (H, W)."""
        ...


@dataclass(frozen=True)
class SearchSpace:
    """What is tried; each combined with each."""

    openings: tuple[int, ...] = (0, 3, 5)
    """Kernel sizes in px."""
    closings: tuple[int, ...] = (0, 3, 5, 7, 11)
    """Kernel sizes in px."""
    kernels: tuple[Kernel, ...] = KERNELS
    """Shapes of the kernels."""
    grows: tuple[int, ...] = (-2, -1, 0, 1, 2, 3, 4, 5)
    """Radii in px."""
    min_areas: tuple[int, ...] = (0, 20, 40, 80, 160, 320)
    """Smallest cracks in px."""

    def shapes(self, own: MaskParams) -> list[MaskParams]:
        """Every shape once, the checkpoint's own among them; threshold and min_area are own's."""
        tried: dict[MaskParams, None] = {}
        for opening in self.openings:
            for closing in self.closings:
                for kernel in self.kernels if opening or closing else (own.kernel,):
                    for grow in self.grows:
                        shape = replace(
                            own, opening=opening, closing=closing, kernel=kernel, grow=grow
                        )
                        tried[shape] = None
        tried[own] = None
        return list(tried)


class Tally:
    """Counts of many settings at many thresholds, summed over photos."""

    def __init__(self, settings: int, thresholds: int) -> None:
        shape = (settings, thresholds)
        self.right, self.predicted = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self.dice = np.zeros(shape)
        self.truth = self.photos = 0

    def add(self, right: NDArray[np.int64], predicted: NDArray[np.int64], truth: int) -> None:
        """One photo: (settings, thresholds) pixels right and predicted, and its true pixels."""
        self.right += right
        self.predicted += predicted
        self.dice += _quotient(2 * right, predicted + truth)
        self.truth += truth
        self.photos += 1

    def figures(self, objective: Objective) -> NDArray[np.float64]:
        """(settings, thresholds), higher is better."""
        if objective == "mean_image_dice":
            return self.dice / max(1, self.photos)
        if objective == "pixel_iou":
            return _quotient(self.right, self.predicted + self.truth - self.right)
        return _quotient(2 * self.right, self.predicted + self.truth)

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """To be kept."""
        counts = np.array([self.truth, self.photos])
        arrays = {"right": self.right, "predicted": self.predicted, "dice": self.dice}
        return {**arrays, "counts": counts}

    def go_on_from(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Takes over what was kept. ValueError if it is of another search."""
        if arrays["right"].shape != self.right.shape:
            raise ValueError("The counts are of another search.")
        self.right, self.predicted = arrays["right"], arrays["predicted"]
        self.dice = arrays["dice"]
        self.truth, self.photos = (int(count) for count in arrays["counts"])


def _quotient(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """0/0 is 1: nothing predicted where nothing is true."""
    return np.where(whole > 0, part / np.maximum(whole, 1), 1.0)


@dataclass(frozen=True)
class Chosen:
    """What a search came to."""

    mask: MaskParams
    """The best settings."""
    figure: float
    """The objective there, on the photos that chose it."""
    tried: int
    """Settings that were compared."""


class Search:
    """A search, photo by photo. Iterate over `run`; stop at any time."""

    def __init__(
        self,
        photos: Sequence[Labelled],
        own: MaskParams,
        objective: Objective,
        space: SearchSpace | None = None,
    ) -> None:
        self._photos, self._own, self._objective = photos, own, objective
        space = space or SearchSpace()
        self._shapes = space.shapes(own)
        self._areas = tuple(sorted({*space.min_areas, own.min_area}))
        self._coarse = Tally(len(self._shapes), len(THRESHOLDS))
        self._finalists: list[_Finalist] = []

    @property
    def steps(self) -> int:
        """Photos to go through, each of both rounds."""
        return 2 * len(self._photos)

    @property
    def done(self) -> int:
        """Of `steps`."""
        fine = self._finalists[0].tally.photos if self._finalists else 0
        return self._coarse.photos + fine

    def run(self) -> Iterator[int]:
        """Goes on; `done` after each photo."""
        while self._coarse.photos < len(self._photos):
            self._look_at_shapes(*self._photos[self._coarse.photos].read())
            yield self.done
        self._finalists = self._finalists or self._choose_finalists()
        while self.done < self.steps:
            heatmap, gt_mask = self._photos[self.done - len(self._photos)].read()
            levels = to_levels(heatmap, THRESHOLDS)
            for finalist in self._finalists:
                finalist.look_at(change_shape(levels, finalist.shape), gt_mask)
            yield self.done

    def chosen(self) -> Chosen:
        """The best settings of a search that has come to its end; of equals those that do least."""
        winner = max(self._finalists, key=lambda finalist: finalist.best(self._objective)[0])
        figure, mask = winner.best(self._objective)
        tried = self._coarse.right.size + sum(each.tally.right.size for each in self._finalists)
        return Chosen(mask, figure, tried)

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """All that is needed to go on, by name."""
        kept = {f"coarse.{name}": array for name, array in self._coarse.as_arrays().items()}
        for number, finalist in enumerate(self._finalists):
            for name, array in finalist.tally.as_arrays().items():
                kept[f"{number}.{name}"] = array
        return kept

    def go_on_from(self, kept: dict[str, NDArray[Any]]) -> None:
        """From `as_arrays` of a search over the same photos and settings. ValueError, KeyError if
        it is of another one."""
        self._coarse.go_on_from(_group(kept, "coarse"))
        if any(name.startswith("0.") for name in kept):
            self._finalists = self._choose_finalists()
            for number, finalist in enumerate(self._finalists):
                finalist.tally.go_on_from(_group(kept, str(number)))

    def _look_at_shapes(self, heatmap: Heatmap, gt_mask: CrackMask) -> None:
        levels = to_levels(heatmap, THRESHOLDS)
        counts = np.zeros((2, len(self._shapes), len(THRESHOLDS)), np.int64)
        for number, shape in enumerate(self._shapes):
            changed = change_shape(levels, shape)
            counts[0, number] = passing(level_histogram(changed, gt_mask), len(THRESHOLDS))
            counts[1, number] = passing(level_histogram(changed), len(THRESHOLDS))
        self._coarse.add(counts[0], counts[1], int(np.count_nonzero(gt_mask)))

    def _choose_finalists(self) -> list["_Finalist"]:
        """The best shapes of each opening: openings do what dropping small components does."""
        figures = self._coarse.figures(self._objective)
        order = np.argsort(-figures.max(axis=1), kind="stable")
        chosen: dict[int, list[int]] = {}
        for number in map(int, order):
            of_opening = chosen.setdefault(self._shapes[number].opening, [])
            if len(of_opening) < _PER_OPENING:
                of_opening.append(number)
        own = self._shapes.index(self._own)
        numbers = sorted({own, *(number for group in chosen.values() for number in group)})
        return [
            _Finalist(self._shapes[number], int(figures[number].argmax()), self._areas)
            for number in numbers
        ]


def _group(kept: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    parts = ((name.partition("."), array) for name, array in kept.items())
    return {name: array for (group, _, name), array in parts if group == prefix}


class _Finalist:
    """A shape with every smallest crack, at some thresholds."""

    def __init__(self, shape: MaskParams, best: int, areas: tuple[int, ...]) -> None:
        self.shape = shape
        self._areas = areas
        self._first = max(0, best - _BELOW)
        self._end = min(len(THRESHOLDS), best + _ABOVE + 1)
        self.tally = Tally(len(areas), self._end - self._first)

    def look_at(self, levels: Levels, gt_mask: CrackMask) -> None:
        counts = np.zeros((2, *self.tally.right.shape), np.int64)
        inside = np.flatnonzero(levels > self._first)
        values, is_true = levels.ravel()[inside], gt_mask.ravel()[inside]
        for column, level in enumerate(range(self._first, self._end)):
            above = values > level
            inside, values, is_true = inside[above], values[above], is_true[above]
            mask = np.zeros(levels.shape, np.uint8)
            mask.ravel()[inside] = 1
            labels = cv2.connectedComponents(mask, connectivity=8)[1].ravel()[inside]
            areas = np.bincount(labels)
            hits = np.bincount(labels[is_true], minlength=len(areas))
            for row, smallest in enumerate(self._areas):
                is_kept = areas >= smallest
                counts[:, row, column] = hits[is_kept].sum(), areas[is_kept].sum()
        self.tally.add(counts[0], counts[1], int(np.count_nonzero(gt_mask)))

    def best(self, objective: Objective) -> tuple[float, MaskParams]:
        figures = self.tally.figures(objective)
        row, column = np.unravel_index(int(figures.argmax()), figures.shape)
        threshold = THRESHOLDS[self._first + int(column)]
        mask = replace(self.shape, threshold=threshold, min_area=self._areas[row])
        return float(figures[row, column]), mask
