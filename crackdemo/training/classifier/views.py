"""How labelled photos are varied before the network sees them, without changing their label."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from crackdemo.arrays import GrayImage, RgbImage
from crackdemo.configs import SETTINGS, Share
from crackdemo.detection.illumination import FlattenConfig, measure_illumination
from crackdemo.errors import ConfigError
from crackdemo.photos.overlays import contact_sheet
from crackdemo.synthesis.camera import CameraConfig, draw_camera
from crackdemo.synthesis.light import light_gradient, shadow_edge

_Factor = Annotated[float, Field(ge=0.1, le=10)]
_SHEET_COLUMNS = 6


@dataclass(frozen=True, config=SETTINGS)
class VaryConfig:
    """How labelled photos are varied."""

    flip: bool = True
    """Whether photos are mirrored and turned by quarters: a crack has no upside."""
    turn: Annotated[float, Field(ge=0, le=45)] = 10.0
    """Largest angle, in degrees, by which they are turned besides."""
    scale: tuple[_Factor, _Factor] = (0.8, 1.5)
    """Range of the factor by which they are scaled; what becomes too small is continued by its
    mirror image."""
    gain: tuple[_Factor, _Factor] = (0.6, 1.4)
    """Range of the factor on gray levels."""
    offset: Share = 0.1
    """Largest gray level added or taken away."""
    light_probability: Share = 0.3
    """Chance of light that falls off across the photo."""
    shadow_probability: Share = 0.15
    """Chance of a shadow's edge: it is no crack."""
    camera: CameraConfig = dataclasses.field(default_factory=CameraConfig)
    """What photographs it: blur, noise and JPEG."""

    def __post_init__(self) -> None:
        if self.scale[0] > self.scale[1] or self.gain[0] > self.gain[1]:
            raise ConfigError("Of the two factors of scale and gain the smaller comes first.")


AS_THEY_ARE = VaryConfig(
    flip=False,
    turn=0,
    scale=(1, 1),
    gain=(1, 1),
    offset=0,
    light_probability=0,
    shadow_probability=0,
    camera=CameraConfig(0, 0, 0),
)
"""Varies nothing."""


def vary(
    gray: NDArray[np.uint8], size: int, config: VaryConfig, rng: np.random.Generator
) -> GrayImage:
    """A gray photo (H, W) uint8 as another picture (size, size) of the same surface, 0..1.

    At scale 1 the picture is as large as the photo's shorter side.
    """
    picture = _framed(gray, size, config, rng).astype(np.float32) / np.float32(255)
    if rng.random() < config.light_probability:
        picture = light_gradient(picture, rng)
    if rng.random() < config.shadow_probability:
        picture = shadow_edge(picture, rng)
    picture = picture * np.float32(rng.uniform(*config.gain))
    picture += np.float32(rng.uniform(-config.offset, config.offset))
    return draw_camera(size, size, config.camera, rng).shoot(np.clip(picture, 0, 1))


def _framed(
    gray: NDArray[np.uint8], size: int, config: VaryConfig, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Turned, scaled and cut out, anywhere in the photo where there is room to choose."""
    height, width = gray.shape
    zoom = float(np.exp(rng.uniform(*np.log(config.scale)))) * size / min(height, width)
    room = np.maximum(np.array([width, height]) - size / zoom, 0) / 2
    middle = np.array([width, height]) / 2 + rng.uniform(-1, 1, 2) * room
    matrix = cv2.getRotationMatrix2D(
        middle.tolist(), float(rng.uniform(-config.turn, config.turn)), zoom
    )
    matrix[:, 2] += size / 2 - middle
    framed: NDArray[np.uint8] = cv2.warpAffine(
        gray, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    if config.flip:
        framed = np.rot90(framed, int(rng.integers(4)))
        framed = framed[:, ::-1] if rng.random() < 0.5 else framed
    return np.ascontiguousarray(framed)


def seen(gray: GrayImage, flatten: FlattenConfig | None) -> GrayImage:
    """What the network is given of a gray picture, 0..1: flattened, or as it is."""
    return gray if flatten is None else measure_illumination(gray, flatten).flatten(gray)


def variation_sheet(
    photos: Sequence[NDArray[np.uint8]], size: int, config: VaryConfig, seed: int
) -> RgbImage:
    """One row a photo: itself, and how a fit may see it."""
    rng = np.random.default_rng([seed, 5])
    rows = []
    for gray in photos:
        own = vary(gray, size, AS_THEY_ARE, rng)
        varied = [vary(gray, size, config, rng) for _ in range(_SHEET_COLUMNS - 1)]
        rows.append([_rgb(picture) for picture in (own, *varied)])
    return contact_sheet(rows, ["photo", *["varied"] * (_SHEET_COLUMNS - 1)])


def _rgb(gray: GrayImage) -> RgbImage:
    rgb: RgbImage = cv2.merge([np.round(255 * gray).astype(np.uint8)] * 3)
    return rgb
