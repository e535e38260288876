"""`fit`: photos to a checkpoint in a run folder."""

import json
import os
import shutil
from argparse import Namespace
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import Any

from crackdemo.checkpoints.checkpoint import made_before
from crackdemo.checkpoints.names import shipped_names
from crackdemo.cli.terminal import say
from crackdemo.configs import help_of
from crackdemo.data.folders import find_samples
from crackdemo.errors import ConfigError, FitError, FolderError, RunError
from crackdemo.files import make_folder
from crackdemo.models.families import FAMILIES
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.runs.jobs import Jobs
from crackdemo.runs.worth import worth_sentences
from crackdemo.training.loop import use_threads
from crackdemo.training.memory import keep_freed_memory
from crackdemo.training.team import Team, assembled
from crackdemo.training.trainer import FitSettings, fit_config, parse_settings, trainer_of

_MOST_WORKERS = 16
"""Processes that paint tiles for one graphics card; beside a processor's own fit there is one."""
_OF_A_NEW_RUN = ("family", "data", "start", "config", "epochs", "minutes", "seed", "trials")
"""Options that a run that is resumed has its own answers to."""


def run(args: Namespace) -> int:
    """Photos to a checkpoint in a run folder."""
    keep_freed_memory()
    threads = args.threads or os.cpu_count() or 1
    use_threads(threads)
    with assembled(args.device) as team:
        if args.dry_run:
            return _say_duration(args, team)
        run = RunFolder(args.out)
        if not team.leads:
            return _follow(run, threads, team)
        return _lead(args, run, threads, team)


def _lead(args: Namespace, run: RunFolder, threads: int, team: Team) -> int:
    config, folders = _resumed(run) if args.resume else _new_run(args, run)
    if args.resume:
        _say_what_holds(args, run)
    if team.shared(run.has_weights):
        _tell_done(run)
        say(f"The run “{args.out.name}” is done already.")
        return 0
    say(f"Computing on: {team.name}.")
    try:
        fit = trainer_of(config.family).fit
        for report in fit(run, config, folders, threads, _workers(team), say, team):
            measured = f"  {report.metric} {report.value:.4f}" if report.metric else ""
            say(
                f"epoch {report.epoch}/{report.epochs}  training {report.train_loss:.4f}  "
                f"validation {report.validation_loss:.4f}{measured}"
                f"{'  best' if report.best else ''}"
            )
    except (FitError, RunError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        _tell(run, "cancelled")
        say(f"Stopped. Go on with: python -m crackdemo fit --out {quote(str(args.out))} --resume")
        return 1
    say(f"Done: the weights are in {run.checkpoint}")
    for sentence in filter(None, (*worth_sentences(run.quality()), run.status().message)):
        say(sentence)
    return 0


def _follow(run: RunFolder, threads: int, team: Team) -> int:
    """Another process of the team has begun the run, and speaks."""
    if not team.shared(True):
        config = fit_config(run)
        follow = trainer_of(config.family).follow
        follow(run, config, run.data(), threads, _workers(team), team)
    return 0


def _workers(team: Team) -> int:
    if team.device.type == "cpu":
        return 1
    here = int(os.environ.get("LOCAL_WORLD_SIZE", team.size))
    return max(1, min(_MOST_WORKERS, (os.cpu_count() or 1) // here - 1))


def _resumed(run: RunFolder) -> tuple[FitSettings, list[Path]]:
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


def _say_what_holds(args: Namespace, run: RunFolder) -> None:
    ignored = [f"--{name}" for name in _OF_A_NEW_RUN if getattr(args, name) is not None]
    if ignored:
        say(
            f"Resuming “{run.name}”, whose own settings and data hold: {', '.join(ignored)} "
            f"{'does' if len(ignored) == 1 else 'do'} not count."
        )


def _tell(run: RunFolder, status: str, message: str = "") -> None:
    """On a full disk the older status stays, and reads “interrupted” once this process ends."""
    with suppress(OSError):
        run.write_status(status, message)


def _tell_done(run: RunFolder) -> None:
    """What it said of itself stays, but for why it had failed before its weights were there."""
    status = run.status()
    if status.status != "done":
        _tell(run, "done", "" if status.status == "failed" else status.message)


def _say_duration(args: Namespace, team: Team) -> int:
    """On stdout: seconds a step, from a few real ones."""
    config = _fit_config(args)
    trainer = trainer_of(config.family)
    config, measure = (
        trainer.started(config, _own_start(config, args.out)),
        trainer.seconds_per_step,
    )
    print(f"{measure(config, _data_folders(args), _workers(team), team):.4g} seconds a step")
    return 0


def _new_run(args: Namespace, run: RunFolder) -> tuple[FitSettings, list[Path]]:
    """Its config, with minutes as epochs, and its data, written into a new run folder."""
    config = _fit_config(args)
    own = _own_start(config, args.out)
    config = trainer_of(config.family).started(config, own)  # or refused before there is a run
    folders = _data_folders(args)
    data = [str(folder) for folder in folders]
    try:
        given = RunConfig.from_json({"fit": asdict(config), "data": data, "minutes": args.minutes})
    except ValueError as error:
        raise FitError(f"The run cannot be started ({error}): correct that.") from None
    make_folder(run.path)
    try:
        run.create(given)
        if own is not None:
            shutil.copytree(own, run.start)
    except OSError as error:
        raise FolderError(
            f"The run “{run.name}” cannot be written ({error.strerror}): free some space, or give "
            "another folder."
        ) from None
    return config, folders


def _own_start(config: FitSettings, out: Path) -> Path | None:
    """The weights of a finished run beside the new one, where the fit is to start from these."""
    return Jobs(out.resolve().parent, shipped_names()).weights(config.start)


def _data_folders(args: Namespace) -> list[Path]:
    if not args.data:
        raise FitError("There is no data to fit on: give --data with a folder of photos.")
    folders = [folder.resolve() for folder in args.data]
    for folder in folders:
        find_samples(folder)  # what is missing or empty is refused before there is a run
    return folders


def _fit_config(args: Namespace) -> FitSettings:
    values = {} if args.config is None else _fit_settings(_read_json(args.config))
    family = values.setdefault("family", args.family)
    if family is None:
        raise FitError(f"The family is missing: give --family {' or --family '.join(FAMILIES)}.")
    if args.family not in (None, family):
        raise FitError(f"--family is {args.family}, but the config is for {family}: drop one.")
    given = {name: getattr(args, name) for name in ("start", "epochs", "seed", "trials")}
    changes = {name: value for name, value in given.items() if value is not None}
    if args.trials is not None and "trials" not in help_of(trainer_of(family).settings):
        raise FitError(
            "A search (--trials) is for classifiers only: leave it out, or take --family "
            "classifier."
        )
    try:
        usual = trainer_of(family).with_start if args.start else {}
        return parse_settings({**usual, **values, **changes})
    except ConfigError as error:
        raise FitError(f"The fit's settings are wrong: {error}") from None


def _fit_settings(values: dict[str, Any]) -> dict[str, Any]:
    """Of a file of settings, or of the config.json of a checkpoint that is to be made again."""
    training = values.get("training")
    if isinstance(training, dict) and isinstance(training.get("fit"), dict):
        return made_before(training["fit"])
    return values


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise FitError(f"The config “{path.name}” cannot be read: give a JSON file.") from None
    if not isinstance(values, dict):
        raise FitError(f"The config “{path.name}” must be a JSON object of settings.")
    return values
