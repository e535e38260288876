"""A finished run to shipped weights: measured on the test photos, card written, folder in place.

python tests/bench/publish.py runs/cae-asphalt checkpoints/cae-asphalt [--data ../shared/data]
"""

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.checkpoints.card import model_card
from crackdemo.checkpoints.checkpoint import (
    Checkpoint,
    CheckpointConfig,
    load_checkpoint,
    save_checkpoint,
)
from crackdemo.data.labelled import find_labelled
from crackdemo.evaluation.evaluate import Evaluation

SETS = (("sut_crack", "test"), ("cracksc", "test"), ("uav", None), ("metu", "test"))
PIXEL_FIGURES = ("pixel_f1", "pixel_f1_2px", "pixel_iou", "pixel_average_precision")
ODS_FIGURES = ("pixel_ods_with_morphology", "pixel_ods_with_morphology_2px")
IMAGE_FIGURES = ("image_auroc", "image_precision", "image_recall", "image_f1")


def measured(checkpoint: Checkpoint, data: Path, limit: int, sets: Sequence[str]) -> dict[str, Any]:
    """Figures of some of SETS, on at most `limit` test photos a set, evenly chosen; uav is
    zero-shot."""
    figures: dict[str, Any] = {}
    detector = checkpoint.detector()
    for folder, split in SETS:
        if folder not in sets:
            continue
        evaluation = Evaluation(detector, checkpoint.config.mask)
        photos = find_labelled(data / folder, split)
        for _ in evaluation.run(photos[:: -(-len(photos) // limit)]):
            pass
        metrics = evaluation.metrics()
        figures[f"{folder} test photos"] = metrics["photos"]
        for name in (*PIXEL_FIGURES, *ODS_FIGURES, *IMAGE_FIGURES):
            if metrics.get(name) is not None:
                figures[f"{folder} test {name}"] = round(metrics[name], 4)
        print(folder, {k: v for k, v in figures.items() if k.startswith(folder)}, flush=True)
    return figures


def start_restored(config: CheckpointConfig, name: str) -> str:
    """Commands before the fit: its settings aside, and what it started from as it was then."""
    aside = f"mkdir -p runs && cp checkpoints/{name}/config.json runs/{name}.json\n"
    start = config.training["fit"].get("start")
    if not start:
        return aside
    weights = f"checkpoints/{start}/model.safetensors"
    commits = _git("log", "--format=%h", "--", weights).decode().split()
    sha256 = config.training["start_sha256"]
    commit = next(
        c for c in commits if hashlib.sha256(_git("show", f"{c}:{weights}")).hexdigest() == sha256
    )
    return f"{aside}git checkout {commit} -- checkpoints/{start}\n"


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], check=True, capture_output=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--limit", type=int, default=10_000, help="photos of each set")
    names = [name for name, _ in SETS]
    parser.add_argument("--sets", nargs="+", choices=names, default=names)
    args = parser.parse_args()
    fitted = load_checkpoint(args.run / "checkpoint")
    metrics = {**fitted.config.metrics, **measured(fitted, args.data, args.limit, args.sets)}
    config = replace(fitted.config, metrics=metrics)
    folders = " ".join(f"../shared/data/{name}" for name in config.training["data"])
    name = args.checkpoint.name
    command = (
        f"{start_restored(config, name)}"
        f"python -m crackdemo fit --config runs/{name}.json --data {folders} --out runs/{name}\n"
        f"python tests/bench/publish.py runs/{name} checkpoints/{name} --limit {args.limit}"
        f"{'' if args.sets == names else ' --sets ' + ' '.join(args.sets)}"
    )
    card = model_card(config, command)
    save_checkpoint(args.checkpoint, Checkpoint(config, fitted.network), card)


if __name__ == "__main__":
    main()
