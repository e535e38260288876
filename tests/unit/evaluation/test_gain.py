from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import bootstrap
from sklearn.metrics import f1_score, jaccard_score

from crackdemo.evaluation.gain import PhotoCounts, compare, count, count_each, set_figures
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.metrics import Counts
from tests.plain import plain_mask
from tests.unit.evaluation.test_tune import PHOTOS


def photo(right: int, predicted: int, truth: int, called: bool = True) -> PhotoCounts:
    exact = Counts(right, predicted, right, truth)
    return PhotoCounts({0.0: exact, 2.0: exact, 5.0: exact}, called)


def test_a_sets_figures_are_those_of_scikit_learn() -> None:
    params = plain_mask(threshold=0.4, closing=3, min_area=5)
    counts = [each for [each] in count_each(PHOTOS, [params], lambda score: score >= 0.5)]
    figures = set_figures(counts)
    masks = np.concatenate([cut_mask(p.heatmap, params).ravel() for p in PHOTOS])
    truth = np.concatenate([p.gt_mask.ravel() for p in PHOTOS])
    assert figures["pixel_f1"] == pytest.approx(f1_score(truth, masks))
    assert figures["pixel_iou"] == pytest.approx(jaccard_score(truth, masks))
    dice = [
        f1_score(p.gt_mask.ravel(), cut_mask(p.heatmap, params).ravel(), zero_division=1)
        for p in PHOTOS
    ]
    assert figures["mean_image_dice"] == pytest.approx(np.mean(dice))
    assert figures["pixel_f1"] <= figures["pixel_f1_2px"] <= figures["pixel_f1_5px"]


def test_the_gate_empties_photos_that_are_not_called_cracked() -> None:
    counts = [photo(2, 4, 4), photo(0, 3, 0, called=False), photo(2, 4, 4, called=False)]
    figures = set_figures(counts)
    assert figures["mean_image_dice"] == pytest.approx((0.5 + 0 + 0.5) / 3)
    assert figures["mean_image_dice_gate"] == pytest.approx((0.5 + 1 + 0) / 3)


def test_the_same_settings_differ_by_nothing() -> None:
    counts = [photo(2, 4, 4), photo(1, 3, 5), photo(0, 0, 0), photo(3, 3, 3), photo(0, 1, 2)]
    gain = compare(counts, counts, "pixel_f1")
    assert (gain.gain, gain.low, gain.high, gain.finding) == (0, 0, 0, "within the noise")


@pytest.mark.parametrize("objective", ["pixel_f1", "pixel_iou", "mean_image_dice"])
def test_a_gain_on_every_photo_is_no_chance(objective) -> None:
    better = [photo(8 + n % 2, 10, 10) for n in range(20)]
    worse = [photo(4 + n % 3, 10, 10) for n in range(20)]
    gain = compare(better, worse, objective)
    assert gain.finding == "better"
    assert 0 < gain.low <= gain.gain <= gain.high
    assert compare(worse, better, objective).finding == "worse"


def test_a_gain_on_some_photos_that_others_lose_is_within_the_noise() -> None:
    ours = [photo(8 if n % 2 else 4, 10, 10) for n in range(20)]
    theirs = [photo(4 if n % 2 else 7, 10, 10) for n in range(20)]
    gain = compare(ours, theirs, "pixel_f1")
    assert gain.finding == "within the noise"
    assert gain.low < 0 < gain.high


def test_the_interval_is_that_of_scipy() -> None:
    rng = np.random.default_rng(5)
    ours = [photo(int(rng.integers(3, 9)), 10, 10) for _ in range(30)]
    theirs = [photo(int(rng.integers(2, 9)), 10, 10) for _ in range(30)]
    gain = compare(ours, theirs, "mean_image_dice")
    differences = [a.exact.dice - b.exact.dice for a, b in zip(ours, theirs, strict=True)]
    expected = bootstrap([differences], np.mean, method="percentile").confidence_interval
    assert gain.low == pytest.approx(expected.low, abs=0.02)
    assert gain.high == pytest.approx(expected.high, abs=0.02)


@pytest.mark.parametrize("number", [1, 4])
def test_a_few_photos_tell_nothing(number: int) -> None:
    ours, theirs = [photo(2, 4, 4)] * number, [photo(1, 4, 4)] * number
    assert compare(ours, theirs, "pixel_f1").finding == "too few photos"


def test_counts_are_those_of_the_cut_mask() -> None:
    params = plain_mask(threshold=0.4, grow=1)
    [[first, second], *_] = count_each(PHOTOS, [params, replace(params, grow=0)], lambda _: False)
    kept = PHOTOS[0]
    assert first == count(cut_mask(kept.heatmap, params), kept.gt_mask, called=False)
    assert first.exact.predicted > second.exact.predicted
