"""Marks on a gray surface (H, W), 0..1: stains, drips, tyre marks, specks and pits.

Each is painted in the input and in the target alike, so that healing leaves it alone.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage
from crackdemo.synthesis.lines import draw_line
from crackdemo.synthesis.noise import smooth_noise


def stain(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Oil, water, rust or rubber: ragged blotches, darker or lighter, soft or sharp, some drawn
    out."""
    height, width = surface.shape
    size = np.exp(rng.uniform(np.log(3), np.log(25)))
    drawn_out = int(rng.integers(1, 4))
    noise = smooth_noise((height, -(-width // drawn_out)), size, rng)
    noise = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        noise = cv2.resize(np.ascontiguousarray(noise.T), (width, height))
    noise += np.float32(rng.uniform(0, 0.4)) * smooth_noise(surface.shape, size / 4, rng)
    edge = np.float32(np.exp(rng.uniform(0, np.log(10))))
    blot = np.clip((noise - np.float32(rng.uniform(0.7, 1.8))) * edge, 0, 1)
    light: GrayImage = 1 - np.float32(rng.uniform(-0.2, 0.5)) * blot
    return surface * light


def drips(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Streaks that ran down a wall or a kerb: side by side, fading out, dark or pale."""
    line = draw_line(surface.shape, rng)
    length = max(surface.shape)
    streak = smooth_noise((1, 4 * length), np.exp(rng.uniform(np.log(0.7), np.log(10))), rng)[0]
    sway = smooth_noise(surface.shape, rng.uniform(8, 30), rng) * np.float32(rng.uniform(0, 2))
    side = np.clip(line.across + sway + np.float32(2 * length), 0, 4 * length - 1).astype(np.intp)
    strength = np.clip((streak[side] - np.float32(rng.uniform(0, 1.5))) * 1.5, 0, 1)
    fading = np.exp(-np.maximum(line.along, 0) / np.float32(length * rng.uniform(0.2, 2)))
    started = np.clip(line.along / np.float32(rng.uniform(1, 8)), 0, 1)
    light: GrayImage = 1 - np.float32(rng.uniform(-0.25, 0.5)) * strength * fading * started
    return surface * light


def tyre_mark(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """A broad, soft, dark band."""
    half = rng.uniform(10, 40)
    across = draw_line(surface.shape, rng).across
    band = np.exp(-((across / np.float32(half)) ** 2))
    light: GrayImage = 1 - np.float32(rng.uniform(0.1, 0.4)) * band
    return surface * light


def specks(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Pits, pores and pebbles: compact dark or bright spots."""
    height, width = surface.shape
    spots = np.zeros((height * 4, width * 4), np.float32)
    size = rng.uniform(0.6, 4)
    for _ in range(int(rng.integers(3, 40))):
        centre = (int(rng.integers(width * 4)), int(rng.integers(height * 4)))
        radius = np.maximum(1, size * rng.uniform(0.4, 1.6) * 4 * rng.uniform(0.6, 1.4, 2))
        axes = (int(radius[0]), int(radius[1]))
        cv2.ellipse(spots, centre, axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
    spots = cv2.resize(spots, (width, height), interpolation=cv2.INTER_AREA)
    strength = np.float32(rng.uniform(0.2, 0.8) if rng.random() < 0.75 else -rng.uniform(0.2, 0.8))
    light: GrayImage = 1 - strength * spots
    return surface * light


def pits(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Blow-holes, lost and bared stones: ragged holes, and stones with a crescent of shadow."""
    height, width = surface.shape
    ragged = smooth_noise(surface.shape, rng.uniform(1, 3), rng)
    ragged *= np.float32(rng.uniform(0.05, 0.35))
    towards_sun = rng.uniform(-0.5, 0.5, 2)
    for _ in range(int(rng.integers(1, 7))):
        radius = np.exp(rng.uniform(np.log(1.5), np.log(10)))
        centre = rng.uniform(0, 1, 2) * (width, height)
        shape = rng.uniform(0.6, 1.6), rng.uniform(0, np.pi)
        hole = _disk(surface, centre, radius, *shape, ragged)
        if rng.random() < 0.4:
            lit = hole * _disk(surface, centre + radius * towards_sun, radius, *shape, ragged)
            surface = surface * (1 + np.float32(rng.uniform(-0.15, 0.3)) * lit)
            hole = hole - lit
        surface = surface * (1 - np.float32(rng.uniform(0.2, 0.8)) * hole)
    return surface


def _disk(
    surface: GrayImage,
    centre: NDArray[np.float64],
    radius: float,
    stretch: float,
    angle: float,
    ragged: GrayImage,
) -> GrayImage:
    """Coverage (H, W), 0..1, of an ellipse whose outline is moved by `ragged` radii."""
    height, width = surface.shape
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(centre[0])
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(centre[1])
    sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    along = (cosine * x + sine * y) * np.float32(stretch)
    across = (cosine * y - sine * x) / np.float32(stretch)
    inside = np.float32(radius) * (1 - ragged) - np.hypot(along, across)
    coverage: GrayImage = np.clip(inside, 0, 1)
    return coverage
