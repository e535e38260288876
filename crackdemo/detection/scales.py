"""A photo at several sizes through the network, and the residuals of all sizes as one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage, Residual, RgbImage
from crackdemo.detection.bands import Band, enlarged, halo_of, in_bands
from crackdemo.detection.engine import Engine
from crackdemo.detection.heatmaps import (
    DensityGate,
    HeatmapConfig,
    Limit,
    darkness_of,
    geometric_mean,
    residual_of,
    thinned,
)
from crackdemo.detection.illumination import (
    FlattenConfig,
    Illumination,
    coarse_mean,
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
    grays = [resize(gray, *_scaled_size(gray, scale)) for scale in heatmap.scales]
    lights = [measure_illumination(scaled, flatten) for scaled in grays]
    images = [light.flatten(scaled) for light, scaled in zip(lights, grays, strict=True)]
    answers = engine.predict(images, should_stop)
    return [
        ScaledAnswer(image, *answer, light)
        for image, answer, light in zip(images, answers, lights, strict=True)
    ]


def fused_residual(answers: list[ScaledAnswer], config: HeatmapConfig, gray: GrayImage) -> Residual:
    """The weighted mean of the scales' residuals, of the size of `gray` (H, W), >= 0."""
    total = np.zeros(gray.shape, np.float32)
    weights = config.weights or (1.0,) * len(answers)
    for answer, scale, weight in zip(answers, config.scales, weights, strict=True):
        share = np.float32(weight / sum(weights))
        own = _own_residual(answer, config)
        residual_in = partial(_at_full_size, own, answer, config, gray)
        limit = config.gate.limit_at(scale) if config.gate else None
        if config.gate is None or limit is None:
            _add(total, residual_in, share)
        else:
            _add_sparse(total, residual_in, share, config.gate, limit)
    return total


def _own_residual(answer: ScaledAnswer, config: HeatmapConfig) -> Residual:
    """Of one scale, at its size."""
    residual = np.empty_like(answer.image)
    halo = halo_of(config.blur_sigma)

    def fill(band: Band) -> None:
        wide = band.wide(halo)
        found = residual_of(answer.image[wide], answer.reconstruction[wide], config)
        residual[band.rows] = found[band.inner(halo)]

    in_bands(fill, *residual.shape)
    return residual


def _at_full_size(
    own: Residual, answer: ScaledAnswer, config: HeatmapConfig, gray: GrayImage, band: Band
) -> Residual:
    """A band of one scale's residual at the photo's size, sharpened and confirmed."""
    residual = enlarged(own, gray.shape, band.rows)
    if config.sharpened:
        residual = geometric_mean(residual, _darkness(gray, answer.illumination, config, band))
    if config.confirmed and answer.crack is not None:
        residual = geometric_mean(residual, enlarged(answer.crack, gray.shape, band.rows))
    return residual


def _add(total: Residual, residual_in: Callable[[Band], Residual], share: np.float32) -> None:
    def add(band: Band) -> None:
        total[band.rows] += share * residual_in(band)

    in_bands(add, *total.shape)


def _add_sparse(
    total: Residual,
    residual_in: Callable[[Band], Residual],
    share: np.float32,
    gate: DensityGate,
    limit: Limit,
) -> None:
    """The same where the answer counts the less the denser it is: first it must be known whole."""
    residual, answered = np.empty_like(total), np.empty_like(total)

    def fill(band: Band) -> None:
        residual[band.rows] = residual_in(band)
        answered[band.rows] = residual[band.rows] > gate.level

    def add(band: Band) -> None:
        around = enlarged(density, total.shape, band.rows)
        total[band.rows] += share * thinned(residual[band.rows], around, limit)

    in_bands(fill, *total.shape)
    density = coarse_mean(answered, gate.sigma)
    in_bands(add, *total.shape)


def resize(image: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """To (height, width), averaging where it becomes smaller."""
    if image.shape == (height, width):
        return image
    smaller = height < image.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized: NDArray[np.float32] = cv2.resize(image, (width, height), interpolation=method)
    return resized


def _darkness(gray: GrayImage, coarse: Illumination, config: HeatmapConfig, band: Band) -> Residual:
    """Of the full-size photo, in the light that a scale measured: a wide crack stays dark in it."""
    halo = halo_of(config.blur_sigma)
    wide = band.wide(halo)
    mean, deviation = (enlarged(part, gray.shape, wide) for part in (coarse.mean, coarse.deviation))
    image = Illumination(mean, deviation, coarse.config).flatten(gray[wide])
    return darkness_of(image, coarse.config.level, config)[band.inner(halo)]


def _scaled_size(gray: GrayImage, scale: float) -> tuple[int, int]:
    height, width = gray.shape
    return max(1, round(height * scale)), max(1, round(width * scale))
