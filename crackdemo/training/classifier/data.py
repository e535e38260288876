"""Labelled photos, shrunk and ready to learn from."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.data.crack_labels import CrackLabel, find_crack_labels
from crackdemo.data.layouts import photos_in
from crackdemo.data.near_copies import Glance, glance, look_alikes
from crackdemo.data.splits import SPLITS
from crackdemo.detection.illumination import Channel, gray_levels
from crackdemo.errors import DatasetError, PhotoError, after
from crackdemo.photos.images import read_photo

_SPARE = 1.25
"""Photos are kept this much larger than what the network is given, to be scaled and cut."""


@dataclass(frozen=True)
class Part:
    """The labelled photos of one split."""

    photos: list[NDArray[np.uint8]]
    """Gray (H, W), the shorter side as `read_class_data` shrank it."""
    cracked: NDArray[np.bool_]
    """(N,), their labels."""
    labels: list[CrackLabel]
    """Where each of them is from."""


@dataclass(frozen=True)
class ClassData:
    """What a classifier is fitted on."""

    train: Part
    """What the network learns from."""
    validation: Part
    """What chooses the epoch and the threshold."""
    tile_size: int
    """The training photos' shorter side in the photo's own pixels, the median."""
    tests: list[CrackLabel]
    """Photos that are kept aside for tests, and not read."""
    problems: list[str]
    """One sentence for each photo that could not be used."""
    warnings: tuple[str, ...] = ()
    """Sentences on photos that look alike, but are in other parts or labelled otherwise."""

    @property
    def crack_weight(self) -> float:
        """How much a cracked training photo counts beside a clean one, so that both kinds count
        alike."""
        cracked = int(self.train.cracked.sum())
        return (len(self.train.cracked) - cracked) / cracked

    @property
    def summary(self) -> dict[str, Any]:
        """For the run folder and the model card."""
        return {
            "train_clean": int((~self.train.cracked).sum()),
            "train_cracked": int(self.train.cracked.sum()),
            "validation_clean": int((~self.validation.cracked).sum()),
            "validation_cracked": int(self.validation.cracked.sum()),
        }


def read_class_data(folders: Sequence[Path], input_size: int, channel: Channel) -> ClassData:
    """Training and validation photos of the folders, in gray, shrunk to a little more than
    `input_size`.

    Where chance left validation without one of the two kinds, it gets the last training photos of
    that kind. Raises DatasetError where either kind is missing.
    """
    found = find_crack_labels(folders)
    problems = list(found.problems)
    train, validation = sides_of(found.photos)
    side = round(_SPARE * input_size)
    sizes: list[int] = []
    glances: list[Glance] = []
    learnt, held_out = (
        _read(labels, side, channel, sizes, problems, glances) for labels in (train, validation)
    )
    require_both(learnt.labels, held_out.labels, [*problems, *found.copies])
    tile_size = round(float(np.median(sizes[: len(learnt.photos)])))
    tests = found.of("test")
    for label in tests:
        with suppress(PhotoError):  # is said when it is tried on them
            glances.append(glance(label.path, "test", cracked=label.cracked))
    warnings = (*found.copies, *look_alikes(glances))
    return ClassData(learnt, held_out, tile_size, tests, problems, warnings)


def require_labels(folder: Path) -> None:
    """Raises DatasetError where either kind is missing by the photos' places alone; where masks
    have to be read for that, it is not looked for."""
    if not any(photo.truth == "mask" for photo in photos_in(folder)):
        found = find_crack_labels([folder])
        require_both(*sides_of(found.photos), [*found.problems, *found.copies])


def sides_of(photos: Sequence[CrackLabel]) -> tuple[list[CrackLabel], list[CrackLabel]]:
    """To learn from and to choose by."""
    train, validation = (
        [photo for photo in photos if photo.split == split] for split in SPLITS[:2]
    )
    for cracked in (False, True):
        if not any(label.cracked == cracked for label in validation):
            own = [label for label in train if label.cracked == cracked]
            moved = own[len(own) - max(1, len(own) // 5) :] if len(own) > 1 else []
            train = [label for label in train if label not in moved]
            validation += [replace(label, split="validation") for label in moved]
    return train, validation


def require_both(
    train: Sequence[CrackLabel], validation: Sequence[CrackLabel], problems: Sequence[str] = ()
) -> None:
    """Raises DatasetError where either kind is missing in one of them."""
    for labels in (train, validation):
        kinds = {label.cracked for label in labels}
        if len(kinds) < 2:
            kind = "without" if True in kinds else "with"
            raise DatasetError(
                f"There are too few photos {kind} cracks: a classifier needs at least 2 of each "
                "kind, one to learn from and one to validate on, besides the fifth of all photos "
                f"that is kept aside for tests; give more.{_first(problems)}"
            )


def _read(
    labels: Sequence[CrackLabel],
    side: int,
    channel: Channel,
    sizes: list[int],
    problems: list[str],
    glances: list[Glance],
) -> Part:
    """sizes, problems and glances are added to."""
    photos, usable = [], []
    for label in labels:
        try:
            photo = read_photo(label.path)
        except PhotoError as problem:
            problems.append(str(problem))
            continue
        gray = gray_levels(photo, channel)
        glances.append(glance(label.path, label.split, photo, label.cracked))
        sizes.append(min(gray.shape))
        photos.append(shrunk(gray, side))
        usable.append(label)
    return Part(photos, np.array([label.cracked for label in usable], np.bool_), usable)


def shrunk(gray: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A gray photo (H, W) with its shorter side as asked, never enlarged."""
    scale = side / min(gray.shape)
    if scale >= 1:
        return gray
    height, width = (max(1, round(length * scale)) for length in gray.shape)
    smaller: NDArray[np.uint8]
    smaller = cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)
    return smaller


def _first(problems: Sequence[str]) -> str:
    return after(problems[0]) if problems else ""
