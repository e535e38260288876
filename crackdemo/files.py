"""Output folders, and text files that are written whole."""

import hashlib
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


def write_text(path: Path, text: str) -> None:
    """UTF-8, under a hidden temporary name in the same folder first; replaces an older file."""
    building = path.with_name(f".{uuid4().hex}.tmp")
    try:
        building.write_text(text, encoding="utf-8", newline="\n")
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """A file's identity: the SHA-256 of its content, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
