"""Photos of which it is known, as a whole, whether they show a crack: what a classifier learns."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crackdemo.data.classes import read_cracks
from crackdemo.data.duplicates import copies_told, first_copies
from crackdemo.data.layouts import Found, in_splits, photos_in, require_masks, require_validation
from crackdemo.data.splits import Split
from crackdemo.errors import DatasetError, PhotoError


@dataclass(frozen=True)
class CrackLabel:
    """A photo with its label."""

    path: Path
    """The photo."""
    file: str
    """Its path below the data folder."""
    split: Split
    """Where it belongs."""
    cracked: bool
    """Whether it shows a crack."""


@dataclass(frozen=True)
class LabelledSet:
    """The labelled photos of some data folders."""

    photos: list[CrackLabel]
    """Each once, whatever its byte copies."""
    problems: list[str]
    """One sentence for each photo that was left out because of its label."""
    copies: tuple[str, ...] = ()
    """A sentence on exact copies that were left out, if there are any."""

    def of(self, split: Split) -> list[CrackLabel]:
        """Those of one split."""
        return [photo for photo in self.photos if photo.split == split]


def find_crack_labels(folders: Sequence[Path]) -> LabelledSet:
    """The photos of `clean/` and `cracked/`, and of `images/` whose mask says it, by split.

    Of byte copies the first is taken, in one folder as between folders; copies whose labels
    contradict each other are left out. Raises DatasetError for a missing folder, for one without a
    labelled photo, and for a byte copy across splits that the user gave.
    """
    labels: list[CrackLabel] = []
    problems: list[str] = []
    for folder in folders:
        found = [photo for photo in _photos_of(folder) if photo.truth != "unknown"]
        if not found:
            # an upload's folder has a name that nobody gave it
            what = f"The folder “{folder.resolve().name}”" if folders[1:] else "What you gave"
            raise DatasetError(
                f"{what} holds no labelled photos: a classifier needs clean/ and cracked/, or "
                "images/ and masks/ with equal stems; a table of labels, as CSV, is not read."
            )
        for placed in in_splits(found):
            try:
                cracked = _is_cracked(placed.photo)
            except PhotoError as problem:
                problems.append(str(problem))
                continue
            labels.append(CrackLabel(placed.path, placed.photo.file, placed.split, cracked))
    once, contradictions = _once(labels)
    copies = () if contradictions else tuple(filter(None, [copies_told(labels)]))
    return LabelledSet(once, problems + contradictions, copies)


def _photos_of(folder: Path) -> list[Found]:
    if not folder.is_dir():
        raise DatasetError(f"There is no folder “{folder.name}”: give one that holds photos.")
    require_validation(folder)
    photos = photos_in(folder)
    require_masks(photos)
    return photos


def _is_cracked(photo: Found) -> bool:
    """Raises PhotoError where the mask that says it cannot be read."""
    if photo.mask_path is None:
        return photo.truth == "cracked"
    return bool(read_cracks(photo.mask_path, photo.classes_path).any())


def _once(labels: Sequence[CrackLabel]) -> tuple[list[CrackLabel], list[str]]:
    """The first of each photo's copies, and a sentence on each whose labels contradict."""
    by_path = {label.path: label for label in labels}
    copies: dict[Path, list[CrackLabel]] = {}
    for path, first in first_copies(by_path).items():
        copies.setdefault(first, []).append(by_path[path])
    once, contradictions = [], []
    for group in copies.values():
        other = next((label for label in group if label.cracked != group[0].cracked), None)
        if other is None:
            once.append(group[0])
            continue
        contradictions.append(
            f"“{group[0].file}” and “{other.file}” are the same photo with two labels: both were "
            "left out; remove the wrong one."
        )
    return once, contradictions
