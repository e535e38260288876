"""What the network is asked to do: a clean tile to (input, target), for each objective."""

import dataclasses
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from crackdemo.arrays import CrackMask, GrayImage
from crackdemo.configs import SETTINGS, Share
from crackdemo.detection.illumination import FlattenConfig, measure_illumination
from crackdemo.errors import ConfigError
from crackdemo.synthesis.camera import CameraConfig, draw_camera
from crackdemo.synthesis.cracks import CrackConfig, PaintedTile, paint_cracks
from crackdemo.synthesis.surfaces import add_distractions

_Factor = Annotated[float, Field(ge=0.01, le=100)]
_Gain = Annotated[float, Field(gt=0, le=10)]


@dataclass(frozen=True, config=SETTINGS)
class AugmentConfig:
    """How clean tiles are varied before anything is painted on them, and photographed after."""

    scale: tuple[_Factor, _Factor] = (0.22, 3.5)
    """Range of the factor by which tiles are scaled: the network must know pavement at each of
    the heatmap's scales. A tile that becomes too small is continued by its mirror image."""
    gain: tuple[_Gain, _Gain] = (0.6, 1.3)
    """Range of the factor on gray levels."""
    offset: Share = 0.1
    """Largest gray level added or taken away."""
    clean_probability: Share = 0.08
    """Chance that nothing is painted: sound pavement must come back as it is."""
    camera: CameraConfig = dataclasses.field(default_factory=CameraConfig)
    """What photographs the painted tile: a crack is as blurred and noisy as its surroundings."""

    def __post_init__(self) -> None:
        if self.scale[0] > self.scale[1] or self.gain[0] > self.gain[1]:
            raise ConfigError("Of the two factors of scale and gain the smaller comes first.")


@dataclasses.dataclass(frozen=True)
class TrainingPair:
    """One training sample; all arrays (size, size)."""

    image: GrayImage
    """What the network is given, flattened."""
    target: GrayImage
    """What it should give back, flattened by the same light."""
    mask: CrackMask
    """Where image and target were made to differ."""


def make_pair(
    tile: NDArray[np.uint8],
    size: int,
    objective: str,
    augment: AugmentConfig,
    cracks: CrackConfig,
    flatten: FlattenConfig,
    rng: np.random.Generator,
) -> TrainingPair:
    """A clean gray tile (H, W) uint8, varied and painted on as the objective asks.

    healing: cracks in the image, none in the target. inpainting: random blocks of the image are
    blanked. reconstruction: image and target are equal.
    """
    clean = _vary(tile, size, augment, rng)
    camera = draw_camera(size, size, augment.camera, rng)
    if objective == "reconstruction":
        picture = camera.shoot(clean)
        image = measure_illumination(picture, flatten).flatten(picture)
        return TrainingPair(image, image, np.zeros(image.shape, np.bool_))
    clean = add_distractions(clean, rng)
    if objective == "inpainting":
        picture = camera.shoot(clean)
        target = measure_illumination(picture, flatten).flatten(picture)
        blank = _blocks(size, rng)
        return TrainingPair(np.where(blank, np.float32(flatten.level), target), target, blank)
    painted = PaintedTile(clean, np.zeros(clean.shape, np.bool_))
    if rng.random() >= augment.clean_probability:
        painted = paint_cracks(clean, cracks, rng)
    picture = camera.shoot(painted.image)
    # the light is measured on what the camera saw: a wide crack darkens it
    light = measure_illumination(picture, flatten)
    return TrainingPair(light.flatten(picture), light.flatten(camera.shoot(clean)), painted.mask)


def _vary(
    tile: NDArray[np.uint8], size: int, augment: AugmentConfig, rng: np.random.Generator
) -> GrayImage:
    scale = float(np.exp(rng.uniform(*np.log(augment.scale))))
    side = min(*tile.shape, max(1, round(size / scale)))
    scaled = min(size, max(1, round(side * scale)))
    top, left = (int(rng.integers(length - side + 1)) for length in tile.shape)
    crop = tile[top : top + side, left : left + side]
    method = cv2.INTER_AREA if side > scaled else cv2.INTER_CUBIC
    gray = cv2.resize(crop, (scaled, scaled), interpolation=method).astype(np.float32) / 255
    gray = np.pad(gray, (0, size - scaled), mode="symmetric")
    gray = np.rot90(gray, int(rng.integers(4)))
    gray = np.ascontiguousarray(gray[:, ::-1] if rng.random() < 0.5 else gray)
    gray = gray * rng.uniform(*augment.gain) + rng.uniform(-augment.offset, augment.offset)
    gray = np.clip(gray, 0.02, 1).astype(np.float32)
    return gray


def _blocks(size: int, rng: np.random.Generator) -> CrackMask:
    """A quarter to half of the tile, in squares of one size (SCADN, RIAD)."""
    side = int(2 ** rng.integers(1, 5))
    cells = -(-size // side)
    chosen = rng.random((cells, cells)) < rng.uniform(0.25, 0.5)
    return np.kron(chosen, np.ones((side, side), np.bool_))[:size, :size].astype(np.bool_)
