"""A fitted classifier's fixed scale and threshold, from its validation photos."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crackdemo.data.crack_labels import CrackLabel
from crackdemo.detection.calibrate import CLEAN_SHARES
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.detection.saliency import SaliencyConfig, likeliest, look, score_of, spoken_for
from crackdemo.errors import PhotoError
from crackdemo.models.family import Network
from crackdemo.photos.images import read_photo

_MOST_OF_A_KIND = 300
"""More photos than this move scale and threshold by less than another fit would."""
_LEAST_SALIENCY = 1e-9


def calibrate(
    network: Network,
    labels: Sequence[CrackLabel],
    flatten: FlattenConfig | None,
    config: SaliencyConfig,
    clean_share: float,
    seed: int,
    progress: Callable[[float], None] = lambda share: None,
) -> Calibration:
    """From readable validation photos of both kinds.

    Of the crack-free ones' pixels `clean_share` stay below what becomes 0.5 in the heatmap, before
    it fades where the network sees no crack; the score's threshold is where both kinds are told
    apart best. progress: is told what share is done.
    """
    chosen = _some(labels, seed)
    clean: list[NDArray[np.float32]] = []
    probabilities: list[NDArray[np.float32]] = []
    scores = []
    for done, label in enumerate(chosen):
        seen = look(network, read_photo(label.path), flatten, config)
        scores.append(score_of(seen.parts))
        if not label.cracked:
            step = max(1, seen.saliency.size // 50_000)
            clean.append(seen.saliency.ravel()[::step])
            probabilities.append(likeliest(seen.parts, *seen.saliency.shape).ravel()[::step])
        progress((done + 1) / len(chosen))
    pixels = np.concatenate(clean)
    r0 = max(float(np.quantile(pixels, clean_share)), _LEAST_SALIENCY)
    cracked = np.array([label.cracked for label in chosen])
    threshold = best_threshold(np.array(scores), cracked)
    levels = np.quantile(spoken_for(pixels, np.concatenate(probabilities), threshold), CLEAN_SHARES)
    return Calibration(
        r0=r0,
        score_threshold=threshold,
        score_top_share=None,
        clean_quantiles={
            str(share): round(float(level / (level + r0)), 6)
            for share, level in zip(CLEAN_SHARES, levels, strict=True)
        },
    )


def test_figures(
    network: Network,
    labels: Sequence[CrackLabel],
    flatten: FlattenConfig | None,
    config: SaliencyConfig,
    threshold: float,
    seed: int,
) -> dict[str, float]:
    """Accuracy, precision and recall, each 0..1, on photos that were kept aside, at most 300 of a
    kind; empty without both kinds."""
    quick = replace(config, method="gradcam")  # the scores are the same by any method
    found: list[tuple[bool, bool]] = []
    for label in _some(labels, seed):
        with suppress(PhotoError):
            parts = look(network, read_photo(label.path), flatten, quick).parts
            found.append((label.cracked, score_of(parts) >= threshold))
    truth, called = np.array(found, np.bool_).reshape(-1, 2).T
    if not truth.any() or truth.all():
        return {}
    right = called == truth
    return {
        "test photos": len(found),
        "test image_accuracy": round(float(right.mean()), 4),
        "test image_precision": round(float(truth[called].mean()) if called.any() else 0.0, 4),
        "test image_recall": round(float(called[truth].mean()), 4),
    }


def best_threshold(scores: NDArray[np.float64], cracked: NDArray[np.bool_]) -> float:
    """Of scores (N,) in 0..1 the threshold at which the mean of both kinds' share of right calls is
    highest, in the middle of the gap that it lies in, by odds."""
    order = np.argsort(scores, kind="stable")
    values, truth = scores[order], cracked[order]
    # called cracked from the i-th on
    missed = np.concatenate([[0], np.cumsum(truth)]) / max(1, int(truth.sum()))
    alarms = np.concatenate([np.cumsum(~truth[::-1])[::-1], [0]]) / max(1, int((~truth).sum()))
    wrong = missed + alarms
    wrong[1:-1][values[1:] == values[:-1]] = np.inf  # equal scores are called alike
    at = int(wrong.argmin())
    odds = np.log(np.clip(values, 1e-9, 1 - 1e-7) / (1 - np.clip(values, 1e-9, 1 - 1e-7)))
    below = odds[at - 1] if at else odds[0] - 2
    above = odds[at] if at < len(odds) else odds[-1] + 2
    return float(1 / (1 + np.exp(-(below + above) / 2)))


def _some(labels: Sequence[CrackLabel], seed: int) -> list[CrackLabel]:
    """As many of either kind, where there are so many."""
    rng = np.random.default_rng([seed, 9])
    chosen: list[CrackLabel] = []
    for cracked in (False, True):
        own = [label for label in labels if label.cracked == cracked]
        chosen += [own[i] for i in rng.permutation(len(own))[:_MOST_OF_A_KIND]]
    return chosen
