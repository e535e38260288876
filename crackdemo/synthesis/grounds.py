"""Procedural ground without a crack: asphalt and concrete."""

import numpy as np

from crackdemo.arrays import GrayImage
from crackdemo.synthesis.noise import smooth_noise


def pavement(height: int, width: int, rng: np.random.Generator) -> GrayImage:
    """Procedural asphalt (height, width), 0..1: stones in bitumen, worn unevenly."""
    stones = smooth_noise((height, width), 2.2, rng)
    bitumen = smooth_noise((height, width), 1.1, rng)
    wear = smooth_noise((height, width), 40, rng)
    surface = 0.45 + 0.05 * np.tanh(1.5 * stones - 0.6) + 0.025 * bitumen + 0.012 * wear
    surface += 0.02 * smooth_noise((height, width), 0.5, rng)
    clipped: GrayImage = np.clip(surface, 0.02, 1).astype(np.float32)
    return clipped


def concrete(height: int, width: int, rng: np.random.Generator) -> GrayImage:
    """Procedural concrete (height, width), 0..1: fine grain, blotches and pores."""
    surface = 0.62 + 0.02 * smooth_noise((height, width), 25, rng)
    surface += 0.012 * smooth_noise((height, width), 1.2, rng)
    pores = smooth_noise((height, width), 1.5, rng) > 3.1
    return np.clip(surface - 0.12 * pores, 0.02, 1).astype(np.float32)
