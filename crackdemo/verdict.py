"""Detection and settings to what is said of a photo: mask, measures, score, crack or not."""

from dataclasses import dataclass

from crackdemo.arrays import CrackMask
from crackdemo.checkpoints import Calibration
from crackdemo.detector import Detection
from crackdemo.heatmaps import photo_score
from crackdemo.masks import cut_mask, region_mask
from crackdemo.measure import CrackReport, measure
from crackdemo.presets import Preset


@dataclass(frozen=True)
class Verdict:
    """What a person is told of a photo."""

    mask: CrackMask
    """(H, W), nothing outside the region of interest."""
    report: CrackReport
    """The mask's measures."""
    score: float
    """Of the region of interest, 0..1, higher = more crack; the mask settings do not change it."""
    crack: bool
    """Whether the score reaches the checkpoint's threshold; mask and verdict may disagree."""


def judge(detection: Detection, calibration: Calibration, preset: Preset) -> Verdict:
    """Cheap: runs no network."""
    heatmap = detection.heatmap
    region = region_mask(preset.region, *heatmap.shape) if preset.region else None
    mask = cut_mask(heatmap, preset.mask, region)
    score = detection.score
    if region is not None:
        score = photo_score(heatmap[region], calibration.score_top_share)
    return Verdict(
        mask=mask,
        report=measure(mask, region, preset.mm_per_px),
        score=score,
        crack=score >= calibration.score_threshold,
    )
