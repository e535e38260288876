"""Photos with their masks, read for a fit, and by which of them what is chosen."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from crackdemo.arrays import ClassMask, CrackMask, Heatmap, RgbImage
from crackdemo.data.classes import (
    CLASSES_FILE,
    ClassKey,
    all_names,
    find_key,
    read_classes,
    read_key,
)
from crackdemo.data.duplicates import drop_repeats, first_copies
from crackdemo.data.folders import Sample, copies_in, find_samples, without_mask_in
from crackdemo.data.layouts import Found, photos_in
from crackdemo.data.near_copies import Glance, glance, look_alikes
from crackdemo.data.splits import SPLITS, Split
from crackdemo.errors import DatasetError, PhotoError
from crackdemo.masks.classes import CRACK
from crackdemo.photos.images import read_labels, read_photo, read_values
from crackdemo.training.segmentation.parts import parted

FEWEST = 3
"""Two to learn from and one that chooses the epoch and the threshold."""
_SOFT_SHARE = 0.0005
"""Of a mask's pixels; from here on its soft edges are worth a word."""
_ALL_SHADES = 0.3
"""Of a mask's pixels; so many are no soft edges: it is a heatmap, or holds more classes than can be
told apart."""
_MUCH = 0.5
"""Share of a photo that no crack covers."""
_ALL = 0.99
"""Of a photo: a mask that marks so much tells nothing apart."""


@dataclass(frozen=True)
class Pair:
    """A photo and its mask."""

    name: str
    """`folder/stem`."""
    photo: RgbImage
    """(H, W, 3)."""
    mask: CrackMask
    """(H, W), of all classes."""
    evidence: Heatmap | None = None
    """(H, W): the healer's heatmap, where the network sees one."""
    classes: ClassMask | None = None
    """(H, W); None where there is but one."""

    @property
    def labels(self) -> ClassMask:
        """(H, W), 0 where there is nothing, else the class, from 1."""
        return self.mask.view(np.uint8) if self.classes is None else self.classes


Look: TypeAlias = Callable[[RgbImage], Heatmap]
"""What makes the evidence that a network sees."""


class Masked(NamedTuple):
    """A photo with a mask, before they are read."""

    sample: Sample
    """Where they lie."""
    key: ClassKey | None
    """What the mask's values mean; None of plain masks of cracks."""


