"""What the processor's bfloat16 changes beside full precision: F1 of labelled test photos at hand.

python tests/bench/precision.py [--data ../shared/data] [--limit 60]

At most so many test photos of each set, evenly chosen, at each weights' own threshold. Where the
processor does not compute in bfloat16 there is nothing to print.
"""

import argparse
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.checkpoints.names import SHIPPED, shipped_names
from crackdemo.data.labelled import LabelledPhoto, find_labelled
from crackdemo.data.splits import Split
from crackdemo.detection import engine
from crackdemo.detection.detector import ResidualDetector
from crackdemo.detection.engine import Engine
from crackdemo.detection.probability import ProbabilityDetector
from crackdemo.evaluation.evaluate import Evaluation

BAR = 0.002
CPU = torch.device("cpu")
PRECISIONS = (engine._BFLOAT16, engine._FULL)
SETS: tuple[tuple[str, Split | None], ...] = (
    ("sut_crack", "test"),
    ("cracksc", "test"),
    ("uav", None),
)


def main() -> None:
    """A line for each weights and set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--limit", type=int, default=60)
    args = parser.parse_args()
    if "bfloat16" not in name_here():
        sys.exit("This processor does not compute in bfloat16.")
    changes = []
    for name in (n for f in ("cae", "vae", "segmenter") for n in shipped_names(family=f)):
        checkpoint = load_checkpoint(SHIPPED / name)
        for folder, split in SETS:
            photos = find_labelled(args.data / folder, split)
            photos = photos[:: -(-len(photos) // args.limit)]
            half, full = (f1_of(checkpoint, photos, precision) for precision in PRECISIONS)
            changes.append(abs(half - full))
            print(
                f"{name}, {len(photos)} of {folder}: F1 {half:.4f}, in full {full:.4f}", flush=True
            )
    print(f"largest change {max(changes):.4f} (bar: at most {BAR})")


def name_here() -> str:
    """What the engine takes by itself."""
    here = Engine(load_checkpoint(SHIPPED / shipped_names()[0]).network, CPU)
    return here._started().name


def f1_of(
    checkpoint: Checkpoint, photos: list[LabelledPhoto], precision: engine._Precision
) -> float:
    """Pixel F1 over all photos, with the weights' own mask settings."""
    detector = checkpoint.detector(CPU)
    assert isinstance(detector, ResidualDetector | ProbabilityDetector)
    detector._engine._engine = engine._by_openvino(checkpoint.network, 1, precision)
    evaluation = Evaluation(detector, checkpoint.config.mask)
    for _ in evaluation.run(photos):
        pass
    return float(evaluation.metrics()["pixel_f1"])


if __name__ == "__main__":
    main()
