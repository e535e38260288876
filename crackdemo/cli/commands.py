"""What each command does, with the arguments that `commands` has parsed."""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from shlex import quote
from typing import Any

from tqdm import tqdm

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, Weights, resolve_weights
from crackdemo.data.folders import find_samples
from crackdemo.data.labelled import find_labelled
from crackdemo.detection.detector import Detector
from crackdemo.errors import (
    CheckpointError,
    DatasetError,
    FitError,
    FolderError,
    PredictError,
    PresetError,
    RunError,
    SourceError,
    WeightsError,
)
from crackdemo.evaluation.evaluate import Evaluation
from crackdemo.files import make_folder
from crackdemo.inspection import predict as batch
from crackdemo.inspection.predict import Failed, Outcome
from crackdemo.masks.cut import MaskParams
from crackdemo.masks.presets import Preset, read_preset
from crackdemo.photos.sources import find_sources
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.training.config import FitConfig
from crackdemo.training.loop import seconds_per_step, use_threads
from crackdemo.training.memory import keep_freed_memory
from crackdemo.training.recipe import fit_config, read_data, run_fit

_REFUSALS = (
    PredictError,
    CheckpointError,
    DatasetError,
    FitError,
    FolderError,
    PresetError,
    RunError,
    SourceError,
    WeightsError,
)
_WORKERS = 1
"""Processes that paint tiles beside the training."""


def run(args: Namespace) -> int:
    """The exit status of a command; what cannot be met is said on stderr."""
    try:
        return {"predict": predict, "evaluate": evaluate, "fit": fit}[args.command](args)
    except _REFUSALS as refusal:
        _say(str(refusal))
        return 2
    except KeyboardInterrupt:
        _say("Stopped.")
        return 1


def predict(args: Namespace) -> int:
    """Photos to a folder of results."""
    sources = find_sources(args.photos, without=[args.out / view for view in batch.VIEWS])
    _, detector = _load(args.model)
    preset = _preset(args, detector.checkpoint.config.mask)
    outcomes = batch.predict(sources, detector, preset, args.out)
    return _watch(outcomes, len(sources))


def evaluate(args: Namespace) -> int:
    """Labelled photos to figures."""
    photos = find_labelled(args.folder, args.split)
    weights, detector = _load(args.model)
    make_folder(args.out)
    evaluation = Evaluation(detector)
    status = _watch(evaluation.run(photos), len(photos))
    evaluation.write(
        args.out,
        {
            "weights": weights.name,
            "commit": weights.commit,
            "data": args.folder.resolve().name,
            "split": args.split,
        },
    )
    for name, value in evaluation.metrics().items():
        print(f"{name:34} {value:.4g}" if isinstance(value, float) else f"{name:34} {value}")
    return status


def fit(args: Namespace) -> int:
    """Photos of sound surface to a checkpoint in a run folder."""
    keep_freed_memory()
    threads = args.threads or os.cpu_count() or 1
    use_threads(threads)
    if args.dry_run:
        return _say_duration(args)
    run = RunFolder(args.out)
    config, folders = _resumed(run) if args.resume else _new_run(args, run)
    if run.checkpoint.exists():
        _tell(run, "done")
        _say(f"The run “{args.out.name}” is done already.")
        return 0
    try:
        for report in run_fit(run, config, folders, threads, _WORKERS, _say):
            _say(
                f"epoch {report.epoch}/{report.epochs}  training {report.train_loss:.4f}  "
                f"validation {report.validation_loss:.4f}{'  best' if report.best else ''}"
            )
    except (FitError, RunError) as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        _tell(run, "cancelled")
        _say(f"Stopped. Go on with: python -m crackdemo fit --out {quote(str(args.out))} --resume")
        return 1
    _say(f"Done: the weights are in {run.checkpoint}")
    return 0


def _load(model: str | None) -> tuple[Weights, Detector]:
    weights = resolve_weights(DEFAULT_WEIGHTS if model is None else model)
    return weights, Detector(load_checkpoint(weights.folder))


