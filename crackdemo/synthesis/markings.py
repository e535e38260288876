"""Paint on a gray surface (H, W), 0..1: lane markings and arrows, new and worn, and what lies
beside them: older bands, dark where they were erased, and dirt along their edges."""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage
from crackdemo.synthesis.lines import Line, draw_line
from crackdemo.synthesis.noise import smooth_noise

_ARROW = np.array([(-0.2, -2), (0.2, -2), (0.2, 0.4), (0.7, 0.4), (0, 2), (-0.7, 0.4), (-0.2, 0.4)])
"""Corners across and along, for a shaft of .4 wide."""


def lane_marking(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """One band, two, a dashed one or an arrow, of 3 to 90 px, over whatever was there before."""
    line = draw_line(surface.shape, rng)
    if rng.random() < 0.2:
        line = line.bent(rng.normal(0, 6))
    half = float(np.exp(rng.uniform(np.log(1.5), np.log(45))))
    if rng.random() < 0.55:
        surface = _old_band(surface, line, half, rng)
    paint = _outline(line, half, rng)
    if rng.random() < 0.4:
        surface = _edge_dirt(surface, paint, half, rng)
    return _painted(surface, paint, rng)


def _outline(line: Line, half: float, rng: np.random.Generator) -> GrayImage:
    """Where the paint was meant to be (H, W), 0..1, with ragged edges."""
    rough = smooth_noise(line.across.shape, rng.uniform(0.8, 3), rng)
    rough *= np.float32(rng.uniform(0, 1.2))
    line = Line(line.across + rough, line.along)
    shape = rng.choice(["band", "two bands", "dashes", "arrow"], p=[0.45, 0.25, 0.2, 0.1])
    if shape == "arrow":
        return _arrow(line, max(half, 6.0))
    paint = line.band(0, half)
    if shape == "two bands":
        paint = np.maximum(paint, line.band(half * rng.uniform(2.6, 7), half * rng.uniform(0.5, 1)))
    elif shape == "dashes":
        period = half * rng.uniform(6, 24)
        place = np.abs((line.along / np.float32(period)) % 1 - np.float32(0.5))
        ends = (np.float32(rng.uniform(0.15, 0.35)) - place) * np.float32(period)
        paint = paint * np.clip(ends + np.float32(0.5), 0, 1)
    return paint


def _arrow(line: Line, half: float) -> GrayImage:
    """Coverage (H, W), 0..1, of an arrow along the line."""
    canvas = np.zeros((256, 256), np.uint8)
    cv2.fillPoly(canvas, [np.round(128 + 56 * _ARROW).astype(np.int32)], 255)
    x = line.across * np.float32(56 * 0.4 / (2 * half)) + np.float32(128)
    y = line.along * np.float32(56 * 0.4 / (2 * half)) + np.float32(128)
    drawn: NDArray[np.uint8] = cv2.remap(canvas, x, y, cv2.INTER_LINEAR)
    return drawn.astype(np.float32) / np.float32(255)


def _old_band(surface: GrayImage, line: Line, half: float, rng: np.random.Generator) -> GrayImage:
    """What is left of an earlier marking: a dark or pale band under the new one or beside it."""
    coverage = line.band(
        half * rng.uniform(-3, 3),
        half * rng.uniform(0.5, 2),
        float(np.exp(rng.uniform(0, np.log(8)))),
    )
    worn = smooth_noise(surface.shape, rng.uniform(1, 6), rng) * np.float32(rng.uniform(0, 0.4))
    strength = np.float32(rng.uniform(0.08, 0.5) if rng.random() < 0.75 else -rng.uniform(0.1, 0.4))
    light: GrayImage = 1 - strength * coverage * np.clip(1 + worn, 0, 1.5)
    return surface * light


def _edge_dirt(
    surface: GrayImage, paint: GrayImage, half: float, rng: np.random.Generator
) -> GrayImage:
    """Dirt and bitumen that gather along the edges of the paint."""
    reach = rng.uniform(0.8, 1.5 + 0.25 * half)
    around = cv2.GaussianBlur(paint, (0, 0), reach, borderType=cv2.BORDER_REFLECT)
    patches = smooth_noise(surface.shape, rng.uniform(2, 10), rng)
    dirt = 2 * np.minimum(around, 1 - around) * np.clip(patches + np.float32(0.8), 0, 1)
    light: GrayImage = 1 - np.float32(rng.uniform(0.1, 0.6)) * dirt
    return surface * light


def _painted(surface: GrayImage, paint: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Paint on the surface, gone in patches and from its grain, which still shows in it."""
    patches = smooth_noise(surface.shape, rng.uniform(1, 5), rng)
    texture = surface - cv2.GaussianBlur(surface, (0, 0), 3, borderType=cv2.BORDER_REFLECT)
    rubbed = texture * np.float32(rng.normal(0, 8))
    left = np.clip((patches + rubbed + np.float32(rng.uniform(-0.2, 3))) * 2, 0, 1)
    white = np.float32(min(1, float(surface.mean()) + rng.uniform(0.15, 0.6)))
    white = white + texture * np.float32(rng.uniform(0, 0.9))
    opacity: GrayImage = np.float32(rng.uniform(0.5, 1)) * paint * left
    painted: GrayImage = surface + opacity * np.maximum(white - surface, 0)
    return painted
