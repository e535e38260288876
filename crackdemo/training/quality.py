"""What weights are worth on one surface: figures that a sentence can tell, without a label."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask, RgbImage
from crackdemo.detection.calibrate import LABEL_MARGIN_PX
from crackdemo.detection.detector import Detection, Detector
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.grow import dilate
from crackdemo.masks.params import MaskParams
from crackdemo.runs.quality import Quality
from crackdemo.synthesis.cracks import CrackConfig, paint_cracks


def measure_quality(
    weights: str,
    detector: Detector,
    mask: MaskParams,
    cracks: CrackConfig,
    tiles: Sequence[NDArray[np.uint8]],
    seed: int,
) -> Quality:
    """On crack-free gray tiles (H, W), at least one, at the weights' own settings.

    weights: what a person calls them. The same tiles and seed give the same cracks, whatever the
    weights. Pixels count as crack that were painted, and those beside them, as people label.
    """
    rng = np.random.default_rng([seed, 3])
    truth, hits, cuts, marked = 0, 0, 0, []
    called = 0
    for tile in tiles:
        detection = detector.detect(_photo(tile), heal=False)
        marked.append(float(_cut(detection, mask).mean()))
        called += detector.calibration.is_cracked(detection.score)
        painted = paint_cracks(tile.astype(np.float32) / np.float32(255), cracks, rng)
        wanted = dilate(painted.mask, LABEL_MARGIN_PX)
        image = np.round(255 * np.clip(painted.image, 0, 1)).astype(np.uint8)
        found = _cut(detector.detect(_photo(image), heal=False), mask)
        truth += int(wanted.sum())
        hits += int((found & wanted).sum())
        cuts += int(found.sum())
    return Quality(
        weights,
        found=hits / max(1, truth),
        f1=2 * hits / max(1, cuts + truth),
        marked=float(np.mean(marked)),
        called=called,
        tiles=len(tiles),
    )


def _photo(gray: NDArray[np.uint8]) -> RgbImage:
    photo: RgbImage = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)
    return photo


def _cut(detection: Detection, mask: MaskParams) -> CrackMask:
    return cut_mask(detection.heatmap, mask)
