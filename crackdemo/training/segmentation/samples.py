"""How a segmenter comes along, to look at: the same photos after every epoch, and their truth."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from crackdemo.arrays import RgbImage
from crackdemo.detection.heatmaps import to_heatmap
from crackdemo.detection.probability import odds_of
from crackdemo.photos.images import write_jpeg
from crackdemo.photos.overlays import contact_sheet, heat_rgb, mask_image, preview
from crackdemo.training.segmentation.data import Pair
from crackdemo.training.segmentation.judging import Judged

PHOTOS = 3
_LABELS = ("photo", "heatmap", "mask", "truth")
_SIDE = 256
"""At which photos are shown, in pixels."""


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
        mask = probability >= judged.threshold
        views = [pair.photo, heat_rgb(to_heatmap(odds_of(probability), r0))]
        views += [cv2.merge([mask_image(each)] * 3) for each in (mask, pair.mask)]
        rows.append([preview(view, _SIDE) for view in views])
    return contact_sheet(rows, _LABELS)


def telling(pairs: Sequence[Pair]) -> list[int]:
    """Their numbers, most crack first."""
    most_first = sorted(range(len(pairs)), key=lambda i: -float(pairs[i].mask.mean()))
    places = {len(most_first) // 4, len(most_first) // 2, len(most_first) - 1}
    return [most_first[place] for place in sorted(places)]
