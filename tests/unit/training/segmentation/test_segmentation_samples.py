"""How a segmenter comes along, to look at."""

import numpy as np

from crackdemo.masks.classes import Confusion
from crackdemo.training.segmentation.samples import _COLUMN, _FIRST, _ROW, confusion_table

NAMES = ("crack", "joint")


def cells(table: np.ndarray, row: int) -> list[np.ndarray]:
    top = _ROW * (1 + row)
    return [
        table[top : top + _ROW, _FIRST + _COLUMN * column : _FIRST + _COLUMN * (column + 1)]
        for column in range(3)
    ]


def test_a_class_that_does_not_occur_has_dashes() -> None:
    truth = np.array([[0, 0, 1, 1]], np.uint8)
    table = confusion_table(Confusion.of(truth, np.array([[0, 0, 1, 0]], np.uint8), NAMES))
    crack, joint = cells(table, 1), cells(table, 2)
    assert all(np.array_equal(cell, joint[0]) for cell in joint)
    assert np.ptp(joint[0], axis=2).max() == 0  # none is blue
    ink = [(cell < 128).all(axis=2).sum() for cell in (crack[2], joint[2])]
    assert 0 < ink[1] < ink[0] / 3  # a dash, where the other says 0.0 %
