"""Masks as run-length text, as submissions and tables of a survey hold them.

Column by column, each from top to bottom, counted from 1: `start length` pairs, all separated by
single spaces. An empty mask is an empty text.
"""

import re

import numpy as np

from crackdemo.arrays import CrackMask
from crackdemo.errors import MaskError

_PAIRS = re.compile(r"(\d+ \d+( \d+ \d+)*)?", re.ASCII)


def encode(mask: CrackMask) -> str:
    """Of a mask (H, W): its runs of True in ascending order."""
    pixels = np.concatenate(([False], mask.ravel(order="F"), [False]))
    edges = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    edges[1::2] -= edges[::2]
    return " ".join(map(str, edges))


def decode(text: str, shape: tuple[int, int]) -> CrackMask:
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
        if start <= end or length < 1 or start - 1 + length > len(pixels):
            raise MaskError(
                f"The run-length text does not fit a mask of {width} x {height} pixels, see its "
                f"run {start} {length}: check which photo it belongs to."
            )
        end = start - 1 + length
        pixels[start - 1 : end] = True
    return pixels.reshape((height, width), order="F")
