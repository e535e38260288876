import numpy as np
import pytest

from crackdemo.training.segmentation.data import Pair
from crackdemo.training.segmentation.weights import class_weights


def pair(labels: list[list[int]]) -> Pair:
    classes = np.array(labels, np.uint8)
    return Pair("", np.zeros((*classes.shape, 3), np.uint8), classes > 0, classes=classes)


PAIRS = [pair([[0, 0, 0, 1]]), pair([[0, 0, 2, 2]])]
"""Of 8 pixels 5 are background; the classes have 1/4 and 1/2 of the photo that shows them."""


def test_all_count_alike() -> None:
    assert class_weights("none", PAIRS, 2) == [1, 1, 1]


def test_by_the_median_frequency() -> None:
    assert class_weights("median frequency", PAIRS, 2) == pytest.approx([0.5 / (5 / 8), 2, 1])


def test_by_the_logarithm() -> None:
    shares = np.array([5, 1, 2]) / 8
    found = class_weights("inverse log", PAIRS, 2)
    assert found == pytest.approx(list(1 / np.log(1.02 + shares)))
