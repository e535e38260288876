"""Folders of photos whose truth is known, to be evaluated and tuned on."""

from dataclasses import dataclass
from pathlib import Path

from crackdemo.data.layouts import Found, in_splits, photos_in
from crackdemo.data.splits import Split
from crackdemo.errors import DatasetError
from crackdemo.photos.sources import Source


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo with its truth: a mask, or whether it shows a crack."""

    source: Source
    """The photo; `source.file` is its path below the evaluated folder."""
    mask_path: Path | None = None
    """Its labelled cracks, a file that may be missing; None where only the photo is labelled."""
    cracked: bool = False
    """The label of the photo as a whole, where there is no mask."""
    twin: str = ""
    """Another photo of the same stem, which makes it unclear whose the mask is; empty for none."""
    classes_path: Path | None = None
    """What names the classes of its mask; None where nothing does."""


def find_labelled(folder: Path, split: Split | None = None) -> list[LabelledPhoto]:
    """The photos of `images/`, with their masks in `masks/`, and of `clean/` and `cracked/`.

    split: only photos of that split, by `layouts.in_splits`: what a fit on this very folder did
    not see, where it is test. Raises DatasetError.
    """
    name = folder.resolve().name
    found = [photo for photo in _all_photos(folder) if photo.truth != "unknown"]
    if not found:
        raise DatasetError(
            f"The folder “{name}” holds no labelled photos: it needs images/ and masks/ with "
            "equal stems, or clean/ and cracked/."
        )
    if split is not None:
        found = [placed.photo for placed in in_splits(found) if placed.split == split]
        if not found:
            raise DatasetError(f"No photo of “{name}” falls into its {split} split: take them all.")
    return [labelled(photo) for photo in found]


def _all_photos(folder: Path) -> list[Found]:
    if not folder.is_dir():
        raise DatasetError(f"There is no folder “{folder.name}”: check how its path is spelled.")
    return photos_in(folder)


def labelled(photo: Found) -> LabelledPhoto:
    """A photo of a data folder, its truth known."""
    source = Source(photo.path, photo.file, str(Path(photo.file).with_suffix("")))
    return LabelledPhoto(
        source, photo.mask_path, photo.truth == "cracked", photo.twin, photo.classes_path
    )
