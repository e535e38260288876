"""What a run says of its weights: figures on sound surface that no fit has seen."""

from dataclasses import dataclass
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
            called, tiles = int(values["called"]), int(values["tiles"])
            return cls(str(values["weights"]), found, f1, marked, called, tiles)
        except (KeyError, TypeError) as error:
            raise ValueError(f"no quality: {error}") from None
