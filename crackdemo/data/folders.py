"""What of a data folder a fit or calibration may use: its photos, with their split and mask."""

from dataclasses import dataclass
from pathlib import Path

from crackdemo.data.duplicates import copies_told, merge
from crackdemo.data.layouts import in_splits, photos_in, require_masks, require_validation
from crackdemo.data.splits import Split
from crackdemo.errors import DatasetError


@dataclass(frozen=True)
class Sample:
    """One photo of a data folder."""

    path: Path
    """The photo."""
    name: str
    """`folder/stem`, which decides the split."""
    split: Split
    """Where it belongs."""
    mask_path: Path | None = None
    """Its labelled cracks; without them the photo counts as crack-free."""
    classes_path: Path | None = None
    """What names the classes of its mask; None where nothing does."""
    is_given: bool = False
    """Whether a person has put it into its split; else chance has."""


def find_samples(folder: Path) -> list[Sample]:
    """The photos of one data folder that a fit or calibration may use.

    The folder is laid out as `layouts` says; of `images/` those with a mask are taken, and
    `cracked/` is left alone. Of byte copies only the first by name is taken. Raises DatasetError
    for a missing or empty folder, where masks or `validation/` are missing, and for a byte copy
    across splits that the user gave.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        raise DatasetError(f"There is no folder “{folder.name}”: give one that holds photos.")
    require_validation(folder)
    photos = photos_in(folder)
    require_masks(photos)
    usable = [photo for photo in photos if photo.is_fitted_on]
    samples = [
        Sample(
            placed.path,
            placed.photo.name,
            placed.split,
            placed.photo.mask_path,
            placed.photo.classes_path,
            is_given=placed.photo.given_split is not None,
        )
        for placed in in_splits(usable)
    ]
    if all(photo.given_split is None for photo in usable):
        samples = merge(sorted(samples, key=lambda sample: sample.name))
    if not samples:
        raise DatasetError(f"The folder “{folder.name}” holds no photos that can be used.")
    return samples


def without_mask_in(folder: Path) -> str:
    """A sentence on the photos of `images/` that have no mask; empty where each has one."""
    photos = [photo for photo in photos_in(folder) if photo.truth == "mask"]
    left_out = [photo for photo in photos if not photo.is_fitted_on]
    if not left_out:
        return ""
    first = f"“{left_out[0].path.name}”"
    if len(left_out) == 1:
        return f"{first} has no mask of its stem in masks/: it is left out."
    return f"{len(left_out)} photos have no mask of their stem in masks/, {first} first: left out."


def copies_in(folder: Path) -> str:
    """A sentence on the byte copies that `find_samples` leaves out; empty where there is none."""
    usable = sorted(
        (photo for photo in photos_in(folder) if photo.is_fitted_on), key=lambda photo: photo.name
    )
    return "" if any(photo.given_split for photo in usable) else copies_told(usable)
