"""A function of tiles on an image of any size: mirrored border, overlap, blended seams."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float2d = NDArray[np.float32]

TILE = 1344
"""Most pixels a side that a fully convolutional network sees at once: bounds memory, not detail."""
OVERLAP = 96
"""Pixels that neighbouring tiles share."""
BLEND = 32
"""Pixels over which one tile's answer gives way to its neighbour's, in the middle of what they
share: all of them lie far from either tile's edge, where the network saw half."""
MARGIN = 32
"""The image is mirrored this far beyond its border, so that zero padding never shows in it."""


def run_tiled(
    run: Callable[[Float2d], Float2d], image: Float2d, stride: int, tile_size: int | None
) -> Float2d:
    """`run` over all tiles of an image (H, W), put together again without seams: (..., H, W).

    run: (h, w) to (..., h, w). stride: heights and widths it takes are multiples of this.
    tile_size: the only size that it takes, with tiles that overlap by half; None for any.
    """
    height, width = image.shape
    down, across = (_cut(length, stride, tile_size) for length in image.shape)
    after = (down.length - height - MARGIN, across.length - width - MARGIN)
    padded = np.pad(image, ((MARGIN, after[0]), (MARGIN, after[1])), mode="symmetric")
    weights = np.zeros(padded.shape, np.float32)
    total: Float2d | None = None
    for top in down.starts:
        for left in across.starts:
            weight = np.outer(_ramp(top, down), _ramp(left, across))
            inside = np.s_[..., top : top + down.tile, left : left + across.tile]
            result = run(np.ascontiguousarray(padded[inside]))
            if total is None:
                total = np.zeros((*result.shape[:-2], *padded.shape), np.float32)
            total[inside] += weight * result
            weights[inside] += weight
    assert total is not None  # there is at least one tile
    shown = np.s_[..., MARGIN : MARGIN + height, MARGIN : MARGIN + width]
    return total[shown] / weights[shown]


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


def _multiple(length: int, stride: int) -> int:
    """Up to the next multiple."""
    return -(-length // stride) * stride


def _ramp(start: int, cut: _Cut) -> Float2d:
    """1 in the middle of a tile, falling where a neighbour overlaps."""
    weight = np.ones(cut.tile, np.float32)
    blend = min(BLEND, cut.overlap)
    at = (np.arange(cut.overlap) + 0.5 - (cut.overlap - blend) / 2) / blend
    rise = np.clip(at, 0, 1).astype(np.float32)
    if start > 0:
        weight[: cut.overlap] *= rise
    if start + cut.tile < cut.length:
        weight[-cut.overlap :] *= rise[::-1]
    return weight
