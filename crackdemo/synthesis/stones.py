"""Aggregate up close: stones with mortar between them, where every gap looks like a crack."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from crackdemo.arrays import GrayImage
from crackdemo.synthesis.noise import smooth_noise


class _Stones(NamedTuple):
    """Stones that fill a picture; arrays (H, W)."""

    size: float
    """From one to the next, in pixels."""
    number: NDArray[np.int64]
    """Whose pixel it is."""
    gap: GrayImage
    """How far the nearest gap between two stones is, in pixels."""
    gray: GrayImage
    """Gray level, 0..1."""


def stone_mosaic(height: int, width: int, rng: np.random.Generator) -> GrayImage:
    """A crack-free surface (height, width), 0..1: stones of 8 to 60 px, each with its own gray and
    grain, sunlit on one side, in darker mortar."""
    stones = _draw_stones(height, width, rng)
    half = np.float32(stones.size * rng.uniform(0.03, 0.14) + 0.6)
    ragged = 1 + np.float32(0.35) * smooth_noise((height, width), max(1.0, stones.size / 8), rng)
    softness = np.float32(rng.uniform(0.8, 2.5))
    inside = np.clip((half * ragged - stones.gap) / softness + 0.5, 0, 1)
    mortar = np.float32(0.03) * smooth_noise((height, width), 1.0, rng)
    mortar += np.float32(rng.uniform(0.12, 0.42))
    surface = cv2.GaussianBlur(stones.gray + inside * (mortar - stones.gray), (0, 0), 0.5)
    clipped: GrayImage = np.clip(surface, 0.02, 1).astype(np.float32)
    return clipped


def exposed_aggregate(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Stones that show in a gray surface (H, W), 0..1, each with a crescent of shadow."""
    height, width = surface.shape
    stones = _draw_stones(height, width, rng)
    shown = rng.random(stones.number.max() + 1) < rng.uniform(0.15, 0.8)
    apart = np.float32(stones.size * rng.uniform(0.05, 0.3))
    inside = np.clip((stones.gap - apart) / np.float32(rng.uniform(0.8, 2)) + 0.5, 0, 1)
    inside = inside * shown[stones.number]
    away = rng.uniform(-0.12, 0.12, 2) * stones.size
    moved: GrayImage = cv2.warpAffine(
        inside, np.array([[1, 0, away[0]], [0, 1, away[1]]]), (width, height)
    )
    shadow = np.float32(rng.uniform(0.2, 0.8)) * np.clip(moved - inside, 0, 1)
    lit = stones.gray * np.float32(surface.mean() / 0.5)
    shaded = surface * (1 - shadow)
    clipped: GrayImage = np.clip(shaded + inside * (lit - shaded), 0.02, 1).astype(np.float32)
    return clipped


def _draw_stones(height: int, width: int, rng: np.random.Generator) -> _Stones:
    size = float(np.exp(rng.uniform(np.log(8), np.log(60))))
    number, gap, towards = _cells(height, width, size, rng)
    grays = rng.normal(rng.uniform(0.42, 0.62), rng.uniform(0.03, 0.11), number.max() + 1)
    gray = grays.astype(np.float32)[number]
    gray += np.float32(rng.uniform(0.01, 0.05)) * smooth_noise((height, width), 0.7, rng)
    gray += np.float32(rng.uniform(0.0, 0.04)) * smooth_noise((height, width), size / 5, rng)
    sun = rng.uniform(0, 2 * np.pi)
    slope = np.cos(towards - np.float32(sun)) * np.exp(-gap / np.float32(0.18 * size))
    gray += np.float32(rng.uniform(0.0, 0.1)) * slope
    return _Stones(size, number, gap, gray)


def _cells(
    height: int, width: int, size: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], GrayImage, GrayImage]:
    """Of each pixel (height, width): its stone's number, how far the nearest gap is, and in which
    direction from the stone's middle it lies (in radians)."""
    count = max(4, int((height + 4 * size) * (width + 4 * size) / size**2))
    seeds = rng.uniform(0, 1, (count, 2)) * (height + 4 * size, width + 4 * size) - 2 * size
    wobble = np.float32(size / 12)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    y += wobble * smooth_noise((height, width), max(1.0, size / 5), rng)
    x += wobble * smooth_noise((height, width), max(1.0, size / 5), rng)
    distances, numbers = cKDTree(seeds).query(np.stack([y, x], -1), k=2)
    own = seeds[numbers[..., 0]]
    towards = np.arctan2(y - own[..., 0], x - own[..., 1]).astype(np.float32)
    gap = ((distances[..., 1] - distances[..., 0]) / 2).astype(np.float32)
    return numbers[..., 0], gap, towards
