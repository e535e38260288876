"""The kinds of photos that people bring, made from crack-free tiles, with cracks and without."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage
from crackdemo.synthesis.camera import Camera
from crackdemo.synthesis.cracks import CrackConfig, PaintedTile, paint_cracks
from crackdemo.synthesis.grounds import concrete
from crackdemo.synthesis.markings import lane_marking
from crackdemo.synthesis.marks import drips
from crackdemo.synthesis.stones import exposed_aggregate, stone_mosaic


@dataclass(frozen=True)
class Kind:
    """One kind of photo."""

    name: str
    """For people."""
    surface: Callable[[GrayImage, np.random.Generator], GrayImage]
    """A crack-free tile (H, W), 0..1, to the crack-free surface of this kind, of the same size."""
    cracks: CrackConfig
    """What its cracks look like."""


@dataclass(frozen=True)
class Scenes:
    """Photos of one kind."""

    painted: list[PaintedTile]
    """With cracks, and where they are."""
    clean: list[GrayImage]
    """Without, on other surfaces."""


def as_it_is(tile: GrayImage, rng: np.random.Generator) -> GrayImage:
    """The tile itself."""
    return tile


def enlarged(tile: GrayImage, rng: np.random.Generator) -> GrayImage:
    """The tile's middle, two to four times as large."""
    height, width = tile.shape
    factor = rng.uniform(2, 4)
    rows, columns = max(1, round(height / factor)), max(1, round(width / factor))
    top, left = (height - rows) // 2, (width - columns) // 2
    middle = tile[top : top + rows, left : left + columns]
    larger: GrayImage = cv2.resize(middle, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(larger, 0, 1)


def gravel(tile: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Aggregate up close: stones instead of the tile, or showing in it where it is enlarged."""
    if rng.random() < 0.5:
        return exposed_aggregate(enlarged(tile, rng), rng)
    height, width = tile.shape
    return stone_mosaic(height, width, rng)


def wall(tile: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Smooth concrete instead of the tile, with stains that ran down."""
    height, width = tile.shape
    return np.clip(drips(concrete(height, width, rng), rng), 0, 1).astype(np.float32)


def dark_and_noisy(tile: GrayImage, rng: np.random.Generator) -> GrayImage:
    """As a phone sees it at dusk."""
    noise = rng.standard_normal(tile.shape, np.float32) * np.float32(rng.uniform(0.01, 0.03))
    return Camera(0.6, noise, 70).shoot(tile * np.float32(rng.uniform(0.3, 0.6)))


def painted_road(tile: GrayImage, rng: np.random.Generator) -> GrayImage:
    """A lane marking on the tile."""
    return np.clip(lane_marking(tile, rng), 0, 1).astype(np.float32)


_ANY = CrackConfig(width_max=8)
KINDS = (
    Kind("thin", as_it_is, CrackConfig(width_max=2.5, network_probability=0)),
    Kind("wide", enlarged, CrackConfig(width_min=6, width_max=30, network_probability=0)),
    Kind("net", as_it_is, CrackConfig(width_max=6, network_probability=1)),
    Kind("gravel close-up", gravel, CrackConfig(8, 36, 3, paths_max=1, network_probability=0)),
    Kind("painted road", painted_road, _ANY),
    Kind("wall", wall, _ANY),
    Kind("dark and noisy", dark_and_noisy, _ANY),
)
"""Of each as many, so that none decides alone what is right for all."""


def scenes(
    kind: Kind, tiles: Sequence[NDArray[np.uint8]], count: int, rng: np.random.Generator
) -> Scenes:
    """At most `count` of each, (2H, 2W), on crack-free gray tiles (H, W) drawn without repetition.

    A tile is continued by its mirror image, so that a crack runs as far as on a photo and covers
    as little of it.
    """
    chosen = [tiles[i].astype(np.float32) / 255 for i in rng.permutation(len(tiles))[: 2 * count]]
    surfaces = [kind.surface(_continued(tile), rng) for tile in chosen]
    middle = -(-len(surfaces) // 2)
    painted = [paint_cracks(surface, kind.cracks, rng) for surface in surfaces[:middle]]
    return Scenes(painted, surfaces[middle:] or surfaces)


def _continued(tile: GrayImage) -> GrayImage:
    height, width = tile.shape
    return np.pad(tile, ((0, height), (0, width)), mode="symmetric")
