"""Crack-free tiles of photos: what a fit learns from."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.data.classes import read_damage
from crackdemo.data.folders import Sample
from crackdemo.detection.illumination import Channel, gray_levels
from crackdemo.errors import DatasetError, PhotoError
from crackdemo.masks.grow import dilate
from crackdemo.photos.images import read_photo

MASK_MARGIN = 16
"""Pixels around a labelled crack that no clean tile may touch: labels are drawn too thin."""


def clean_tiles(
    sample: Sample, size: int, step: int, channel: Channel
) -> Iterator[NDArray[np.uint8]]:
    """Crack-free gray tiles (size, size) of a photo; smaller where the photo itself is smaller.

    channel: one of `illumination.CHANNELS`. Raises PhotoError when the photo or its mask cannot be
    read, DatasetError when their sizes differ.
    """
    photo = read_photo(sample.path)
    gray = gray_levels(photo, channel)
    height, width = gray.shape
    near_crack = np.zeros((height, width), np.bool_)
    if sample.mask_path is not None:
        near_crack = dilate(read_damage(sample.mask_path, sample.classes_path), MASK_MARGIN)
        if near_crack.shape != gray.shape:
            raise DatasetError(
                f"“{sample.path.name}” and its mask differ in size: export the mask again."
            )
    cracked = cv2.integral(near_crack.astype(np.uint8))
    for top in _positions(height, size, step):
        for left in _positions(width, size, step):
            bottom, right = min(top + size, height), min(left + size, width)
            inside = cracked[bottom, right] - cracked[top, right]
            if inside - cracked[bottom, left] + cracked[top, left] == 0:
                yield gray[top:bottom, left:right].copy()


def readable_tiles(
    samples: Iterable[Sample], size: int, step: int, channel: Channel
) -> tuple[list[NDArray[np.uint8]], list[str]]:
    """Tiles of all samples, and one sentence for each sample that could not be used."""
    tiles: list[NDArray[np.uint8]] = []
    problems: list[str] = []
    for sample in samples:
        try:
            tiles.extend(clean_tiles(sample, size, step, channel))
        except (PhotoError, DatasetError) as problem:
            problems.append(str(problem))
    return tiles, problems


def _positions(length: int, size: int, step: int) -> range:
    return range(0, max(length - size, 0) + 1, step)
