"""Residual to heatmap: which difference counts, at which scales, and on which fixed scale."""

from dataclasses import field
from typing import Annotated, Literal, NamedTuple

import cv2
import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from crackdemo.arrays import GrayImage, Heatmap, Residual
from crackdemo.configs import SETTINGS
from crackdemo.detection.pieces import LoneMarks
from crackdemo.errors import CheckpointError, ConfigError

_Scale = Annotated[float, Field(gt=0, le=1)]
_Scales = Annotated[tuple[_Scale, ...], Field(min_length=1, max_length=8)]
_Weight = Annotated[float, Field(gt=0, le=1000)]


QUARTER = 0.25
"""Of a photo's size: at it the coarser scales are seen together."""
COARSER = (0.0625, 0.03125)
"""Scales of large photos; `HeatmapConfig.coarser_weight`."""
FADING = (32, 60)
"""Of a photo at a coarser scale, pixels of its shorter side: above the first that scale counts,
from the second on in full.

Found by trying a step at 60 and at 96, fading from 32 to 40, to 48 and to 60 and from 40 to 60, and
weights of 2 and 3, on validation photos and `uav` photos that are not of its test split, enlarged
up to 6 times, and on METU photos enlarged up to 12 times, labels in sight. At their own size these
have up to 32 px at 1/16, and all lose by such a scale.
"""


class Limit(NamedTuple):
    """How much less a scale counts where its answer is dense."""

    density: float
    """At which it counts for half."""
    power: float
    """How steeply that falls."""


@dataclass(frozen=True, config=SETTINGS)
class DensityGate:
    """How texture is told from cracks: cracks are sparse, and the gaps between stones are not.

    How much a fine scale counts falls smoothly with the density of its own answer around. Found by
    trying levels of .02 to .1, sigmas of 12 to 96, limits of .1 to .3 and powers of 2 to 4 on
    validation photos as they are and enlarged, painted nets, and made stones with cracks and
    without: stones hardly answer any more, single cracks lose nothing, nets a little. The coarse
    limit: sigmas of 48 to 400, limits of .15 to .6, powers of 4 and 8 on the same photos enlarged
    up to 12 times, and on uav photos that are not of its test split.
    """

    level: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Residual from which a pixel counts as an answer."""
    sigma: Annotated[float, Field(ge=1, le=500)] = 96.0
    """Gaussian sigma, in pixels, of the surroundings: wide beside a single crack, however wide."""
    limit: Annotated[float, Field(gt=0, le=1)] = 0.16
    """Share of answers in the surroundings at which a scale counts for half."""
    power: Annotated[float, Field(ge=1, le=16)] = 4.0
    """How steeply it falls there."""
    finest_scale: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Scales below this one see no texture, and follow the coarse limit."""
    coarse_limit: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of answers at which a coarse scale counts for half: it fills dark ground, wet or in
    shadow, as one wide crack; null, as older weights have it: it always counts in full."""
    coarse_power: Annotated[float, Field(ge=1, le=16)] = 8.0
    """How steeply it falls there: wide cracks are to lose nothing."""

    def limit_at(self, scale: float) -> Limit | None:
        """Of a scale; without one it always counts in full."""
        if scale >= self.finest_scale:
            return Limit(self.limit, self.power)
        return None if self.coarse_limit is None else Limit(self.coarse_limit, self.coarse_power)


@dataclass(frozen=True, config=SETTINGS)
class HeatmapConfig:
    """How the disagreement of photo and reconstruction becomes one residual."""

    residual: Literal["dark", "absolute", "gradient"] = "dark"
    """dark: where the photo is darker than its reconstruction; absolute: either way; gradient:
    where their gradient magnitudes differ."""
    scales: _Scales = (1.0, 0.5, 0.25, 0.125)
    """Sizes at which the photo is looked at; a crack too wide for the network is thin at 1/8."""
    weights: tuple[_Weight, ...] = (5.0, 2.0, 2.0, 2.0)
    """Weight of each scale's residual in their mean; empty: all alike."""
    blur_sigma: Annotated[float, Field(ge=0, le=20)] = 0.7
    """Gaussian sigma, in pixels of each scale, that smooths the residual."""
    sharpened: bool = True
    """Whether each residual becomes its geometric mean with how dark the full-size photo is: what
    a coarse scale smears over a crack's surroundings goes back into the crack."""
    confirmed: bool = True
    """Whether each residual becomes its geometric mean with the crack head's probability, where the
    network has that head: what is only rebuilt badly fades, and faint cracks count more."""

    gate: DensityGate | None = field(default_factory=lambda: DensityGate(coarse_limit=0.4))
    """How much scales count where their own answer is dense; null: always in full."""
    faint: Annotated[float, Field(gt=0.5, lt=1)] | None = None
    """What is connected at the calibrated threshold and nowhere as hot as this, 0..1, falls just
    below that threshold: a crack is sure somewhere along its way, grain only just answers. Null, as
    older weights have it: all stays."""
    lone: LoneMarks | None = None
    """What is too weak to stand alone falls just below the calibrated threshold, too; null, as
    older weights have it: it stays."""

    coarser_weight: _Weight | None = None
    """Weight of 1/16 and of 1/32, at which large photos are looked at besides where the scales go
    down to 1/8: a crack of 100 px is wide even there. They come on top of the mean of the others,
    so that thin cracks hardly lose, and fade in with the photo's size; null, as older weights have
    it: no such scale."""

    @property
    def coarser(self) -> tuple[float, ...]:
        """The scales beside `scales` of a photo that is large enough."""
        goes_on = self.coarser_weight is not None and min(self.scales) == 2 * COARSER[0]
        return COARSER if goes_on else ()

    def coarser_at(self, height: int, width: int) -> dict[float, float]:
        """Of a photo (height, width): its coarser scales, and which share of `coarser_weight` each
        has, above 0 up to 1."""
        first, last = FADING
        shares = {
            scale: min(1.0, (scale * min(height, width) - first) / (last - first))
            for scale in self.coarser
        }
        return {scale: share for scale, share in shares.items() if share > 0}

    def __post_init__(self) -> None:
        if self.weights and len(self.weights) != len(self.scales):
            raise ConfigError("There must be one weight for each scale, or none: set weights.")
        if self.sharpened and self.residual != "dark":
            raise ConfigError("Only the dark residual can be sharpened: set sharpened to false.")


