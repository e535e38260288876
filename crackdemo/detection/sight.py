"""What a network sees of a photo: its light flattened or as it is, in gray or in colour."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage, RgbImage
from crackdemo.detection.illumination import FlattenConfig, measure_illumination, to_gray

Sight: TypeAlias = NDArray[np.float32]
"""(channels, H, W), 0..1."""


def seen(photo: RgbImage, flatten: FlattenConfig | None, channels: int) -> Sight:
    """Of a photo (H, W, 3): in 1 channel the gray that `flatten` chooses, in 3 red, green and blue.

    flatten: None leaves the light as it is. The colours are flattened by the light of that gray, so
    that they keep their differences.
    """
    if flatten is None:
        colours = [photo[..., i].astype(np.float32) / np.float32(255) for i in range(3)]
        return np.stack(colours if channels == 3 else [to_gray(photo, "luma")])
    gray = to_gray(photo, flatten.channel)
    light = measure_illumination(gray, flatten)
    images: list[GrayImage] = [gray]
    if channels == 3:
        images = [photo[..., i].astype(np.float32) / np.float32(255) for i in range(3)]
    return np.stack([light.flatten(image) for image in images])
