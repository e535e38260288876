"""Masks as run-length text and back."""

import numpy as np
import pytest

from crackdemo.errors import MaskError
from crackdemo.masks.rle import decode, encode

SMALL = np.array([[0, 1, 1], [1, 1, 0]], np.bool_)
"""Column by column: 0 1, 1 1, 1 0."""


def test_runs_go_down_the_columns_and_count_from_one() -> None:
    assert encode(SMALL) == "2 4"
    assert encode(np.eye(3, dtype=np.bool_)) == "1 1 5 1 9 1"


def test_an_empty_mask_is_an_empty_text() -> None:
    assert encode(np.zeros((4, 5), np.bool_)) == ""
    assert not decode("", (4, 5)).any()


def test_a_full_mask_is_one_run() -> None:
    assert encode(np.ones((4, 5), np.bool_)) == "1 20"


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (37, 53), (64, 16)])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_what_was_encoded_comes_back(shape: tuple[int, int], share: float) -> None:
    mask = np.random.default_rng(1).random(shape) < share
    assert np.array_equal(decode(encode(mask), shape), mask)


def test_rows_from_zero_by_hand() -> None:
    assert encode(SMALL, order="row", base=0) == "1 4"
    assert encode(np.eye(3, dtype=np.bool_), base=0) == "0 1 4 1 8 1"
    assert encode(np.array([[0, 1, 1], [0, 0, 0]], np.bool_), order="row") == "2 2"


@pytest.mark.parametrize(("order", "base"), [("column", 0), ("row", 0), ("row", 1)])
def test_every_order_and_base_comes_back(order, base: int) -> None:
    mask = np.random.default_rng(2).random((23, 31)) < 0.4
    text = encode(mask, order, base)
    assert np.array_equal(decode(text, mask.shape, order, base), mask)


@pytest.mark.parametrize(
    "text",
    ["1", "1 2 3", "1  2", " 1 2", "a b", "1 -2", "0 1", "1 0", "6 2", "7 1", "3 2 1 1", "1 2 2 1"],
)
def test_what_fits_no_mask_is_refused(text: str) -> None:
    with pytest.raises(MaskError):
        decode(text, (2, 3))
