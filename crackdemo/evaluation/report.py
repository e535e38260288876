"""The files of an evaluation, of one or several weights beside each other."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crackdemo.errors import FolderError
from crackdemo.evaluation.evaluate import Evaluation
from crackdemo.evaluation.plots import write_plots
from crackdemo.files import make_folder, reason_of, write_text, written_together
from crackdemo.inspection.predict import error_row
from crackdemo.tables import csv_text

COLUMNS = (
    "file",
    "gt_crack",
    "score",
    "crack",
    "pixel_precision",
    "pixel_recall",
    "pixel_f1",
    "pixel_f1_2px",
    "pixel_f1_5px",
    "pixel_iou",
    "seconds",
    "weights",
)
"""Of per_image.csv; pixel columns are empty where there is no mask."""


def write_report(
    out: Path,
    evaluations: Mapping[str, Evaluation],
    about: dict[str, Any],
    used: list[dict[str, Any]],
) -> None:
    """metrics.json, per_image.csv, errors.csv, plots/ and galleries/ of weights by name.

    about: what is said of the whole; used: what is said of each weights. Of one weights
    metrics.json holds the figures themselves, of several a table `models` by name. Raises
    FolderError when the disk is full: what an earlier call wrote there is as it was then.
    """
    make_folder(out)
    figures = {
        name: {**what, **about, **evaluation.metrics()}
        for what, (name, evaluation) in zip(used, evaluations.items(), strict=True)
    }
    whole = {"models": figures} if len(figures) > 1 else next(iter(figures.values()))
    rows = [{**row, "weights": name} for name, each in evaluations.items() for row in each.rows]
    errors = [
        {**error_row(failure), "weights": name}
        for name, each in evaluations.items()
        for failure in each.failures
    ]
    try:
        with written_together(out) as building:
            text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
            write_text(building / "metrics.json", text)
            write_text(building / "per_image.csv", csv_text(COLUMNS, rows))
            write_text(building / "errors.csv", csv_text(("file", "reason", "weights"), errors))
            plots, galleries = building / "plots", building / "galleries"
            plots.mkdir()
            write_plots(plots, {name: each.curves() for name, each in evaluations.items()})
            galleries.mkdir()
            for name, evaluation in evaluations.items():
                evaluation.gallery.write(galleries, name.replace("/", "-"))
    except OSError as error:
        raise FolderError(
            f"The figures cannot be written ({reason_of(error)}): free some space and try again."
        ) from None
