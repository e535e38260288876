"""The one reader of data folders: which photos lie there, with what truth, and in which split.

A folder holds `images/` and `masks/` with equal stems, `clean/` and `cracked/`, or plain photos; or
`train/`, `validation/` and `test/`, each of these, where the splits are the user's own. It may lie
alone in another folder, as ZIPs have it. `classes.json` beside masks names their classes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from crackdemo.data.classes import CLASSES_FILE
from crackdemo.data.duplicates import first_copies, refuse_leaks
from crackdemo.data.splits import SPLITS, Split, split_of
from crackdemo.errors import DatasetError
from crackdemo.photos.images import find_photos

Truth: TypeAlias = Literal["mask", "clean", "cracked", "unknown"]
"""What says where a photo's cracks are: its mask, the folder that it lies in, or nothing."""


_OTHER_PARTS = ("test", "val", "valid")
"""What people call the parts beside `train/`, when there is no `validation/`."""


@dataclass(frozen=True)
class Found:
    """A photo of a data folder."""

    path: Path
    """The photo."""
    file: str
    """Its path below the data folder."""
    name: str
    """`folder/stem`, which decides its split where the user gave none."""
    truth: Truth
    """Where its cracks are known from."""
    mask_path: Path | None = None
    """Its mask, a file that may be missing; None where the truth is no mask."""
    is_fitted_on: bool = False
    """Whether a fit on this folder may learn from its crack-free parts."""
    given_split: Split | None = None
    """The user's own split; None where chance decides."""
    twin: str = ""
    """Another photo of the same stem, which makes it unclear whose the mask is; empty for none."""
    classes_path: Path | None = None
    """What names the classes of its mask; None where nothing does."""


@dataclass(frozen=True)
class Placed:
    """A photo with its split."""

    photo: Found
    """The photo."""
    split: Split
    """Where it belongs."""

    @property
    def path(self) -> Path:
        return self.photo.path


def photos_in(folder: Path) -> list[Found]:
    """All photos of a data folder, sorted in each of its parts; none where there is no folder."""
    root = _root(folder.resolve())
    if _has_splits(root):
        found = [
            replace(photo, given_split=split)
            for split in SPLITS
            for photo in _photos_of_part(root / split)
        ]
    else:
        found = list(_photos_of_part(root))
    return [replace(photo, file=photo.path.relative_to(root).as_posix()) for photo in found]


def require_masks(photos: Sequence[Found]) -> None:
    """Raises DatasetError where all lie in `images/`, and none has a mask."""
    if photos and all(photo.truth == "mask" and not photo.is_fitted_on for photo in photos):
        raise DatasetError(
            f"No photo in images/ ({len(photos)} in all) has a mask of its stem in masks/: give "
            "the masks, or the photos without these two folders if they show no crack."
        )


def require_validation(folder: Path) -> None:
    """Raises DatasetError where `train/` lies there beside other parts, but not it."""
    root = _root(folder.resolve())
    there = [name for name in ("train", *_OTHER_PARTS) if (root / name).is_dir()]
    if "train" in there and there[1:] and not _has_splits(root):
        raise DatasetError(
            f"There are {' and '.join(f'{name}/' for name in there)}, but no validation/, by which "
            "a fit chooses its epoch and threshold: name it so if it is called otherwise, or move "
            "some of the photos of train/ there."
        )


def masks_without_photo(folder: Path) -> list[str]:
    """Masks that belong to no photo, by their paths below the data folder."""
    root = _root(folder.resolve())
    used = {photo.mask_path for photo in photos_in(folder)}
    parts = [root / split for split in SPLITS] if _has_splits(root) else [root]
    masks = (mask for part in parts for mask in find_photos(part / "masks"))
    return [mask.relative_to(root).as_posix() for mask in masks if mask not in used]


