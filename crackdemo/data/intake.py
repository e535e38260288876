"""Training photos that a person brings: unpacked safely into one folder."""

import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from crackdemo.errors import DatasetError
from crackdemo.photos.images import MAX_FILE_MB, PHOTO_SUFFIXES, find_photos

MAX_ZIP_PHOTOS = 20_000
MAX_ZIP_BYTES = 8 * 2**30
"""Unpacked; more is refused before anything is written."""
_BOMB_BYTES, _BOMB_RATIO = 2**28, 200
"""Above this size no ZIP of photos shrinks more: surfaces have grain."""
_CHUNK = 2**20


def take_in(files: Sequence[Path], folder: Path) -> list[str]:
    """Copies photos, and those in ZIP files, into a new folder; says what was left out.

    Raises DatasetError when nothing is left, or a ZIP is broken or a bomb.
    """
    folder.mkdir(parents=True)
    left_out: list[str] = []
    for file in files:
        if file.suffix.lower() == ".zip":
            left_out += unpack(file, folder)
        elif file.suffix.lower() in PHOTO_SUFFIXES:
            shutil.copy(file, _free(folder / file.name))
        else:
            left_out.append(f"“{file.name}” is neither a photo nor a ZIP.")
    if not find_photos(folder):
        raise DatasetError("The upload holds no photos: give photos, or a ZIP of them.")
    return left_out


def free_bytes(folder: Path) -> int:
    """What is left on a folder's disk."""
    return shutil.disk_usage(folder).free


def unpack(file: Path, folder: Path, free_bytes: Callable[[Path], int] = free_bytes) -> list[str]:
    """The photos of a ZIP, in their folders; says which entries were left out.

    Raises DatasetError for a broken, encrypted or empty ZIP, and for one that would unpack to more
    than MAX_ZIP_BYTES, MAX_ZIP_PHOTOS or what the disk has left.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return list(_unpack(archive, file.name, folder, free_bytes(folder)))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.strerror:
            reason = error.strerror
        else:
            reason = "it is damaged, encrypted or of a rare kind"
        raise DatasetError(f"“{file.name}” cannot be unpacked ({reason}): zip it again.") from None


def _unpack(archive: zipfile.ZipFile, name: str, folder: Path, free: int) -> Iterator[str]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if not entries:
        raise DatasetError(f"“{name}” is empty: put photos into it.")
    size = sum(entry.file_size for entry in entries)
    if size > MAX_ZIP_BYTES or len(entries) > MAX_ZIP_PHOTOS:
        raise DatasetError(
            f"“{name}” would unpack to {size / 2**30:.1f} GB in {len(entries)} files; at most "
            f"{MAX_ZIP_BYTES / 2**30:.0f} GB and {MAX_ZIP_PHOTOS} are taken: split it."
        )
    packed = sum(entry.compress_size for entry in entries)
    if size > max(_BOMB_BYTES, _BOMB_RATIO * packed):
        raise DatasetError(
            f"“{name}” would grow from {packed / 1e6:.1f} MB to {size / 1e6:.0f} MB, as no photos "
            "do: zip the photos alone."
        )
    if size > free:
        raise DatasetError(
            f"“{name}” would unpack to {size / 2**30:.1f} GB, but the disk has {free / 2**30:.1f} "
            "GB left: free some space, or split it."
        )
    for entry in entries:
        problem = _refusal(entry)
        if problem is None:
            _extract(archive, entry, _free(folder / PurePosixPath(entry.filename)))
        elif problem:
            yield f"“{PurePosixPath(entry.filename).name}” {problem}."


def _refusal(entry: zipfile.ZipInfo) -> str | None:
    """Why an entry is left out; empty for what is left out silently, None for a photo."""
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or "\0" in entry.filename:
        return "was left out: its name leads out of the ZIP"
    if any(part.startswith((".", "__MACOSX")) for part in path.parts):
        return ""  # what operating systems add
    if path.suffix.lower() not in PHOTO_SUFFIXES:
        return "was left out: it is no photo"
    if entry.file_size > MAX_FILE_MB * 1_000_000:
        return f"was left out: it is larger than {MAX_FILE_MB} MB"
    return None


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """At most as many bytes as the ZIP's own list announces, whatever follows."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = entry.file_size
    with archive.open(entry) as source, target.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise zipfile.BadZipFile("more than was announced")
            sink.write(chunk)


def _free(path: Path) -> Path:
    """The path, or `name (2)` where it is taken."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem} ({number})")
    return free
