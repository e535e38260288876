"""A preset: the settings that the page saves and `predict --preset` loads, as one JSON file."""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from crackdemo.configs import parse_config
from crackdemo.errors import PresetError
from crackdemo.masks.cut import MaskParams, region_mask

Polygon: TypeAlias = tuple[tuple[float, float], ...]
"""Corners (x, y) in fractions 0..1 of the photo."""

_MAX_BYTES = 1_000_000
"""What is longer is cut, and then no JSON any more."""


@dataclass(frozen=True)
class Preset:
    """Every setting between a heatmap and its measures. ValueError if one is invalid."""

    mask: MaskParams
    """How the heatmap becomes a mask."""
    region: tuple[Polygon, ...] = ()
    """Region of interest, the union of these polygons; none means the whole photo."""
    mm_per_px: float | None = None
    """Scale of the photo in millimetres per pixel, above 0; None if it is not known."""
    dropped: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """False alarms that a person dropped: by a photo's file name, a pixel (x, y) of each."""

    def __post_init__(self) -> None:
        region_mask(self.region, 1, 1)  # checks the corners
        if self.mm_per_px is not None and not 0 < self.mm_per_px < math.inf:
            raise ValueError(f"mm_per_px must be above 0, but is {self.mm_per_px}")


def preset_json(preset: Preset) -> str:
    """The preset as text, stable to the byte."""
    return json.dumps(asdict(preset), indent=2) + "\n"


def read_preset(path: Path) -> Preset:
    """The preset in a JSON file. Raises PresetError, naming the file without its folder."""
    try:
        return parse_config(Preset, _read_json(path))
    except ValueError as error:
        reason = str(error).rstrip(".")
        raise PresetError(f"The preset “{path.name}” cannot be used: {reason}.") from None


def _read_json(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            return json.loads(file.read(_MAX_BYTES))
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise ValueError("it is not a JSON file; save it again from the page") from None
