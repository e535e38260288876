"""How well finished weights of several classes tell each of them apart, from what they say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crackdemo.errors import legible
from crackdemo.runs.numbers import share

_VALIDATION, _TEST = "validation iou of ", "test iou of "
_MOST = 32
"""So many classes weights may tell apart; `masks.classes`, which says so, needs numpy."""


@dataclass(frozen=True)
class ClassFigures:
    """IoU of one class."""

    name: str
    """The class."""
    validation: float | None
    """On the photos that chose epoch and threshold; None where it does not occur there."""
    test: float | None
    """On the photos kept aside for tests; None where it does not occur there, or there are none."""


def class_figures(metrics: Mapping[str, Any]) -> list[ClassFigures]:
    """Of what a checkpoint's config says was measured, 32 at most; empty where that is
    nothing of classes."""
    names = [name.removeprefix(_VALIDATION) for name in metrics if name.startswith(_VALIDATION)]
    return [
        ClassFigures(
            legible(name),
            _share(metrics.get(_VALIDATION + name)),
            _share(metrics.get(_TEST + name)),
        )
        for name in names[:_MOST]
    ]


def _share(value: Any) -> float | None:
    try:
        return share(value)
    except ValueError:
        return None
