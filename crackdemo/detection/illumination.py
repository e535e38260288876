"""Illumination flattening: the network sees texture, not shade, exposure or vignetting."""

import dataclasses
from typing import Annotated, Literal, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from crackdemo.arrays import GrayImage, RgbImage
from crackdemo.configs import SETTINGS, Share
from crackdemo.detection.bands import Band, Computed, Rows, enlarged, shrunk

Channel: TypeAlias = Literal["luma", "blue"]

CHANNELS: tuple[Channel, ...] = get_args(Channel)
LARGEST_FALL = 32
"""Gray levels that blue may lie below luma: soil does by less, yellow paint by more."""
COARSE = 4
"""The local statistics are smooth: computing them at a quarter of the size loses nothing."""
_Sigma = Annotated[float, Field(ge=1, le=500)]
_Positive = Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True, config=SETTINGS)
class FlattenConfig:
    """How a photo is brought to one local brightness and contrast."""

    channel: Channel = "blue"
    """What of the colours is looked at: luma (ITU-R BT.601), or blue, in which the soil, rust and
    oil in cracks are darkest while gray pavement is the same; never far below luma, for blue makes
    yellow paint dark."""
    mean_sigma: _Sigma = 28.0
    """Gaussian sigma, in pixels, of the local mean that is subtracted."""
    deviation_sigma: _Sigma = 45.0
    """Gaussian sigma, in pixels, of the local standard deviation that is divided by."""
    deviation_floor: _Positive = 0.01
    """Added to the deviation (gray 0..1), so that an evenly lit wall is not blown up to noise."""
    contrast: _Positive = 0.15
    """What one local standard deviation becomes in the flattened image."""
    level: Share = 0.6
    """What the local mean becomes; above the middle, since cracks are darker than pavement."""


@dataclasses.dataclass(frozen=True)
class Illumination:
    """A photo's local mean and deviation, each (H, W) in gray 0..1: flattens, and undoes it."""

    mean: Rows
    deviation: Rows
    config: FlattenConfig

    def flatten(self, gray: GrayImage, rows: slice = slice(None)) -> GrayImage:
        """Gray 0..1, of the whole photo or of some rows, to flattened units, clipped to 0..1."""
        gain: GrayImage = np.float32(self.config.contrast) / self.deviation[rows]
        flat: GrayImage = (gray - self.mean[rows]) * gain
        flat += np.float32(self.config.level)
        return np.clip(flat, 0, 1, out=flat)

    def unflatten(self, difference: GrayImage, rows: slice = slice(None)) -> GrayImage:
        """A difference of two flattened images to the difference of gray levels it stands for."""
        gray: GrayImage = difference * (self.deviation[rows] / self.config.contrast)
        return gray

    def flattened(self, gray: Rows) -> Rows:
        """`flatten`, of the rows that are asked for."""
        return Computed(gray.shape, lambda band: self.flatten(gray[band.rows], band.rows))

    def enlarged(self, size: tuple[int, ...]) -> "Illumination":
        """That of a larger photo, (H, W)."""
        return Illumination(enlarged(self.mean, size), enlarged(self.deviation, size), self.config)


def gray_levels(photo: RgbImage, channel: Channel) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 to (H, W) uint8: one of CHANNELS."""
    luma: NDArray[np.uint8] = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    if channel == "luma":
        return luma
    blue: NDArray[np.uint8] = np.maximum(photo[..., 2], cv2.subtract(luma, LARGEST_FALL))
    return blue


def to_gray(photo: RgbImage, channel: Channel) -> GrayImage:
    """(H, W, 3) uint8 to (H, W) float32 in 0..1: one of CHANNELS."""
    return gray_levels(photo, channel).astype(np.float32) / np.float32(255)


def gray_of(photo: RgbImage, channel: Channel) -> Rows:
    """`to_gray`, of the rows that are asked for."""
    return Computed(photo.shape[:2], lambda band: to_gray(photo[band.rows], channel))


def measure_illumination(gray: Rows, config: FlattenConfig) -> Illumination:
    """Local mean and deviation of a gray image (H, W), 0..1."""
    mean = local_mean(gray, config.mean_sigma)

    def square(band: Band) -> GrayImage:
        difference = gray[band.rows] - mean[band.rows]
        difference *= difference
        return difference

    variance = local_mean(Computed(gray.shape, square), config.deviation_sigma)

    def deviation(band: Band) -> GrayImage:
        squared = np.maximum(variance[band.rows], 0)
        root: GrayImage = np.sqrt(squared, out=squared)
        root += np.float32(config.deviation_floor)
        return root

    return Illumination(mean, Computed(gray.shape, deviation), config)


def local_mean(image: Rows, sigma: float) -> Rows:
    """Gaussian mean of an image (H, W), of a sigma in pixels; only a coarser grid of it is kept."""
    height, width = image.shape
    coarse = shrunk(image, (-(-height // COARSE), -(-width // COARSE)))
    blurred: GrayImage = cv2.GaussianBlur(
        coarse[:], (0, 0), sigma / COARSE, borderType=cv2.BORDER_REFLECT
    )
    return enlarged(blurred, image.shape)
