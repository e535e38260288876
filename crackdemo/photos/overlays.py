"""Heatmaps and masks as pictures for people."""

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import ClassMask, CrackMask, Heatmap, RgbImage

CRACK_COLOUR = (255, 0, 110)
"""A hue that neither pavement nor road paint has."""
CLASS_COLOURS = (
    *(CRACK_COLOUR, (0, 158, 115), (230, 159, 0), (0, 114, 178), (240, 228, 66)),
    *((204, 121, 167), (86, 180, 233), (160, 82, 45)),
)
"""Of classes in their order, again from the first where there are more: the cracks' own first, then
those of Okabe and Ito (2008) but one."""
RIGHT_COLOUR, WRONG_COLOUR, MISSED_COLOUR = (86, 180, 233), (213, 94, 0), (240, 228, 66)
"""Sky blue, vermilion and yellow (Okabe and Ito 2008): distinct to colour-blind eyes."""

_LABEL_HEIGHT = 28
_GAP = 4

_Value = TypeVar("_Value", bound=np.generic)


def heat_rgb(heatmap: Heatmap) -> RgbImage:
    """Inferno colours, distinct to colour-blind eyes, on the fixed scale 0..65535: (H, W, 3).

    Nothing is stretched to the image, so that a clean photo stays dark.
    """
    bgr = cv2.applyColorMap((heatmap >> 8).astype(np.uint8), cv2.COLORMAP_INFERNO)
    rgb: RgbImage = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return rgb


def class_colour(number: int) -> tuple[int, int, int]:
    """Of a class by its number, from 1."""
    return CLASS_COLOURS[(number - 1) % len(CLASS_COLOURS)]


def classes_overlay(photo: RgbImage, labels: ClassMask, opacity: float = 0.5) -> RgbImage:
    """As `mask_overlay`, each class (H, W, from 1; 0 is none) in its colour."""
    for number in np.unique(labels[labels > 0]):
        colour = class_colour(int(number))
        photo = mask_overlay(photo, labels == number, opacity, colour)
    return photo


def classes_image(labels: ClassMask) -> RgbImage:
    """Each class in its colour on black, (H, W, 3)."""
    highest = int(labels.max())
    colours = [(0, 0, 0), *(class_colour(number) for number in range(1, highest + 1))]
    image: RgbImage = np.array(colours, np.uint8)[labels]
    return image


def mask_overlay(
    photo: RgbImage,
    mask: CrackMask,
    opacity: float = 0.5,
    colour: tuple[int, int, int] = CRACK_COLOUR,
) -> RgbImage:
    """Crack pixels tinted, their outermost pixels twice as strongly, nothing else touched.

    opacity: 0 (the plain photo) to 1 (solid colour). ValueError if it lies outside or the sizes
    differ.
    """
    if photo.shape[:2] != mask.shape:
        raise ValueError(f"The mask is {mask.shape}, but the photo is {photo.shape[:2]}.")
    if not 0 <= opacity <= 1:
        raise ValueError(f"The opacity must lie between 0 and 1, but is {opacity}.")
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.bool_)
    overlay = photo.copy()
    for where, strength in ((inner, opacity), (mask & ~inner, min(1.0, 2 * opacity))):
        tinted = (1 - strength) * photo[where] + strength * np.array(colour)
        overlay[where] = np.rint(tinted)
    return overlay


def truth_overlay(photo: RgbImage, mask: CrackMask, gt_mask: CrackMask) -> RgbImage:
    """Pixels marked rightly, marked wrongly and missed, each in its solid colour on the photo
    (H, W, 3). ValueError if the sizes differ."""
    if not photo.shape[:2] == mask.shape == gt_mask.shape:
        raise ValueError(f"Photo, mask and truth are {photo.shape}, {mask.shape}, {gt_mask.shape}.")
    overlay = photo.copy()
    overlay[mask & gt_mask] = RIGHT_COLOUR
    overlay[mask & ~gt_mask] = WRONG_COLOUR
    overlay[gt_mask & ~mask] = MISSED_COLOUR
    return overlay


def captioned(image: RgbImage, caption: str) -> RgbImage:
    """With a line of text (plain ASCII; what else it holds becomes a question mark) above it."""
    bar = np.full((_LABEL_HEIGHT, image.shape[1], 3), 255, np.uint8)
    text = caption.encode("ascii", "replace").decode()
    origin = (2, _LABEL_HEIGHT - 9)
    cv2.putText(bar, text, origin, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([bar, image])


def mask_image(mask: CrackMask) -> NDArray[np.uint8]:
    """A mask as the pixels of an 8-bit image file: 255 where there is crack, else 0."""
    return mask.astype(np.uint8) * np.uint8(255)


def preview(image: NDArray[_Value], max_side: int) -> NDArray[_Value]:
    """Shrink an image, heatmap or mask until no side is longer than `max_side`; never enlarge.

    Pixels are averaged; a mask keeps every crack: True where any pixel of the area was.
    """
    height, width = image.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if image.dtype == np.bool_:
        share: NDArray[np.float32]
        share = cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        return (share > 0).astype(image.dtype)
    smaller: NDArray[_Value] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return smaller


def contact_sheet(rows: Sequence[Sequence[RgbImage]], labels: Sequence[str]) -> RgbImage:
    """Images in a grid on white, one label (plain ASCII) above each column.

    Every cell is as large as the largest image, and smaller ones sit at its upper left. ValueError
    unless each row has one image per label.
    """
    if any(len(row) != len(labels) for row in rows):
        raise ValueError(f"Every row of the sheet needs {len(labels)} images, one per label.")
    images = [image for row in rows for image in row]
    height = _GAP + max(image.shape[0] for image in images)
    width = _GAP + max(image.shape[1] for image in images)
    sheet = np.full((_LABEL_HEIGHT + len(rows) * height, len(labels) * width, 3), 255, np.uint8)
    for column, label in enumerate(labels):
        origin = (column * width, _LABEL_HEIGHT - 9)
        cv2.putText(sheet, label, origin, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
        for index, row in enumerate(rows):
            top, left = _LABEL_HEIGHT + index * height, column * width
            cell = row[column]
            sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return sheet
