"""Folders of photos to splits and crack-free tiles; duplicates and leakage are seen to."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask
from crackdemo.detection.illumination import Channel, gray_levels
from crackdemo.errors import DatasetError, PhotoError
from crackdemo.photos.images import find_photos, read_mask, read_photo

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

MASK_MARGIN = 16
"""Pixels around a labelled crack that no clean tile may touch: labels are drawn too thin."""


@dataclass(frozen=True)
class Sample:
    """One photo of a data folder."""

    path: Path
    """The photo."""
    name: str
    """`folder/stem`, which decides the split."""
    split: Split
    """Where it belongs."""
    mask_path: Path | None = None
    """Its labelled cracks; without them the photo counts as crack-free."""


def split_of(name: str) -> Split:
    """The split of `folder/stem`: a tenth validation, two tenths test, by SHA-256."""
    tenth = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10
    return "test" if tenth < 2 else "validation" if tenth == 2 else "train"


def find_samples(folder: Path) -> list[Sample]:
    """The photos of one data folder that a fit or calibration may use.

    The folder holds `images/` and `masks/`, or `clean/`, or plain photos; or `train/` and
    `validation/` (and `test/`), each of these, where the split is the user's own. Exact duplicates
    fall into the split of the first of them. Raises DatasetError for a missing or empty folder,
    and for a duplicate across splits that the user gave.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        raise DatasetError(f"There is no folder “{folder.name}”: give one that holds photos.")
    if (folder / "train").is_dir() and (folder / "validation").is_dir():
        samples = list(_given_splits(folder))
        _refuse_leaks(samples)
    else:
        samples = _merge_duplicates(
            Sample(path, name, split_of(name), mask) for path, name, mask in _pairs(folder)
        )
    if not samples:
        raise DatasetError(f"The folder “{folder.name}” holds no photos that can be used.")
    return samples


def drop_repeats(folders: Iterable[list[Sample]]) -> Iterator[list[Sample]]:
    """The samples of several folders; a photo stays only in the first that has it."""
    seen: set[str] = set()
    for samples in folders:
        fingerprints = {sample.path: _fingerprint(sample.path) for sample in samples}
        yield [sample for sample in samples if fingerprints[sample.path] not in seen]
        seen.update(fingerprints.values())


def clean_tiles(
    sample: Sample, size: int, step: int, channel: Channel
) -> Iterator[NDArray[np.uint8]]:
    """Crack-free gray tiles (size, size) of a photo; smaller where the photo itself is smaller.

    channel: one of `illumination.CHANNELS`. Raises PhotoError when the photo or its mask cannot be
    read, DatasetError when their sizes differ.
    """
    photo = read_photo(sample.path)
    gray = gray_levels(photo, channel)
    height, width = gray.shape
    near_crack = np.zeros((height, width), np.bool_)
    if sample.mask_path is not None:
        near_crack = _near(read_mask(sample.mask_path))
        if near_crack.shape != gray.shape:
            raise DatasetError(
                f"“{sample.path.name}” and its mask differ in size: export the mask again."
            )
    cracked = cv2.integral(near_crack.astype(np.uint8))
    for top in _positions(height, size, step):
        for left in _positions(width, size, step):
            bottom, right = min(top + size, height), min(left + size, width)
            inside = cracked[bottom, right] - cracked[top, right]
            if inside - cracked[bottom, left] + cracked[top, left] == 0:
                yield gray[top:bottom, left:right].copy()


def readable_tiles(
    samples: Iterable[Sample], size: int, step: int, channel: Channel
) -> tuple[list[NDArray[np.uint8]], list[str]]:
    """Tiles of all samples, and one sentence for each sample that could not be used."""
    tiles: list[NDArray[np.uint8]] = []
    problems: list[str] = []
    for sample in samples:
        try:
            tiles.extend(clean_tiles(sample, size, step, channel))
        except (PhotoError, DatasetError) as problem:
            problems.append(str(problem))
    return tiles, problems


def _positions(length: int, size: int, step: int) -> range:
    return range(0, max(length - size, 0) + 1, step)


def _near(mask: CrackMask) -> CrackMask:
    side = 2 * MASK_MARGIN + 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    grown: NDArray[np.uint8] = cv2.dilate(mask.astype(np.uint8), disk)
    return grown.astype(np.bool_)


def _pairs(folder: Path) -> Iterator[tuple[Path, str, Path | None]]:
    """(photo, `folder/stem`, mask) of each photo below the folder."""
    if (folder / "images").is_dir() and (folder / "masks").is_dir():
        masks = {_stem(path, folder / "masks"): path for path in find_photos(folder / "masks")}
        for path in find_photos(folder / "images"):
            stem = _stem(path, folder / "images")
            if stem in masks:
                yield path, f"{folder.name}/{stem}", masks[stem]
        return
    clean = folder / "clean" if (folder / "clean").is_dir() else folder
    name = f"{clean.parent.name}/clean" if clean.name == "clean" else clean.name
    for path in find_photos(clean):
        yield path, f"{name}/{_stem(path, clean)}", None


def _stem(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _given_splits(folder: Path) -> Iterator[Sample]:
    for split in SPLITS:
        if (folder / split).is_dir():
            for path, name, mask in _pairs(folder / split):
                yield Sample(path, name, split, mask)


def _fingerprint(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _merge_duplicates(samples: Iterable[Sample]) -> list[Sample]:
    """Each photo once, the first by name."""
    first: dict[str, Sample] = {}
    for sample in sorted(samples, key=lambda sample: sample.name):
        first.setdefault(_fingerprint(sample.path), sample)
    return list(first.values())


def _refuse_leaks(samples: list[Sample]) -> None:
    seen: dict[str, Sample] = {}
    for sample in samples:
        other = seen.setdefault(_fingerprint(sample.path), sample)
        if other.split != sample.split:
            raise DatasetError(
                f"“{sample.path.name}” in {sample.split} is the same photo as "
                f"“{other.path.name}” in {other.split}: figures would be too good; remove one."
            )
