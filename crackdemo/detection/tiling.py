"""A function of tiles on an image of any size: mirrored border, overlap, blended seams."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Float2d = NDArray[np.float32]

TILE = 768
"""Pixels a side that a fully convolutional network sees at once: bounds memory, not detail."""
OVERLAP = 192
"""Pixels that neighbouring tiles share; more than the network's eye reaches."""
MARGIN = 32
"""The image is mirrored this far beyond its border, so that zero padding never shows in it."""


def run_tiled(
    run: Callable[[Float2d], Float2d], image: Float2d, stride: int, tile_size: int | None
) -> Float2d:
    """`run` over all tiles of an image (H, W), put together again without seams: (..., H, W).

    run: (h, w) to (..., h, w). stride: heights and widths it takes are multiples of this.
    tile_size: the only size that it takes, with tiles that overlap by half; None for any.
    """
    tile, overlap = (TILE, OVERLAP) if tile_size is None else (tile_size, tile_size // 2)
    height, width = image.shape
    rows, columns = (_padded(length, stride, tile, tile_size is not None) for length in image.shape)
    after = (rows - height - MARGIN, columns - width - MARGIN)
    padded = np.pad(image, ((MARGIN, after[0]), (MARGIN, after[1])), mode="symmetric")
    weights = np.zeros(padded.shape, np.float32)
    total: Float2d | None = None
    for top, bottom in _spans(rows, tile, overlap, stride):
        for left, right in _spans(columns, tile, overlap, stride):
            weight = np.outer(
                _ramp(top, bottom, rows, overlap), _ramp(left, right, columns, overlap)
            )
            result = run(np.ascontiguousarray(padded[top:bottom, left:right]))
            if total is None:
                total = np.zeros((*result.shape[:-2], rows, columns), np.float32)
            total[..., top:bottom, left:right] += weight * result
            weights[top:bottom, left:right] += weight
    assert total is not None  # there is at least one tile
    inside = np.s_[..., MARGIN : MARGIN + height, MARGIN : MARGIN + width]
    return total[inside] / weights[inside]


def _padded(length: int, stride: int, tile: int, fixed: bool) -> int:
    """Margin on both sides, then up to the next size that can be tiled."""
    needed = length + 2 * MARGIN
    rounded = -(-needed // stride) * stride
    return max(rounded, tile) if fixed else rounded


def _spans(length: int, tile: int, overlap: int, stride: int) -> list[tuple[int, int]]:
    """Starts are multiples of the stride: then pooling falls the same way in every tile."""
    if length <= tile:
        return [(0, length)]
    step = (tile - overlap) // stride * stride
    starts = [*range(0, length - tile, step), length - tile]
    return [(start, start + tile) for start in starts]


def _ramp(start: int, end: int, length: int, overlap: int) -> Float2d:
    """1 in the middle of a tile, falling where a neighbour overlaps; 0 at the tile's very edge,
    where the network saw half of the surroundings."""
    weight = np.ones(end - start, np.float32)
    rise = np.clip((np.arange(overlap) + 0.5) / overlap * 2 - 0.5, 0, 1).astype(np.float32)
    if start > 0:
        weight[:overlap] *= rise
    if end < length:
        weight[-overlap:] *= rise[::-1]
    return weight
