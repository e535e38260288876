"""What a run says of its weights: figures on sound surface, and on what a person corrected."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Self

from crackdemo.runs.numbers import count, share

_MOST_LETTERS = 200
"""Of what a person calls weights."""


def _name(value: Any) -> str:
    """Raises ValueError where it is none that a person would give."""
    if not isinstance(value, str) or len(value) > _MOST_LETTERS:
        raise ValueError("it is no name")
    return value


_READ: dict[Any, Callable[[Any], Any]] = {str: _name, float: share, int: count}


@dataclass(frozen=True)
class Figures:
    """Of weights, as a run's folder keeps them."""

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Raises ValueError where it is none."""
        try:
            return cls(**{each.name: _READ[each.type](values[each.name]) for each in fields(cls)})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"no {cls.__name__.lower()}: {error}") from None


@dataclass(frozen=True)
class Quality(Figures):
    """How weights fare on crack-free tiles, as they are and with painted cracks."""

    weights: str
    """What a person calls them."""
    found: float
    """Share of the painted cracks' pixels that the mask holds."""
    f1: float
    """Pixel F1 of the painted cracks, false marks around them included."""
    marked: float
    """Share of the sound tiles' pixels that the mask holds."""
    called: int
    """Sound tiles whose score says crack."""
    tiles: int
    """How many tiles there were."""

    def __post_init__(self) -> None:
        if self.called > self.tiles:
            raise ValueError("more tiles are called cracked than there are")


@dataclass(frozen=True)
class Alarms(Figures):
    """What weights mark in photos that a person corrected, where there is no crack."""

    weights: str
    """What a person calls them."""
    learnt_px: int
    """Marked pixels that are no crack, in the photos that a fit learnt from."""
    learnt_photos: int
    """How many these are."""
    held_back_px: int
    """The same, in the photos that it did not learn from."""
    held_back_photos: int
    """How many these are."""
