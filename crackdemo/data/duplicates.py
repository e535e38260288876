"""Byte copies of photos: in one split together, once in a fit, never on both sides of a figure."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from crackdemo.data.splits import Split
from crackdemo.errors import DatasetError
from crackdemo.files import sha256_of


class HasPath(Protocol):
    """A photo's file, whatever else is known of it."""

    @property
    def path(self) -> Path: ...


class HasSplit(HasPath, Protocol):
    """A photo that somebody has put into a split."""

    @property
    def split(self) -> Split: ...


Photo = TypeVar("Photo", bound=HasPath)


def first_copies(paths: Iterable[Path]) -> dict[Path, Path]:
    """The first byte copy of each file, in this order; itself where there is none before it."""
    first: dict[str, Path] = {}
    return {path: first.setdefault(_content(path), path) for path in paths}


def merge(photos: Sequence[Photo]) -> list[Photo]:
    """Each photo once, the first of its byte copies in this order."""
    first = first_copies(photo.path for photo in photos)
    return [photo for photo in photos if first[photo.path] == photo.path]


def copies_told(photos: Sequence[HasPath]) -> str:
    """A sentence on the photos that `merge` drops; empty where there is none."""
    first = first_copies(photo.path for photo in photos)
    copies = [path for path, other in first.items() if other != path]
    if not copies:
        return ""
    name, other = copies[0].name, first[copies[0]].name
    if len(copies) == 1:
        return f"“{name}” was left out, an exact copy of “{other}”."
    return f"{len(copies)} exact copies were left out, “{name}” of “{other}” first."


def drop_repeats(folders: Iterable[list[Photo]]) -> Iterator[list[Photo]]:
    """The photos of several folders; one stays only in the first that has it."""
    seen: set[str] = set()
    for photos in folders:
        hashes = {photo.path: _content(photo.path) for photo in photos}
        yield [photo for photo in photos if hashes[photo.path] not in seen]
        seen.update(hashes.values())


def refuse_leaks(photos: Sequence[HasSplit]) -> None:
    """Raises DatasetError where byte copies were put into different splits."""
    by_path = {photo.path: photo for photo in photos}
    for path, first in first_copies(by_path).items():
        photo, other = by_path[path], by_path[first]
        if other.split != photo.split:
            raise DatasetError(
                f"“{path.name}” in {photo.split} is the same photo as “{first.name}” in "
                f"{other.split}: figures would be too good; remove one."
            )


def _content(path: Path) -> str:
    """What byte copies share; a file that cannot be read, to be reported later, has no copies."""
    try:
        return sha256_of(path)
    except OSError:
        return str(path)
