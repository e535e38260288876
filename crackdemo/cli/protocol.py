"""`protocol`: the published concrete study on a folder of clean and cracked photos."""

import json
import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import version_of
from crackdemo.cli.terminal import say
from crackdemo.cli.weights import load
from crackdemo.data.labelled import find_labelled
from crackdemo.errors import DatasetError, PhotoError
from crackdemo.evaluation.partition import PARTS, Member, Part, Partition, make_partition
from crackdemo.evaluation.plots import write_plots
from crackdemo.evaluation.protocol import (
    Called,
    clean_threshold,
    curves_of,
    figures,
    lay_out,
    partition_csv,
    predictions_csv,
    recipe,
    table,
    write_spotlights,
)
from crackdemo.evaluation.scorers import DetectorScore, ReconstructionError, ScoreFile, Scorer
from crackdemo.files import make_folder, write_text
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.training.loop import use_threads
from crackdemo.training.team import CPU_ALONE
from crackdemo.training.trainer import fit_config, trainer_of

_RECIPE = "ConvVAE recipe"
_WORKERS = 1
"""Processes that prepare tiles beside the training."""


def run(args: Namespace) -> int:
    """Partition, fit, threshold, figures, predictions and spotlights. Goes on where it stopped."""
    external = None if args.external is None else find_labelled(args.external)
    partition = make_partition(find_labelled(args.folder), external)
    for folder in ("predictions", "spotlights", "plots", "scores"):
        make_folder(args.out / folder)
    write_text(args.out / "partition.csv", partition_csv(partition))
    for note in partition.notes:
        say(note)
    if partition.overlap:
        raise DatasetError("Photos stand in two parts, so that the figures would mean nothing.")
    counts = {
        part: len(partition.part(part)) for part in ("train", "validation", "test", "external")
    }
    say(f"{counts}, no content in two parts (SHA-256, see partition.csv).")
    checkpoint = _fitted(args, partition)
    study = _Study(args.out, partition)
    recipe_scorer = ReconstructionError(load_checkpoint(checkpoint))
    study.add(_RECIPE, recipe_scorer, version_of(checkpoint), None)
    for model in args.model or []:
        weights, loaded = load(model)
        detector = loaded.detector()
        made_with = f"{weights.name} {weights.commit} {weights.version}"
        threshold = detector.calibration.score_threshold
        study.add(weights.name, DetectorScore(detector), made_with, threshold)
    study.write()
    return 1 if study.failed else 0


def _fitted(args: Namespace, partition: Partition) -> Path:
    """The recipe's weights, fitted on clean training photos, or as they were left."""
    run = RunFolder(args.out / "run")
    if run.has_weights:
        say("The recipe is fitted already.")
        return run.checkpoint
    data = args.out / "data"
    lay_out(partition, data)
    if not run.path.is_dir():
        config = recipe(args.epochs, args.seed)
        make_folder(run.path)
        run.create(RunConfig(asdict(config), [str(data.resolve())], None))
    settings = fit_config(run)
    threads = os.cpu_count() or 1
    use_threads(threads)
    fit = trainer_of(settings.family).fit
    for report in fit(run, settings, run.data(), threads, _WORKERS, say, CPU_ALONE):
        say(f"epoch {report.epoch}/{report.epochs}  validation {report.validation_loss:.4f}")
    return run.checkpoint


class _Study:
    """Figures of the recipe and of other weights, on the test and on the external part."""

    def __init__(self, out: Path, partition: Partition) -> None:
        self.failed = 0
        self._out, self._partition = out, partition
        self._found: dict[Part, dict[str, dict[str, Any]]] = {"test": {}, "external": {}}
        self._thresholds: dict[str, float] = {}
        self._curves: dict[str, Any] = {}

    def add(self, name: str, scorer: Scorer, made_with: str, threshold: float | None) -> None:
        """threshold: the weights' own; None for the study's."""
        say(f"{name}:")
        file = name.replace("/", "-").replace(" ", "-")
        scores = ScoreFile(self._out / "scores" / f"{file}.txt", made_with)
        if threshold is None:
            clean = self._partition.part("validation", cracked=False)
            threshold = clean_threshold([s for _, s in self._scored(scores, clean, scorer)])
        self._thresholds[name] = threshold
        for part, of_part in self._found.items():
            called = [
                Called(member, score, score >= threshold)
                for member, score in self._scored(scores, self._partition.part(part), scorer)
            ]
            of_part[name] = figures(called)
        for cracked, label in ((False, "clean"), (True, "cracked")):
            of_label = [each for each in called if each.member.photo.cracked == cracked]
            path = self._out / "predictions" / f"{file}_external_{label}.csv"
            write_text(path, predictions_csv(of_label, threshold))
        self._curves[name] = curves_of(called, threshold)
        write_spotlights(self._out / "spotlights", file, called, scorer, threshold)

    def write(self) -> None:
        """protocol.json, the plots, and the tables on stdout."""
        write_plots(self._out / "plots", self._curves)
        values: dict[str, Any] = {
            "photos": {
                part: {
                    "clean": len(self._partition.part(part, cracked=False)),
                    "cracked": len(self._partition.part(part, cracked=True)),
                }
                for part in PARTS
            },
            "contents in two parts": self._partition.overlap,
            "thresholds": self._thresholds,
            "test": self._found["test"],
            "external": self._found["external"],
        }
        write_text(self._out / "protocol.json", json.dumps(values, indent=2) + "\n")
        for part, found in self._found.items():
            print(f"{len(self._partition.part(part))} photos of the {part} part\n")
            print(table(found) + "\n")

    def _scored(
        self, scores: ScoreFile, members: Sequence[Member], scorer: Scorer
    ) -> Iterator[tuple[Member, float]]:
        found = zip(members, scores.score(members, scorer), strict=True)
        for member, score in tqdm(
            found, total=len(members), unit="photo", disable=None, leave=False
        ):
            if isinstance(score, PhotoError):
                self.failed += 1
                say(str(score))
            else:
                yield member, score
