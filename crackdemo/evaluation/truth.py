"""The true mask of a labelled photo, and what should be known of it."""

from crackdemo.arrays import CrackMask
from crackdemo.data.labelled import LabelledPhoto
from crackdemo.errors import PhotoError
from crackdemo.photos.images import read_labels

_SOFT_SHARE = 0.0005
"""Of a mask's pixels; from here on its soft edges are worth a word."""
_MUCH = 0.5
"""Share of a photo that no crack covers."""


def labels_of(photo: LabelledPhoto) -> tuple[CrackMask | None, str]:
    """The true mask, None where there is none, and what should be known of it.

    Raises PhotoError where it is missing, not clear or no mask.
    """
    if photo.mask_path is None:
        return None, ""
    name = photo.source.path.name
    if photo.twin:
        raise PhotoError(
            f"{name} has the same stem as {photo.twin}, so that it is not clear whose the mask "
            "is: rename one of them and its mask."
        )
    try:
        truth, soft_share = read_labels(photo.mask_path)
    except PhotoError as problem:
        raise PhotoError(f"Its mask {problem}") from None
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


def require_size(photo: LabelledPhoto, truth: CrackMask | None, shape: tuple[int, ...]) -> None:
    """Raises PhotoError where the true mask is not as large as the photo (H, W)."""
    if truth is not None and truth.shape != shape:
        raise PhotoError(
            f"{photo.source.path.name} and its mask differ in size ({shape[1]} x {shape[0]} and "
            f"{truth.shape[1]} x {truth.shape[0]} pixels); export it again."
        )
