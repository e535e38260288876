"""What a folder of photos and masks holds for a segmenter, before anybody fits on it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from crackdemo.arrays import RgbImage
from crackdemo.data.classes import all_names
from crackdemo.data.folders import copies_in, find_samples, without_mask_in
from crackdemo.data.layouts import masks_without_photo
from crackdemo.data.near_copies import Glance, glance, look_alikes
from crackdemo.data.splits import SPLITS, Split
from crackdemo.errors import DatasetError
from crackdemo.masks.classes import CRACK
from crackdemo.photos.overlays import captioned, classes_overlay
from crackdemo.training.segmentation.data import (
    Pair,
    class_shares,
    contradictions,
    masked,
    readable,
    require_learnable,
    unseen_told,
)
from crackdemo.training.trainer import Looked

_COLUMNS, _ROWS, _SIDE = 4, 3, 128


def look(folder: Path) -> Looked:
    """Opens every photo and mask of a data folder, and says what a fit would make of them."""
    problems = [*contradictions(folder), *_strays(folder)]
    try:
        photos = masked(find_samples(folder))
    except DatasetError as problem:
        return Looked("", (str(problem),), tuple(problems), None, is_enough=False)
    classes = all_names([photos[0].key]) if photos else (CRACK,)
    by_split: dict[Split, list[Pair]] = {split: [] for split in SPLITS}
    glances: list[Glance] = []
    for photo, pair in zip(photos, readable(photos, classes, problems), strict=True):
        if pair is not None:
            by_split[photo.sample.split].append(pair)
            glances.append(glance(photo.sample.path, photo.sample.split, pair.photo))
    pairs = [pair for split in SPLITS for pair in by_split[split]]
    said = _described(pairs, by_split, classes) if pairs else ""
    refusal, copies = _refusal(by_split, classes), copies_in(folder)
    unseen = "" if refusal else unseen_told(classes, by_split["train"], by_split["validation"])
    others = (without_mask_in(folder), copies, *look_alikes(glances))
    warnings = tuple(filter(None, (refusal, unseen, *others)))
    sheet = _sheet(pairs) if len(classes) == 1 else _sheet_of_classes(pairs, classes)
    return Looked(said, warnings, tuple(problems), sheet, is_enough=not refusal)


def _refusal(by_split: Mapping[Split, Sequence[Pair]], classes: Sequence[str]) -> str:
    """What a fit would say before it fails; empty where it could begin."""
    try:
        require_learnable(by_split["train"], by_split["validation"], classes)
    except DatasetError as problem:
        return str(problem)
    return ""


def _described(
    pairs: Sequence[Pair], by_split: Mapping[Split, Sequence[Pair]], classes: Sequence[str]
) -> str:
    sizes = sorted((pair.mask.shape for pair in pairs), key=lambda shape: shape[0] * shape[1])
    (low, narrow), (high, wide) = sizes[0], sizes[-1]
    size = f"{narrow} × {low} px"
    if (high, wide) != (low, narrow):
        size += f" to {wide} × {high} px"
    shares = class_shares(pairs, len(classes))[1:]
    photos = f"{len(pairs)} photo{'s' * (len(pairs) != 1)}"
    text = f"**{photos} with a mask**, {size}; {_balance(pairs, classes, shares)}\n\n"
    learnt, chosen, aside = (len(by_split[split]) for split in SPLITS)
    text += f"{learnt} to learn from, {chosen} to choose the epoch and the threshold, "
    text += f"{aside} are kept aside for tests." if aside else "none for tests."
    empty = sum(not pair.mask.any() for pair in pairs)
    if empty:
        text += (
            " The mask of 1 is empty: it teaches what is sound."
            if empty == 1
            else f" The masks of {empty} are empty: these photos teach what is sound."
        )
    return text


def _balance(pairs: Sequence[Pair], classes: Sequence[str], shares: Sequence[float]) -> str:
    """How much of the pixels each class has, in words and as bars of text."""
    if len(classes) == 1:
        percent = 100 * shares[0]
        filled = min(20, max(int(percent > 0), round(percent / 5)))
        bar = f"`{'█' * filled}{'░' * (20 - filled)}`"
        return f"**{percent:.2f} %** of their pixels are crack. {bar} crack and background."
    most = max(*shares, 1e-9)
    rows = [
        f"| {name} | {100 * share:.2f} % | {sum(_shows(pair, number) for pair in pairs)} | "
        f"`{'█' * max(1, round(20 * share / most)) if share else '–'}` |"
        for number, (name, share) in enumerate(zip(classes, shares, strict=True), 1)
    ]
    head = "\n\n| class | of all pixels | photos | |\n|---|---:|---:|---|\n"
    return f"{len(classes)} classes:{head}" + "\n".join(rows)


def _shows(pair: Pair, number: int) -> bool:
    return bool((pair.labels == number).any())


def _strays(folder: Path) -> list[str]:
    strays = masks_without_photo(folder)
    if not strays:
        return []
    return [f"{len(strays)} masks belong to no photo, “{strays[0]}” first: give both one stem."]


def _sheet(pairs: Sequence[Pair]) -> RgbImage | None:
    """Photos with their masks in colour, in a grid."""
    if not pairs:
        return None
    places = np.linspace(0, len(pairs) - 1, min(len(pairs), _COLUMNS * _ROWS)).astype(int)
    return _grid([_cell(pairs[place]) for place in places])


def _sheet_of_classes(pairs: Sequence[Pair], classes: Sequence[str]) -> RgbImage | None:
    """A row for each class, its name above the photos that show the most of it; each class in its
    colour."""
    if not pairs:
        return None
    cells: list[RgbImage] = []
    for number, name in enumerate(classes, 1):
        most = sorted(pairs, key=lambda pair: -float((pair.labels == number).mean()))
        row = [_cell(pair) for pair in most[:_COLUMNS] if _shows(pair, number)]
        row += [np.full((_SIDE, _SIDE, 3), 255, np.uint8)] * (_COLUMNS - len(row))
        cells += [captioned(cell, name if not column else "") for column, cell in enumerate(row)]
    return _grid(cells)


def _cell(pair: Pair) -> RgbImage:
    marked = classes_overlay(pair.photo, pair.labels)
    small: RgbImage = cv2.resize(marked, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return small


def _grid(cells: Sequence[RgbImage]) -> RgbImage:
    columns = min(len(cells), _COLUMNS)
    blank = np.full_like(cells[0], 255)
    whole = [*cells, *[blank] * (-len(cells) % columns)]
    rows = [np.hstack(whole[i : i + columns]) for i in range(0, len(whole), columns)]
    return np.vstack(rows)
