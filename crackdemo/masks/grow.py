"""Growing of masks, and of anything else that has a value at each pixel."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

_Pixel = TypeVar("_Pixel", np.bool_, np.uint8, np.uint16)


def disc(radius: float) -> NDArray[np.uint8]:
    """(2 r + 1, 2 r + 1), 1 within a Euclidean distance of `radius` px of its middle, else 0."""
    reach = int(radius)
    row, column = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    inside: NDArray[np.uint8] = (row**2 + column**2 <= radius**2).astype(np.uint8)
    return inside


def grow(mask: NDArray[np.uint8], radius: int) -> NDArray[np.uint8]:
    """A mask (H, W) of 0 and 1, widened by a Euclidean disc, or thinned where radius < 0.

    What lies beyond the border neither widens nor thins it.
    """
    if radius == 0:
        return mask
    change = cv2.dilate if radius > 0 else cv2.erode
    changed: NDArray[np.uint8] = change(mask, disc(abs(radius)))
    return changed


def dilate(image: NDArray[_Pixel], radius: float) -> NDArray[_Pixel]:
    """The highest value within a Euclidean distance of each pixel: grey dilation by a disc."""
    values = image.view(np.uint8) if image.dtype == np.bool_ else image  # OpenCV knows no bool
    grown: NDArray[_Pixel] = cv2.dilate(values, disc(radius)).view(image.dtype)
    return grown
