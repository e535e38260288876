"""Hard negatives: dark and bright things on sound pavement that are no cracks and stay in place.

Each paints on a gray surface (H, W), 0..1, in the input and in the target alike, so that healing
leaves them alone.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage
from crackdemo.synthesis.noise import smooth_noise

_Paint = Callable[[GrayImage, np.random.Generator], GrayImage]


def add_distractions(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Light, shadow, stains, paint, joints, tyre marks and specks, each with its own chance."""
    for probability, paint in _DISTRACTIONS:
        if rng.random() < probability:
            surface = paint(surface, rng)
    return np.clip(surface, 0, 1).astype(np.float32)


def light_gradient(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Light that falls off across the tile."""
    across = _signed_distance(surface, rng) / max(surface.shape)
    light: GrayImage = 1 + np.float32(rng.uniform(0.1, 0.6)) * across
    return surface * light


def shadow_edge(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """A shadow with a wavy, sharp or soft edge."""
    edge = _signed_distance(surface, rng) + _noise(surface, rng.uniform(4, 30), rng) * 6
    softness = np.float32(np.exp(rng.uniform(np.log(0.5), np.log(12))))
    dark = 1 / (1 + np.exp(-np.clip(edge / softness, -30, 30)))
    light: GrayImage = 1 - np.float32(rng.uniform(0.15, 0.65)) * dark
    return surface * light


def stain(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Oil, water, rust or rubber: ragged blotches, darker or lighter, soft or sharp, some drawn
    out."""
    height, width = surface.shape
    size = np.exp(rng.uniform(np.log(3), np.log(25)))
    drawn_out = int(rng.integers(1, 4))
    noise = smooth_noise(height, -(-width // drawn_out), size, rng)
    noise = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        noise = cv2.resize(np.ascontiguousarray(noise.T), (width, height))
    noise += np.float32(rng.uniform(0, 0.4)) * _noise(surface, size / 4, rng)
    edge = np.float32(np.exp(rng.uniform(0, np.log(10))))
    blot = np.clip((noise - np.float32(rng.uniform(0.7, 1.8))) * edge, 0, 1)
    light: GrayImage = 1 - np.float32(rng.uniform(-0.2, 0.5)) * blot
    return surface * light


def paint_band(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """A lane marking: a bright straight band with worn patches."""
    half = rng.uniform(4, 40)
    inside = np.clip(half - np.abs(_signed_distance(surface, rng)) + 0.5, 0, 1)
    worn = np.clip(
        (_noise(surface, rng.uniform(1, 4), rng) + rng.uniform(0, 2.5)) * 2,
        0,
        1,
    )
    white = np.float32(rng.uniform(0.6, 1.0))
    opacity: GrayImage = np.float32(rng.uniform(0.5, 1)) * inside * worn
    return surface + opacity * (white - surface)


def joint(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """A sawn or formed joint: dead straight, one width, sharp on both sides."""
    half = np.float32(np.exp(rng.uniform(np.log(1.5), np.log(9))))
    inside = np.clip(half - np.abs(_signed_distance(surface, rng)) + 0.5, 0, 1)
    light: GrayImage = 1 - np.float32(rng.uniform(0.3, 0.85)) * inside
    return surface * light


def tyre_mark(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """A broad, soft, dark band."""
    half = rng.uniform(10, 40)
    band = np.exp(-((_signed_distance(surface, rng) / np.float32(half)) ** 2))
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
    ragged = _noise(surface, rng.uniform(1, 3), rng) * np.float32(rng.uniform(0.05, 0.35))
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


def _signed_distance(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Distance in pixels from a random straight line through the tile, signed, (H, W)."""
    height, width = surface.shape
    # roads, slabs and cameras favour the image's axes
    aligned = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.06)
    angle = aligned if rng.random() < 0.5 else rng.uniform(0, np.pi)
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(rng.uniform(0, width))
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(rng.uniform(0, height))
    return np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y


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


def _noise(surface: GrayImage, sigma: float, rng: np.random.Generator) -> GrayImage:
    height, width = surface.shape
    return smooth_noise(height, width, sigma, rng)


_DISTRACTIONS: tuple[tuple[float, _Paint], ...] = (
    (0.5, light_gradient),
    (0.2, shadow_edge),
    (0.45, stain),
    (0.15, paint_band),
    (0.12, joint),
    (0.1, tyre_mark),
    (0.35, specks),
    (0.3, pits),
)
