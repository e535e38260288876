"""The published concrete study: its recipe and its threshold, and any other weights beside it."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from crackdemo.arrays import RgbImage
from crackdemo.configs import parse_config
from crackdemo.errors import DatasetError
from crackdemo.evaluation.evaluate import SetCurves, image_metrics
from crackdemo.evaluation.partition import Member, Partition
from crackdemo.evaluation.scorers import Scorer
from crackdemo.files import make_folder, numbered
from crackdemo.photos.images import read_photo, write_jpeg
from crackdemo.photos.overlays import captioned, contact_sheet, preview
from crackdemo.tables import csv_text
from crackdemo.training.config import FitConfig

CLEAN_QUANTILE = 0.95
"""Of the errors of clean validation photos: from there on a photo is called cracked."""
RECIPE = Path(__file__).with_name("convvae.json")
"""The published ConvVAE: 128 x 128 gray, dense latent of 128, MSE and KL, 10 epochs."""
SPOTLIGHTS = 4
"""Photos a kind: the clearest right and wrong calls."""
_SIDE = 256


def recipe(epochs: int | None = None, seed: int = 0) -> FitConfig:
    """The published fit's settings."""
    config = parse_config(FitConfig, json.loads(RECIPE.read_text(encoding="utf-8")))
    return replace(config, seed=seed, epochs=epochs or config.epochs)


def lay_out(partition: Partition, folder: Path) -> None:
    """`train/clean` and `validation/clean` below a new folder, for the fit: links to the photos, or
    copies where the disk makes no links. What is there already stays."""
    for part in ("train", "validation"):
        members = partition.part(part, cracked=False)
        target = folder / part / "clean"
        make_folder(target)
        names = numbered(member.path.name for member in members)
        for member, name in zip(members, names, strict=True):
            if not (target / name).exists():
                _link(member.path, target / name)


def _link(source: Path, target: Path) -> None:
    with suppress(OSError):
        os.link(source.resolve(), target)
        return
    shutil.copyfile(source, target)


@dataclass(frozen=True)
class Called:
    """A photo, its score and what it was called."""

    member: Member
    """The photo with its label."""
    score: float
    """Higher = more crack-like."""
    cracked: bool
    """What it was called."""

    @property
    def is_right(self) -> bool:
        return self.cracked == self.member.photo.cracked


def clean_threshold(scores: Sequence[float]) -> float:
    """The study's: the 95th percentile of clean validation photos. Raises DatasetError without
    any."""
    if not scores:
        raise DatasetError("No clean validation photo could be scored: see above.")
    return float(np.quantile(scores, CLEAN_QUANTILE))


def figures(called: Sequence[Called]) -> dict[str, Any]:
    """ROC-AUC, precision, recall, F1, accuracy and confusion matrix, and the shares of clean and
    cracked photos that were called right; None where there are none."""
    labels = [each.member.photo.cracked for each in called]
    scores, calls = [each.score for each in called], [each.cracked for each in called]
    found = image_metrics(scores, labels, calls)
    negatives, positives = found["image_true_negatives"], found["image_false_positives"]
    clean = negatives + positives
    found["clean_right"] = negatives / clean if clean else None
    found["cracked_right"] = found["image_recall"] if len(labels) > clean else None
    return found


def table(rows: Mapping[str, dict[str, Any]]) -> str:
    """Markdown, a row a method."""
    columns = ("ROC-AUC", "precision", "recall", "F1", "clean right", "cracked right")
    lines = [f"| method | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, found in rows.items():
        keys = ("auroc", "precision", "recall", "f1")
        cells = [_cell(found[f"image_{key}"], "{:.4f}") for key in keys]
        cells += [_cell(found[key], "{:.1%}") for key in ("clean_right", "cracked_right")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value).replace("%", " %")


def predictions_csv(called: Sequence[Called], threshold: float) -> str:
    """A line a photo."""
    columns = ("file", "sha256", "label", "score", "threshold", "called", "right")
    return csv_text(
        columns,
        (
            {
                "file": each.member.photo.source.file,
                "sha256": each.member.sha256,
                "label": _word(each.member.photo.cracked),
                "score": f"{each.score:.8g}",
                "threshold": f"{threshold:.8g}",
                "called": _word(each.cracked),
                "right": str(each.is_right).lower(),
            }
            for each in called
        ),
    )


def partition_csv(partition: Partition) -> str:
    """A line a photo."""
    return csv_text(
        ("file", "label", "part", "sha256"),
        (
            {
                "file": member.photo.source.file,
                "label": _word(member.photo.cracked),
                "part": member.part,
                "sha256": member.sha256,
            }
            for member in partition.members
        ),
    )


def _word(cracked: bool) -> str:
    return "cracked" if cracked else "clean"


def curves_of(called: Sequence[Called], threshold: float) -> SetCurves:
    """For plots, where errors and scores of all kinds lie on one scale: s / (s + threshold)."""
    scores = [each.score / (each.score + threshold) for each in called]
    labels = [each.member.photo.cracked for each in called]
    return SetCurves({}, 0.5, scores, labels, 0.5)


def write_spotlights(
    folder: Path, name: str, called: Sequence[Called], scorer: Scorer, threshold: float
) -> None:
    """NAME-right.jpg and NAME-wrong.jpg: the clearest calls of either kind, for both labels, with
    photo, reconstruction, where there is one, and error map."""
    for kind in (True, False):
        chosen: list[Called] = []
        for cracked in (False, True):
            of_kind = [
                c for c in called if c.is_right == kind and c.member.photo.cracked == cracked
            ]
            of_kind.sort(key=lambda each: -abs(each.score - threshold))
            chosen += of_kind[:SPOTLIGHTS]
        if chosen:
            rows = [_spotlight(each, scorer) for each in chosen]
            rebuilt = ("reconstruction",) if len(rows[0]) == 3 else ()
            sheet = contact_sheet(rows, ("photo", *rebuilt, "error map"))
            write_jpeg(folder / f"{name}-{'right' if kind else 'wrong'}.jpg", sheet)


def _spotlight(called: Called, scorer: Scorer) -> list[RgbImage]:
    photo = read_photo(called.member.path)
    given = (photo, *scorer.pictures(photo))
    pictures = [_sized(picture) for picture in given if picture is not None]
    words = f"{_word(called.member.photo.cracked)}, called {_word(called.cracked)}"
    captions = (words, f"score {called.score:.5g}", "")
    return [captioned(picture, text) for picture, text in zip(pictures, captions, strict=False)]


def _sized(picture: RgbImage) -> RgbImage:
    scale = _SIDE // max(picture.shape[:2])
    if scale < 2:
        return preview(picture, _SIDE)
    return np.repeat(np.repeat(picture, scale, axis=0), scale, axis=1)
