"""Sentences on photos that cannot be used, as few as it takes to say them."""

import re
from collections.abc import Iterable

from crackdemo.photos.images import PHOTO_SUFFIXES

_FILE = "|".join(re.escape(suffix) for suffix in sorted(PHOTO_SUFFIXES))
_OWN = re.compile(rf"“[^”]*”|^.*?({_FILE})(?= )|\d+(\.\d+)?", re.IGNORECASE)
"""What sentences of one reason differ by: names and figures."""


def grouped(problems: Iterable[str]) -> list[str]:
    """The first sentence of each reason, and how many more there are of it."""
    by_reason: dict[str, list[str]] = {}
    for problem in problems:
        by_reason.setdefault(_OWN.sub("", problem), []).append(problem)
    return [
        same[0] + (f" (and {len(same) - 1} more)" if same[1:] else "")
        for same in by_reason.values()
    ]