def _preset(args: Namespace, own: MaskParams) -> Preset:
    """The preset's settings or the checkpoint's own, but for those that are given one by one."""
    preset = read_preset(args.preset) if args.preset else Preset(own)
    given = {
        "threshold": args.threshold,
        "opening": args.open,
        "closing": args.close,
        "kernel": args.kernel,
        "min_area": args.min_area,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    scale = preset.mm_per_px if args.mm_per_px is None else args.mm_per_px
    try:
        return replace(preset, mask=replace(preset.mask, **changes), mm_per_px=scale)
    except ValueError as error:
        raise PresetError(f"{str(error).rstrip('.')}.") from None


def _watch(outcomes: Iterable[Outcome], total: int) -> int:
    """Goes through the outcomes; failures are said, progress is drawn only on a terminal."""
    failed = 0
    for outcome in tqdm(outcomes, total=total, unit="photo", disable=None, leave=False):
        if isinstance(outcome, Failed):
            failed += 1
            tqdm.write(f"{outcome.source.file}: {outcome.reason}", file=sys.stderr)
    _say(
        f"{total - failed} of {total} photos done" + (", the others see above." if failed else ".")
    )
    return 1 if failed else 0


def _resumed(run: RunFolder) -> tuple[FitConfig, list[Path]]:
    """The config and data of a run at rest; one that cannot go on is failed."""
    status = run.status()
    if status.is_live and status.pid != os.getpid():
        raise FitError(f"The run “{run.name}” is still {status.state}: wait or cancel it.")
    try:
        return fit_config(run), run.data()
    except (FitError, RunError) as error:
        if run.has_status:
            _tell(run, "failed", str(error))
        raise


def _tell(run: RunFolder, status: str, message: str = "") -> None:
    """On a full disk the older status stays, and reads “interrupted” once this process ends."""
    with suppress(OSError):
        run.write_status(status, message)


def _say_duration(args: Namespace) -> int:
    """On stdout: seconds a step, from a few real ones."""
    config = _fit_config(args)
    data = read_data(_data_folders(args), config.source_size, config.flatten.channel)
    print(f"{seconds_per_step(config, data.train, _WORKERS):.4g} seconds a step")
    return 0


def _new_run(args: Namespace, run: RunFolder) -> tuple[FitConfig, list[Path]]:
    """Its config, with minutes as epochs, and its data, written into a new run folder."""
    config = _fit_config(args)
    folders = _data_folders(args)
    make_folder(run.path)
    try:
        run.create(RunConfig(asdict(config), [str(folder) for folder in folders], args.minutes))
    except OSError as error:
        raise FolderError(
            f"The run “{run.name}” cannot be written ({error.strerror}): free some space, or give "
            "another folder."
        ) from None
    return config, folders


def _data_folders(args: Namespace) -> list[Path]:
    if not args.data:
        raise FitError("There is no data to fit on: give --data with a folder of photos.")
    folders = [folder.resolve() for folder in args.data]
    for folder in folders:
        find_samples(folder)  # what is missing or empty is refused before there is a run
    return folders


def _fit_config(args: Namespace) -> FitConfig:
    values = {} if args.config is None else _fit_settings(_read_json(args.config))
    family = values.setdefault("family", args.family)
    if family is None:
        raise FitError("The family is missing: give --family cae or --family vae.")
    if args.family not in (None, family):
        raise FitError(f"--family is {args.family}, but the config is for {family}: drop one.")
    given = {name: getattr(args, name) for name in ("epochs", "seed")}
    try:
        config = FitConfig.from_dict(values)
        return replace(config, **{k: v for k, v in given.items() if v is not None})
    except (ValueError, TypeError) as error:
        raise FitError(f"The fit's settings are wrong: {str(error).rstrip('.')}.") from None


def _fit_settings(values: dict[str, Any]) -> dict[str, Any]:
    """Of a file of settings, or of the config.json of a checkpoint that is to be made again."""
    training = values.get("training")
    return training["fit"] if isinstance(training, dict) and "fit" in training else values


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise FitError(f"The config “{path.name}” cannot be read: give a JSON file.") from None
    if not isinstance(values, dict):
        raise FitError(f"The config “{path.name}” must be a JSON object of settings.")
    return values


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)
