"""How a segmenter comes along, to look at: the same photos after every epoch, and their truth."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from crackdemo.arrays import RgbImage
from crackdemo.detection.heatmaps import to_heatmap
from crackdemo.detection.probability import odds_of
from crackdemo.masks.classes import Confusion
from crackdemo.photos.images import write_jpeg
from crackdemo.photos.overlays import classes_image, contact_sheet, heat_rgb, mask_image, preview
from crackdemo.training.segmentation.data import Pair
from crackdemo.training.segmentation.judging import Judged

PHOTOS = 3
_LABELS = ("photo", "heatmap", "mask", "truth")
_SIDE = 256
"""At which photos are shown, in pixels."""
_ROW, _COLUMN, _FIRST = 26, 110, 120
"""Height and widths of the table's cells, in pixels."""
_BLUE = (86, 180, 233)


def write_sheet(file: Path, pairs: Sequence[Pair], judged: Judged) -> None:
    """A few validation photos as JPEG, a row each; the mask is cut at the epoch's own threshold."""
    file.parent.mkdir(exist_ok=True)
    write_jpeg(file, sheet(pairs, judged), quality=85)


def sheet(pairs: Sequence[Pair], judged: Judged) -> RgbImage:
    """Photo, heatmap, mask and truth of those with much crack, some, and the least."""
    r0 = float(odds_of(np.array([judged.threshold], np.float32))[0])
    rows = []
    for number in telling(pairs):
        pair, probability = pairs[number], judged.probabilities[number]
        views = [pair.photo, heat_rgb(to_heatmap(odds_of(probability), r0))]
        if judged.confusion is None:
            mask = probability >= judged.threshold
            views += [cv2.merge([mask_image(each)] * 3) for each in (mask, pair.mask)]
        else:
            views += [classes_image(each) for each in (judged.labels[number], pair.labels)]
        rows.append([preview(view, _SIDE) for view in views])
    photos = contact_sheet(rows, _LABELS)
    return (
        photos if judged.confusion is None else _stacked(photos, confusion_table(judged.confusion))
    )


def confusion_table(confusion: Confusion) -> RgbImage:
    """Of the pixels of each class (row) how many percent were taken for which (column), a dash
    where the class does not occur; a cell is the bluer, the more."""
    shares = confusion.shares
    table = np.full((_ROW * (len(shares) + 1), _FIRST + _COLUMN * len(shares), 3), 255, np.uint8)
    _write(table, "truth \\ found", 0, 2)
    for place, (name, row) in enumerate(shares.items(), 1):
        left, top = _FIRST + _COLUMN * (place - 1), _ROW * place
        _write(table, name, 0, left + 2)
        _write(table, name, top, 2)
        for column, share in enumerate(row.values()):
            left = _FIRST + _COLUMN * column
            colour = np.round(255 - (share or 0) * (255 - np.array(_BLUE)))
            table[top : top + _ROW, left : left + _COLUMN] = colour
            _write(table, "-" if share is None else f"{100 * share:.1f} %", top, left + 2)
    return table


def _write(table: RgbImage, text: str, top: int, left: int) -> None:
    plain = text[:14].encode("ascii", "replace").decode()
    place = (left, top + _ROW - 8)
    cv2.putText(table, plain, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)


def _stacked(above: RgbImage, below: RgbImage) -> RgbImage:
    """One above the other, both from the left, on white."""
    width = max(above.shape[1], below.shape[1])
    wide = [
        np.pad(image, ((0, 0), (0, width - image.shape[1]), (0, 0)), constant_values=255)
        for image in (above, below)
    ]
    return np.vstack(wide)


def telling(pairs: Sequence[Pair]) -> list[int]:
    """Their numbers, most crack first."""
    most_first = sorted(range(len(pairs)), key=lambda i: -float(pairs[i].mask.mean()))
    places = {len(most_first) // 4, len(most_first) // 2, len(most_first) - 1}
    return [most_first[place] for place in sorted(places)]
