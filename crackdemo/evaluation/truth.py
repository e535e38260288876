"""The true mask of a labelled photo, and what should be known of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import ClassMask, CrackMask
from crackdemo.data.classes import CLASSES_FILE, read_classes, read_key
from crackdemo.data.labelled import LabelledPhoto
from crackdemo.errors import PhotoError
from crackdemo.masks.classes import CRACK
from crackdemo.photos.images import read_labels

_SOFT_SHARE = 0.0005
"""Of a mask's pixels; from here on its soft edges are worth a word."""
_MUCH = 0.5
"""Share of a photo that no crack covers."""


def labels_of(
    photo: LabelledPhoto, names: Sequence[str] = (CRACK,)
) -> tuple[CrackMask | None, str]:
    """The true mask, None where there is none, and what should be known of it.

    names: the classes that count. Raises PhotoError where it is missing, not clear or no mask, and
    DatasetError where what names its classes is wrong.
    """
    labels, note = classes_of(photo, names)
    return None if labels is None else labels > 0, note


def classes_of(
    photo: LabelledPhoto, names: Sequence[str] = (CRACK,)
) -> tuple[ClassMask | None, str]:
    """As `labels_of`: labels (H, W) by the classes' places in `names`, from 1.

    Where cracks alone are asked for and none of the mask's classes is called so, all of them count.
    """
    if photo.mask_path is None:
        return None, ""
    name = photo.source.path.name
    if photo.twin:
        raise PhotoError(
            f"{name} has the same stem as {photo.twin}, so that it is not clear whose the mask "
            "is: rename one of them and its mask."
        )
    if photo.classes_path is not None:
        key = read_key(photo.classes_path)
        asked = key.names if tuple(names) == (CRACK,) and CRACK not in key.names else names
        with _as_its_mask():
            labels = read_classes(photo.mask_path, key, asked)
        return np.minimum(labels, len(names)), ""
    if CRACK not in names:
        raise PhotoError(
            f"The mask of {name} marks cracks and says nothing of {' or '.join(names)}: name its "
            f"values in {CLASSES_FILE}, beside images/ and masks/."
        )
    truth, note = _plain(photo)
    return truth.astype(np.uint8) * np.uint8(1 + list(names).index(CRACK)), note


@contextmanager
def _as_its_mask() -> Iterator[None]:
    try:
        yield
    except PhotoError as problem:
        raise PhotoError(f"Its mask {problem}") from None


def _plain(photo: LabelledPhoto) -> tuple[CrackMask, str]:
    """Of a mask of cracks alone."""
    assert photo.mask_path is not None
    name = photo.source.path.name
    with _as_its_mask():
        truth, soft_share = read_labels(photo.mask_path)
    if soft_share >= _SOFT_SHARE:
        return truth, (
            f"The mask of {name} has soft edges ({100 * soft_share:.1f} % of its pixels): what is "
            "brighter than half counts as crack."
        )
    if truth.mean() > _MUCH:
        return truth, (
            f"The mask of {name} marks {100 * truth.mean():.0f} % of the photo: invert it if its "
            "cracks are black."
        )
    return truth, ""


def require_size(photo: LabelledPhoto, truth: NDArray[Any] | None, shape: tuple[int, ...]) -> None:
    """Raises PhotoError where the true mask is not as large as the photo (H, W)."""
    if truth is not None and truth.shape != shape:
        raise PhotoError(
            f"{photo.source.path.name} and its mask differ in size ({shape[1]} x {shape[0]} and "
            f"{truth.shape[1]} x {truth.shape[0]} pixels); export it again."
        )