@dataclass(frozen=True)
class SegmentData:
    """What a segmenter learns from."""

    train: list[list[Pair]]
    """By folder: each counts alike."""
    validation: list[Pair]
    """These choose the epoch and the threshold."""
    tests: list[Masked]
    """Photos that are kept aside for tests, and not read."""
    problems: list[str]
    """One sentence for each photo that could not be used, or whose mask is odd."""
    classes: tuple[str, ...] = (CRACK,)
    """What the masks tell apart."""
    warnings: tuple[str, ...] = ()
    """Sentences on classes that nothing chooses by, on photos without a mask, on copies, and on
    photos that look like one of another part."""

    @property
    def summary(self) -> dict[str, Any]:
        """For the run folder."""
        pairs = [pair for folder in self.train for pair in folder]
        known = [*pairs, *self.validation]
        shares = class_shares(known, len(self.classes))
        return {
            "train_photos": len(pairs),
            "validation_photos": len(self.validation),
            "test_photos": len(self.tests),
            "crack_share": round(sum(shares[1:]), 5),
            "class_shares": {
                name: round(share, 5) for name, share in zip(self.classes, shares[1:], strict=True)
            },
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
            return f"{said}: judge it on the {len(self.tests)} that are kept aside for tests."
        return f"{said}, and none is left to judge it by: try it on photos that it has not seen."


def read_pairs(folders: Sequence[Path], look: Look | None = None) -> SegmentData:
    """All photos of the folders that have a mask, by split.

    Raises DatasetError as `require_learnable`.
    """
    problems = [sentence for folder in folders for sentence in contradictions(folder)]
    train: list[list[Pair]] = []
    validation: list[Pair] = []
    tests: list[Masked] = []
    by_folder = [masked(found) for found in drop_repeats(map(find_samples, folders))]
    classes = all_names(photos[0].key for photos in by_folder if photos) or (CRACK,)
    glances: list[Glance] = []
    for photos in by_folder:
        seen = [photo for photo in photos if photo.sample.split != "test"]
        tests += [photo for photo in photos if photo.sample.split == "test"]
        read: dict[Split, list[Pair]] = {split: [] for split in SPLITS}
        for photo, pair in zip(seen, readable(seen, classes, problems, look), strict=True):
            if pair is not None:
                read[photo.sample.split].append(pair)
                glances.append(glance(photo.sample.path, photo.sample.split, pair.photo))
        if read["train"]:
            train.append(read["train"])
        validation += read["validation"]
    copies = tuple(filter(None, map(copies_in, folders)))
    maskless = tuple(filter(None, map(without_mask_in, folders)))
    learnt = [pair for folder in train for pair in folder]
    require_learnable(learnt, validation, classes, [*problems, *copies, *maskless])
    for photo in tests:
        with suppress(PhotoError):  # is said when it is tried on them
            glances.append(glance(photo.sample.path, "test"))
    unseen = unseen_told(classes, learnt, validation)
    warnings = (*([unseen] if unseen else []), *maskless, *copies, *look_alikes(glances))
    return SegmentData(train, validation, tests, problems, classes, warnings)


def masked(found: Sequence[Sample]) -> list[Masked]:
    """The photos of a folder that have a mask, in their splits, with what the masks' values mean.

    Raises DatasetError where the file that says it is wrong.
    """
    samples = _with_mask(found)
    if not samples:
        return []
    key = find_key([s.mask_path for s in samples if s.mask_path], samples[0].classes_path)
    return [Masked(sample, key) for sample in parted(samples, partial(_shown, key))]


def _with_mask(found: Sequence[Sample]) -> list[Sample]:
    return [sample for sample in found if sample.mask_path is not None]


def _shown(key: ClassKey | None, sample: Sample) -> frozenset[str]:
    """The classes that its mask marks; none of one that cannot be read, which is said later."""
    if sample.mask_path is None:
        return frozenset()
    with suppress(PhotoError):
        if key is None:
            return frozenset([CRACK] if read_labels(sample.mask_path)[0].any() else [])
        labels = read_classes(sample.mask_path, key, key.names)
        return frozenset(key.names[label - 1] for label in np.unique(labels) if label)
    return frozenset()


def learnt_from(folders: Sequence[Path]) -> set[Path]:
    """The photos of the folders that a segmenter learns from."""
    found = drop_repeats(map(find_samples, folders))
    photos = (photo.sample for samples in found for photo in masked(samples))
    return {sample.path for sample in photos if sample.split == "train"}


def readable(
    photos: Sequence[Masked],
    classes: Sequence[str],
    problems: list[str],
    look: Look | None = None,
) -> Iterator[Pair | None]:
    """Each read, or None; sentences on what is odd are added to `problems`."""
    for photo in photos:
        try:
            pair, word = read_pair(photo, classes)
        except (PhotoError, DatasetError) as problem:
            problems.append(str(problem))
            yield None
            continue
        problems += [word] if word else []
        yield pair if look is None else replace(pair, evidence=look(pair.photo))


def read_pair(given: Masked, classes: Sequence[str] = (CRACK,)) -> tuple[Pair, str]:
    """A photo and its mask, and what should be known of it. Raises PhotoError or DatasetError."""
    sample, key = given
    photo = read_photo(sample.path)
    if sample.mask_path is None:
        raise DatasetError(f"“{sample.path.name}” has no mask: draw one, or leave it out.")
    soft = 0.0
    try:
        if key is None:
            mask, soft = read_labels(sample.mask_path)
            if soft >= _ALL_SHADES:
                raise PhotoError(
                    f"holds gray levels in {100 * soft:.0f} % of its pixels, neither background "
                    "nor crack but between; save it with 0 for background and 255 for crack, or "
                    f"name the levels that are classes in {CLASSES_FILE}."
                )
            labels = mask.astype(np.uint8) * np.uint8(1 + list(classes).index(CRACK))
        else:
            labels = read_classes(sample.mask_path, key, classes)
            mask = labels > 0
    except PhotoError as problem:
        name = re.escape(sample.mask_path.name)
        why = re.sub(f"^(“{name}”|{name}) ", "", str(problem))
        raise PhotoError(f"The mask of “{sample.path.name}” {why}") from None
    if mask.shape != photo.shape[:2]:
        raise DatasetError(
            f"“{sample.path.name}” and its mask differ in size: export the mask again."
        )
    several = labels if len(classes) > 1 else None
    return Pair(sample.name, photo, mask, classes=several), _word_on(
        sample, mask, soft, key is not None
    )


def _word_on(sample: Sample, mask: CrackMask, soft: float, is_named: bool) -> str:
    if soft >= _SOFT_SHARE:
        return (
            f"The mask of “{sample.path.name}” has soft edges ({100 * soft:.1f} % of its pixels): "
            "what is brighter than half counts as crack. If its gray levels mean classes, save it "
            f"as PNG and name them in {CLASSES_FILE}."
        )
    if not is_named and mask.mean() > _MUCH:
        return (
            f"The mask of “{sample.path.name}” marks {100 * mask.mean():.0f} % of the photo: "
            "invert it if its cracks are black."
        )
    return ""


def contradictions(folder: Path) -> list[str]:
    """A sentence on each byte copy, of which only the first is learnt from, with another mask."""
    photos = photos_in(folder)
    first = first_copies(photo.path for photo in photos)
    by_path = {photo.path: photo for photo in photos}
    return [
        f"“{photo.path.name}” is the same photo as “{first[photo.path].name}”, but their masks "
        "differ: only the latter’s counts; remove the wrong one."
        for photo in photos
        if first[photo.path] != photo.path and _differ(photo, by_path[first[photo.path]])
    ]


def _differ(one: Found, other: Found) -> bool:
    if one.mask_path is None or other.mask_path is None:
        return False
    try:
        mask, beside = read_values(one.mask_path), read_values(other.mask_path)
    except PhotoError:  # is said of the photo itself
        return False
    return not np.array_equal(mask, beside)


def class_shares(pairs: Sequence[Pair], classes: int) -> list[float]:
    """Of all their pixels, 0..1: that of the background first, then of each class."""
    counts = sum(
        (np.bincount(pair.labels.ravel(), minlength=classes + 1) for pair in pairs),
        np.zeros(classes + 1, np.int64),
    )
    return [float(count) / max(1, int(counts.sum())) for count in counts]


def unseen_told(classes: Sequence[str], learnt: Sequence[Pair], validation: Sequence[Pair]) -> str:
    """A sentence on the classes that are learnt but that no validation photo shows; empty without
    any."""
    shares = (class_shares(pairs, len(classes))[1:] for pairs in (learnt, validation))
    unseen = [
        f"“{name}”"
        for name, known, seen in zip(classes, *shares, strict=True)
        if known and not seen
    ]
    if not unseen:
        return ""
    them = "it" if len(unseen) == 1 else "them"
    return (
        f"No validation photo shows {', '.join(unseen)}, so that epoch and threshold are chosen "
        f"without {them}: give more photos that show {them}, and where you part the photos "
        "yourself, put some of these into validation/."
    )


def require_learnable(
    learnt: Sequence[Pair],
    validation: Sequence[Pair],
    classes: Sequence[str],
    problems: Sequence[str] = (),
) -> None:
    """Raises DatasetError where there are too few, where no mask marks a crack or each marks all,
    and where none of those to learn from marks one of several classes."""
    if len(learnt) + len(validation) < FEWEST or not learnt or not validation:
        raise DatasetError(
            f"Too few photos have a mask that can be used: {len(learnt)} to learn from and "
            f"{len(validation)} to choose by, where a segmenter needs {FEWEST} in all and one of "
            f"each, in images/ and masks/ with equal stems; give more.{_first(problems)}"
        )
    for pairs, what in ((learnt, "learn from"), (validation, "validate on")):
        if not any(pair.mask.any() for pair in pairs):
            raise DatasetError(
                f"No mask of the {len(pairs)} photos to {what} marks a crack: check that cracks "
                "are white (255) in the masks, and give more photos with cracks."
            )
    if len(classes) == 1 and all(pair.mask.mean() >= _ALL for pair in learnt):
        raise DatasetError(
            f"Each mask of the {len(learnt)} photos to learn from marks the whole photo, so that "
            f"nothing is left that is no {classes[0]}: invert the masks if cracks are black in "
            "them, and give photos with sound surface."
        )
    _require_all(classes, learnt)


def _first(problems: Sequence[str]) -> str:
    many = f" Of {len(problems)} that are odd or were left out, the first: "
    return "".join(f"{' ' if len(problems) == 1 else many}{each}" for each in problems[:1])


def require_enough(folder: Path, most: int) -> tuple[str, ...]:
    """The classes of a folder. Raises DatasetError as `read_pairs`; of more than `most` photos
    none is read."""
    samples = _with_mask(find_samples(folder))
    if len(samples) <= most:
        return read_pairs([folder]).classes
    files = {sample.classes_path for sample in samples if sample.classes_path}
    return all_names(map(read_key, files)) or (CRACK,)


def _require_all(classes: Sequence[str], learnt: Sequence[Pair]) -> None:
    shares = class_shares(learnt, len(classes))[1:]
    for name, share in zip(classes, shares, strict=True):
        if not share:
            raise DatasetError(
                f"No mask of the {len(learnt)} photos to learn from marks “{name}”: give photos "
                f"that show it, or name its value “background” in {CLASSES_FILE}."
            )
