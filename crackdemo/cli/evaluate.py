"""`evaluate`: labelled photos to figures, plots and galleries."""

from argparse import Namespace
from typing import Any

from crackdemo.cli.terminal import say, watch
from crackdemo.cli.weights import load
from crackdemo.data.labelled import find_labelled
from crackdemo.data.layouts import masks_without_photo
from crackdemo.evaluation.evaluate import Evaluation
from crackdemo.evaluation.report import write_report
from crackdemo.files import make_folder, numbered
from crackdemo.masks.presets import Preset, read_preset


def run(args: Namespace) -> int:
    """Labelled photos to figures, for one or several weights."""
    photos = find_labelled(args.folder, args.split)
    loaded = [load(model) for model in args.model or [None]]
    names = numbered(weights.name for weights, _ in loaded)
    make_folder(args.out)
    for mask in masks_without_photo(args.folder):
        say(f"{mask} belongs to no photo and is left out.")
    status = 0
    evaluations: dict[str, Evaluation] = {}
    for name, (_, checkpoint) in zip(names, loaded, strict=True):
        if len(loaded) > 1:
            say(f"{name}:")
        own = checkpoint.config.mask
        preset = read_preset(args.preset, own) if args.preset else Preset(own)
        only = preset.only if args.only_class is None else args.only_class
        evaluation = Evaluation(checkpoint.detector(only=only), preset.mask)
        status = max(status, watch(evaluation.run(photos), len(photos)))
        evaluations[name] = evaluation
    for note in next(iter(evaluations.values())).notes:
        say(note)
    about = {"data": args.folder.resolve().name, "split": args.split}
    used: list[dict[str, Any]] = [
        {"weights": weights.name, "commit": weights.commit} for weights, _ in loaded
    ]
    write_report(args.out, evaluations, about, used)
    _print({name: evaluation.metrics() for name, evaluation in evaluations.items()})
    return status


def _print(figures: dict[str, dict[str, Any]]) -> None:
    """A line a figure, a column a weights."""
    rows = dict.fromkeys(name for each in figures.values() for name in each)
    if len(figures) > 1:
        print(f"{'':34} " + " ".join(f"{name:>14}" for name in figures))
    for row in rows:
        if len(figures) > 1 and row == "mask":
            continue  # too wide beside others; metrics.json has it
        if row == "confusion":
            continue  # a table of its own, in metrics.json
        cells = [_cell(each.get(row)) for each in figures.values()]
        print(f"{row:34} " + " ".join(f"{cell:>14}" if len(cells) > 1 else cell for cell in cells))


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={setting}" for name, setting in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
