"""What a folder of labelled photos holds for a classifier, before anybody fits on it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackdemo.data.crack_labels import CrackLabel, find_crack_labels
from crackdemo.data.near_copies import Glance, glance, look_alikes
from crackdemo.data.splits import SPLITS
from crackdemo.detection.illumination import gray_levels
from crackdemo.errors import DatasetError, PhotoError
from crackdemo.photos.images import read_photo
from crackdemo.training.classifier.data import require_both, shrunk, sides_of
from crackdemo.training.classifier.views import VaryConfig, variation_sheet
from crackdemo.training.trainer import Looked

_SHOWN = 4
"""Photos on the sheet."""
_SIDE = 128
"""Of a picture on it, in pixels."""
_LARGE = 1000
"""Pixels a side from which a crack may be lost when the whole photo is shrunk."""


def look(folder: Path) -> Looked:
    """Opens every labelled photo of a data folder, and says what a fit would make of them; the
    sheet shows some, and how a fit varies them."""
    try:
        found = find_crack_labels([folder])
    except DatasetError as problem:
        return Looked("", (str(problem),), (), None, is_enough=False)
    problems = list(found.problems)
    labels: list[CrackLabel] = []
    shown: dict[bool, list[NDArray[np.uint8]]] = {True: [], False: []}
    sides = []
    glances: list[Glance] = []
    learnt, chosen = sides_of(found.photos)
    for label in (*learnt, *chosen, *found.of("test")):
        try:
            photo = read_photo(label.path)
        except PhotoError as problem:
            problems.append(str(problem))
            continue
        labels.append(label)
        sides.append(min(photo.shape[:2]))
        glances.append(glance(label.path, label.split, photo, label.cracked))
        if len(shown[label.cracked]) < _SHOWN // 2:
            shown[label.cracked].append(shrunk(gray_levels(photo, "blue"), _SIDE))
    refusal = _refusal(labels)
    if not labels:
        return Looked("", refusal, tuple(problems), None, is_enough=False)
    examples = [gray for kind in (True, False) for gray in shown[kind]]
    sheet = variation_sheet(examples, _SIDE, VaryConfig(), seed=0)
    warnings = (*refusal, *found.copies, *look_alikes(glances))
    said = _described(labels, sides)
    return Looked(said, warnings, tuple(problems), sheet, is_enough=not refusal)


def _refusal(labels: Sequence[CrackLabel]) -> tuple[str, ...]:
    """What a fit would say before it fails; nothing where it could begin."""
    learnt, chosen = ([each for each in labels if each.split == split] for split in SPLITS[:2])
    try:
        require_both(learnt, chosen)
    except DatasetError as problem:
        return (str(problem),)
    return ()


def _described(labels: Sequence[CrackLabel], sides: Sequence[int]) -> str:
    count = {
        (split, kind): sum(each.split == split and each.cracked == kind for each in labels)
        for split in SPLITS
        for kind in (False, True)
    }
    clean, cracked = (sum(count[split, kind] for split in SPLITS) for kind in (False, True))
    size = f"{min(sides)} px" + (f" to {max(sides)} px" if max(sides) != min(sides) else "")
    photos = f"{len(labels)} labelled photo{'s' * (len(labels) != 1)}"
    text = f"**{photos}**, {size} on the shorter side. {_bar(clean, cracked)}"
    learnt, chosen, aside = (
        f"{count[split, False]} without and {count[split, True]} with cracks" for split in SPLITS
    )
    text += f"\n\nTo learn from: {learnt}. To choose by: {chosen}. Kept aside for tests: {aside}."
    clean, cracked = (count[SPLITS[0], kind] for kind in (False, True))
    if clean != cracked and min(clean, cracked):
        rare = "cracked" if cracked < clean else "crack-free"
        weight = max(clean, cracked) / min(clean, cracked)
        text += f" A {rare} photo counts {weight:.1f} times, so that both kinds weigh alike."
    if float(np.median(sides)) > _LARGE:
        text += (
            " ⚠️ These photos are large, and each is shrunk whole: thin cracks may be lost; cut "
            "them into pieces and sort these."
        )
    return text


def _bar(clean: int, cracked: int) -> str:
    """The balance of both kinds as a bar of text."""
    filled = round(20 * cracked / (clean + cracked))
    filled = min(max(filled, int(cracked > 0)), 20 - int(clean > 0))
    return f"`{'█' * filled}{'░' * (20 - filled)}` {cracked} with and {clean} without cracks."
