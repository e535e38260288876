"""Light and shadow on a gray surface (H, W), 0..1: they change how bright it is, never its grain.

Each is painted in the input and in the target alike, so that healing leaves it alone.
"""

import numpy as np

from crackdemo.arrays import GrayImage
from crackdemo.synthesis.lines import draw_line
from crackdemo.synthesis.noise import smooth_noise


def light_gradient(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Light that falls off across the tile."""
    across = draw_line(surface.shape, rng).across / max(surface.shape)
    light: GrayImage = 1 + np.float32(rng.uniform(0.1, 0.6)) * across
    return surface * light


def shadow_edge(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """A shadow with a wavy, sharp or soft edge."""
    edge = draw_line(surface.shape, rng).across
    edge = edge + 6 * smooth_noise(surface.shape, rng.uniform(4, 30), rng)
    softness = np.float32(np.exp(rng.uniform(np.log(0.5), np.log(12))))
    return _shaded(surface, edge / softness, rng)


def pole_shadow(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Shadows of poles, railings and branches: one to three soft bands, dead straight or bent."""
    line = draw_line(surface.shape, rng).bent(rng.normal(0, 4))
    half = np.exp(rng.uniform(np.log(1), np.log(20)))
    softness = np.exp(rng.uniform(np.log(0.8), np.log(8)))
    shade = np.zeros_like(surface)
    for number in range(int(rng.integers(1, 4))):
        shade = np.maximum(shade, line.band(number * half * rng.uniform(3, 8), half, softness))
    light: GrayImage = 1 - np.float32(rng.uniform(0.15, 0.65)) * shade
    return surface * light


def leaf_shadow(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Dappled shade, as below a tree."""
    size = np.exp(rng.uniform(np.log(2), np.log(25)))
    leaves = smooth_noise(surface.shape, size, rng) - np.float32(rng.uniform(-0.8, 1.2))
    return _shaded(surface, leaves * np.float32(np.exp(rng.uniform(0, np.log(12)))), rng)


def _shaded(surface: GrayImage, depth: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Dark where `depth` (H, W) is above 0, as softly as it rises there."""
    dark = 1 / (1 + np.exp(-np.clip(depth, -30, 30)))
    light: GrayImage = 1 - np.float32(rng.uniform(0.15, 0.65)) * dark.astype(np.float32)
    return surface * light
