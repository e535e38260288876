import numpy as np
import pytest

from crackdemo.training.segmentation.data import Pair
from crackdemo.training.segmentation.judging import Judged, best_f1, calibration_of


def truth() -> np.ndarray:
    mask = np.zeros((20, 400), np.bool_)
    mask[9:12] = True
    mask[:, 100:] = False
    return mask


def test_of_thresholds_that_are_as_good_the_middle_one_is_taken() -> None:
    mask = truth()
    ods, threshold = best_f1([np.where(mask, 0.8, 0.2).astype(np.float32)], [mask])
    assert ods == 1
    assert threshold == pytest.approx(0.5, abs=2e-3)


def test_pixels_are_pooled_over_the_photos() -> None:
    mask = truth()
    right, blind = np.where(mask, 0.8, 0.2), np.full(mask.shape, 0.1)
    ods, _ = best_f1([right.astype(np.float32), blind.astype(np.float32)], [mask, mask])
    assert ods == pytest.approx(2 / 3)  # half is found, nothing else is marked


def test_the_calibration_comes_from_cracks_and_from_what_lies_apart() -> None:
    mask = truth()
    probability = np.where(mask, 0.8, 0.2).astype(np.float32)
    pair = Pair("road/1", np.zeros((*mask.shape, 3), np.uint8), mask)
    found = calibration_of(Judged(0.1, 1.0, 0.5, [probability]), [pair], 0.98)
    assert found.r0 == pytest.approx(1)
    assert found.clean_quantiles["0.5"] == pytest.approx(0.2, abs=1e-5)
    assert 0 < found.score_threshold < 0.5  # sound pieces are cool


def test_without_a_sound_piece_a_score_of_a_half_is_cracked() -> None:
    mask = np.ones((20, 30), np.bool_)
    pair = Pair("road/1", np.zeros((20, 30, 3), np.uint8), mask)
    judged = Judged(0.1, 1.0, 0.5, [np.full(mask.shape, 0.9, np.float32)])
    assert calibration_of(judged, [pair], 0.98).score_threshold == 0.5
