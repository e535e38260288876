"""Training photos that a person brings: unpacked safely into one folder, then looked at."""

import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from crackdemo.arrays import RgbImage
from crackdemo.errors import DatasetError, PhotoError
from crackdemo.photos.images import MAX_FILE_MB, PHOTO_SUFFIXES, find_photos, read_photo, write_png
from crackdemo.synthesis.examples import pavement

MAX_ZIP_PHOTOS = 20_000
MAX_ZIP_BYTES = 8 * 2**30
"""Unpacked; more is refused before anything is written."""
_BOMB_BYTES, _BOMB_RATIO = 2**28, 200
"""Above this size no ZIP of photos shrinks more: surfaces have grain."""
_CHUNK = 2**20
_PAVEMENT_PHOTOS, _PAVEMENT_SIDE = 40, 320
_SHEET_COLUMNS, _SHEET_ROWS, _SHEET_SIDE = 6, 2, 128


@dataclass(frozen=True)
class DataCheck:
    """What a folder of training photos holds."""

    photos: int
    """Photos that can be read and are no duplicates."""
    smallest: tuple[int, int]
    """Height and width of the photo with the fewest pixels; (0, 0) without any."""
    largest: tuple[int, int]
    """Height and width of the photo with the most pixels."""
    duplicates: tuple[str, ...]
    """File names of exact copies, which are left out."""
    unreadable: tuple[str, ...]
    """One sentence for each photo that cannot be read."""
    sheet: RgbImage | None
    """Some of the photos' middles in a grid; None without any."""


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


def make_pavement(folder: Path, seed: int) -> None:
    """Photos of procedural pavement without a crack, as PNG; the same for the same seed."""
    folder.mkdir(parents=True)
    for number in range(_PAVEMENT_PHOTOS):
        rng = np.random.default_rng([seed, number])
        gray = pavement(_PAVEMENT_SIDE, _PAVEMENT_SIDE, rng)
        write_png(folder / f"pavement-{number:03}.png", np.round(255 * gray).astype(np.uint8))


def check(folder: Path) -> DataCheck:
    """Opens every photo of a data folder once; masks are left alone."""
    shapes: list[tuple[int, int]] = []
    duplicates, unreadable = [], []
    middles: list[RgbImage] = []
    seen: set[str] = set()
    for path in find_photos(folder):
        if "masks" in path.relative_to(folder).parts[:-1]:
            continue
        try:
            photo = read_photo(path)
        except PhotoError as problem:
            unreadable.append(str(problem))
            continue
        fingerprint = hashlib.sha256(path.read_bytes()).hexdigest()
        if fingerprint in seen:
            duplicates.append(path.name)
            continue
        seen.add(fingerprint)
        shapes.append((photo.shape[0], photo.shape[1]))
        if len(middles) < _SHEET_COLUMNS * _SHEET_ROWS:
            middles.append(_middle(photo))
    shapes.sort(key=lambda shape: shape[0] * shape[1])
    return DataCheck(
        photos=len(shapes),
        smallest=shapes[0] if shapes else (0, 0),
        largest=shapes[-1] if shapes else (0, 0),
        duplicates=tuple(duplicates),
        unreadable=tuple(unreadable),
        sheet=_sheet(middles) if middles else None,
    )


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


def _middle(photo: RgbImage) -> RgbImage:
    """The middle square, as large as it goes, scaled."""
    height, width = photo.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = photo[top : top + side, left : left + side]
    size = (_SHEET_SIDE, _SHEET_SIDE)
    scaled: RgbImage = cv2.resize(square, size, interpolation=cv2.INTER_AREA)
    return scaled


def _sheet(middles: list[RgbImage]) -> RgbImage:
    blank = np.full_like(middles[0], 255)
    columns = min(len(middles), _SHEET_COLUMNS)
    padded = middles + [blank] * (-len(middles) % columns)
    rows = [np.hstack(padded[i : i + columns]) for i in range(0, len(padded), columns)]
    return np.vstack(rows)
