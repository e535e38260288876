"""How good a segmenter is on whole validation photos, and which threshold is right there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask, Heatmap
from crackdemo.detection.calibrate import CLEAN_SHARES
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.engine import Engine
from crackdemo.detection.heatmaps import to_heatmap
from crackdemo.detection.probability import as_evidence, odds_of
from crackdemo.detection.score import photo_score
from crackdemo.detection.sight import seen
from crackdemo.masks.grow import dilate
from crackdemo.models.family import Network
from crackdemo.training.segmentation.config import SegmentConfig
from crackdemo.training.segmentation.data import Pair

METRIC = "pixel_ods"
"""Pixel F1 at the best single threshold for all validation photos, exact to the pixel."""
_STEPS = 1000
"""Thresholds of the probability that are tried."""
_MARGIN = 16
"""Pixels around a labelled crack that no sound piece may touch: labels are drawn too thin."""
_SOUND_SIDE = 192
"""Side, in pixels, of the sound pieces whose scores set the score's threshold."""


class Judged(NamedTuple):
    """What validation photos came to."""

    loss: float
    """As the fit has it, over all their pixels; lower is better."""
    ods: float
    """`METRIC`."""
    threshold: float
    """The probability at which that was reached."""
    probabilities: list[NDArray[np.float32]]
    """How likely each pixel is crack, (H, W) of each photo."""


@dataclass(frozen=True)
class Judge:
    """Whole validation photos, as the network sees them."""

    pairs: Sequence[Pair]
    """The photos."""
    config: SegmentConfig
    """The fit's settings."""
    colours: int
    """Channels of a photo that the network sees."""

    def __call__(self, network: Network, device: torch.device) -> Judged:
        """Of a network as it is."""
        engine = Engine(network, device)
        found: list[NDArray[np.float32]] = []
        for pair in self.pairs:
            image = seen(pair.photo, self.config.flatten, self.colours)
            if pair.evidence is not None:
                image = np.concatenate([image, as_evidence(pair.evidence)[None]])
            found.append(engine.answers([image])[0][0])
        masks = [pair.mask for pair in self.pairs]
        ods, threshold = best_f1(found, masks)
        return Judged(self._loss(found, masks), ods, threshold, found)

    def _loss(self, found: list[NDArray[np.float32]], masks: list[CrackMask]) -> float:
        sure = np.concatenate([p.ravel() for p in found]).astype(np.float64)
        truth = np.concatenate([mask.ravel() for mask in masks])
        right = np.clip(np.where(truth, sure, 1 - sure), 1e-7, 1)
        overlap = (2 * sure[truth].sum() + 1) / (sure.sum() + truth.sum() + 1)
        config = self.config
        entropy = -float(np.log(right).mean())
        return config.entropy_weight * entropy + config.dice_weight * float(1 - overlap)


def best_f1(
    found: Sequence[NDArray[np.float32]], masks: Sequence[CrackMask]
) -> tuple[float, float]:
    """The best pooled pixel F1 of probabilities (H, W), and the probability that gives it: the
    middle one of several."""
    on, off = np.zeros(_STEPS + 1), np.zeros(_STEPS + 1)
    for probability, mask in zip(found, masks, strict=True):
        step = np.minimum((probability * _STEPS).astype(np.int64), _STEPS)
        on += np.bincount(step[mask], minlength=_STEPS + 1)
        off += np.bincount(step[~mask], minlength=_STEPS + 1)
    hits, alarms = on[::-1].cumsum()[::-1], off[::-1].cumsum()[::-1]
    f1 = 2 * hits / np.maximum(hits + alarms + on.sum(), 1)
    # certainty of either kind is no threshold: its odds would be 0 or without end
    inner = f1[1:-1]
    best = 1 + int(np.median(np.flatnonzero(inner == inner.max())))
    return float(f1[best]), best / _STEPS


def calibration_of(judged: Judged, pairs: Sequence[Pair], score_quantile: float) -> Calibration:
    """From validation photos: the threshold that is best for their cracks, and how hot what lies
    apart from these is.

    Where no photo has a sound piece, a score of 0.5 counts as cracked.
    """
    r0 = float(odds_of(np.array([judged.threshold], np.float32))[0])
    sound, scores = [], []
    for probability, pair in zip(judged.probabilities, pairs, strict=True):
        odds = odds_of(probability)
        near = dilate(pair.mask, _MARGIN)
        sound.append(odds[~near])
        heatmap = to_heatmap(odds, r0)
        scores += [photo_score(piece) for piece in _sound_pieces(heatmap, near)]
    apart = np.concatenate(sound)
    levels = np.quantile(apart, CLEAN_SHARES) if apart.size else np.zeros(len(CLEAN_SHARES))
    return Calibration(
        r0=r0,
        # above 0, or photos without any crack at all would be called cracked
        score_threshold=max(float(np.quantile(scores, score_quantile)), 1e-6) if scores else 0.5,
        score_top_share=None,
        clean_quantiles={
            str(share): round(float(level / (level + r0)), 6)
            for share, level in zip(CLEAN_SHARES, levels, strict=True)
        },
    )


def _sound_pieces(heatmap: Heatmap, near: CrackMask) -> list[Heatmap]:
    """Squares that no crack lies in or near; of a smaller photo, all of it."""
    height, width = heatmap.shape
    side = _SOUND_SIDE
    return [
        heatmap[top : top + side, left : left + side]
        for top in range(0, max(height - side, 0) + 1, side // 2)
        for left in range(0, max(width - side, 0) + 1, side // 2)
        if not near[top : top + side, left : left + side].any()
    ]
