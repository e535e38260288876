"""Output folders, and files that are written whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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
    """A hidden temporary path in the same folder, renamed to `path` at the end: what was there
    before is replaced at once, or stays where writing fails."""
    building = path.with_name(f".{uuid4().hex}.tmp")
    try:
        yield building
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """UTF-8; replaces an older file."""
    with written_whole(path) as building:
        building.write_text(text, encoding="utf-8", newline="\n")
