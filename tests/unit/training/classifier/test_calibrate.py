import numpy as np
import pytest

from crackdemo.training.classifier.calibrate import best_threshold


def test_kinds_that_lie_apart_are_told_apart_in_the_middle() -> None:
    scores = np.array([0.01, 0.2, 0.1, 0.8, 0.9, 0.99])
    threshold = best_threshold(scores, scores > 0.5)
    assert threshold == pytest.approx(0.5)
    assert best_threshold(scores[::-1], scores[::-1] > 0.5) == threshold


def test_each_kind_counts_alike_however_many_there_are() -> None:
    clean = np.r_[np.full(990, 0.1), np.full(10, 0.7)]
    cracked = np.r_[np.full(5, 0.5), np.full(5, 0.9)]
    labels = np.r_[np.zeros(1000, bool), np.ones(10, bool)]
    assert 0.1 < best_threshold(np.r_[clean, cracked], labels) <= 0.5


def test_certain_scores_leave_a_threshold_between_them() -> None:
    assert 0 < best_threshold(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 1], bool)) < 1


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_scores_that_tell_nothing_apart_still_give_one(value: float) -> None:
    assert 0 < best_threshold(np.full(4, value), np.array([0, 1, 0, 1], bool)) < 1
