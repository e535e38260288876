"""Photos that look the same though their files differ: saved anew, smaller, or taken twice; and
tiles of one photo, by their names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import RgbImage
from crackdemo.data.splits import SPLITS, Split
from crackdemo.photos.images import read_thumbnail

_SIDE = 32
"""Of what is compared, in pixels: crack and grain are hardly in it, light and stains are."""
_ALIKE = 0.9
"""Correlation. Copies saved as JPEG at quality 30 to 95, at half the size or cut by 2 px a side
reach 0.925 to 1; of 9 million pairs of METU, SUT-Crack, CrackSC and UAV only 38 do and are close,
of which those that were looked at are the same place twice."""
_CLOSE = 4.0
"""Gray levels of mean difference, of which such copies have up to 3.1."""
_EVEN = 1.0
"""Gray levels of deviation: below it there is nothing to know a photo by."""
_ROWS = 1024
"""Compared at once."""
_NUMBERED = re.compile(r"(?<=[^ _.-])[ _.-]\d{1,5}[ _.x-]\d{1,5}\Z", re.IGNORECASE)
"""Two numbers at the end of a name, as rows and columns or pixels of a cut."""
_MARKED = re.compile(
    r"(?<=[^ _.-])[ _.-]"
    r"(?:r(?:ow)?\d{1,5}[ _.-]?c(?:ol)?|c(?:ol)?\d{1,5}[ _.-]?r(?:ow)?"
    r"|x\d{1,5}[ _.-]?y|y\d{1,5}[ _.-]?x)\d{1,5}\Z",
    re.IGNORECASE,
)
"""The same with letters that say what they are."""
_DATE_OR_TIME = re.compile(r"(?:19|20)?\d\d \d\d (?:19|20)?\d\d")
"""Years first or last, hours, minutes and seconds."""


@dataclass(frozen=True)
class Glance:
    """A photo as small as it takes to know it again."""

    file: str
    """The photo's name."""
    split: Split
    """Where it belongs."""
    gray: NDArray[np.float32]
    """(1024,), gray levels."""
    cracked: bool | None = None
    """Its label; None where photos are not labelled as a whole."""


def glance(
    path: Path, split: Split, photo: RgbImage | None = None, cracked: bool | None = None
) -> Glance:
    """photo: what was read already; else the file is, as small as it can be. Raises PhotoError."""
    small = read_thumbnail(path, _SIDE) if photo is None else photo
    small = cv2.resize(small, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).ravel().astype(np.float32)
    return Glance(path.name, split, gray, cracked)


def look_alikes(photos: Sequence[Glance]) -> tuple[str, ...]:
    """Sentences on photos that look like one of another split, or of the other label, and on tiles
    of one photo in two splits."""
    return tuple(filter(None, (_leaks(photos), _tiles(photos), _contradictions(photos))))


def near_copies(photos: Sequence[Glance], others: Sequence[Glance]) -> dict[int, int]:
    """By place in `photos`, the place of the photo among `others` that looks most like it; those
    that look like none are absent."""
    if not photos or not others:
        return {}
    them, known = _levels(others)
    found: dict[int, int] = {}
    for start in range(0, len(photos), _ROWS):
        own, here = _levels(photos[start : start + _ROWS])
        likeness = here @ known.T
        best = likeness.argmax(axis=1)
        is_alike = likeness[np.arange(len(best)), best] >= _ALIKE
        is_close = np.abs(own - them[best]).mean(axis=1) <= _CLOSE
        found |= {start + int(i): int(best[i]) for i in np.flatnonzero(is_alike & is_close)}
    return found


def _leaks(photos: Sequence[Glance]) -> str:
    pairs: list[tuple[Glance, Glance]] = []
    for place in (2, 1):  # tests first: a person believes their figures
        own = [photo for photo in photos if photo.split == SPLITS[place]]
        others = [photo for photo in photos if photo.split in SPLITS[:place]]
        pairs += [(own[i], others[j]) for i, j in near_copies(own, others).items()]
    if not pairs:
        return ""
    one, other = pairs[0]
    return (
        f"{_told(pairs, f'in {one.split}', f'in {other.split}')}: figures would be too good; keep "
        "one of each pair, or put both into one of train/, validation/ and test/."
    )


def _tiles(photos: Sequence[Glance]) -> str:
    """By their names alone: what two tiles of a photo show is as different as two photos."""
    by_photo: dict[str, dict[Split, Glance]] = {}
    for photo in photos:
        if of_photo := _cut_from(Path(photo.file).stem):
            by_photo.setdefault(of_photo, {}).setdefault(photo.split, photo)
    torn = [tiles for tiles in by_photo.values() if len(tiles) > 1]
    if not torn:
        return ""
    one, other = sorted(torn[0].values(), key=lambda tile: SPLITS.index(tile.split))[-1:-3:-1]
    others = len(torn) - 1
    more = f", and tiles of {others} more photo{'s' * (others > 1)}" if others else ""
    return (
        f"“{one.file}”, in {one.split}, and “{other.file}”, in {other.split}, are named like tiles "
        f"of one photo{more}: if they are, figures would be too good; put all tiles of a photo "
        "into one of train/, validation/ and test/."
    )


def _cut_from(stem: str) -> str:
    """The name of the photo that a tile of this name would be of; empty where it names no tile."""
    if marks := _MARKED.search(stem):
        return stem[: marks.start()]
    place = _NUMBERED.search(stem)
    numbers = re.findall(r"\d+", stem)
    # without a number of its own the photo is a series: its numbers count photos
    if not place or len(numbers) < 3 or _DATE_OR_TIME.fullmatch(" ".join(numbers[-3:])):
        return ""
    return stem[: place.start()]


def _contradictions(photos: Sequence[Glance]) -> str:
    cracked = [photo for photo in photos if photo.cracked]
    clean = [photo for photo in photos if photo.cracked is False]
    pairs = [(cracked[i], clean[j]) for i, j in near_copies(cracked, clean).items()]
    if not pairs:
        return ""
    told = _told(pairs, "labelled as cracked", "labelled as clean")
    return f"{told}: one label may be wrong; look at both."


def _told(pairs: Sequence[tuple[Glance, Glance]], where: str, there: str) -> str:
    (one, other), more = pairs[0], len(pairs) - 1
    told = f"“{one.file}”, {where}, looks like “{other.file}”, {there}"
    return told + (f", and {more} more such pair{'s' * (more > 1)}" if more else "")


def _levels(photos: Sequence[Glance]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N, 1024): the gray levels, and the same about their mean with a length of 1; 0 of even
    photos."""
    levels = np.array([photo.gray for photo in photos], np.float32)
    about = levels - levels.mean(axis=1, keepdims=True)
    length = np.linalg.norm(about, axis=1, keepdims=True)
    known = np.where(length >= _EVEN * _SIDE, about / np.maximum(length, 1e-6), 0)
    return levels, known
