"""How good a segmenter is on whole validation photos, and which threshold is right there."""

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d

from crackdemo.arrays import ClassMask, CrackMask, Heatmap
from crackdemo.detection.calibrate import CLEAN_SHARES
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.engine import Engine
from crackdemo.detection.heatmaps import to_heatmap
from crackdemo.detection.probability import as_evidence, odds_of
from crackdemo.detection.score import photo_score
from crackdemo.detection.sight import seen
from crackdemo.masks.classes import Confusion
from crackdemo.masks.grow import dilate
from crackdemo.models.family import Network
from crackdemo.training.segmentation.config import SegmentConfig
from crackdemo.training.segmentation.data import Pair

_ODS = "pixel_ods"
"""Pixel F1 at the best single threshold for all validation photos, exact to the pixel."""
_MEAN_IOU = "mean_iou"
"""Of several classes, each pixel taken for the likeliest one or the background."""
_STEPS = 1000
"""Thresholds of the probability that are tried."""
_SLACK = 5
"""Of these, by as many a threshold may be missed: two engines' probabilities differ by no more."""
_ALARM_COST = 0.1
"""Of F1 that all of the ground costs, marked wrongly: little beside what a class that is learnt
gains, and more than chance gives one that is not."""
_LEAST_SCORE = 0.1
"""Of a photo called cracked: what is lower has nothing marked, or 11 px of crack in a close-up."""
_MARGIN = 16
"""Pixels around a labelled crack that no sound piece may touch: labels are drawn too thin."""
_SOUND_SIDE = 192
"""Side, in pixels, of the sound pieces whose scores set the score's threshold."""


class Judged(NamedTuple):
    """What validation photos came to."""

    loss: float
    """As the fit has it, over all their pixels; lower is better."""
    value: float
    """Of the `metric`; higher is better."""
    threshold: float
    """The probability at which masks are best: by F1, of several classes its mean."""
    probabilities: list[NDArray[np.float32]]
    """How likely each pixel is crack, or the likeliest of the classes, (H, W) of each photo."""
    confusion: Confusion | None = None
    """Which class their pixels were taken for; None where there is but one."""
    labels: Sequence[ClassMask] = ()
    """Of several classes: what was found, (H, W) of each photo."""

    @property
    def metric(self) -> str:
        """What chooses epoch and threshold."""
        return _ODS if self.confusion is None else _MEAN_IOU


@dataclass(frozen=True)
class Judge:
    """Whole validation photos, as the network sees them."""

    pairs: Sequence[Pair]
    """The photos."""
    config: SegmentConfig
    """The fit's settings."""
    colours: int
    """Channels of a photo that the network sees."""
    weights: Sequence[float] = (1.0, 1.0)
    """How much a pixel of the background, and of each class, counts in the loss."""

    def __call__(self, network: Network, device: torch.device) -> Judged:
        """Of a network as it is."""
        engine = Engine(network, device)
        found: list[NDArray[np.float32]] = []
        for pair in self.pairs:
            image = seen(pair.photo, self.config.flatten, self.colours)
            if pair.evidence is not None:
                image = np.concatenate([image, as_evidence(pair.evidence)[None]])
            found.append(engine.answers([image])[0])
        names = self.config.network.classes
        truth = [pair.labels for pair in self.pairs]
        best, threshold = best_mean_f1(found, truth)
        loss = self._loss(found, truth)
        highest = [chances.max(axis=0) for chances in found]
        if len(names) == 1:
            return Judged(loss, best, threshold, highest)
        labels = [likeliest(chances) for chances in found]
        confusion = functools.reduce(
            operator.add,
            (
                Confusion.of(true, seen_as, names)
                for true, seen_as in zip(truth, labels, strict=True)
            ),
        )
        return Judged(loss, confusion.mean_iou, threshold, highest, confusion, labels)

    def _loss(self, found: list[NDArray[np.float32]], truth: list[ClassMask]) -> float:
        """As `class_loss`, photo by photo."""
        weights = np.array(self.weights)
        weighed = entropy = focal = 0.0
        overlaps = areas = np.zeros(len(weights) - 1)
        for chances, labels in zip(found, truth, strict=True):
            sure = chances.reshape(len(chances), -1).astype(np.float64)
            flat = labels.ravel()
            every = np.vstack([1 - sure.sum(axis=0), sure])
            right = np.clip(np.take_along_axis(every, flat[None].astype(np.intp), 0)[0], 1e-7, 1)
            weight = weights[flat]
            weighed += float(weight.sum())
            entropy -= float((weight * np.log(right)).sum())
            focal -= float((weight * (1 - right) ** 2 * np.log(right)).sum())
            true = [flat == number for number in range(1, len(weights))]
            overlaps = overlaps + [p[t].sum() for p, t in zip(sure, true, strict=True)]
            areas = areas + [p.sum() + t.sum() for p, t in zip(sure, true, strict=True)]
        dice = float(np.mean((2 * overlaps + 1) / (areas + 1)))
        config = self.config
        pixelwise = config.entropy_weight * entropy + config.focal_weight * focal
        return pixelwise / weighed + config.dice_weight * (1 - dice)


