"""What a run says of its weights: figures on sound surface, and on what a person corrected."""

from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True)
class Quality:
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

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Raises ValueError where it is none."""
        try:
            found, f1, marked = (float(values[name]) for name in ("found", "f1", "marked"))
            called, tiles = (int(float(values[name])) for name in ("called", "tiles"))
            return cls(str(values["weights"]), found, f1, marked, called, tiles)
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"no quality: {error}") from None


@dataclass(frozen=True)
class Alarms:
    """What weights mark in photos that a person corrected, where there is no crack."""

    weights: str
    """What a person calls them."""
    learnt: int
    """Marked places in the photos that a fit learnt from."""
    learnt_photos: int
    """How many these are."""
    held_back: int
    """Marked places in the photos that it did not learn from."""
    held_back_photos: int
    """How many these are."""

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Raises ValueError where it is none."""
        try:
            numbers = (int(float(values[f.name])) for f in fields(cls) if f.name != "weights")
            return cls(str(values["weights"]), *numbers)
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"no alarms: {error}") from None
