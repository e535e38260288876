"""Output folders, files that are written whole, their hashes and names."""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from uuid import uuid4

from crackdemo.errors import FolderError


def make_folder(folder: Path) -> None:
    """Makes it where it is missing, and makes sure that it can be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise FolderError(
            f"Nothing can be written to “{folder.name}” ({error.strerror}): give another folder."
        ) from None


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A hidden path beside it to write to, renamed at the end; replaces an older file.

    After a failure the older file is as it was, and nothing else is left.
    """
    building = path.with_name(f".{uuid4().hex}.tmp")
    try:
        yield building
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)


@contextmanager
def written_together(folder: Path) -> Iterator[Path]:
    """A hidden folder in it to write to, whose files take their places at the end: that needs no
    room on the disk.

    After a failure to write all is as it was. Raises OSError.
    """
    building = folder / f".{uuid4().hex}.tmp"
    building.mkdir()
    try:
        yield building
        for path in sorted(building.rglob("*")):
            place = folder / path.relative_to(building)
            if path.is_dir():
                place.mkdir(exist_ok=True)
            else:
                path.replace(place)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """UTF-8, written whole."""
    with written_whole(path) as building:
        building.write_text(text, encoding="utf-8", newline="\n")


def content_of(path: Path, most: int | None = None) -> bytes:
    """Of a regular file alone, of at most so many bytes. Raises OSError."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise OSError(errno.EINVAL, "it is no file", str(path))
    if most is not None and path.stat().st_size > most:
        raise OSError(errno.EFBIG, "it is too long", str(path))
    return path.read_bytes()


def reason_of(error: OSError) -> str:
    """Why, without a path: numpy and shutil raise some that hold no more than a text of theirs."""
    return error.strerror or "it could not be written whole"


def sha256_of(path: Path) -> str:
    """The hash of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_sha256(folder: Path) -> str:
    """The hash of the files below a folder, by their paths in it and their content; what links
    lead to is not. Raises OSError."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            whole.update(os.fsencode(path.relative_to(folder)))
            whole.update(f"\0{sha256_of(path)}\n".encode())
    return whole.hexdigest()


def numbered(names: Iterable[str]) -> list[str]:
    """Each name once: the second `name.jpg` becomes `name (2).jpg`, or the next one that is free.

    names: relative paths with forward slashes.
    """
    unique: dict[str, None] = {}
    latest: dict[str, int] = {}
    for name in names:
        suffix = PurePosixPath(name).suffix
        free, number = name, latest.get(name, 1)  # what was taken before is not tried again
        while free in unique:
            number += 1
            free = f"{name.removesuffix(suffix)} ({number}){suffix}"
        latest[name] = number
        unique[free] = None
    return list(unique)
