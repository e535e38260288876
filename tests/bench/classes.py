"""A segmenter of several classes on made damages: mean IoU on test photos that it has not seen.

    python tests/bench/classes.py OUT [--data ../shared/data] [--minutes M] [--threads 1]
        [--device auto|cpu|cuda|mps] [--only-data]

Paints cracks, joints, stains, potholes and markings on crack-free tiles of `sut_crack` into
OUT/damages (train, validation and test from its own splits), fits into OUT/run, and prints what the
card says of the test photos. With --only-data nothing is fitted: OUT/damages is for the page.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.checkpoints.checkpoint import read_config
from crackdemo.data.folders import find_samples
from crackdemo.data.splits import SPLITS
from crackdemo.data.tiles import readable_tiles
from crackdemo.models.segmenter import SegmenterConfig
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.synthesis.damages import DAMAGES, write_damages
from crackdemo.training.segmentation.config import PhotoAugmentConfig, SegmentConfig
from crackdemo.training.segmentation.recipe import run_fit
from crackdemo.training.team import assembled

SIDE, STEP = 256, 128
DEVICES = ("auto", "cpu", "cuda", "mps")
PHOTOS = {"train": 240, "validation": 40, "test": 60}
CONFIG = SegmentConfig(
    network=SegmenterConfig(channels=(16, 32, 64, 128), latent=128, dropout=0),
    tile_size=192,
    batch_size=8,
    steps_per_epoch=200,
    epochs=16,
    patience=16,
    learning_rate=2e-3,
    flatten=None,  # it would take large stains for the light
    augment=PhotoAugmentConfig(scale=(0.8, 1.25), gain=(0.8, 1.2), gamma=(0.9, 1.1), tint=0),
)


def make(data: Path, folder: Path) -> None:
    samples = find_samples(data / "sut_crack")
    for number, split in enumerate(SPLITS):
        chosen = [sample for sample in samples if sample.split == split]
        tiles, _ = readable_tiles(chosen, SIDE, STEP, "luma")
        rng = np.random.default_rng(number)
        # a tile that comes again has other damages
        drawn = [tiles[i] for i in np.resize(rng.permutation(len(tiles)), PHOTOS[split])]
        print(f"{split}: {len(drawn)} photos from {len(tiles)} crack-free tiles")
        write_damages(folder / split, drawn, seed=number)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--minutes", type=float, help="instead of all epochs")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--only-data", action="store_true")
    args = parser.parse_args()
    if not (args.out / "damages").exists():
        make(args.data, args.out / "damages")
    if args.only_data:
        return
    run, folders = RunFolder(args.out / "run"), [args.out / "damages"]
    if not run.exists:
        run.create(RunConfig(asdict(CONFIG), [str(folders[0].resolve())], args.minutes))
    with assembled(args.device) as team:
        workers = 3 if team.device.type == "cuda" else 0
        for report in run_fit(run, CONFIG, folders, args.threads, workers, print, team):
            print(f"epoch {report.epoch}: {report.metric} {report.value:.3f}", flush=True)
    metrics = read_config(run.checkpoint).metrics
    print("| class | IoU | Dice |\n|---|---|---|")
    for name in DAMAGES:
        iou, dice = (metrics[f"test {figure} of {name}"] for figure in ("iou", "dice"))
        print(f"| {name} | {iou:.3f} | {dice:.3f} |")
    print(f"| mean | {metrics['test mean_iou']:.3f} | {metrics['test mean_dice']:.3f} |")
    print(f"pixel accuracy {metrics['test pixel_accuracy']:.3f}")


if __name__ == "__main__":
    main()
