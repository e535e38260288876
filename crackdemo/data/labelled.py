"""Folders of photos whose truth is known, to be evaluated on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crackdemo.data.duplicates import first_copies
from crackdemo.data.folders import named_photos
from crackdemo.data.splits import Split, split_of
from crackdemo.errors import DatasetError
from crackdemo.photos.images import find_photos
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


def find_labelled(folder: Path, split: Split | None = None) -> list[LabelledPhoto]:
    """The photos of `images/`, with their masks in `masks/`, and of `clean/` and `cracked/`.

    split: only photos that `splits.split_of` puts there, by `name/stem` or `name/clean/stem`
    with the folder's own name, or a byte copy of theirs: what a fit on this very folder did not
    see. Raises DatasetError.
    """
    if not folder.is_dir():
        raise DatasetError(f"There is no folder “{folder.name}”: check how its path is spelled.")
    name = folder.resolve().name
    photos = [*_with_masks(folder, name), *_in_classes(folder, name)]
    if not photos:
        raise DatasetError(
            f"The folder “{name}” holds no labelled photos: it needs images/ and masks/ with "
            "equal stems, or clean/ and cracked/."
        )
    if split is None:
        return [photo for _, photo in photos]
    splits = _splits(folder, {photo.source.path: full_name for full_name, photo in photos})
    chosen = [photo for _, photo in photos if splits[photo.source.path] == split]
    if not chosen:
        raise DatasetError(f"No photo of “{name}” falls into its {split} split: take them all.")
    return chosen


def _splits(folder: Path, names: dict[Path, str]) -> dict[Path, Split]:
    """Where each photo belongs: byte copies together, where a fit would put the one it takes."""
    taken = {path for path, _, _ in named_photos(folder)}
    in_order = sorted(names, key=lambda path: (path not in taken, names[path]))
    return {path: split_of(names[first]) for path, first in first_copies(in_order).items()}


def _with_masks(folder: Path, name: str) -> Iterator[tuple[str, LabelledPhoto]]:
    images, masks = folder / "images", folder / "masks"
    if not masks.is_dir():
        return
    mask_paths = {_stem(path, masks): path for path in find_photos(masks)}
    for path in find_photos(images):
        stem = _stem(path, images)
        mask_path = mask_paths.get(stem, masks / f"{stem}.png")
        yield f"{name}/{stem}", LabelledPhoto(_source(path, folder), mask_path)


def _in_classes(folder: Path, name: str) -> Iterator[tuple[str, LabelledPhoto]]:
    for label, cracked in (("clean", False), ("cracked", True)):
        for path in find_photos(folder / label):
            source = _source(path, folder)
            yield f"{name}/{_stem(path, folder)}", LabelledPhoto(source, cracked=cracked)


def _source(path: Path, folder: Path) -> Source:
    return Source(path, path.relative_to(folder).as_posix(), _stem(path, folder))


def _stem(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()
