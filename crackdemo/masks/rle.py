"""Masks as run-length text, as submissions and tables of a survey hold them.

`start length` pairs, all separated by single spaces; an empty mask is an empty text. By default
column by column, each from top to bottom, counted from 1.
"""

import re
from typing import Literal, TypeAlias, get_args

import numpy as np

from crackdemo.arrays import CrackMask
from crackdemo.errors import MaskError

Order: TypeAlias = Literal["column", "row"]
ORDERS: tuple[Order, ...] = get_args(Order)

_PAIRS = re.compile(r"(\d+ \d+( \d+ \d+)*)?", re.ASCII)


def encode(mask: CrackMask, order: Order = "column", base: int = 1) -> str:
    """Of a mask (H, W): its runs of True in ascending order.

    order: columns from top to bottom, or rows from left to right. base: the first pixel's number.
    """
    pixels = np.concatenate(([False], mask.ravel(_letter(order)), [False]))
    edges = np.flatnonzero(pixels[1:] != pixels[:-1])
    edges[1::2] -= edges[::2]
    edges[::2] += base
    return " ".join(map(str, edges))


def decode(text: str, shape: tuple[int, int], order: Order = "column", base: int = 1) -> CrackMask:
    """The mask (H, W) whose runs the text holds. Raises MaskError where it is none of that shape:
    no pairs of whole numbers, not ascending, or beyond the last pixel."""
    height, width = shape
    pixels = np.zeros(height * width, np.bool_)
    if not _PAIRS.fullmatch(text):
        raise MaskError(
            "The run-length text is damaged: it must hold pairs of whole numbers with one space "
            "between them."
        )
    end = 0
    numbers = [int(number) for number in text.split()]
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        first = start - base
        if first < end or length < 1 or first + length > len(pixels):
            raise MaskError(
                f"The run-length text does not fit a mask of {width} x {height} pixels, see its "
                f"run {start} {length}: check which photo it belongs to."
            )
        end = first + length
        pixels[first:end] = True
    return pixels.reshape((height, width), order=_letter(order))


def _letter(order: Order) -> Literal["F", "C"]:
    return "F" if order == "column" else "C"
