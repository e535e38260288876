"""What a folder of training photos holds, before anybody fits on it."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import RgbImage
from crackdemo.data.folders import Sample, find_samples
from crackdemo.data.tiles import clean_tiles
from crackdemo.detection.illumination import Channel
from crackdemo.errors import DatasetError, PhotoError
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
    """One sentence for each photo that cannot be used."""
    masked: int
    """Photos whose mask says where cracks are: only what lies apart from these is taken."""
    tiles: int
    """Crack-free tiles, side by side, of all photos."""
    sheet: RgbImage | None
    """Some of these tiles in a grid; None without any."""


def check(folder: Path, size: int, channel: Channel) -> DataCheck:
    """Opens every photo of a data folder, and cuts what a fit would cut: gray tiles of `size`."""
    shapes: list[tuple[int, int]] = []
    duplicates, unreadable = [], []
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
    shapes.sort(key=lambda shape: shape[0] * shape[1])
    samples = _samples(folder, unreadable)
    tiles = 0
    shown: list[RgbImage] = []
    for sample in samples:
        try:
            found = list(clean_tiles(sample, size, size, channel))
        except (PhotoError, DatasetError) as problem:
            if str(problem) not in unreadable:
                unreadable.append(str(problem))
            continue
        tiles += len(found)
        if found and len(shown) < _SHEET_COLUMNS * _SHEET_ROWS:
            shown.append(_thumbnail(found[len(found) // 2]))
    return DataCheck(
        photos=len(shapes),
        smallest=shapes[0] if shapes else (0, 0),
        largest=shapes[-1] if shapes else (0, 0),
        duplicates=tuple(duplicates),
        unreadable=tuple(unreadable),
        masked=sum(sample.mask_path is not None for sample in samples),
        tiles=tiles,
        sheet=_sheet(shown) if shown else None,
    )


def _samples(folder: Path, unreadable: list[str]) -> list[Sample]:
    try:
        return find_samples(folder)
    except DatasetError as problem:
        if find_photos(folder):
            unreadable.append(str(problem))
        return []


def _thumbnail(tile: NDArray[np.uint8]) -> RgbImage:
    size = (_SHEET_SIDE, _SHEET_SIDE)
    gray = cv2.resize(tile, size, interpolation=cv2.INTER_AREA)
    scaled: RgbImage = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)
    return scaled


def _sheet(tiles: list[RgbImage]) -> RgbImage:
    blank = np.full_like(tiles[0], 255)
    columns = min(len(tiles), _SHEET_COLUMNS)
    padded = tiles + [blank] * (-len(tiles) % columns)
    rows = [np.hstack(padded[i : i + columns]) for i in range(0, len(padded), columns)]
    return np.vstack(rows)
