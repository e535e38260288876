"""Example photos, made: bundled CC0 surfaces and procedural pavement with procedural cracks.

`python -m crackdemo.examples FOLDER` makes those that the app ships.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from crackdemo.arrays import GrayImage, RgbImage
from crackdemo.cracks import CrackConfig, paint_cracks
from crackdemo.images import write_jpeg
from crackdemo.noise import smooth_noise
from crackdemo.surfaces import light_gradient, shadow_edge, stain

_CRACKS = CrackConfig(width_min=2, width_max=6, depth_min=3, paths_max=1, network_probability=0)
_NET = CrackConfig(width_min=1.5, width_max=4, depth_min=3, network_probability=1)
_HAIRLINE = CrackConfig(width_min=1.3, width_max=1.8, depth_min=2.5, paths_max=1)


def pavement(height: int, width: int, rng: np.random.Generator) -> GrayImage:
    """Procedural asphalt (height, width), 0..1: stones in bitumen, worn unevenly."""
    stones = smooth_noise(height, width, 1.6, rng) + 0.7 * smooth_noise(height, width, 0.7, rng)
    wear = smooth_noise(height, width, 40, rng)
    surface = 0.46 + 0.055 * np.tanh(stones) + 0.012 * wear
    surface += 0.015 * smooth_noise(height, width, 0.4, rng)
    return np.clip(surface, 0.02, 1).astype(np.float32)


def concrete(height: int, width: int, rng: np.random.Generator) -> GrayImage:
    """Procedural concrete (height, width), 0..1: fine grain, blotches and pores."""
    surface = 0.62 + 0.02 * smooth_noise(height, width, 25, rng)
    surface += 0.012 * smooth_noise(height, width, 1.2, rng)
    pores = smooth_noise(height, width, 1.5, rng) > 3.1
    return np.clip(surface - 0.12 * pores, 0.02, 1).astype(np.float32)


def make_examples() -> dict[str, RgbImage]:
    """File stem to photo (H, W, 3); the same every time."""
    rng = np.random.default_rng(7)
    gravel = skimage.data.gravel().astype(np.float32) / 255
    asphalt = light_gradient(pavement(480, 640, rng), rng)
    return {
        "asphalt-crack": _tinted(paint_cracks(asphalt, _CRACKS, rng).image, (1.0, 0.99, 0.97)),
        "asphalt-net": _tinted(
            paint_cracks(shadow_edge(pavement(480, 640, rng), rng), _NET, rng).image,
            (0.98, 0.98, 1.0),
        ),
        "asphalt-clean": _tinted(stain(pavement(480, 640, rng), rng), (1.0, 0.98, 0.95)),
        "concrete-hairline": _tinted(
            paint_cracks(concrete(480, 640, rng), _HAIRLINE, rng).image, (1.0, 0.98, 0.93)
        ),
        "gravel-crack": _tinted(paint_cracks(gravel, _CRACKS, rng).image, (1.0, 1.0, 1.0)),
    }


def _tinted(gray: GrayImage, tint: tuple[float, float, float]) -> RgbImage:
    colours = cv2.merge([gray * np.float32(share) for share in tint])
    photo: RgbImage = np.clip(np.round(255 * colours), 0, 255).astype(np.uint8)
    return photo


if __name__ == "__main__":
    for stem, photo in make_examples().items():
        write_jpeg(Path(sys.argv[1]) / f"{stem}.jpg", photo, quality=85)
