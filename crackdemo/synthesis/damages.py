"""Photos of several damages and their truth, made from crack-free tiles: cracks, joints, stains,
potholes and markings, each with a label of its own."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import ClassMask, CrackMask, GrayImage
from crackdemo.files import write_text
from crackdemo.photos.images import write_png
from crackdemo.synthesis.cracks import CrackConfig, paint_cracks
from crackdemo.synthesis.lines import draw_line
from crackdemo.synthesis.noise import smooth_noise

_CRACKS = CrackConfig(width_min=2.5, width_max=9, depth_min=4, paths_max=1, network_probability=0)
_CHANCE = 0.45
"""That a damage is on a photo."""
_TOWARDS_SUN = np.array([[1, 0, 3], [0, 1, 3]], np.float32)
"""Moves a hole 3 pixels right and down."""
_GRAY_STEP = 50
"""Between the classes' gray levels in a mask, so that people see them too."""


class Painted(NamedTuple):
    """A surface with one kind of damage."""

    image: GrayImage
    """(H, W), 0..1."""
    mask: CrackMask
    """(H, W), True where it was painted."""


def crack(surface: GrayImage, rng: np.random.Generator) -> Painted:
    """One that branches or not."""
    tile = paint_cracks(surface, _CRACKS, rng)
    return Painted(tile.image, tile.mask)


def joint(surface: GrayImage, rng: np.random.Generator) -> Painted:
    """Dead straight, dark, of one width."""
    inside = draw_line(surface.shape, rng).band(0, rng.uniform(1.5, 5))
    return _darker(surface, inside, rng.uniform(0.4, 0.8))


def stain(surface: GrayImage, rng: np.random.Generator) -> Painted:
    """Oil: large blotches that leave the grain as it is."""
    noise = smooth_noise(surface.shape, rng.uniform(15, 35), rng)
    blot = np.clip((noise - np.float32(rng.uniform(0.8, 1.4))) * 8, 0, 1)
    return _darker(surface, blot, rng.uniform(0.2, 0.4))


def pothole(surface: GrayImage, rng: np.random.Generator) -> Painted:
    """A ragged hole: rough and dark, its rim towards the sun lit."""
    height, width = surface.shape
    radius = rng.uniform(12, 36)
    x = np.arange(width, dtype=np.float32)[None] - np.float32(rng.uniform(0, width))
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(rng.uniform(0, height))
    ragged = smooth_noise(surface.shape, 5, rng) * np.float32(0.12 * radius)
    inside = np.clip(np.float32(radius) + ragged - np.hypot(x, y * rng.uniform(0.7, 1.4)), 0, 1)
    rough = np.clip(1 + 0.5 * smooth_noise(surface.shape, 1.5, rng), 0.2, 2)
    bottom = surface * rough * np.float32(rng.uniform(0.25, 0.5))
    dug = surface + inside * (bottom - surface)
    rim = inside - cv2.warpAffine(inside, _TOWARDS_SUN, (width, height))
    lit = dug * (1 + np.float32(0.8) * np.clip(rim, 0, 1))
    return Painted(lit.astype(np.float32), inside > 0.5)


def marking(surface: GrayImage, rng: np.random.Generator) -> Painted:
    """A band of pale paint, worn a little."""
    line = draw_line(surface.shape, rng)
    inside = line.band(0, rng.uniform(6, 22))
    worn = np.clip(smooth_noise(surface.shape, 2, rng) + np.float32(rng.uniform(1.5, 3)), 0, 1)
    white = np.float32(min(1, float(surface.mean()) + rng.uniform(0.25, 0.5)))
    painted = surface + np.float32(0.85) * inside * worn * (white - surface)
    return Painted(painted.astype(np.float32), inside > 0.5)


def _darker(surface: GrayImage, inside: GrayImage, strength: float) -> Painted:
    darker: GrayImage = surface * (1 - np.float32(strength) * inside)
    return Painted(darker, inside > 0.5)


_Paint = Callable[[GrayImage, np.random.Generator], Painted]
_PAINTS: dict[str, _Paint] = {
    "stain": stain,
    "marking": marking,
    "joint": joint,
    "pothole": pothole,
    "crack": crack,
}
"""From the ground up: what comes later lies on what came before."""
DAMAGES = ("crack", "joint", "stain", "pothole", "marking")
"""In the order of their labels, from 1."""


def paint_damages(surface: GrayImage, rng: np.random.Generator) -> tuple[GrayImage, ClassMask]:
    """Some of the damages on a crack-free surface (H, W), 0..1, and their labels (H, W)."""
    labels = np.zeros(surface.shape, np.uint8)
    for name, paint in _PAINTS.items():
        if rng.random() < _CHANCE:
            surface, mask = paint(surface, rng)
            labels[mask] = DAMAGES.index(name) + 1
    return np.clip(surface, 0, 1).astype(np.float32), labels


def write_damages(folder: Path, tiles: Iterable[NDArray[np.uint8]], seed: int) -> None:
    """images/, masks/ and classes.json from crack-free gray tiles (H, W); the same for the same
    tiles and seed."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number, tile in enumerate(tiles):
        rng = np.random.default_rng([seed, number])
        image, labels = paint_damages(tile.astype(np.float32) / np.float32(255), rng)
        photo = np.repeat(np.round(255 * image).astype(np.uint8)[..., None], 3, axis=2)
        write_png(folder / "images" / f"{number:04}.png", photo)
        write_png(folder / "masks" / f"{number:04}.png", labels * np.uint8(_GRAY_STEP))
    names = {str(_GRAY_STEP * number): name for number, name in enumerate(DAMAGES, 1)}
    write_text(folder / "classes.json", json.dumps(names, indent=2) + "\n")