def likeliest(chances: NDArray[np.float32]) -> ClassMask:
    """Labels (H, W) of how likely each class is (classes, H, W): 0 where the background is
    likelier."""
    whole = np.concatenate([1 - chances.sum(axis=0, keepdims=True), chances])
    labels: ClassMask = whole.argmax(axis=0).astype(np.uint8)
    return labels


def best_mean_f1(
    found: Sequence[NDArray[np.float32]], labels: Sequence[ClassMask]
) -> tuple[float, float]:
    """The best pooled pixel F1 of probabilities (classes, H, W), its mean over the classes, and the
    one probability at which each is cut for it: the middle one of several.

    Of several classes best is what gains most over marking everything, and marks little ground
    wrongly: of a class that is not learnt marking everything has the best F1, above 0.
    """
    cuts = [
        _cuts([chances[i] for chances in found], [each == i + 1 for each in labels])
        for i in range(len(found[0]))
    ]
    f1 = np.mean([cut.f1 for cut in cuts], axis=0)
    worth = f1 if len(cuts) == 1 else np.mean([cut.worth for cut in cuts], axis=0)
    # certainty of either kind is no threshold: its odds would be 0 or without end
    # and thresholds beside it must do nearly as well: where a class is hardly learnt much of a
    # photo has one probability, and another engine's last digit would mark all of it
    inner = minimum_filter1d(worth[1:-1], 2 * _SLACK + 1, mode="nearest")
    best = 1 + int(np.median(np.flatnonzero(inner == inner.max())))
    return float(f1[best]), best / _STEPS


class _Cuts(NamedTuple):
    """What cutting one class at each of the thresholds comes to."""

    f1: NDArray[np.float64]
    """Pooled over the pixels of all photos."""
    alarms: NDArray[np.float64]
    """Share of the ground, 0..1, that is marked wrongly."""

    @property
    def worth(self) -> NDArray[np.float64]:
        gain: NDArray[np.float64] = np.maximum(self.f1 - self.f1[0], 0)
        return gain - _ALARM_COST * self.alarms


def _cuts(found: Sequence[NDArray[np.float32]], masks: Sequence[CrackMask]) -> _Cuts:
    on, off = np.zeros(_STEPS + 1), np.zeros(_STEPS + 1)
    for probability, mask in zip(found, masks, strict=True):
        step = np.minimum((probability * _STEPS).astype(np.int64), _STEPS)
        on += np.bincount(step[mask], minlength=_STEPS + 1)
        off += np.bincount(step[~mask], minlength=_STEPS + 1)
    hits, alarms = on[::-1].cumsum()[::-1], off[::-1].cumsum()[::-1]
    f1 = 2 * hits / np.maximum(hits + alarms + on.sum(), 1)
    return _Cuts(f1, alarms / max(off.sum(), 1))


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
        score_threshold=max(float(np.quantile(scores, score_quantile)), _LEAST_SCORE)
        if scores
        else 0.5,
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
