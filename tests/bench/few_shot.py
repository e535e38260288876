"""What a few photos with masks teach a segmenter: fits of random draws, each on its test photos.

    python tests/bench/few_shot.py OUT [--data ../shared/data] [--threads 2] [--only NAME...]

A row is a fit as `fit --family segmenter --start cae-asphalt` makes it, or from another start.
Photos are drawn at random from those that are not for tests; of `uav`, which is never trained on
for what is shipped, the first twelve by the split's hash, and the rest are the test. A fit that is
done is not done again, one that was stopped goes on; at the end the table of all that is there.
"""

import argparse
import hashlib
import json
import random
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.data.labelled import LabelledPhoto, find_labelled
from crackdemo.evaluation.evaluate import Evaluation
from crackdemo.files import write_text
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.training.segmentation.recipe import run_fit
from crackdemo.training.trainer import parse_settings, trainer_of

UAV_PHOTOS = 12
FIGURES = ("pixel_f1", "pixel_ods_with_morphology", "pixel_iou")
BEST = {"start": "cae-asphalt", "start_with": "heatmap"}


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    name: str
    """What its fits are called."""
    set: str
    """The folder of the data that its photos are of."""
    photos: int | None
    """How many; None: all that are not for tests."""
    settings: dict[str, str]
    """What is not as usual."""
    draws: int = 3
    """How many draws of photos, or, of all photos, seeds."""


ROWS = (
    Row("sut_crack 3", "sut_crack", 3, BEST),
    Row("sut_crack 5", "sut_crack", 5, BEST),
    Row("sut_crack 10", "sut_crack", 10, BEST),
    Row("cracksc 10", "cracksc", 10, BEST),
    Row("uav 12", "uav", UAV_PHOTOS, BEST, 1),
    Row("sut_crack all", "sut_crack", None, BEST),
    Row("sut_crack 10 from nothing", "sut_crack", 10, {}, 1),
    Row(
        "sut_crack 10, encoder of cae-asphalt",
        "sut_crack",
        10,
        {"start": "cae-asphalt", "start_with": "encoder"},
        1,
    ),
    Row(
        "sut_crack 10, encoder of vae-asphalt",
        "sut_crack",
        10,
        {"start": "vae-asphalt", "start_with": "encoder"},
        1,
    ),
    Row(
        "sut_crack 10, encoder and heatmap of cae-asphalt",
        "sut_crack",
        10,
        {"start": "cae-asphalt", "start_with": "both"},
        1,
    ),
)


def main() -> None:
    """Fits what is missing and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="+", choices=[row.name for row in ROWS])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rows = [row for row in ROWS if not args.only or row.name in args.only]
    for row in rows:
        for draw in range(row.draws):
            fit_draw(row, draw, args.data, args.out, args.threads)
    print("\n| photos | draws | F1 at 0.5 | ODS | IoU |\n|---|---|---|---|---|")
    for row in rows:
        print(line(row, args.out))


def fit_draw(row: Row, draw: int, data: Path, out: Path, threads: int) -> None:
    """One fit and its figures, where they are not there yet."""
    place = out / f"{row.name}, draw {draw}"
    if (place / "figures.json").exists():
        return
    learnt, test = drawn(row, draw, data / row.set)
    folder = copied(learnt, place / row.set)
    run = RunFolder(place / "run")
    config = trainer_of("segmenter").started(
        parse_settings({"family": "segmenter", "seed": draw, **row.settings}), None
    )
    if not run.exists:
        run.create(RunConfig(asdict(config), [str(folder.resolve())]))
    print(f"{row.name}, draw {draw}: {len(learnt)} photos", flush=True)
    for report in run_fit(run, config, [folder], threads):
        print(f"  epoch {report.epoch}: {report.metric} {report.value:.3f}", flush=True)
    checkpoint = load_checkpoint(run.checkpoint)
    evaluation = Evaluation(checkpoint.detector(), checkpoint.config.mask)
    for _ in evaluation.run(test):
        pass
    metrics = evaluation.metrics()
    figures = {name: metrics[name] for name in FIGURES} | {"photos": metrics["photos"]}
    write_text(place / "figures.json", json.dumps(figures))
    print(f"  {figures}", flush=True)


def drawn(row: Row, draw: int, folder: Path) -> tuple[list[LabelledPhoto], list[LabelledPhoto]]:
    """Photos to learn from, and the test photos."""
    photos = find_labelled(folder)
    if row.set == "uav":
        in_order = sorted(photos, key=lambda photo: hash_of(row.set, photo))
        return in_order[: row.photos], in_order[row.photos :]
    test = find_labelled(folder, "test")
    tested = {photo.source.path for photo in test}
    others = [photo for photo in photos if photo.source.path not in tested]
    if row.photos is None:
        return others, test
    return random.Random(f"{row.set} {draw}").sample(others, row.photos), test


def hash_of(name: str, photo: LabelledPhoto) -> int:
    """The number that the split is made of."""
    digest = hashlib.sha256(f"{name}/{photo.source.path.stem}".encode()).hexdigest()
    return int(digest, 16)


def copied(photos: Sequence[LabelledPhoto], folder: Path) -> Path:
    """A data folder of these alone."""
    for photo in photos:
        assert photo.mask_path is not None
        for path, part in ((photo.source.path, "images"), (photo.mask_path, "masks")):
            (folder / part).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / part / path.name)
    return folder


def line(row: Row, out: Path) -> str:
    """Its figures: of several draws each, and their mean."""
    figures = list(figures_of(row, out))
    if not figures:
        return f"| {row.name} | 0 | | | |"
    cells = []
    for name in FIGURES:
        values = [each[name] for each in figures]
        each = " ".join(f"{value:.3f}" for value in values)
        cells.append(each if len(values) == 1 else f"{each}, mean {mean(values):.3f}")
    return f"| {row.name} | {len(figures)} | {' | '.join(cells)} |"


def figures_of(row: Row, out: Path) -> Iterator[dict[str, float]]:
    """Those of the draws that are done."""
    for draw in range(row.draws):
        path = out / f"{row.name}, draw {draw}" / "figures.json"
        if path.exists():
            yield json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
