"""Detection and settings to what is said of a photo: mask, measures, score, crack or not."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from crackdemo.arrays import CrackMask, Heatmap, RegionMask
from crackdemo.detection.detector import Detection, Detector
from crackdemo.masks.cut import cut_mask, drop_components
from crackdemo.masks.measure import CrackReport, measure
from crackdemo.masks.presets import Points, Preset
from crackdemo.masks.region import region_mask

State: TypeAlias = Literal["crack", "check", "no_crack"]
"""crack: score and mask both say so; no_crack: neither does; check: they disagree."""


@dataclass(frozen=True)
class Verdict:
    """What a person is told of a photo."""

    mask: CrackMask
    """(H, W), nothing outside the region of interest, without what a person dropped."""
    area: int
    """Pixels of the region of interest."""
    dropped_percent: float
    """Crack that the settings mark and a person dropped, in % of the region of interest."""
    report: CrackReport
    """The mask's measures."""
    score: float
    """Of the region of interest, 0..1, higher = more crack; the mask settings do not change it."""
    crack: bool
    """Whether the score says so; mask and score may disagree."""
    classes: dict[str, CrackMask] = field(default_factory=dict)
    """Of a detection of several classes: the mask of each, as `mask` is of the strongest."""

    @property
    def state(self) -> State:
        """What score and mask say together."""
        return state_of(self.crack, bool(self.mask.any()), self.dropped_percent > 0)


def state_of(crack: bool, is_marked: bool, has_dropped: bool) -> State:
    """A person who dropped all that was marked has the last word. The page has the same rule.

    crack: what the score says. is_marked: whether the mask holds anything. has_dropped: whether a
    person took any of it out.
    """
    if has_dropped and not is_marked:
        return "no_crack"
    if crack != is_marked:
        return "check"
    return "crack" if crack else "no_crack"


def cut(
    heatmap: Heatmap, preset: Preset, dropped: Points = ()
) -> tuple[RegionMask | None, CrackMask, CrackMask]:
    """Region of interest, what the settings mark, and what is left of it after false alarms."""
    region = region_mask(preset.region, *heatmap.shape) if preset.region else None
    marked = cut_mask(heatmap, preset.mask, region)
    return region, marked, drop_components(marked, dropped)


def judge(
    detection: Detection, detector: Detector, preset: Preset, dropped: Points = ()
) -> Verdict:
    """Cheap: runs no network. dropped: false alarms on this photo, see `Preset.dropped_on`."""
    heatmap = detection.heatmap
    region, marked, mask = cut(heatmap, preset, dropped)
    classes = {name: cut(heat, preset, dropped)[2] for name, heat in detection.classes.items()}
    area = heatmap.size if region is None else int(np.count_nonzero(region))
    score = detector.score(detection, region)
    return Verdict(
        mask=mask,
        area=area,
        dropped_percent=100 * float(np.count_nonzero(marked & ~mask)) / area,
        report=measure(mask, region, preset.mm_per_px),
        score=score,
        crack=detector.calibration.is_cracked(score),
        classes=classes,
    )
