"""Numbers in the files of a run: what a fit can come to, and nothing else."""

import math
from typing import Any

_LARGEST = 3.5e38
"""Nothing is larger: losses are 32-bit floats."""
_ROUNDING = 1e-9
"""By so much a sum of shares may lie above 1."""


def number(value: Any) -> float:
    """Raises ValueError for what is none, or none that a fit can come to."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number is missing")
    if not (abs(value) < _LARGEST and math.isfinite(value)):
        raise ValueError("a number is too large")
    return float(value)


def amount(value: Any) -> float:
    """From 0 on. Raises ValueError."""
    if number(value) < 0:
        raise ValueError("a number is below 0")
    return float(value)


def count(value: Any) -> int:
    """Of what is counted, so none below 0. Raises ValueError."""
    return int(amount(value))


def share(value: Any) -> float:
    """A part of a whole, 0..1. Raises ValueError."""
    if amount(value) > 1 + _ROUNDING:
        raise ValueError("a share is above 1")
    return min(1.0, float(value))
