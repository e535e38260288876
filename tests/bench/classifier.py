"""What a classifier is worth on another surface, and which saliency shows cracks best.

    python tests/bench/classifier.py checkpoints/classifier-concrete [RUN/checkpoint ...]

The first table: tiles of the `sut_crack` test photos, as large as METU's, that hold a crack or lie
apart from every one. The second, of the first weights alone: their heatmap by each method on the
validation photos of `sut_crack` with the masks as truth, best threshold for the set, no morphology.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.arrays import CrackMask, RgbImage
from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.data.folders import find_samples
from crackdemo.data.splits import Split
from crackdemo.data.tiles import MASK_MARGIN
from crackdemo.detection.saliency import Method, SaliencyConfig, look
from crackdemo.evaluation.evaluate import image_metrics
from crackdemo.masks.grow import dilate
from crackdemo.photos.images import read_mask, read_photo

TILE, STEP = 227, 142
LEAST_CRACK = 100
"""Pixels of a cracked tile's mask: what is less lies at its edge."""
METHODS: tuple[tuple[Method, int], ...] = (
    ("gradcam", 2),
    ("gradcam", 3),
    ("gradient", 3),
    ("smoothgrad", 3),
    ("integrated", 3),
)


def photos(data: Path, split: Split) -> Iterator[tuple[RgbImage, CrackMask]]:
    for sample in find_samples(data / "sut_crack"):
        if sample.split == split and sample.mask_path is not None:
            yield read_photo(sample.path), read_mask(sample.mask_path)


def tiles(data: Path) -> Iterator[tuple[RgbImage, bool]]:
    """With whether each is cracked; those with a bit of crack at the edge are left out."""
    for photo, mask in photos(data, "test"):
        near = dilate(mask, MASK_MARGIN)
        for top in range(0, mask.shape[0] - TILE + 1, STEP):
            for left in range(0, mask.shape[1] - TILE + 1, STEP):
                cut = np.s_[top : top + TILE, left : left + TILE]
                if mask[cut].sum() >= LEAST_CRACK:
                    yield photo[cut], True
                elif not near[cut].any():
                    yield photo[cut], False


def tile_row(weights: Path, data: Path) -> str:
    detector = load_checkpoint(weights).detector()
    scores, labels = [], []
    for tile, cracked in tiles(data):
        scores.append(detector.detect(tile, heal=False).score)
        labels.append(cracked)
    called = [detector.calibration.is_cracked(score) for score in scores]
    figures = image_metrics(scores, labels, called)
    names = ("auroc", "accuracy", "precision", "recall")
    cells = " | ".join(f"{figures[f'image_{name}']:.4f}" for name in names)
    name = weights.parent.name if weights.name == "checkpoint" else weights.name
    return f"| {name} | {labels.count(False)} | {labels.count(True)} | {cells} |"


def method_row(weights: Path, data: Path, method: Method, level: int) -> str:
    checkpoint = load_checkpoint(weights)
    heat = checkpoint.config.heatmap
    assert isinstance(heat, SaliencyConfig)
    heat = replace(heat, method=method, level=level)
    values, truth, seconds = [], [], 0.0
    for photo, mask in photos(data, "validation"):
        started = time.process_time()
        values.append(look(checkpoint.network, photo, checkpoint.config.flatten, heat).saliency)
        seconds += time.process_time() - started
        truth.append(mask)
    flat, true = (np.concatenate([each.ravel() for each in many]) for many in (values, truth))
    order = np.argsort(-flat, kind="stable")
    found = np.cumsum(true[order])
    called = np.arange(1, len(found) + 1)
    ods = float((2 * found / (called + found[-1])).max())
    average_precision = float((found / called)[true[order]].mean())
    per_photo = seconds / len(values)
    named = f"{method}, level {level}" if method == "gradcam" else method
    return f"| {named} | {ods:.3f} | {average_precision:.3f} | {per_photo:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    args = parser.parse_args()
    print("| weights | clean tiles | cracked tiles | ROC-AUC | accuracy | precision | recall |")
    print("|---|---|---|---|---|---|---|")
    for weights in args.weights:
        print(tile_row(weights, args.data), flush=True)
    print("\n| saliency | ODS | average precision | processor seconds a photo |\n|---|---|---|---|")
    for method, level in METHODS:
        print(method_row(args.weights[0], args.data, method, level), flush=True)


if __name__ == "__main__":
    main()
