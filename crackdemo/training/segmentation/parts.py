"""Which photos with masks a segmenter learns from, and which choose its epoch and threshold."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from crackdemo.data.folders import Sample

FEW = 12
"""Up to so many photos of a folder none is kept aside for tests: each is needed to learn from."""
_LEAST_SHARE = 0.1
"""Of the photos that are not kept aside, so many choose at least."""
_LEAST, _MANY = 4, 20
"""And of `_MANY` photos no fewer than these: one or two would make the choice a matter of luck."""

Shown: TypeAlias = Callable[[Sample], frozenset[str]]
"""The classes that a photo's mask marks."""


def parted(samples: Sequence[Sample], shown: Shown) -> list[Sample]:
    """Photos with a mask in their splits. Those that a person has split stay where they are.

    Of a few others a quarter validates and the rest is learnt from; of more, their names' hashes
    decide, and validation gets photos of training, never of the tests, until it has enough of them.
    Either way it shows each class that training can spare a photo of.
    """
    if any(sample.is_given for sample in samples):
        return list(samples)
    few = len(samples) <= FEW
    placed = [replace(s, split="train") for s in _by_hash(samples)] if few else samples
    moved = _lacking(placed, shown, len(samples) // 4 if few else 0)
    return [replace(s, split="validation") if s.path in moved else s for s in placed]


def _lacking(samples: Sequence[Sample], shown: Shown, least: int) -> set[Path]:
    """The training photos that validation lacks, by their names' hashes; while others are there,
    none is the last of a class to learn from. least: so many choose at least."""
    train = _by_hash([sample for sample in samples if sample.split == "train"])
    validation = [sample for sample in samples if sample.split == "validation"]
    classes = {sample.path: shown(sample) for sample in (*train, *validation)}
    left = Counter(name for sample in train for name in classes[sample.path])
    seen = {name for sample in validation for name in classes[sample.path]}
    moved: set[Path] = set()

    def move_one(wanted: str | None = None) -> None:
        """The first photo that can be spared; of those that show a class, where one is wanted."""
        for sample in train:
            shows = classes[sample.path]
            is_wanted = wanted is None or wanted in shows
            if sample.path in moved or not is_wanted or any(left[name] < 2 for name in shows):
                continue
            moved.add(sample.path)
            left.subtract(shows)
            seen.update(shows)
            return

    total = len(train) + len(validation)
    enough = max(math.ceil(_LEAST_SHARE * total), _LEAST if total >= _MANY else 1, least)
    for name in sorted(left):
        if name not in seen:
            move_one(name)
    for _ in range(enough - len(validation) - len(moved)):
        move_one()
    if train[1:] and not (validation or moved):
        moved.add(train[0].path)  # each is the last of a class
    return moved


def _by_hash(samples: Sequence[Sample]) -> list[Sample]:
    return sorted(samples, key=lambda sample: hashlib.sha256(sample.name.encode()).digest())
