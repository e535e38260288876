"""Which photos a fit trains on, which it validates on, and which are kept for tests."""

import hashlib
from typing import Literal

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def split_of(name: str) -> Split:
    """The split of `folder/stem`: a tenth validation, two tenths test, by SHA-256."""
    tenth = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10
    return "test" if tenth < 2 else "validation" if tenth == 2 else "train"
