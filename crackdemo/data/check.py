"""What a folder of training photos holds, before anybody fits on it."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from crackdemo.arrays import RgbImage
from crackdemo.errors import PhotoError
from crackdemo.files import sha256_of
from crackdemo.photos.images import find_photos, read_photo

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
        fingerprint = sha256_of(path)
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