def in_splits(photos: Sequence[Found]) -> list[Placed]:
    """Each photo with its split. Byte copies are together, where a fit puts the one it takes.

    Raises DatasetError where the user put byte copies into different splits.
    """
    given = [Placed(photo, photo.given_split) for photo in photos if photo.given_split]
    refuse_leaks(given)
    by_chance = [photo for photo in photos if photo.given_split is None]
    in_order = sorted(by_chance, key=lambda photo: (not photo.is_fitted_on, photo.name))
    names = {photo.path: photo.name for photo in in_order}
    first = first_copies(names)
    return given + [Placed(photo, split_of(names[first[photo.path]])) for photo in by_chance]


def _has_splits(root: Path) -> bool:
    """Whether the user has parted the photos."""
    return (root / "train").is_dir() and (root / "validation").is_dir()


def _root(folder: Path) -> Path:
    """The folder, or where it has no layout the first that has one and lies alone in it, or alone
    in another that does."""
    root = folder
    while root.is_dir() and not _has_layout(root):
        inner = [child for child in root.iterdir() if not child.name.startswith((".", "__MACOSX"))]
        if len(inner) != 1 or not inner[0].is_dir() or inner[0].is_symlink():
            return folder
        root = inner[0]
    return root


def _has_layout(folder: Path) -> bool:
    pairs = (
        ("images", "masks"),
        ("clean",),
        ("cracked",),
        ("train", "validation"),
        *(("train", name) for name in _OTHER_PARTS),
    )
    return any(all((folder / name).is_dir() for name in pair) for pair in pairs)


def _photos_of_part(folder: Path) -> Iterator[Found]:
    """Of one layout. A fit leaves what it says of whole photos alone where there are masks."""
    has_masks = (folder / "images").is_dir() and (folder / "masks").is_dir()
    if has_masks:
        yield from _masked(folder)
    for truth in ("clean", "cracked"):
        for path in find_photos(folder / truth):
            name = f"{folder.name}/{_stem(path, folder)}"
            is_fitted_on = truth == "clean" and not has_masks
            yield Found(path, "", name, truth, is_fitted_on=is_fitted_on)
    if not has_masks and not (folder / "clean").is_dir():
        yield from _plain(folder)


def _masked(folder: Path) -> Iterator[Found]:
    images, masks = folder / "images", folder / "masks"
    mask_paths = {_stem(path, masks): path for path in find_photos(masks)}
    photos = find_photos(images)
    stems = [_stem(path, images) for path in photos]
    classes_path = _classes_file(folder)
    twins = _twins(zip(photos, stems, strict=True))
    for path, stem in zip(photos, stems, strict=True):
        yield Found(
            path,
            "",
            f"{folder.name}/{stem}",
            "mask",
            mask_paths.get(stem, masks / f"{stem}.png"),
            is_fitted_on=stem in mask_paths,
            twin=twins.get(path, ""),
            classes_path=classes_path,
        )


def _classes_file(folder: Path) -> Path | None:
    """Beside images/ and masks/, or of all splits beside these."""
    places = [folder, folder.parent] if folder.name in SPLITS else [folder]
    files = [place / CLASSES_FILE for place in places]
    return next((file for file in files if file.is_file()), None)


def _twins(photos: Iterable[tuple[Path, str]]) -> dict[Path, str]:
    """Of photos that share a stem, the name of another one that does."""
    pairs = list(photos)
    shared = {stem for stem, count in Counter(stem for _, stem in pairs).items() if count > 1}
    return {
        path: next(other.name for other, its in pairs if its == stem and other != path)
        for path, stem in pairs
        if stem in shared
    }


def _plain(folder: Path) -> Iterator[Found]:
    """All photos below a folder that has no layout; nobody says what they show."""
    name = f"{folder.parent.name}/clean" if folder.name == "clean" else folder.name
    for path in find_photos(folder):
        if path.relative_to(folder).parts[0] != "cracked":
            yield Found(path, "", f"{name}/{_stem(path, folder)}", "unknown", is_fitted_on=True)


def _stem(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()
