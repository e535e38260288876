"""A photo at several sizes through the network, and the residuals of all sizes as one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crackdemo.arrays import GrayImage, Residual, RgbImage
from crackdemo.detection.bands import Band, Computed, Rows, enlarged, halo_of, in_bands, shrunk
from crackdemo.detection.engine import Engine
from crackdemo.detection.heatmaps import (
    QUARTER,
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
    gray_of,
    local_mean,
    measure_illumination,
)


@dataclass(frozen=True)
class ScaledAnswer:
    """The photo at one scale and what the network says of it; all (h, w)."""

    image: Rows
    """Flattened gray, as the network sees it."""
    change: Rows
    """What the network's answer is more than that, in flattened units."""
    crack: Rows | None
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
    """The network's answer at each of the heatmap's scales, then at its coarser ones for a photo of
    this size. Raises Stopped."""
    gray = gray_of(photo, flatten.channel)
    scales = (*heatmap.scales, *heatmap.coarser_at(*gray.shape))
    grays = [shrunk(gray, _scaled(gray.shape, scale)) for scale in scales]
    lights = [measure_illumination(scaled, flatten) for scaled in grays]
    images = [light.flattened(scaled) for light, scaled in zip(lights, grays, strict=True)]
    answers = engine.predict(images, should_stop)
    return [
        ScaledAnswer(image, *answer, light)
        for image, answer, light in zip(images, answers, lights, strict=True)
    ]


def fused_residual(answers: list[ScaledAnswer], config: HeatmapConfig, gray: Rows) -> Residual:
    """The weighted mean of the scales' residuals, of the size of `gray` (H, W), >= 0; what coarser
    scales answer comes on top of it. answers: as `predict_at_scales` gives them."""
    total = np.zeros(gray.shape, np.float32)
    usual, coarser = answers[: len(config.scales)], answers[len(config.scales) :]
    weights = config.weights or (1.0,) * len(usual)
    for answer, scale, weight in zip(usual, config.scales, weights, strict=True):
        share = np.float32(weight / sum(weights))
        _add(total, _counted(answer, scale, config, gray), share)
    if coarser and config.coarser_weight is not None:
        share = np.float32(config.coarser_weight / sum(weights))
        _add(total, enlarged(_of_coarser(coarser, config, gray), gray.shape), share)
    return total


def _of_coarser(answers: list[ScaledAnswer], config: HeatmapConfig, gray: Rows) -> Residual:
    """The sum of their residuals, by their shares, at a quarter of the photo's size: what they see
    is wide enough for that, and is told from dark ground by four times as wide surroundings."""
    small = shrunk(gray, _scaled(gray.shape, QUARTER))
    total = np.zeros(small.shape, np.float32)
    shares = config.coarser_at(*gray.shape).items()
    for answer, (scale, share) in zip(answers, shares, strict=True):
        _add(total, _counted(answer, scale, config, small), np.float32(share))
    return total


def _counted(answer: ScaledAnswer, scale: float, config: HeatmapConfig, gray: Rows) -> Rows:
    """One scale's residual at the size of `gray`, as far as it counts."""
    residual = _at_full_size(answer, config, gray)
    limit = config.gate.limit_at(scale) if config.gate else None
    if config.gate is None or limit is None:
        return residual
    return _sparse(residual, config.gate, limit)


def _add(total: Residual, residual: Rows, share: np.float32) -> None:
    def add(band: Band) -> None:
        total[band.rows] += share * residual[band.rows]

    in_bands(add, *total.shape)


def _at_full_size(answer: ScaledAnswer, config: HeatmapConfig, gray: Rows) -> Rows:
    """One scale's residual at the photo's size, sharpened and confirmed."""
    own = enlarged(_own_residual(answer, config), gray.shape)
    crack = None
    if config.confirmed and answer.crack is not None:
        crack = enlarged(answer.crack, gray.shape)
    # the full-size photo, in the light that the scale measured: a wide crack stays dark in it
    dark = _darkness(answer.illumination.enlarged(gray.shape).flattened(gray), answer, config)

    def residual(band: Band) -> GrayImage:
        found = own[band.rows]
        if config.sharpened:
            found = geometric_mean(found, dark[band.rows])
        if crack is not None:
            found = geometric_mean(found, crack[band.rows])
        return found

    return Computed(gray.shape, residual)


def _own_residual(answer: ScaledAnswer, config: HeatmapConfig) -> Rows:
    """Of one scale, at its size."""
    halo = halo_of(config.blur_sigma)

    def residual(band: Band) -> GrayImage:
        wide = band.wide(halo)
        change = answer.change[wide]
        # all but gradients depend on the difference alone
        image = answer.image[wide] if config.residual == "gradient" else np.zeros_like(change)
        return residual_of(image, image + change, config)[band.inner(halo)]

    return Computed(answer.change.shape, residual)


def _darkness(image: Rows, answer: ScaledAnswer, config: HeatmapConfig) -> Rows:
    """Of a flattened image."""
    level, halo = answer.illumination.config.level, halo_of(config.blur_sigma)
    return Computed(
        image.shape,
        lambda band: darkness_of(image[band.wide(halo)], level, config)[band.inner(halo)],
    )


def _sparse(residual: Rows, gate: DensityGate, limit: Limit) -> Rows:
    """Less where the answer is dense: first it must be known whole."""
    whole = np.empty(residual.shape, np.float32)

    def answered(band: Band) -> GrayImage:
        whole[band.rows] = residual[band.rows]
        return (whole[band.rows] > gate.level).astype(np.float32)

    density = local_mean(Computed(residual.shape, answered), gate.sigma)
    return Computed(
        residual.shape, lambda band: thinned(whole[band.rows], density[band.rows], limit)
    )


def _scaled(size: tuple[int, ...], scale: float) -> tuple[int, ...]:
    return tuple(max(1, round(length * scale)) for length in size)
