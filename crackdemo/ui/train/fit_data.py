"""What a new fit is made of, as functions of plain values: photos, settings, and how long."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from crackdemo.arrays import RgbImage
from crackdemo.configs import help_of
from crackdemo.data.check import DataCheck, check
from crackdemo.data.folders import find_samples
from crackdemo.data.intake import take_in
from crackdemo.data.problems import grouped
from crackdemo.errors import ConfigError, DatasetError, legible
from crackdemo.files import reason_of
from crackdemo.models.families import family_named
from crackdemo.runs.job import Job
from crackdemo.runs.jobs import Jobs, check_letters
from crackdemo.runs.processes import PROJECT, birth_of, end_tree, step_back
from crackdemo.runs.queue import threads
from crackdemo.runs.wording import count, duration
from crackdemo.synthesis.examples import make_pavement
from crackdemo.training.config import FitConfig
from crackdemo.training.trainer import FitSettings, parse_settings, trainer_of
from crackdemo.ui.refusals import literal
from crackdemo.ui.workbench import Workbench

UPLOAD, FOLDER, PAVEMENT = "Upload", "Folder", "Procedural pavement"
_ESTIMATE_SECONDS, _LOOK_SECONDS = 150, 0.5
Estimate: TypeAlias = Generator[None, None, str]
"""A sentence in the end; whoever wants it no more closes it."""

_SOON_READ = 40
"""Photos that are read before a fit is put into the queue."""


@dataclass(frozen=True)
class Data:
    """Training photos, ready."""

    folder: Path
    """Holds them."""
    is_ours: bool
    """Whether the folder was made here, and moves into the run."""
    left_out: tuple[str, ...] = ()
    """Sentences on what an upload held besides."""


TakeIn = Callable[[Sequence[Path], Path], list[str]]
MakePavement = Callable[[Path, int], None]


@contextmanager
def gathered(
    bench: Workbench,
    source: str,
    files: Sequence[str],
    folder: str,
    take_in: TakeIn = take_in,
    make_pavement: MakePavement = make_pavement,
) -> Iterator[Data]:
    """From the source of the person's choice; what was made here is gone at the end, unless it was
    moved into a run. Raises DatasetError."""
    if source == FOLDER:
        yield Data(_allowed(bench, folder), is_ours=False)
        return
    if source == UPLOAD and not files:
        raise DatasetError("There are no photos yet: upload some, or a ZIP of them.")
    with ExitStack() as stack:
        with _disk_explained():
            scratch = stack.enter_context(bench.intake_folder())
            if source == PAVEMENT:
                data = Data(scratch / "pavement", is_ours=True)
                make_pavement(data.folder, 0)
            else:
                # named as in Tune: there the same photos fall into the same parts
                data = Data(scratch / "upload", is_ours=True)
                left_out = take_in([Path(file) for file in files], data.folder)
                data = replace(data, left_out=tuple(left_out))
        yield data


@contextmanager
def _disk_explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatasetError(
            f"The photos could not be kept on the server ({reason_of(error)}): free some space and "
            "try again."
        ) from None


def _allowed(bench: Workbench, text: str) -> Path:
    folder = bench.allowed_folder(text)
    if folder is None:
        raise DatasetError(
            "This folder is missing, or the app may not read it: name it with --allow when you "
            "start the app."
        )
    find_samples(folder)
    return folder


def settings_of(values: Mapping[str, Any]) -> FitSettings:
    """What was filled in, by name, to settings; all other names are not looked at.

    A network's settings are `network.NAME`, and those that the family does not have are left out;
    `more` is JSON for what has no widget. Those of a family that rebuilds nothing are
    `FAMILY:NAME`. Raises ConfigError and RunError.
    """
    family = values["family"]
    if family_named(family).kind != "residual":
        prefix = f"{family}:"
        own = {n.removeprefix(prefix): v for n, v in values.items() if n.startswith(prefix)}
        values = {**own, **{n: values[n] for n in ("family", "start", "epochs") if n in values}}
    kind = trainer_of(family).settings
    others = _more(values.get("more") or "{}")
    network = {
        name: values[f"network.{name}"]
        for name in help_of(family_named(family).config)
        if f"network.{name}" in values
    }
    if "channels" in network:
        network["channels"] = _whole_numbers(network["channels"])
    settings = {name: value for name, value in values.items() if name in help_of(kind)}
    settings |= {"network": network, **others}
    check_letters(settings)
    try:
        return parse_settings(settings)
    except ConfigError as error:
        raise ConfigError(f"The settings are wrong: {error}") from None


def _more(text: str) -> dict[str, Any]:
    try:
        others = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigError("The other settings are no JSON: write an object, or leave {}.") from None
    if not isinstance(others, dict):
        raise ConfigError("The other settings must be a JSON object: write one, or leave {}.")
    return others


def _whole_numbers(text: object) -> list[int]:
    try:
        return [int(part) for part in str(text).split(",")]
    except ValueError:
        raise ConfigError("The channels must be whole numbers with commas between them.") from None


def check_enough(data: Data, config: FitSettings) -> None:
    """Raises DatasetError where a fit would fail at once, as far as a few photos tell."""
    trainer_of(config.family).require(config, data.folder, _SOON_READ)


def start(jobs: Jobs, name: str, config: FitSettings, minutes: float | None, data: Data) -> Job:
    """Into the queue. Raises RunError, and FitError where it cannot start from what it names."""
    config = _started(jobs, config)
    where = data.folder.name if data.is_ours else str(data.folder)
    move_in = data.folder if data.is_ours else None
    own = jobs.weights(config.start)
    return jobs.start(name, asdict(config), [where], minutes, move_in, own)


def to_try(jobs: Jobs, config: FitSettings) -> FitSettings:
    """The settings that a few steps are tried with: what the fit starts from decides on its
    network, but on no time. Raises FitError where it cannot start from what it names."""
    tried: FitSettings = replace(_started(jobs, config), start="")
    return tried


def _started(jobs: Jobs, config: FitSettings) -> FitSettings:
    started: FitSettings = trainer_of(config.family).started(config, jobs.weights(config.start))
    return started


def describe_data(data: Data, found: DataCheck, tile_size: int) -> str:
    """Markdown for the person."""
    if not found.photos:
        return "⚠️ None of these photos can be read.\n\n" + _bullets(found.unreadable)
    (low, narrow), (high, wide) = found.smallest, found.largest
    sizes = f"{narrow} × {low} px"
    if (high, wide) != (low, narrow):
        sizes += f" to {wide} × {high} px"
    text = f"**{count(found.photos, 'photo')}**, {sizes}"
    text += f", {found.masked} of them with a mask of their cracks." if found.masked else "."
    text += f" **{count(found.tiles, 'crack-free piece')}** in all, to learn from and to choose by"
    text += "; some of them below." if found.tiles else ": give photos with more sound surface."
    if min(low, narrow) < tile_size:
        text += f" Those smaller than a tile of {tile_size} px are continued by their mirror image."
    if found.duplicates:
        copies = len(found.duplicates)
        text += f" {copies} exact {'copy is' if copies == 1 else 'copies are'} left out: "
        text += ", ".join(map(literal, found.duplicates[:5])) + (
            " …" if len(found.duplicates) > 5 else "."
        )
    return text + "\n\n" + _bullets([*found.unreadable, *data.left_out])


def _bullets(problems: Sequence[str], most: int = 20) -> str:
    sentences = list(map(literal, grouped(problems)))
    more = [f"and {len(sentences) - most} more"] if len(sentences) > most else []
    return "\n".join(f"- {sentence}" for sentence in [*sentences[:most], *more])


def estimate(config: FitSettings, data: Data, minutes: float | None) -> Estimate:
    """How long it takes, or what the minutes hold, from a few real steps in their own process."""
    try:
        told = yield from _dry_run(config, data.folder)
    except subprocess.TimeoutExpired:
        return (
            "A few steps took longer than two minutes: take smaller tiles or batches, or try again "
            "when the machine has less to do."
        )
    except (subprocess.CalledProcessError, OSError) as error:
        said = (getattr(error, "stderr", "") or "").strip().splitlines()
        return f"⚠️ {literal(said[-1]) if said else 'The time could not be measured.'}"
    step = float(told.split()[0])
    piece = "tile" if isinstance(config, FitConfig) else "piece"
    said = f"A step of {count(config.batch_size, piece)} takes about {duration(step)}"
    if minutes is not None:
        steps = count(int(minutes * 60 / step), "step")
        holds = "holds" if minutes == 1 else "hold"
        return f"{said}: {count(minutes, 'minute')} {holds} about {steps}."
    epoch = step * config.steps_per_epoch
    whole = duration(epoch * config.epochs)
    return f"{said}, an epoch {duration(epoch)}, {config.epochs} epochs at most {whole}."


def look_at(
    gathering: AbstractContextManager[Data],
    config: FitSettings,
    minutes: float | None,
    estimate: Callable[[FitSettings, Data, float | None], Estimate] = estimate,
) -> Generator[tuple[str, str, RgbImage | None], None, None]:
    """What is known so far of the photos and of the time, as Markdown, and a sheet of some, again
    and again while steps are tried. Raises DatasetError.

    gathering: from `gathered`; it ends before the last answer, or when nobody wants one any more.
    """
    with gathering as data:
        text, sheet, is_enough = _looked_at(data, config)
        timing = ""
        if is_enough:
            with closing(estimate(config, data, minutes)) as steps:
                while True:
                    yield text, "Trying a few steps …", sheet
                    try:
                        next(steps)
                    except StopIteration as end:
                        timing = end.value
                        break
    yield text, timing, sheet


def _looked_at(data: Data, config: FitSettings) -> tuple[str, RgbImage | None, bool]:
    """What the photos hold for the family, as Markdown, a sheet of some, and whether a fit could
    begin on them."""
    if isinstance(config, FitConfig):
        found = check(data.folder, config.source_size, config.flatten.channel)
        text = describe_data(data, found, config.tile_size)
        try:
            check_enough(data, config)
        except DatasetError as refusal:  # Start would say the same
            return legible(f"{text}\n\n⚠️ {literal(str(refusal))}"), found.sheet, False
        return legible(text), found.sheet, found.tiles > 0
    look = trainer_of(config.family).look
    assert look is not None  # only fits on crack-free tiles have none
    looked = look(data.folder)
    warned = "\n\n".join(f"⚠️ {literal(warning)}" for warning in looked.warnings)
    said = [looked.said, warned, _bullets([*looked.problems, *data.left_out])]
    return legible("\n\n".join(filter(None, said))), looked.sheet, looked.is_enough


def _dry_run(config: FitSettings, folder: Path) -> Estimate:
    """What the command line prints of a few steps; looks up twice a second, so that it can be
    closed. Raises OSError or a subprocess error."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = Path(scratch) / "settings.json"
        settings.write_text(json.dumps(asdict(config)), encoding="utf-8")
        given = ["--config", str(settings), "--data", str(folder), "--out", "unused"]
        command = [sys.executable, "-m", "crackdemo", "fit", "--dry-run", *given]
        process = subprocess.Popen(
            [*command, "--threads", str(threads())],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )
        step_back(process.pid)
        end = time.monotonic() + _ESTIMATE_SECONDS
        try:
            while True:
                try:
                    printed, complaints = process.communicate(timeout=_LOOK_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    if time.monotonic() > end:
                        raise
                yield
        finally:
            if process.poll() is None:
                end_tree(process.pid, birth_of(process.pid))
                process.communicate()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, printed, complaints)
    return printed
