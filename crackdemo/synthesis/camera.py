"""What a camera does to a surface: focus, noise and compression, alike with a crack and without."""

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from crackdemo.arrays import GrayImage
from crackdemo.configs import SETTINGS, Share


@dataclass(frozen=True, config=SETTINGS)
class CameraConfig:
    """How the tiles are photographed once everything is painted on them."""

    blur_probability: Share = 0.25
    """Chance that the picture is a little out of focus."""
    noise_probability: Share = 0.5
    """Chance of a sensor's noise."""
    jpeg_probability: Share = 0.5
    """Chance of JPEG compression."""


@dataclasses.dataclass(frozen=True)
class Camera:
    """One way of taking a picture: whatever it is shown, it adds the same."""

    blur_sigma: float
    """Gaussian sigma of its focus, in pixels; 0 is sharp."""
    noise: GrayImage | None
    """(H, W), what its sensor adds, in gray 0..1."""
    jpeg_quality: int | None
    """1 to 100; None stores all."""

    def shoot(self, surface: GrayImage) -> GrayImage:
        """A picture (H, W), 0..1, of a gray surface of the same size."""
        picture = surface
        if self.blur_sigma > 0:
            picture = cv2.GaussianBlur(picture, (0, 0), self.blur_sigma)
        if self.noise is not None:
            picture = picture + self.noise
        picture = np.clip(picture, 0, 1)
        return picture if self.jpeg_quality is None else _stored(picture, self.jpeg_quality)


def draw_camera(height: int, width: int, config: CameraConfig, rng: np.random.Generator) -> Camera:
    """A camera for pictures of (height, width)."""
    blur = rng.uniform(0.4, 1.2) if rng.random() < config.blur_probability else 0.0
    noise = _noise(height, width, rng) if rng.random() < config.noise_probability else None
    quality = int(rng.integers(40, 96)) if rng.random() < config.jpeg_probability else None
    return Camera(blur, noise, quality)


def _noise(height: int, width: int, rng: np.random.Generator) -> GrayImage:
    """Noise of a sensor in poor light, with the grain of its smoothing."""
    white = rng.standard_normal((height, width), np.float32)
    grain = cv2.GaussianBlur(white, (0, 0), rng.uniform(0.5, 1.1))
    grain /= grain.std() + np.float32(1e-6)
    noise: GrayImage = np.float32(rng.uniform(0.005, 0.05)) * grain
    return noise


def _stored(picture: GrayImage, quality: int) -> GrayImage:
    levels: NDArray[np.uint8] = np.round(picture * 255).astype(np.uint8)
    stored = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    read = np.asarray(cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE), np.float32)
    return read / np.float32(255)
