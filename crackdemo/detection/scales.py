"""A photo at several sizes through the network, and the residuals of all sizes as one."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage, Residual, RgbImage
from crackdemo.detection.engine import Engine
from crackdemo.detection.heatmaps import (
    HeatmapConfig,
    darkness_of,
    geometric_mean,
    residual_of,
    sparse,
)
from crackdemo.detection.illumination import (
    FlattenConfig,
    Illumination,
    measure_illumination,
    to_gray,
)


@dataclass(frozen=True)
class ScaledAnswer:
    """The photo at one scale and what the network says of it; all arrays (h, w)."""

    image: GrayImage
    """Flattened gray, as the network sees it."""
    reconstruction: GrayImage
    """The network's answer, in flattened units."""
    crack: GrayImage | None
    """How likely the crack head takes each pixel for crack, 0..1; None without that head."""
    illumination: Illumination
    """What undoes the flattening."""


def predict_at_scales(
    photo: RgbImage,
    engine: Engine,
    flatten: FlattenConfig,
    heatmap: HeatmapConfig,
    should_stop: Callable[[], bool] | None = None,
) -> list[ScaledAnswer]:
    """The network's answer at each of the heatmap's scales. Raises Stopped."""
    gray = to_gray(photo, flatten.channel)
    answers = []
    for scale in heatmap.scales:
        scaled = resize(gray, *_scaled_size(gray, scale))
        illumination = measure_illumination(scaled, flatten)
        image = illumination.flatten(scaled)
        answers.append(ScaledAnswer(image, *engine.predict(image, should_stop), illumination))
    return answers


def fused_residual(answers: list[ScaledAnswer], config: HeatmapConfig, gray: GrayImage) -> Residual:
    """The weighted mean of the scales' residuals, of the size of `gray` (H, W), >= 0."""
    total = np.zeros(gray.shape, np.float32)
    weights = config.weights or (1.0,) * len(answers)
    for answer, scale, weight in zip(answers, config.scales, weights, strict=True):
        residual = resize(residual_of(answer.image, answer.reconstruction, config), *gray.shape)
        if config.sharpened:
            residual = geometric_mean(residual, _darkness(gray, answer.illumination, config))
        if config.confirmed and answer.crack is not None:
            residual = geometric_mean(residual, resize(answer.crack, *gray.shape))
        total += np.float32(weight / sum(weights)) * sparse(residual, scale, config.gate)
    return total


def resize(image: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """To (height, width), averaging where it becomes smaller."""
    if image.shape == (height, width):
        return image
    smaller = height < image.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized: NDArray[np.float32] = cv2.resize(image, (width, height), interpolation=method)
    return resized


def _darkness(gray: GrayImage, coarse: Illumination, config: HeatmapConfig) -> Residual:
    """Of the full-size photo, in the light that a scale measured: a wide crack stays dark in it."""
    mean, deviation = (resize(part, *gray.shape) for part in (coarse.mean, coarse.deviation))
    image = Illumination(mean, deviation, coarse.config).flatten(gray)
    return darkness_of(image, coarse.config.level, config)


def _scaled_size(gray: GrayImage, scale: float) -> tuple[int, int]:
    height, width = gray.shape
    return max(1, round(height * scale)), max(1, round(width * scale))
