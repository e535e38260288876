"""What a folder of photos and masks holds for a segmenter, before anybody fits on it."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from crackdemo.arrays import RgbImage
from crackdemo.data.duplicates import first_copies
from crackdemo.data.folders import find_samples
from crackdemo.data.layouts import Found, masks_without_photo, photos_in
from crackdemo.errors import DatasetError, PhotoError
from crackdemo.photos.images import read_labels
from crackdemo.photos.overlays import mask_overlay
from crackdemo.training.segmentation.data import FEWEST, Pair, crack_share, parted, read_pair
from crackdemo.training.trainer import Looked

_COLUMNS, _ROWS, _SIDE = 6, 2, 128


def look(folder: Path) -> Looked:
    """Opens every photo and mask of a data folder, and says what a fit would make of them."""
    problems = [*_contradictions(photos_in(folder)), *_strays(folder)]
    try:
        samples = parted(find_samples(folder))
    except DatasetError as problem:
        return Looked(f"⚠️ {problem}", tuple(problems), None, is_enough=False)
    pairs: list[Pair] = []
    counts = {"train": 0, "validation": 0, "test": 0}
    for sample in samples:
        try:
            pair, word = read_pair(sample)
        except (PhotoError, DatasetError) as problem:
            problems.append(str(problem))
            continue
        problems += [word] if word else []
        counts[sample.split] += 1
        pairs.append(pair)
    said = _described(pairs, counts) if pairs else "⚠️ No photo here has a mask that can be used."
    return Looked(said, tuple(problems), _sheet(pairs), _are_enough(pairs))


def _are_enough(pairs: Sequence[Pair]) -> bool:
    return len(pairs) >= FEWEST and any(pair.mask.any() for pair in pairs)


def _described(pairs: Sequence[Pair], counts: dict[str, int]) -> str:
    sizes = sorted((pair.mask.shape for pair in pairs), key=lambda shape: shape[0] * shape[1])
    (low, narrow), (high, wide) = sizes[0], sizes[-1]
    size = f"{narrow} × {low} px"
    if (high, wide) != (low, narrow):
        size += f" to {wide} × {high} px"
    share = 100 * crack_share(pairs)
    empty = sum(not pair.mask.any() for pair in pairs)
    text = (
        f"**{len(pairs)} photos with a mask**, {size}; **{share:.2f} %** of their pixels are "
        f"crack. {_balance(share)}\n\n{counts['train']} to learn from, {counts['validation']} "
        "to choose the epoch and the threshold, "
    )
    text += f"{counts['test']} are kept aside for tests." if counts["test"] else "none for tests."
    if empty:
        text += f" The masks of {empty} are empty: these photos teach what is no crack."
    if len(pairs) < FEWEST:
        text += f" ⚠️ A segmenter learns from {FEWEST} photos on: give more."
    elif not share:
        text += " ⚠️ No mask marks a crack: check that cracks are white (255) in the masks."
    return text


def _balance(percent: float) -> str:
    """The classes as a bar of text."""
    filled = min(20, max(int(percent > 0), round(percent / 5)))
    return f"`{'█' * filled}{'░' * (20 - filled)}` crack and background."


def _strays(folder: Path) -> list[str]:
    strays = masks_without_photo(folder)
    if not strays:
        return []
    return [f"{len(strays)} masks belong to no photo, “{strays[0]}” first: give both one stem."]


def _contradictions(photos: Sequence[Found]) -> list[str]:
    """Of byte copies only the first is learnt from: where their masks differ, somebody is wrong."""
    first = first_copies(photo.path for photo in photos)
    by_path = {photo.path: photo for photo in photos}
    return [
        f"“{photo.path.name}” is the same photo as “{first[photo.path].name}”, but their masks "
        "differ: only the latter’s counts; remove the wrong one."
        for photo in photos
        if first[photo.path] != photo.path and _differ(photo, by_path[first[photo.path]])
    ]


def _differ(one: Found, other: Found) -> bool:
    if one.mask_path is None or other.mask_path is None:
        return False
    try:
        mask, beside = read_labels(one.mask_path)[0], read_labels(other.mask_path)[0]
    except PhotoError:  # is said of the photo itself
        return False
    return not np.array_equal(mask, beside)


def _sheet(pairs: Sequence[Pair]) -> RgbImage | None:
    """Photos with their masks in colour, in a grid."""
    if not pairs:
        return None
    places = np.linspace(0, len(pairs) - 1, min(len(pairs), _COLUMNS * _ROWS)).astype(int)
    shown = [pairs[place] for place in places]
    cells = [
        cv2.resize(
            mask_overlay(pair.photo, pair.mask), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA
        )
        for pair in shown
    ]
    columns = min(len(cells), _COLUMNS)
    blank = np.full((_SIDE, _SIDE, 3), 255, np.uint8)
    cells += [blank] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    return np.vstack(rows)
