"""The published ConvVAE recipe on METU's test images, scored as published.

    CONFIG=crackdemo/evaluation/convvae.json
    python -m crackdemo fit --config $CONFIG --data ../shared/data/metu --out RUN
    python tests/bench/convvae.py RUN/checkpoint [--data ../shared/data] [--limit N]

An image's score is its mean squared error at 128 x 128; it is called cracked above the 95th
percentile of clean validation images. Prints that row, and one for the shipped concrete weights on
the same images at their own threshold.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import SHIPPED
from crackdemo.data.labelled import LabelledPhoto, find_labelled
from crackdemo.detection.engine import Engine, best_device
from crackdemo.detection.scales import predict_at_scales
from crackdemo.evaluation.evaluate import Evaluation, image_metrics
from crackdemo.photos.images import read_photo

OURS = "cae-concrete"
CLEAN_QUANTILE = 0.95


def squared_errors(checkpoint: Path, photos: Iterable[LabelledPhoto]) -> list[float]:
    """Mean squared error of each photo's reconstruction, in flattened units."""
    loaded = load_checkpoint(checkpoint)
    engine, config = Engine(loaded.network, best_device()), loaded.config
    errors = []
    for photo in photos:
        pixels = read_photo(photo.source.path)
        (answer,) = predict_at_scales(pixels, engine, config.flatten, config.heatmap)
        errors.append(float(np.mean(answer.change[:] ** 2)))
    return errors


def row(name: str, figures: dict[str, Any]) -> str:
    """A row of the table: ROC-AUC, precision, recall, F1, clean and cracked images right."""
    negatives, positives = figures["image_true_negatives"], figures["image_false_positives"]
    cells = [f"{figures[f'image_{key}']:.4f}" for key in ("auroc", "precision", "recall", "f1")]
    shares = (negatives / (negatives + positives), figures["image_recall"])
    return (
        f"| {name} | " + " | ".join([*cells, *(f"{100 * share:.1f} %" for share in shares)]) + " |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--limit", type=int, default=10_000, help="test images")
    args = parser.parse_args()
    found = find_labelled(args.data / "metu", "test")
    photos = found[:: -(-len(found) // args.limit)]
    validation = find_labelled(args.data / "metu", "validation")
    clean = squared_errors(args.checkpoint, [photo for photo in validation if not photo.cracked])
    scores = squared_errors(args.checkpoint, photos)
    threshold = float(np.quantile(clean, CLEAN_QUANTILE))
    print(f"{len(photos)} METU test images\n")
    print("| method | ROC-AUC | precision | recall | F1 | clean right | cracked right |")
    print("|---" * 7 + "|")
    labels = [photo.cracked for photo in photos]
    called = [score >= threshold for score in scores]
    print(row("ConvVAE recipe", image_metrics(scores, labels, called)), flush=True)
    ours = load_checkpoint(SHIPPED / OURS)
    evaluation = Evaluation(ours.detector(), ours.config.mask)
    for _ in evaluation.run(photos):
        pass
    print(row(f"`{OURS}`", evaluation.metrics()))


if __name__ == "__main__":
    main()
