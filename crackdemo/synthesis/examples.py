"""Example photos, made: bundled CC0 surfaces and procedural pavement with procedural cracks.

`python -m crackdemo.synthesis.examples FOLDER` makes those that the app ships.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage, RgbImage
from crackdemo.photos.images import write_jpeg, write_png
from crackdemo.synthesis.cracks import CrackConfig, paint_cracks
from crackdemo.synthesis.grounds import concrete, pavement
from crackdemo.synthesis.light import light_gradient, shadow_edge
from crackdemo.synthesis.marks import stain

_CRACKS = CrackConfig(width_min=2, width_max=6, depth_min=3, paths_max=1, network_probability=0)
_NET = CrackConfig(width_min=1.5, width_max=4, depth_min=3, network_probability=1)
_HAIRLINE = CrackConfig(width_min=1.3, width_max=1.8, depth_min=2.5, paths_max=1)
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


def make_examples() -> dict[str, RgbImage]:
    """File stem to photo (H, W, 3); the same every time."""
    gravel = skimage.data.gravel().astype(np.float32) / 255
    rngs = [np.random.default_rng(seed) for seed in (2, 3, 5, 9, 1)]
    asphalt = light_gradient(pavement(480, 640, rngs[0]), rngs[0])
    shaded = shadow_edge(pavement(480, 640, rngs[1]), rngs[1])
    stained = stain(pavement(480, 640, rngs[2]), rngs[2])
    wall = concrete(480, 640, rngs[3])
    return {
        "asphalt-crack": _tinted(paint_cracks(asphalt, _CRACKS, rngs[0]).image, (1.0, 0.99, 0.97)),
        "asphalt-net": _tinted(paint_cracks(shaded, _NET, rngs[1]).image, (0.98, 0.98, 1.0)),
        "asphalt-clean": _tinted(stained, (1.0, 0.98, 0.95)),
        "concrete-hairline": _tinted(
            paint_cracks(wall, _HAIRLINE, rngs[3]).image, (1.0, 0.98, 0.93)
        ),
        "gravel-crack": _tinted(paint_cracks(gravel, _CRACKS, rngs[4]).image, (1.0, 1.0, 1.0)),
    }


def _tinted(gray: GrayImage, tint: tuple[float, float, float]) -> RgbImage:
    colours = cv2.merge([gray * np.float32(share) for share in tint])
    photo: RgbImage = np.clip(np.round(255 * colours), 0, 255).astype(np.uint8)
    return photo


if __name__ == "__main__":
    for stem, photo in make_examples().items():
        write_jpeg(Path(sys.argv[1]) / f"{stem}.jpg", photo, quality=85)
