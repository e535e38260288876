"""The photo without its cracks, in its own light and colour."""

import cv2
import numpy as np

from crackdemo.arrays import GrayImage, RgbImage
from crackdemo.detection.illumination import local_mean, to_gray
from crackdemo.detection.scales import ScaledAnswer, resize

_HEALED_GRAY = 1.0 / 255
"""Changes below one gray level are the network's own noise and stay out of the picture."""
_FALLEN_GRAY = 4.0 / 255
"""From here on a pixel's colour, and not grain, says how dark it is beside its surroundings."""
_COLOUR_SIGMA = 1.0
"""Gaussian sigma, in pixels, over which colours are compared."""


def healed_photo(photo: RgbImage, answers: list[ScaledAnswer]) -> RgbImage:
    """The photo with what the network changed, flattening undone.

    At each pixel the largest change counts, since a wide crack is only healed at a coarse scale;
    but a coarse scale never lifts a pixel above its surroundings: it would leave a bright ghost.
    Each colour is lifted as far as it fell.
    """
    height, width = photo.shape[:2]
    light = answers[0].illumination
    change = _change(answers[0], height, width)
    fall = resize(light.mean, height, width) - to_gray(photo, light.config.channel)
    for answer in answers[1:]:
        change = np.maximum(change, np.minimum(_change(answer, height, width), fall))
    change[np.abs(change) < _HEALED_GRAY] = 0
    fall = cv2.GaussianBlur(fall, (0, 0), _COLOUR_SIGMA)
    healed = photo.copy()
    for channel in range(3):
        colour = photo[..., channel].astype(np.float32) / np.float32(255)
        colour += change * _share(colour, fall, light.config.mean_sigma)
        healed[..., channel] = np.clip(np.round(255 * colour), 0, 255)
    return healed


def _share(colour: GrayImage, fall: GrayImage, mean_sigma: float) -> GrayImage:
    """How far a colour channel fell below its surroundings, as a share of `fall`, that of the
    channel which the network sees: soil in a crack darkens blue more than red."""
    own = cv2.GaussianBlur(local_mean(colour, mean_sigma) - colour, (0, 0), _COLOUR_SIGMA)
    share = np.ones_like(fall)
    np.divide(own, fall, out=share, where=fall > _FALLEN_GRAY)
    return np.clip(share, 0, 2, out=share)


def _change(answer: ScaledAnswer, height: int, width: int) -> GrayImage:
    """What the network changed at one scale, in gray levels 0..1, at the photo's size."""
    difference = answer.illumination.unflatten(answer.reconstruction - answer.image)
    return resize(difference, height, width)
