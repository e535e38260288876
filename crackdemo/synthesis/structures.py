"""What was built on or into a gray surface (H, W), 0..1: joints, saw cuts, kerbs and cables.

Straight or evenly bent, of one width, as no crack is; input and target have them alike.
"""

import numpy as np

from crackdemo.arrays import GrayImage
from crackdemo.synthesis.lines import Line, draw_line
from crackdemo.synthesis.noise import smooth_noise


def joint(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """A sawn or formed joint, dead straight, one width, sharp on both sides; some cross another."""
    line = draw_line(surface.shape, rng)
    half = float(np.exp(rng.uniform(np.log(0.6), np.log(9))))
    inside = line.band(0, half)
    if rng.random() < 0.3:
        inside = np.maximum(inside, line.crossed().band(0, half))
    light: GrayImage = 1 - np.float32(rng.uniform(0.25, 0.85)) * inside
    if rng.random() < 0.3:
        light = light * (1 - np.float32(rng.uniform(0.05, 0.35)) * _sealed(line, half, rng))
    return surface * light


def kerb(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """The edge of another material: a kerb's face, a dark line at its foot, a bright one above."""
    line = draw_line(surface.shape, rng).bent(rng.normal(0, 3))
    face = float(np.exp(rng.uniform(np.log(2), np.log(40))))
    soft = rng.uniform(0.7, 2)
    beyond, front = line.beyond(face / 2, soft), line.band(0, face / 2, soft)
    other = smooth_noise(surface.shape, rng.uniform(0.6, 3), rng)
    other *= np.float32(rng.uniform(0.01, 0.04))
    other += np.float32(min(0.9, float(surface.mean()) * np.exp(rng.uniform(-0.6, 0.6))))
    built = surface + beyond * (other - surface)
    built = built + front * (other * np.float32(np.exp(rng.uniform(-0.7, 0.5))) - built)
    if rng.random() < 0.7:
        foot = line.band(-face / 2, np.exp(rng.uniform(np.log(0.5), np.log(4))), soft)
        built = built * (1 - np.float32(rng.uniform(0.2, 0.8)) * foot)
    if rng.random() < 0.5:
        built = built + np.float32(rng.uniform(0.05, 0.3)) * line.band(face / 2, 1, soft)
    painted: GrayImage = np.clip(built, 0, 1)
    return painted


def cable(surface: GrayImage, rng: np.random.Generator) -> GrayImage:
    """A cable, hose or wire that lies there: round, so lit along one side, with its shadow."""
    line = draw_line(surface.shape, rng).bent(rng.normal(0, 12))
    half = float(np.exp(rng.uniform(np.log(0.7), np.log(7))))
    if rng.random() < 0.6:
        away = half * rng.uniform(0.5, 5) * rng.choice([-1, 1])
        shadow = line.band(away, half, rng.uniform(1, 1 + half))
        surface = surface * (1 - np.float32(rng.uniform(0.1, 0.5)) * shadow)
    skin = np.float32(rng.uniform(0.03, 0.3) if rng.random() < 0.8 else rng.uniform(0.6, 0.95))
    side = rng.choice([-1, 1]) * half * rng.uniform(0, 0.6)
    shine = np.float32(rng.uniform(0, 0.35)) * line.band(side, half / 4)
    laid: GrayImage = surface + line.band(0, half) * (skin + shine - surface)
    return laid


def _sealed(line: Line, half: float, rng: np.random.Generator) -> GrayImage:
    """Bitumen spread over a joint, wider than it."""
    return line.band(rng.normal(0, half), half * rng.uniform(2, 6) + 1, rng.uniform(1, 3))
