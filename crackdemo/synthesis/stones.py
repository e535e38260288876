"""Aggregate up close: stones with mortar between them, where every gap looks like a crack."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from crackdemo.arrays import GrayImage
from crackdemo.synthesis.noise import smooth_noise


def stone_mosaic(height: int, width: int, rng: np.random.Generator) -> GrayImage:
    """A crack-free surface (height, width), 0..1: stones of 8 to 60 px, each with its own gray and
    grain, sunlit on one side, in darker mortar."""
    size = float(np.exp(rng.uniform(np.log(8), np.log(60))))
    nearest, gap, towards = _cells(height, width, size, rng)
    grays = rng.normal(rng.uniform(0.42, 0.62), rng.uniform(0.03, 0.11), nearest.max() + 1)
    stones = grays.astype(np.float32)[nearest]
    stones += np.float32(rng.uniform(0.01, 0.05)) * smooth_noise(height, width, 0.7, rng)
    stones += np.float32(rng.uniform(0.0, 0.04)) * smooth_noise(height, width, size / 5, rng)
    sun = rng.uniform(0, 2 * np.pi)
    slope = np.cos(towards - np.float32(sun)) * np.exp(-gap / np.float32(0.18 * size))
    stones += np.float32(rng.uniform(0.0, 0.1)) * slope
    half = np.float32(size * rng.uniform(0.03, 0.14) + 0.6)
    ragged = 1 + np.float32(0.35) * smooth_noise(height, width, max(1.0, size / 8), rng)
    inside = np.clip((half * ragged - gap) / np.float32(rng.uniform(0.8, 2.5)) + 0.5, 0, 1)
    mortar = np.float32(0.03) * smooth_noise(height, width, 1.0, rng)
    mortar += np.float32(rng.uniform(0.12, 0.32))
    surface = cv2.GaussianBlur(stones + inside * (mortar - stones), (0, 0), 0.5)
    clipped: GrayImage = np.clip(surface, 0.02, 1).astype(np.float32)
    return clipped


def _cells(
    height: int, width: int, size: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], GrayImage, GrayImage]:
    """Of each pixel (height, width): its stone's number, how far the nearest gap is, and in which
    direction from the stone's middle it lies (in radians)."""
    count = max(4, int((height + 4 * size) * (width + 4 * size) / size**2))
    seeds = rng.uniform(0, 1, (count, 2)) * (height + 4 * size, width + 4 * size) - 2 * size
    wobble = np.float32(size / 12)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    y += wobble * smooth_noise(height, width, max(1.0, size / 5), rng)
    x += wobble * smooth_noise(height, width, max(1.0, size / 5), rng)
    distances, numbers = cKDTree(seeds).query(np.stack([y, x], -1), k=2)
    own = seeds[numbers[..., 0]]
    towards = np.arctan2(y - own[..., 0], x - own[..., 1]).astype(np.float32)
    gap = ((distances[..., 1] - distances[..., 0]) / 2).astype(np.float32)
    return numbers[..., 0], gap, towards
