"""Example photos, made: procedural pavement and walls with procedural cracks.

`python -m crackdemo.synthesis.examples FOLDER` makes those that the app ships.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask, GrayImage, RgbImage
from crackdemo.photos.images import write_jpeg, write_png
from crackdemo.synthesis.cracks import CrackConfig, PaintedTile, paint_cracks
from crackdemo.synthesis.grounds import concrete, pavement
from crackdemo.synthesis.light import light_gradient, shadow_edge
from crackdemo.synthesis.marks import stain

_CRACKS = CrackConfig(width_min=2, width_max=6, depth_min=3, paths_max=1, network_probability=0)
_NET = CrackConfig(width_min=1.5, width_max=4, depth_min=3, network_probability=1)
_HAIRLINE = CrackConfig(width_min=1.3, width_max=1.8, depth_min=2.5, paths_max=1)
_WALL = CrackConfig(width_min=2, width_max=5, depth_min=3, paths_max=1, network_probability=0)
_WARM, _SAND = (1.0, 0.98, 0.95), (1.0, 0.98, 0.93)
_PAVEMENT_PHOTOS, _PAVEMENT_SIDE = 40, 320


def make_pavement(
    folder: Path, seed: int, write: Callable[[Path, NDArray[np.uint8]], None] = write_png
) -> None:
    """Photos of procedural pavement without a crack, as PNG; the same for the same seed."""
    folder.mkdir(parents=True)
    for number in range(_PAVEMENT_PHOTOS):
        rng = np.random.default_rng([seed, number])
        gray = pavement(_PAVEMENT_SIDE, _PAVEMENT_SIDE, rng)
        write(folder / f"pavement-{number:03}.png", np.round(255 * gray).astype(np.uint8))


@dataclass(frozen=True)
class Example:
    """A made photo and its truth."""

    photo: RgbImage
    """(H, W, 3)."""
    gt_mask: CrackMask
    """(H, W), True where a crack was painted."""


def make_examples() -> dict[str, Example]:
    """File stem to example; the same every time. The default weights are right on each of them."""
    rngs = [np.random.default_rng(seed) for seed in (2, 3, 5, 9, 12)]
    asphalt = light_gradient(pavement(480, 640, rngs[0]), rngs[0])
    shaded = shadow_edge(pavement(480, 640, rngs[1]), rngs[1])
    stained = stain(pavement(480, 640, rngs[2]), rngs[2])
    concretes = [concrete(480, 640, rng) for rng in rngs[3:]]
    return {
        "asphalt-clean": _example(PaintedTile(stained, np.zeros((480, 640), np.bool_)), _WARM),
        "asphalt-crack": _example(paint_cracks(asphalt, _CRACKS, rngs[0]), (1.0, 0.99, 0.97)),
        "asphalt-net": _example(paint_cracks(shaded, _NET, rngs[1]), (0.98, 0.98, 1.0)),
        "concrete-hairline": _example(paint_cracks(concretes[0], _HAIRLINE, rngs[3]), _SAND),
        "wall-crack": _example(paint_cracks(concretes[1], _WALL, rngs[4]), _SAND),
    }


def _example(tile: PaintedTile, tint: tuple[float, float, float]) -> Example:
    return Example(_tinted(tile.image, tint), tile.mask.astype(np.bool_))


def _tinted(gray: GrayImage, tint: tuple[float, float, float]) -> RgbImage:
    colours = cv2.merge([gray * np.float32(share) for share in tint])
    photo: RgbImage = np.clip(np.round(255 * colours), 0, 255).astype(np.uint8)
    return photo


if __name__ == "__main__":
    for stem, example in make_examples().items():
        write_jpeg(Path(sys.argv[1]) / f"{stem}.jpg", example.photo, quality=85)
