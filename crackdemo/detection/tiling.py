"""An image of any size, cut into tiles: mirrored border, overlap, blended seams."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crackdemo.detection.bands import Rows, in_memory

Float3d: TypeAlias = NDArray[np.float32]
Float4d: TypeAlias = NDArray[np.float32]
Values: TypeAlias = NDArray[Any]
"""(C, h, w), of any exactness."""

TILE = 1344
"""Most pixels a side that a fully convolutional network sees at once: bounds memory, not detail."""
OVERLAP = 96
"""Pixels that neighbouring tiles share."""
BLEND = 32
"""Pixels over which one tile's answer gives way to its neighbour's, in the middle of what they
share: all of them lie far from either tile's edge, where the network saw half."""
MARGIN = 32
"""The image is mirrored this far beyond its border, so that zero padding never shows in it."""


class Tiles:
    """An image (H, W) or (C, H, W) cut into tiles of one size, and their answers put together
    again."""

    def __init__(self, image: Rows | Float3d, stride: int, tile_size: int | None) -> None:
        """stride: heights and widths of tiles are multiples of this. tile_size: the only size that
        they may have, with tiles that overlap by half; None for any."""
        self._image = image
        self._height, self._width = (int(length) for length in image.shape[-2:])
        self._down = _cut(self._height, stride, tile_size)
        self._across = _cut(self._width, stride, tile_size)
        self._row: Values | None = None
        self._whole: Values | None = None

    def batches(self, most: int) -> Iterator[Float4d]:
        """All tiles, row by row and from left to right, as (N, C, h, w): at most so many at
        once."""
        for top in self._down.starts:
            strip = self._strip(top)
            for first in range(0, len(self._across.starts), most):
                lefts = self._across.starts[first : first + most]
                yield np.stack([strip[..., left : left + self._across.tile] for left in lefts])

    def _strip(self, top: int) -> Float3d:
        """A row of tiles with its margins, (C, h, W)."""
        rows = _mirrored(self._height, self._down)[top : top + self._down.tile]
        columns = _mirrored(self._width, self._across)
        there = slice(int(rows.min()), int(rows.max()) + 1)
        image = self._image
        if isinstance(image, np.ndarray) and image.ndim == 3:
            found = image[:, there]
        else:
            found = in_memory(image, there)[None]
        strip: Float3d = found[:, rows - there.start][..., columns]
        return strip

    def put(self, answers: Iterable[Values]) -> None:
        """Takes the next tiles' answers, each (C, h, w), in the order of `batches`."""
        for answer in answers:
            if self._row is None:
                self._row = np.empty((len(answer), self._down.tile, self._width), answer.dtype)
                self._lefts = iter(self._across.starts)
            left = next(self._lefts)
            _join(self._row, answer, left - MARGIN, self._across)
            if left == self._across.starts[-1]:
                self._put_row(self._row)
                self._row = None

    def _put_row(self, row: Values) -> None:
        if self._whole is None:
            self._whole = np.empty((len(row), self._height, self._width), row.dtype)
            self._tops = iter(self._down.starts)
        top = next(self._tops)
        _join(self._whole.swapaxes(1, 2), row.swapaxes(1, 2), top - MARGIN, self._down)

    def whole(self) -> Values:
        """The answer for the image, (C, H, W), once all tiles have theirs, as exact as these."""
        assert self._whole is not None  # there is at least one tile
        return self._whole


def _join(done: Values, new: Values, at: int, cut: "_Cut") -> None:
    """Puts the next tile (C, h, w) into `done` (C, h, W) at a column, which may lie outside.

    Where it meets what is there already, the one gives way to the other within BLEND columns.
    """
    width = done.shape[2]
    begin = 0
    if at + MARGIN > 0:
        blend = min(BLEND, cut.overlap)
        begin = (cut.overlap - blend) // 2
        # what no pixel of the image lies in is cut off on either side
        low, high = max(0, -at - begin), min(blend, width - at - begin)
        if low < high:
            there = done[:, :, at + begin + low : at + begin + high]
            rise = ((np.arange(low, high) + 0.5) / blend).astype(np.float32)
            there += (new[:, :, begin + low : begin + high] - there) * rise
        begin += blend
    begin = max(begin, -at)
    end = min(cut.tile, width - at)
    if begin < end:
        done[:, :, at + begin : at + end] = new[:, :, begin:end]


class _Cut(NamedTuple):
    """One side of an image, cut into tiles of one size."""

    length: int
    """Of the side with its margins, a little longer if need be."""
    tile: int
    """Pixels of each tile."""
    overlap: int
    """Pixels that two neighbours share."""
    starts: list[int]
    """Of the tiles; multiples of the stride: then pooling falls the same way in every tile."""


def _cut(length: int, stride: int, tile_size: int | None) -> _Cut:
    """As few tiles as will do, and of these the smallest."""
    needed = length + 2 * MARGIN
    most, shared = (TILE, OVERLAP) if tile_size is None else (tile_size, tile_size // 2)
    overlap = _multiple(shared, stride)
    count = max(1, -(-(needed - overlap) // (most - overlap)))
    tile = tile_size or _multiple(-(-(needed + (count - 1) * overlap) // count), stride)
    starts = [number * (tile - overlap) for number in range(count)]
    return _Cut(starts[-1] + tile, tile, overlap, starts)


def _mirrored(length: int, cut: _Cut) -> NDArray[np.int64]:
    """Which pixel of a side lies at each place of it with its margins."""
    margins = (MARGIN, cut.length - length - MARGIN)
    return np.pad(np.arange(length), margins, mode="symmetric")


def _multiple(length: int, stride: int) -> int:
    """Up to the next multiple."""
    return -(-length // stride) * stride
