"""Sound pavement that is easily taken for cracked: other ground, and what lies and stands on it.

All of it is painted in the input and in the target alike, so that healing leaves it alone.
"""

from collections.abc import Callable

import numpy as np

from crackdemo.arrays import GrayImage
from crackdemo.synthesis.light import leaf_shadow, light_gradient, pole_shadow, shadow_edge
from crackdemo.synthesis.markings import lane_marking
from crackdemo.synthesis.marks import drips, pits, specks, stain, tyre_mark
from crackdemo.synthesis.stones import exposed_aggregate, stone_mosaic
from crackdemo.synthesis.structures import cable, joint, kerb

_Paint = Callable[[GrayImage, np.random.Generator], GrayImage]


def add_distractions(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Stones, stains, paint, joints, kerbs, light and shadow, each with its own chance, on a gray
    surface (H, W), 0..1."""
    for probability, paint in _DISTRACTIONS:
        if rng.random() < probability:
            surface = paint(surface, rng)
    return np.clip(surface, 0, 1).astype(np.float32)


def _stones_instead(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    height, width = surface.shape
    return stone_mosaic(height, width, rng)


_DISTRACTIONS: tuple[tuple[float, _Paint], ...] = (
    (0.15, _stones_instead),
    (0.3, exposed_aggregate),
    (0.1, kerb),
    (0.3, pits),
    (0.1, tyre_mark),
    (0.35, specks),
    (0.4, stain),
    (0.3, drips),
    (0.4, lane_marking),
    (0.14, joint),
    (0.07, cable),
    (0.15, shadow_edge),
    (0.08, pole_shadow),
    (0.08, leaf_shadow),
    (0.5, light_gradient),
)
"""How likely each is, from the ground up: light falls on all of it."""
