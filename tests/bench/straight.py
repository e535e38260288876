"""What straight lines are taken for: drawn cracks that leave a straight line by a few pixels, and
joints, which do not, on crack-free photos of METU.

python tests/bench/straight.py [--weights NAME ...] [--data ../shared/data] [--split test]
    [--photos 24]

A row for each width in pixels and outline, a column for each wander: how many pixels a crack of 210
strays from side to side. Cells: share of the photos called cracked / share of the crack that the
mask has.
"""

import argparse
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.arrays import CrackMask, GrayImage, RgbImage
from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.checkpoints.names import SHIPPED, shipped_names
from crackdemo.data.folders import find_samples
from crackdemo.masks.cut import cut_mask
from crackdemo.photos.images import read_photo
from crackdemo.synthesis.structures import joint

LENGTH = 210
DEPTH = 0.6
"""Share of the light that a drawn crack takes away."""
WIDTHS = (2, 4, 8)
WANDERS = (0, 0.7, 1.4, 2.8, 5.6)
OUTLINES = {"even": 0.0, "ragged": 0.25}
"""Deviation of the width's logarithm."""
SHORT = ((32, 2), (60, 2), (60, 4))
"""Length and width of single short cracks, which stray by a twentieth of their length."""


@dataclass(frozen=True)
class Drawn:
    """A photo (H, W, 3) with a crack drawn on it, and where it is (H, W)."""

    photo: RgbImage
    crack: CrackMask


def main() -> None:
    """A table for each of the weights."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--weights", nargs="+", default=[*shipped_names(family="cae"), *shipped_names(family="vae")]
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--split", choices=["validation", "test"], default="test")
    parser.add_argument("--photos", type=int, default=24)
    args = parser.parse_args()
    photos = sound_photos(args.data / "metu", args.split, args.photos)
    for name in args.weights:
        folder = SHIPPED / name if name in shipped_names() else Path(name)
        print_table(name, load_checkpoint(folder), photos)


def sound_photos(folder: Path, split: str, count: int) -> list[RgbImage]:
    """Crack-free ones, evenly chosen."""
    files = [sample.path for sample in find_samples(folder) if sample.split == split]
    return [read_photo(file) for file in files[:: max(1, len(files) // count)][:count]]


def print_table(name: str, checkpoint: Checkpoint, photos: list[RgbImage]) -> None:
    """Markdown."""
    print(f"\n| {name} | " + " | ".join(f"{wander} px" for wander in WANDERS) + " |")
    print("|---" * (1 + len(WANDERS)) + "|")
    for (outline, unevenness), width in product(OUTLINES.items(), WIDTHS):
        cells = [
            cell(
                checkpoint, [draw(p, LENGTH, width, w, unevenness, i) for i, p in enumerate(photos)]
            )
            for w in WANDERS
        ]
        print(f"| {outline}, {width} px wide | " + " | ".join(cells) + " |", flush=True)
    for length, width in SHORT:
        drawn = [draw(p, length, width, length / 20, 0, i) for i, p in enumerate(photos)]
        print(f"{length} x {width} px: {cell(checkpoint, drawn)}", flush=True)
    joints = [jointed(photo, i) for i, photo in enumerate(photos)]
    called, marked = zip(*(judged(checkpoint, photo) for photo in joints), strict=True)
    print(
        f"joints: {100 * np.mean(called):.0f} % called, "
        f"{100 * np.mean([mask.mean() for mask in marked]):.2f} % of the pixels marked"
    )


def cell(checkpoint: Checkpoint, drawn: list[Drawn]) -> str:
    """Share called cracked / share of the crack that is marked."""
    called, found = [], []
    for each in drawn:
        is_called, mask = judged(checkpoint, each.photo)
        called.append(is_called)
        found.append(mask[each.crack].mean())
    return f"{100 * np.mean(called):.0f} % / {np.mean(found):.2f}"


def judged(checkpoint: Checkpoint, photo: RgbImage) -> tuple[bool, CrackMask]:
    """Whether it is called cracked, and the mask, at the weights' own settings."""
    detection = checkpoint.detector().detect(photo, heal=False)
    config = checkpoint.config
    is_called = bool(config.calibration.is_cracked(detection.score))
    return is_called, cut_mask(detection.heatmap, config.mask)


def draw(
    photo: RgbImage, length: int, width: float, wander: float, unevenness: float, seed: int
) -> Drawn:
    """A dark line through the photo's middle, at a random angle."""
    rng = np.random.default_rng(seed)
    height, columns = photo.shape[:2]
    middle, angle = np.array([columns, height]) / 2, rng.uniform(0, np.pi)
    along = np.arange(length) - length / 2
    aside = bridge(length, rng) * wander
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = middle + np.stack([along, aside], 1) @ turn
    swell = smooth(rng.normal(0, 1, length), 3)
    widths = width * np.exp(unevenness * swell / swell.std())
    fine = np.zeros((height * 4, columns * 4), np.uint8)
    ends = np.round(points * 4).astype(np.intp)
    for start, end, across in zip(ends[:-1], ends[1:], widths[1:], strict=True):
        cv2.line(fine, start.tolist(), end.tolist(), 255, max(1, round(across * 4)))
    coverage = cv2.resize(fine, (columns, height), interpolation=cv2.INTER_AREA) / 255
    darker = photo * (1 - DEPTH * coverage[..., None])
    return Drawn(np.round(darker).astype(np.uint8), coverage > 0.5)


def bridge(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A random walk that begins and ends on the line, and strays by 1 from side to side."""
    walk = np.cumsum(rng.normal(0, 1, length))
    walk = smooth(walk - np.linspace(walk[0], walk[-1], length), 2)
    way: NDArray[np.float64] = walk / np.ptp(walk)
    return way


def smooth(values: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Gaussian."""
    smoothed: NDArray[np.float64] = cv2.GaussianBlur(values[None], (0, 0), sigma)[0]
    return smoothed


def jointed(photo: RgbImage, seed: int) -> RgbImage:
    """With a sawn or formed joint, as fits are shown it."""
    gray: GrayImage = photo.mean(2).astype(np.float32) / np.float32(255)
    levels = 255 * np.clip(joint(gray, np.random.default_rng(seed)), 0, 1)
    return cv2.cvtColor(np.round(levels).astype(np.uint8), cv2.COLOR_GRAY2RGB)


if __name__ == "__main__":
    main()
