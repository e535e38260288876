"""Growing of masks, and of anything else that has a value at each pixel."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

_Pixel = TypeVar("_Pixel", np.bool_, np.uint8, np.uint16)


def dilate(image: NDArray[_Pixel], radius: float) -> NDArray[_Pixel]:
    """The highest value within a Euclidean distance of each pixel: grey dilation by a disc."""
    reach = int(radius)
    row, column = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    disc = (row**2 + column**2 <= radius**2).astype(np.uint8)
    values = image.view(np.uint8) if image.dtype == np.bool_ else image  # OpenCV knows no bool
    grown: NDArray[_Pixel] = cv2.dilate(values, disc).view(image.dtype)
    return grown
