"""Arithmetic of large photos a band of rows at a time: what is worked on stays in the processor's
cache, no temporary array is as large as the photo, and all threads work."""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import torch

from crackdemo.arrays import GrayImage
from crackdemo.parallel import in_order

_PIXELS = 2**17
"""Of a band: half a megabyte for each array."""
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


def in_bands(work: Callable[[Band], None], height: int, width: int) -> None:
    """`work` on all bands of an image, by torch's number of threads; each writes its own rows."""
    rows = max(_LEAST_ROWS, _PIXELS // width)
    bands = [Band(top, min(height, top + rows), height) for top in range(0, height, rows)]
    threads = min(len(bands), torch.get_num_threads())
    for _ in in_order(work, bands, threads, threads - 1):
        pass


def halo_of(sigma: float) -> int:
    """How far OpenCV's Gaussian of float images reaches, in pixels: a little over 4 sigma."""
    return int(4 * sigma) + 2


def enlarged(image: GrayImage, size: tuple[int, ...], rows: slice) -> GrayImage:
    """Some rows of an image (h, w) that is enlarged to a size (H, W), without the others.

    Bilinear, as `cv2.resize` does it.
    """
    if image.shape == size:
        return image[rows]
    height, width = size
    at = (np.arange(rows.start, rows.stop) + 0.5) * (image.shape[0] / height) - 0.5
    at = at.clip(0, image.shape[0] - 1)
    first, last = int(at[0]), min(int(at[-1]) + 1, image.shape[0] - 1)
    wide: GrayImage = cv2.resize(image[first : last + 1], (width, last + 1 - first))
    above = at.astype(np.int64) - first
    share = (at - at.astype(np.int64)).astype(np.float32)[:, None]
    result: GrayImage = wide[above]
    below = wide[np.minimum(above + 1, last - first)]
    below -= result
    below *= share
    result += below
    return result
