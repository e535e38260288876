"""Photos with their masks, read for a fit, and by which of them what is chosen."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crackdemo.arrays import CrackMask, Heatmap, RgbImage
from crackdemo.data.duplicates import drop_repeats
from crackdemo.data.folders import Sample, find_samples
from crackdemo.data.splits import SPLITS, Split
from crackdemo.errors import DatasetError, PhotoError
from crackdemo.photos.images import read_labels, read_photo

FEW = 12
"""Up to so many photos of a folder none is kept aside for tests: each is needed to learn from."""
FEWEST = 3
"""Two to learn from and one that chooses the epoch and the threshold."""
_SOFT_SHARE = 0.0005
"""Of a mask's pixels; from here on its soft edges are worth a word."""
_MUCH = 0.5
"""Share of a photo that no crack covers."""


@dataclass(frozen=True)
class Pair:
    """A photo and its mask."""

    name: str
    """`folder/stem`."""
    photo: RgbImage
    """(H, W, 3)."""
    mask: CrackMask
    """(H, W)."""
    evidence: Heatmap | None = None
    """(H, W): the healer's heatmap, where the network sees one."""


@dataclass(frozen=True)
class SegmentData:
    """What a segmenter learns from."""

    train: list[list[Pair]]
    """By folder: each counts alike."""
    validation: list[Pair]
    """These choose the epoch and the threshold."""
    tests: int
    """Photos that are kept aside for tests, and not read."""
    problems: list[str]
    """One sentence for each photo that could not be used, or whose mask is odd."""

    @property
    def summary(self) -> dict[str, Any]:
        """For the run folder."""
        pairs = [pair for folder in self.train for pair in folder]
        return {
            "train_photos": len(pairs),
            "validation_photos": len(self.validation),
            "test_photos": self.tests,
            "crack_share": round(crack_share([*pairs, *self.validation]), 5),
            "problems": self.problems,
        }

    @property
    def what_chose(self) -> str:
        """A sentence on what chose epoch and threshold, and what is left to judge by."""
        learnt = sum(map(len, self.train))
        said = (
            f"It learns from {learnt} photos; epoch and threshold are chosen on "
            f"{len(self.validation)} more, so that its figures there are too good"
        )
        if self.tests:
            return f"{said}: judge it on the {self.tests} that are kept aside for tests."
        return f"{said}, and none is left to judge it by: try it on photos that it has not seen."


def read_pairs(
    folders: Sequence[Path], look: Callable[[RgbImage], Heatmap] | None = None
) -> SegmentData:
    """All photos of the folders that have a mask, by split.

    look: what makes the evidence that the network is to see. Raises DatasetError where there are
    too few, or no mask marks a crack.
    """
    problems: list[str] = []
    train: list[list[Pair]] = []
    validation: list[Pair] = []
    tests = 0
    for found in drop_repeats(map(find_samples, folders)):
        samples = parted(found)
        read: dict[Split, list[Pair]] = {split: [] for split in SPLITS}
        for sample in samples:
            if sample.split == "test":
                tests += 1
                continue
            try:
                pair, word = read_pair(sample)
            except (PhotoError, DatasetError) as problem:
                problems.append(str(problem))
                continue
            problems += [word] if word else []
            read[sample.split].append(
                pair if look is None else replace(pair, evidence=look(pair.photo))
            )
        if read["train"]:
            train.append(read["train"])
        validation += read["validation"]
    _require_enough(train, validation, problems)
    return SegmentData(train, validation, tests, problems)


def parted(found: Sequence[Sample]) -> list[Sample]:
    """Photos with a mask in their splits; of a few that nobody has split, a quarter validates and
    all others are learnt from, in an order by their names' hashes."""
    samples = [sample for sample in found if sample.mask_path is not None]
    splits = {sample.split for sample in samples}
    if len(samples) > FEW and {"train", "validation"} <= splits:
        return samples
    by_hash = sorted(samples, key=lambda sample: hashlib.sha256(sample.name.encode()).digest())
    cut = max(1, len(by_hash) // 4)
    return [replace(s, split="validation") for s in by_hash[:cut]] + [
        replace(s, split="train") for s in by_hash[cut:]
    ]


def read_pair(sample: Sample) -> tuple[Pair, str]:
    """A photo and its mask, and what should be known of it. Raises PhotoError or DatasetError."""
    photo = read_photo(sample.path)
    if sample.mask_path is None:
        raise DatasetError(f"“{sample.path.name}” has no mask: draw one, or leave it out.")
    try:
        mask, soft = read_labels(sample.mask_path)
    except PhotoError as problem:
        raise PhotoError(f"The mask of “{sample.path.name}” {problem}") from None
    if mask.shape != photo.shape[:2]:
        raise DatasetError(
            f"“{sample.path.name}” and its mask differ in size: export the mask again."
        )
    word = ""
    if soft >= _SOFT_SHARE:
        word = (
            f"The mask of “{sample.path.name}” has soft edges ({100 * soft:.1f} % of its pixels): "
            "what is brighter than half counts as crack."
        )
    elif mask.mean() > _MUCH:
        word = (
            f"The mask of “{sample.path.name}” marks {100 * mask.mean():.0f} % of the photo: "
            "invert it if its cracks are black."
        )
    return Pair(sample.name, photo, mask), word


def crack_share(pairs: Sequence[Pair]) -> float:
    """Of all their pixels, 0..1."""
    total = sum(pair.mask.size for pair in pairs)
    return sum(int(pair.mask.sum()) for pair in pairs) / max(1, total)


def _require_enough(
    train: list[list[Pair]], validation: list[Pair], problems: Sequence[str]
) -> None:
    first = f" The first that could not be used: {problems[0]}" if problems else ""
    learnt = [pair for folder in train for pair in folder]
    if len(learnt) + len(validation) < FEWEST or not learnt or not validation:
        raise DatasetError(
            f"Too few photos have a mask: a segmenter learns from {FEWEST} on, in images/ and "
            f"masks/ with equal stems.{first}"
        )
    for pairs, what in ((learnt, "learn from"), (validation, "validate on")):
        if not any(pair.mask.any() for pair in pairs):
            raise DatasetError(
                f"No mask of the {len(pairs)} photos to {what} marks a crack: check that cracks "
                "are white (255) in the masks, and give more photos with cracks."
            )
