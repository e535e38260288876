"""Detection and settings to what is said of a photo: mask, measures, score, crack or not."""

from dataclasses import dataclass

import numpy as np

from crackdemo.arrays import CrackMask, Heatmap, RegionMask
from crackdemo.checkpoints.checkpoint import Calibration
from crackdemo.detection.detector import Detection
from crackdemo.detection.heatmaps import photo_score
from crackdemo.masks.cut import cut_mask, drop_components, region_mask
from crackdemo.masks.measure import CrackReport, measure
from crackdemo.masks.presets import Preset


@dataclass(frozen=True)
class Verdict:
    """What a person is told of a photo."""

    mask: CrackMask
    """(H, W), nothing outside the region of interest, without what a person dropped."""
    dropped_percent: float
    """Crack that the settings mark and a person dropped, in % of the region of interest."""
    report: CrackReport
    """The mask's measures."""
    score: float
    """Of the region of interest, 0..1, higher = more crack; the mask settings do not change it."""
    crack: bool
    """Whether the score reaches the checkpoint's threshold; mask and verdict may disagree."""


def cut(
    heatmap: Heatmap, preset: Preset, file_name: str = ""
) -> tuple[RegionMask | None, CrackMask, CrackMask]:
    """Region of interest, what the settings mark, and what is left of it after false alarms."""
    region = region_mask(preset.region, *heatmap.shape) if preset.region else None
    marked = cut_mask(heatmap, preset.mask, region)
    return region, marked, drop_components(marked, preset.dropped.get(file_name, ()))


def judge(
    detection: Detection, calibration: Calibration, preset: Preset, file_name: str = ""
) -> Verdict:
    """Cheap: runs no network. file_name: of the photo, for what was dropped by hand on it."""
    heatmap = detection.heatmap
    region, marked, mask = cut(heatmap, preset, file_name)
    area = heatmap.size if region is None else int(np.count_nonzero(region))
    score = detection.score
    if region is not None:
        score = photo_score(heatmap[region], calibration.score_top_share)
    return Verdict(
        mask=mask,
        dropped_percent=100 * float(np.count_nonzero(marked & ~mask)) / area,
        report=measure(mask, region, preset.mm_per_px),
        score=score,
        crack=score >= calibration.score_threshold,
    )
