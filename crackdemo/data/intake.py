"""Training photos that a person brings: taken safely into one folder, from files and ZIPs, with
what names the classes of their masks."""

import errno
import lzma
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from crackdemo.data.classes import CLASSES_FILE
from crackdemo.errors import DatasetError, legible
from crackdemo.files import numbered, written_whole
from crackdemo.photos.images import MAX_FILE_MB, PHOTO_SUFFIXES, find_photos

MAX_ZIP_PHOTOS = 20_000
MAX_ZIP_BYTES = 8 * 2**30
"""Unpacked; more is refused before anything is written."""
_DEEPEST = 64
"""Folders in each other; some hundred more would break what walks through them."""
_BOMB_BYTES, _BOMB_RATIO = 2**28, 200
"""Above this size no ZIP of photos shrinks more: surfaces have grain."""
_CHUNK = 2**20
# OSError and ValueError too: the decoders raise them where lengths and places are nonsense
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, OSError,
    ValueError,
)  # fmt: skip
_ODD_NAME = {
    errno.ENAMETOOLONG: "its name is too long for the disk",
    errno.EILSEQ: "the disk cannot keep its name",
    errno.EINVAL: "the disk cannot keep its name",
}
_CLASH = "something else of its name is there already"


@dataclass(frozen=True)
class _Arrival:
    """A photo that is about to be taken in."""

    file: Path
    """Itself, or the ZIP that holds it."""
    name: str
    """What the person calls it: with the folders of the ZIP, before equal names are numbered."""
    entry: zipfile.ZipInfo | None = None
    """Its place in the ZIP."""


class _LeftOut(Exception):
    """One photo cannot be taken in; the text says why, and the rest goes on."""


def free_bytes(folder: Path) -> int:
    """What is left on a folder's disk."""
    return shutil.disk_usage(folder).free


def open_new(path: Path) -> BinaryIO:
    """A file that was not there before, to write to."""
    return path.open("xb")


def take_in(
    files: Sequence[Path],
    folder: Path,
    free_bytes: Callable[[Path], int] = free_bytes,
    open_new: Callable[[Path], BinaryIO] = open_new,
) -> list[str]:
    """Copies photos, and those in ZIP files, into a new folder; says what was left out.

    Photos of a ZIP keep their folders. Raises DatasetError when nothing is left, when a ZIP is
    broken as a whole, a bomb or more than the disk can hold, and when the folder vanishes
    meanwhile; OSError when the disk fails.
    """
    folder.mkdir(parents=True)
    left_out: list[str] = []
    arrivals: list[_Arrival] = []
    for file in files:
        arrivals += _arrivals(file, left_out)
    _require_space(arrivals, free_bytes(folder))
    names = numbered(arrival.name for arrival in arrivals)
    taken = _write_all(arrivals, names, _Place(folder, open_new), left_out)
    if not taken:
        raise DatasetError(
            f"The upload holds no photos: give photos, or a ZIP of them.{_first_of(left_out)}"
        )
    if len(find_photos(folder)) < taken:
        raise _vanished()
    return left_out


def count_photos(files: Sequence[Path]) -> int:
    """How many photos `take_in` would take, by their names. Raises DatasetError."""
    return sum(_is_photo(arrival.name) for file in files for arrival in _arrivals(file, []))


def _arrivals(file: Path, left_out: list[str]) -> Iterator[_Arrival]:
    """The photos of an uploaded file; sentences on all else are added to `left_out`."""
    if file.suffix.lower() == ".zip":
        found = [_Arrival(file, entry.filename, entry) for entry in _entries(file)]
    else:
        found = [_Arrival(file, file.name)]
    for arrival in found:
        problem = _refusal(arrival.name, arrival.entry)
        if problem:
            left_out.append(_sentence(arrival.name, problem))
        elif problem is None:
            yield replace(arrival, name=str(PurePosixPath(arrival.name)))


def _first_of(left_out: Sequence[str]) -> str:
    """A sentence on what was left out, to follow another one."""
    if len(left_out) < 2:
        return "".join(f" {sentence}" for sentence in left_out)
    return f" Of {len(left_out)} files that were left out this is the first: {left_out[0]}"


def _entries(file: Path) -> list[zipfile.ZipInfo]:
    """The files in a ZIP. Raises DatasetError where it must not be unpacked, or cannot be."""
    name = legible(file.name)
    try:
        with zipfile.ZipFile(file) as archive:
            # not `is_dir`, which fails on an entry without a name
            entries = [e for e in archive.infolist() if not e.filename.endswith("/")]
    except UnicodeError:
        raise DatasetError(
            f"“{name}” cannot be unpacked (a name in it is no text): rename its photos and zip "
            "them again."
        ) from None
    except _DAMAGED as error:
        reason = error.strerror if isinstance(error, OSError) else None
        reason = reason or "it is damaged, encrypted or of a rare kind"
        raise DatasetError(f"“{name}” cannot be unpacked ({reason}): zip it again.") from None
    _require_photo_like(name, entries)
    return entries


