"""What lies in a data folder: its photos, with their split and mask."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crackdemo.data.duplicates import merge, refuse_leaks
from crackdemo.data.splits import SPLITS, Split, split_of
from crackdemo.errors import DatasetError
from crackdemo.photos.images import find_photos


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


def find_samples(folder: Path) -> list[Sample]:
    """The photos of one data folder that a fit or calibration may use.

    The folder holds `images/` and `masks/`, or `clean/`, or plain photos; or `train/` and
    `validation/` (and `test/`), each of these, where the split is the user's own. Of byte copies
    only the first by name is taken. Raises DatasetError for a missing or empty folder, and for a
    byte copy across splits that the user gave.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        raise DatasetError(f"There is no folder “{folder.name}”: give one that holds photos.")
    if (folder / "train").is_dir() and (folder / "validation").is_dir():
        samples = list(_given_splits(folder))
        refuse_leaks(samples)
    else:
        found = [
            Sample(path, name, split_of(name), mask) for path, name, mask in named_photos(folder)
        ]
        samples = merge(sorted(found, key=lambda sample: sample.name))
    if not samples:
        raise DatasetError(f"The folder “{folder.name}” holds no photos that can be used.")
    return samples


def named_photos(folder: Path) -> Iterator[tuple[Path, str, Path | None]]:
    """(photo, `folder/stem`, mask) of each photo that a fit on the folder takes."""
    if (folder / "images").is_dir() and (folder / "masks").is_dir():
        masks = {_stem(path, folder / "masks"): path for path in find_photos(folder / "masks")}
        for path in find_photos(folder / "images"):
            stem = _stem(path, folder / "images")
            if stem in masks:
                yield path, f"{folder.name}/{stem}", masks[stem]
        return
    clean = folder / "clean" if (folder / "clean").is_dir() else folder
    name = f"{clean.parent.name}/clean" if clean.name == "clean" else clean.name
    for path in find_photos(clean):
        yield path, f"{name}/{_stem(path, clean)}", None


def _stem(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _given_splits(folder: Path) -> Iterator[Sample]:
    for split in SPLITS:
        if (folder / split).is_dir():
            for path, name, mask in named_photos(folder / split):
                yield Sample(path, name, split, mask)
