"""Arithmetic of large photos a band of rows at a time: what is worked on stays in the processor's
cache, no temporary array is as large as the photo, and all threads work."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage
from crackdemo.parallel import in_order

_PIXELS = 2**17
"""Of a band: half a megabyte for each array."""
_ALONE = 2**15 - 1
"""Numbers that torch copies in the thread that asks."""
_LEAST_ROWS = 32
"""Of a band: else what lies beside it, and is needed for blurring, would cost more than itself."""


class Band(NamedTuple):
    """Rows of an image."""

    start: int
    """The first one."""
    stop: int
    """The one after the last."""
    height: int
    """Of the whole image."""

    @property
    def rows(self) -> slice:
        """The band's own."""
        return slice(self.start, self.stop)

    def wide(self, halo: int) -> slice:
        """With so many more on either side, where the image has them."""
        return slice(max(0, self.start - halo), min(self.height, self.stop + halo))

    def inner(self, halo: int) -> slice:
        """The band's own rows, counted within `wide`."""
        first = self.start - self.wide(halo).start
        return slice(first, first + self.stop - self.start)


class Rows(Protocol):
    """An image (H, W) of which rows can be had: an array, or one that is never there whole."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W)."""
        ...

    def __getitem__(self, rows: slice, /) -> GrayImage:
        """Some rows, (h, W)."""
        ...


@dataclass(frozen=True)
class Computed:
    """An image (H, W) of which rows are computed whenever they are asked for."""

    shape: tuple[int, ...]
    """(H, W)."""
    compute: Callable[[Band], GrayImage]
    """A band's own rows."""

    def __getitem__(self, rows: slice, /) -> GrayImage:
        start, stop, _ = rows.indices(self.shape[0])
        return self.compute(Band(start, stop, self.shape[0]))


def in_bands(work: Callable[[Band], None], height: int, width: int) -> None:
    """`work` on all bands of an image, by torch's number of threads; each writes its own rows."""
    rows = max(_LEAST_ROWS, _PIXELS // width)
    bands = [Band(top, min(height, top + rows), height) for top in range(0, height, rows)]
    threads = max(1, min(len(bands) // 2, torch.get_num_threads()))  # to start one costs a band
    for _ in in_order(work, bands, threads, threads - 1):
        pass


def in_memory(image: Rows, rows: slice) -> GrayImage:
    """Many rows of an image at once, (h, W)."""
    found = np.empty((rows.stop - rows.start, image.shape[1]), np.float32)

    def fill(band: Band) -> None:
        found[band.rows] = image[rows.start + band.start : rows.start + band.stop]

    in_bands(fill, *found.shape)
    return found


def halo_of(sigma: float) -> int:
    """How far OpenCV's Gaussian of float images reaches, in pixels: a little over 4 sigma."""
    return int(4 * sigma) + 2


def half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """In half the bytes, to one part in 2,000."""
    halved = np.empty(values.shape, np.float16)
    _copy(values, halved)
    return halved


def from_half(values: NDArray[np.float16]) -> Computed:
    """An image (H, W) that is kept so."""

    def rows(band: Band) -> GrayImage:
        whole = np.empty((band.stop - band.start, values.shape[1]), np.float32)
        _copy(values[band.rows], whole)
        return whole

    return Computed(values.shape, rows)


def _copy(source: NDArray[np.floating], target: NDArray[np.floating]) -> None:
    """Torch is four times as fast at it as numpy, but wakes all its threads for more than this."""
    flat, into = torch.from_numpy(source.reshape(-1)), torch.from_numpy(target.reshape(-1))
    for start in range(0, len(flat), _ALONE):
        into[start : start + _ALONE].copy_(flat[start : start + _ALONE])


def shrunk(image: Rows, size: tuple[int, ...]) -> Rows:
    """An image averaged to a smaller size (h, w), as `cv2.resize` does it by area."""
    if image.shape == size:
        return image
    height, width = size
    narrow = np.empty((image.shape[0], width), np.float32)

    def fill(band: Band) -> None:
        rows = image[band.rows]
        narrow[band.rows] = cv2.resize(rows, (width, len(rows)), interpolation=cv2.INTER_AREA)

    in_bands(fill, *image.shape)
    small: GrayImage = cv2.resize(narrow, (width, height), interpolation=cv2.INTER_AREA)
    return small


def enlarged(image: Rows, size: tuple[int, ...]) -> Rows:
    """An image (h, w) enlarged to a size (H, W): bilinear, as `cv2.resize` does it."""
    if image.shape == size:
        return image
    return Computed(size, lambda band: _enlarged(image, size[1], band))


def _enlarged(image: Rows, width: int, band: Band) -> GrayImage:
    height = image.shape[0]
    at = (np.arange(band.start, band.stop) + 0.5) * (height / band.height) - 0.5
    at = at.clip(0, height - 1)
    first, last = int(at[0]), min(int(at[-1]) + 1, height - 1)
    wide: GrayImage = cv2.resize(image[first : last + 1], (width, last + 1 - first))
    above = at.astype(np.int64) - first
    share = (at - at.astype(np.int64)).astype(np.float32)[:, None]
    result: GrayImage = wide[above]
    below = wide[np.minimum(above + 1, last - first)]
    below -= result
    below *= share
    result += below
    return result