def _require_photo_like(name: str, entries: list[zipfile.ZipInfo]) -> None:
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


def _require_space(arrivals: Sequence[_Arrival], free: int) -> None:
    size = sum(arrival.entry.file_size for arrival in arrivals if arrival.entry)
    if size > free:
        raise DatasetError(
            f"The photos would unpack to {size / 1e6:.1f} MB, but the disk has "
            f"{free / 1e6:.1f} MB left: free some space, or bring fewer."
        )


def _refusal(name: str, entry: zipfile.ZipInfo | None) -> str | None:
    """Why a file, or an entry of a ZIP, is left out; empty for what is left out silently."""
    path = PurePosixPath(name)
    if not name:
        return "it has no name"
    if len(path.parts) > _DEEPEST:
        return f"it lies more than {_DEEPEST} folders deep"
    if name != legible(name):
        return "its name is no text"
    if any(part.startswith((".", "__MACOSX")) for part in path.parts if part != ".."):
        return ""  # what operating systems add
    if entry is not None:
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            return "its name leads out of the ZIP"
        if stat.S_ISLNK(entry.external_attr >> 16):  # where Unix keeps a file's kind
            return "it is a link"
        if entry.file_size > MAX_FILE_MB * 1_000_000:
            return f"it is larger than {MAX_FILE_MB} MB"
    if path.name != CLASSES_FILE and not _is_photo(name):
        return "it is no photo" if entry else "it is neither a photo nor a ZIP"
    return None


def _is_photo(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES


def _sentence(name: str, problem: str) -> str:
    return f"“{legible(PurePosixPath(name).name)}” was left out: {problem}."


class _Place:
    """The new folder, and those below it that were made for photos."""

    def __init__(self, folder: Path, open_new: Callable[[Path], BinaryIO]) -> None:
        self._folder, self._open_new = folder, open_new
        self._made: set[PurePosixPath] = {PurePosixPath()}

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """A new file, written whole. Raises _LeftOut, and OSError when the disk fails."""
        path = PurePosixPath(name)
        target = self._folder / path
        try:
            self._make_parents(path)
            if target.is_symlink() or target.exists():
                raise _LeftOut(_CLASH)
            with written_whole(target) as building, self._open_new(building) as sink:
                for chunk in chunks:
                    sink.write(chunk)
        except FileNotFoundError:  # nothing but this makes folders here, and nothing removes them
            raise _vanished() from None
        except OSError as error:
            if error.errno in _ODD_NAME:
                raise _LeftOut(_ODD_NAME[error.errno]) from None
            raise

    def _make_parents(self, path: PurePosixPath) -> None:
        """One by one, so that no link is followed and no folder that is gone comes back."""
        for parent in reversed(path.parents):
            if parent in self._made:
                continue
            folder = self._folder / parent
            try:
                folder.mkdir()
            except FileExistsError:  # a file, or a folder whose name differs in case alone
                if folder.is_symlink() or not folder.is_dir():
                    raise _LeftOut(_CLASH) from None
            self._made.add(parent)


def _write_all(
    arrivals: Sequence[_Arrival], names: Sequence[str], place: _Place, left_out: list[str]
) -> int:
    """How many photos there are now; sentences on the others are added to `left_out`."""
    taken = 0
    pairs = zip(arrivals, names, strict=True)
    for file, of_file in groupby(pairs, key=lambda pair: pair[0].file):
        with zipfile.ZipFile(file) if file.suffix.lower() == ".zip" else nullcontext() as archive:
            for arrival, name in of_file:
                try:
                    place.write(name, _chunks(arrival, archive))
                    taken += _is_photo(name)
                except _LeftOut as problem:
                    left_out.append(_sentence(arrival.name, str(problem)))
    return taken


def _chunks(arrival: _Arrival, archive: zipfile.ZipFile | None) -> Iterator[bytes]:
    if archive is not None and arrival.entry is not None:
        return _chunks_of_entry(archive, arrival.entry)
    return _chunks_of_file(arrival.file)


def _chunks_of_file(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise _LeftOut(f"it cannot be read ({error.strerror})") from None


def _chunks_of_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """At most as many bytes as the ZIP's own list announces, whatever follows."""
    if entry.flag_bits & 1:
        raise _LeftOut("it is encrypted")
    left = entry.file_size
    try:
        with archive.open(entry) as source:
            while chunk := source.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise zipfile.BadZipFile("more than was announced")
                yield chunk
    except _DAMAGED:
        raise _LeftOut("its data is damaged or of a rare kind") from None


def _vanished() -> DatasetError:
    return DatasetError(
        "The photos vanished from the server while they were unpacked: give them once more."
    )