def residual_of(image: GrayImage, reconstruction: GrayImage, config: HeatmapConfig) -> Residual:
    """The residual at one scale: two flattened images (H, W) to (H, W), higher = more crack."""
    residual: Residual
    if config.residual == "dark":
        residual = np.maximum(reconstruction - image, 0)
    elif config.residual == "absolute":
        residual = np.abs(reconstruction - image)
    else:
        residual = np.abs(_gradient_magnitude(reconstruction) - _gradient_magnitude(image))
    return _smoothed(residual, config)


def darkness_of(image: GrayImage, level: float, config: HeatmapConfig) -> Residual:
    """How much darker than its surroundings each pixel of a flattened image (H, W) is, >= 0.

    level: the surroundings' own value, `FlattenConfig.level`.
    """
    return _smoothed(np.maximum(np.float32(level) - image, 0), config)


def geometric_mean(residual: Residual, evidence: GrayImage) -> Residual:
    """Their geometric mean, pixel by pixel; both (H, W) and >= 0."""
    mean: Residual = residual * evidence
    return np.sqrt(mean, out=mean)


def thinned(residual: Residual, density: GrayImage, limit: Limit) -> Residual:
    """A residual, less where the density of answers around, 0..1, is high; both (H, W). It counts
    for half where the density is at the limit."""
    share: Residual = cv2.pow(density / np.float32(limit.density), limit.power)
    share += 1
    return np.divide(residual, share, out=share)


def to_heatmap(residual: Residual, r0: float) -> Heatmap:
    """The fixed scale: 65536 * r / (r + r0), rounded; r0, the calibrated residual, gives
    `pieces.CALIBRATED`. Raises CheckpointError of a residual that is no number somewhere."""
    wide = residual.astype(np.float64)
    if wide.size and not np.isfinite(wide.max()):
        raise CheckpointError(
            "These weights answer with what is no number: they are damaged, or their fit went "
            "astray; use others."
        )
    return np.minimum(65535, np.round(65536 * wide / (wide + r0))).astype(np.uint16)


def _smoothed(residual: Residual, config: HeatmapConfig) -> Residual:
    if config.blur_sigma == 0:
        return residual
    sigma = config.blur_sigma
    blurred: Residual = cv2.GaussianBlur(residual, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return blurred


def _gradient_magnitude(image: GrayImage) -> GrayImage:
    horizontal = cv2.Sobel(image, cv2.CV_32F, 1, 0, scale=1 / 8, borderType=cv2.BORDER_REFLECT)
    vertical = cv2.Sobel(image, cv2.CV_32F, 0, 1, scale=1 / 8, borderType=cv2.BORDER_REFLECT)
    magnitude: GrayImage = cv2.magnitude(horizontal, vertical)
    return magnitude
