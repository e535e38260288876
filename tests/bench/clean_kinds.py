"""What weights mark where there is no crack: made photos of every kind, on crack-free test tiles.

    python tests/bench/clean_kinds.py [NAME|FOLDER ...] [--data ../shared/data] [--count 40]

Prints Markdown: by kind the share of pixels that are marked with the weights' own settings, and the
share of photos that are called cracked.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, resolve_weights
from crackdemo.data.folders import find_samples
from crackdemo.data.tiles import readable_tiles
from crackdemo.masks.cut import cut_mask
from crackdemo.synthesis.kinds import KINDS, scenes
from crackdemo.training.loop import GrayTiles


def test_tiles(data: Path, side: int = 227) -> GrayTiles:
    """Of sut_crack's test photos, which no fit has seen."""
    samples = [sample for sample in find_samples(data / "sut_crack") if sample.split == "test"]
    return readable_tiles(samples, side, 96, "luma")[0]


def cells(checkpoint: Checkpoint, tiles: GrayTiles, count: int) -> list[str]:
    """Marked pixels and called photos of each kind, in %."""
    detector, mask = checkpoint.detector(), checkpoint.config.mask
    texts = []
    for number, kind in enumerate(KINDS):
        marked, called = [], []
        for surface in scenes(kind, tiles, count, np.random.default_rng([7, number])).clean:
            gray = np.round(255 * surface).astype(np.uint8)
            detection = detector.detect(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB))
            marked.append(cut_mask(detection.heatmap, mask).mean())
            called.append(detector.calibration.is_cracked(detection.score))
        texts.append(f"{100 * np.mean(marked):.2f} / {100 * np.mean(called):.0f}")
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", nargs="*", default=[DEFAULT_WEIGHTS])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--count", type=int, default=40, help="photos of each kind, at most")
    args = parser.parse_args()
    tiles = test_tiles(args.data)
    print(f"| pixels marked / photos called, in % | {' | '.join(kind.name for kind in KINDS)} |")
    print("|---" * (len(KINDS) + 1) + "|")
    for name in args.weights:
        checkpoint = load_checkpoint(resolve_weights(name).folder)
        print(f"| {name} | {' | '.join(cells(checkpoint, tiles, args.count))} |", flush=True)


if __name__ == "__main__":
    main()
