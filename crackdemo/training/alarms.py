"""What weights still take for cracks in photos whose masks say that there are none."""

from collections.abc import Container, Sequence
from pathlib import Path

import cv2
import numpy as np

from crackdemo.checkpoints.checkpoint import Checkpoint
from crackdemo.data.classes import read_cracks
from crackdemo.data.folders import find_samples
from crackdemo.detection.calibrate import LABEL_MARGIN_PX
from crackdemo.errors import CrackdemoError
from crackdemo.inspection.corrections import is_corrected
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.grow import dilate
from crackdemo.photos.images import read_photo
from crackdemo.runs.quality import Alarms

MOST = 40
"""Photos: so many a person corrects by hand; of more, `evaluate` says it."""


def false_alarms(checkpoint: Checkpoint, photos: Sequence[tuple[Path, Path]]) -> int:
    """Pixels of marked regions, at the weights' own settings, that touch no crack of the mask: of
    these and not of regions, for a long one that is half unlearnt falls to pieces.

    photos: each with its mask; a pair that cannot be read, or is of two sizes, counts as none.
    """
    detector, count = checkpoint.detector(), 0
    for path, mask_path in photos:
        try:
            photo, truth = read_photo(path), read_cracks(mask_path, None)
        except CrackdemoError:
            continue
        if truth.shape != photo.shape[:2]:
            continue
        marked = cut_mask(detector.detect(photo, heal=False).heatmap, checkpoint.config.mask)
        _, labels = cv2.connectedComponents(marked.astype(np.uint8), connectivity=8)
        touched = np.unique(labels[dilate(truth, LABEL_MARGIN_PX)])
        count += int(np.count_nonzero(marked & ~np.isin(labels, touched[touched > 0])))
    return count


def corrected_photos(folders: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Photos with their masks in which a person dropped false alarms, by their names; empty where
    there are none, or many."""
    samples = [sample for folder in folders for sample in find_samples(folder)]
    pairs = [
        (s.path, s.mask_path)
        for s in samples
        if s.mask_path and s.classes_path is None and is_corrected(s.path.stem)
    ]
    return pairs if len(pairs) <= MOST else []


def alarms_of(
    compared: Sequence[tuple[str, Checkpoint]], folders: Sequence[Path], learnt: Container[Path]
) -> list[Alarms]:
    """Of weights by their names, in the corrections that a fit was given; empty without any.

    learnt: photos that the fit learnt from; the others chose its epoch and its threshold, or were
    kept aside.
    """
    pairs = corrected_photos(folders)
    known = [pair for pair in pairs if pair[0] in learnt]
    new = [pair for pair in pairs if pair[0] not in learnt]
    return [
        Alarms(name, false_alarms(each, known), len(known), false_alarms(each, new), len(new))
        for name, each in compared
        if pairs
    ]
