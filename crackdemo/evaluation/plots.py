"""Figures of one or several weights as plots, PNG and SVG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crackdemo.evaluation.evaluate import SetCurves
from crackdemo.files import written_whole
from crackdemo.masks.metrics import THRESHOLDS, confusion, ods

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Of the weights, in turn (Okabe and Ito 2008): distinct to colour-blind eyes."""
Rates: TypeAlias = NDArray[np.float64]
"""(N,), 0..1."""
_STYLES = {0.0: "-", 2.0: "--", 5.0: ":"}
"""By tolerance in px."""


def write_plots(folder: Path, curves: Mapping[str, SetCurves]) -> list[str]:
    """One plot a question, of all weights by name; the names of the plots that there are.

    What nobody labelled is not drawn: no pixel plots without masks, no image plots without whole
    photos' labels.
    """
    masked = {name: each for name, each in curves.items() if each.pixels}
    labelled = {name: each for name, each in curves.items() if each.labels}
    both = {name: each for name, each in labelled.items() if len(set(each.labels)) == 2}
    plots: dict[str, Figure] = {}
    if masked:
        plots["pixel_precision_recall"] = _precision_recall(masked)
        plots["pixel_f1"] = _f1(masked)
    if both:
        plots["image_roc"] = _roc(both)
    if labelled:
        plots["image_scores"] = _scores(labelled)
        plots["image_confusion"] = _confusion(labelled)
    for name, figure in plots.items():
        _save(figure, folder, name)
    return list(plots)


def roc_points(scores: list[float], labels: list[bool]) -> tuple[Rates, Rates]:
    """False and true positive rates at each score from the highest down, from (0, 0) to (1, 1)."""
    values = np.unique(scores)[::-1]
    cracked = np.asarray(labels, np.bool_)
    above = np.asarray(scores)[None] >= values[:, None]
    rates = [np.concatenate([[0.0], above[:, where].mean(axis=1)]) for where in (~cracked, cracked)]
    return rates[0], rates[1]


def _precision_recall(curves: Mapping[str, SetCurves]) -> Figure:
    figure, axes = _plot("recall", "precision", "Pixels: precision and recall by threshold")
    for (name, each), colour in zip(curves.items(), _colours(), strict=False):
        for px, curve in each.pixels.items():
            # where nothing is marked, precision says nothing
            marking = [counts for counts in curve if counts.predicted]
            recall = [counts.recall for counts in marking]
            precision = [counts.precision for counts in marking]
            axes.plot(recall, precision, _STYLES[px], color=colour, label=_label(name, px))
            at = curve[_nearest(each.threshold)]
            axes.plot(at.recall, at.precision, "o", color=colour)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    _legend(axes, "dots: at the settings' threshold")
    return figure


def _f1(curves: Mapping[str, SetCurves]) -> Figure:
    figure, axes = _plot("threshold", "F1", "Pixels: F1 against the threshold")
    for (name, each), colour in zip(curves.items(), _colours(), strict=False):
        for px, curve in each.pixels.items():
            f1 = [counts.f1 for counts in curve]
            axes.plot(THRESHOLDS, f1, _STYLES[px], color=colour, label=_label(name, px))
            best, counts = ods([curve])
            axes.plot(best, counts.f1, "*", color=colour, markersize=10)
        axes.axvline(each.threshold, color=colour, linewidth=0.8)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    _legend(axes, "lines: the settings' threshold; stars: the best for these photos (ODS)")
    return figure


def _roc(curves: Mapping[str, SetCurves]) -> Figure:
    figure, axes = _plot("clean photos called cracked", "cracked photos found", "Photos: ROC")
    for (name, each), colour in zip(curves.items(), _colours(), strict=False):
        false, true = roc_points(each.scores, each.labels)
        area = float(np.sum(np.diff(false) * (true[1:] + true[:-1]) / 2))
        axes.plot(false, true, color=colour, label=f"{name}: area {area:.4f}")
        called = confusion(np.asarray(each.scores) >= each.score_threshold, each.labels)
        clean = called.false_positives + called.true_negatives
        axes.plot(called.false_positives / clean, called.recall, "o", color=colour)
    axes.set(xlim=(-0.02, 1), ylim=(0, 1.02))
    _legend(axes, "dots: at the weights' own score threshold")
    return figure


def _scores(curves: Mapping[str, SetCurves]) -> Figure:
    figure, rows = _plots(len(curves), 1, "score", "photos")
    for axes, (name, each) in zip(rows, curves.items(), strict=True):
        scores, cracked = np.asarray(each.scores), np.asarray(each.labels, np.bool_)
        groups = {"clean": scores[~cracked], "cracked": scores[cracked]}
        for (label, values), colour in zip(groups.items(), COLOURS, strict=False):
            axes.hist(values, bins=50, range=(0, 1), color=colour, alpha=0.6, label=label)
        axes.axvline(each.score_threshold, color="black", linewidth=1)
        axes.set_title(f"Photos: scores of {name}; line: from here on cracked", fontsize=10)
        axes.legend(fontsize=8)
    return figure


def _confusion(curves: Mapping[str, SetCurves]) -> Figure:
    figure, rows = _plots(1, len(curves), "called", "is")
    for axes, (name, each) in zip(rows, curves.items(), strict=True):
        called = confusion(np.asarray(each.scores) >= each.score_threshold, each.labels)
        table = [
            [called.true_negatives, called.false_positives],
            [called.false_negatives, called.true_positives],
        ]
        axes.imshow(table, cmap="Blues", vmin=0)
        for row in range(2):
            for column in range(2):
                dark = table[row][column] > max(map(max, table)) / 2
                axes.text(
                    column, row, str(table[row][column]), ha="center", va="center",
                    color="white" if dark else "black",
                )  # fmt: skip
        axes.set_xticks([0, 1], ["clean", "cracked"])
        axes.set_yticks([0, 1], ["clean", "cracked"])
        axes.set_title(name, fontsize=10)
    return figure


def _plot(x: str, y: str, title: str) -> tuple[Figure, Axes]:
    figure, [axes] = _plots(1, 1, x, y)
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3)
    return figure, axes


def _plots(rows: int, columns: int, x: str, y: str) -> tuple[Figure, list[Axes]]:
    # not pyplot, whose figures live until they are closed and belong to one thread
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(7 if columns == 1 else 3.2 * columns, 4.6 * rows), layout="constrained"
    )
    all_axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes in all_axes:
        axes.set(xlabel=x, ylabel=y)
    return figure, all_axes


def _legend(axes: Axes, title: str) -> None:
    axes.figure.legend(
        title=title, fontsize=8, title_fontsize=8, loc="outside lower center", ncols=2
    )


def _label(name: str, px: float) -> str:
    return f"{name}, {f'within {px:g} px' if px else 'exact'}"


def _nearest(threshold: float) -> int:
    return int(np.abs(np.subtract(THRESHOLDS, threshold)).argmin())


def _colours() -> list[str]:
    return [*COLOURS] * 10


def _save(figure: Figure, folder: Path, name: str) -> None:
    """The same plot is the same file, to the byte."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": name}):
        for kind in ("png", "svg"):
            with written_whole(folder / f"{name}.{kind}") as building:
                date = {"Date": None} if kind == "svg" else None
                figure.savefig(building, format=kind, dpi=150, metadata=date)
