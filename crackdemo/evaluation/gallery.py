"""The photos on which weights do worst and best, as pictures; no more than these are kept."""

from bisect import insort
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from crackdemo.arrays import CrackMask, RgbImage
from crackdemo.inspection.predict import Inspected
from crackdemo.photos.images import write_jpeg
from crackdemo.photos.overlays import (
    captioned,
    contact_sheet,
    heat_rgb,
    mask_overlay,
    preview,
    truth_overlay,
)

MOST = 8
"""Photos in a gallery."""
_SIDE = 360
"""Longest side of a picture in px."""


@dataclass(order=True)
class _Entry:
    """A photo in a gallery."""

    figure: float
    number: int
    pictures: list[RgbImage] = field(compare=False)


class Gallery:
    """Takes in photos one at a time and keeps the few that stand out."""

    def __init__(self) -> None:
        self._worst: list[_Entry] = []
        self._best: list[_Entry] = []
        self._number = 0
        self._has_masks = False

    def add(
        self, figure: float, caption: str, inspected: Inspected, gt_mask: CrackMask | None
    ) -> None:
        """figure: higher is better. Without a true mask the marked pixels are shown."""
        self._number += 1
        is_worst = len(self._worst) < MOST or figure < self._worst[-1].figure
        is_best = len(self._best) < MOST or figure > self._best[0].figure
        if not (is_worst or is_best):
            return
        self._has_masks |= gt_mask is not None
        entry = _Entry(figure, self._number, _pictures(caption, inspected, gt_mask))
        if is_worst:
            insort(self._worst, entry)
            del self._worst[MOST:]
        if is_best:
            insort(self._best, entry)
            del self._best[: max(0, len(self._best) - MOST)]

    def write(self, folder: Path, name: str) -> None:
        """NAME-worst.jpg and NAME-best.jpg; nothing without photos."""
        marked = "blue right, red wrong, yellow missed" if self._has_masks else "marked"
        columns = ("photo", "heatmap", marked)
        for kind, entries in (("worst", self._worst), ("best", self._best[::-1])):
            if entries:
                sheet = contact_sheet([entry.pictures for entry in entries], columns)
                write_jpeg(folder / f"{name}-{kind}.jpg", sheet)


def _pictures(caption: str, inspected: Inspected, gt_mask: CrackMask | None) -> list[RgbImage]:
    photo, mask = inspected.photo, inspected.verdict.mask
    marked = mask_overlay(photo, mask)
    if gt_mask is not None:
        marked = truth_overlay(photo, mask, gt_mask)
    pictures = (photo, heat_rgb(inspected.detection.heatmap), marked)
    small = [_at_least(preview(picture, _SIDE)) for picture in pictures]
    captions = (caption, "", "")
    return [captioned(picture, text) for picture, text in zip(small, captions, strict=True)]


def _at_least(picture: RgbImage) -> RgbImage:
    """Enlarged where a caption would not fit."""
    scale = -(-_SIDE // max(picture.shape[:2]))
    if scale == 1:
        return picture
    enlarged: RgbImage = cv2.resize(
        picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST
    )
    return enlarged
