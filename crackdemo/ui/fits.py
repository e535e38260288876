"""What the Train tab does, as functions of plain values: settings, data, runs to look at."""

import base64
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

from crackdemo import intake
from crackdemo.datasets import DatasetError, find_samples
from crackdemo.fit_config import FitConfig
from crackdemo.intake import DataCheck
from crackdemo.jobs import Job, JobError, Jobs
from crackdemo.ui.curves import Curve, plot
from crackdemo.workbench import Workbench

UPLOAD, FOLDER, PAVEMENT = "Upload", "Folder", "Procedural pavement"
TRAINING_OFF = (
    "Training, deleting and renaming are off here, since all visitors share one machine: run the "
    "app at home with `python app.py`."
)
_INTERRUPTED = (
    "The fit has ended without a word: somebody ended it, the machine was switched off, or memory "
    "or disk ran out. Resume goes on after its last epoch."
)
_ESTIMATE_SECONDS = 150


@dataclass(frozen=True)
class Data:
    """Training photos, ready."""

    folder: Path
    """Holds them."""
    is_ours: bool
    """Whether the folder was made here, and moves into the run."""
    left_out: tuple[str, ...] = ()
    """Sentences on what an upload held besides."""


def gather(bench: Workbench, source: str, files: Sequence[str], folder: str) -> Data:
    """From the source of the person's choice. Raises DatasetError."""
    if source == FOLDER:
        return Data(_allowed(bench, folder), is_ours=False)
    if source == UPLOAD and not files:
        raise DatasetError("There are no photos yet: upload some, or a ZIP of them.")
    scratch = bench.new_export_folder()
    try:
        if source == PAVEMENT:
            intake.make_pavement(scratch / "pavement", seed=0)
            return Data(scratch / "pavement", is_ours=True)
        left_out = intake.take_in([Path(file) for file in files], scratch / "photos")
        return Data(scratch / "photos", True, tuple(left_out))
    except DatasetError:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise DatasetError(
            f"The photos could not be copied ({error.strerror}): free some space and try again."
        ) from None


def _allowed(bench: Workbench, text: str) -> Path:
    try:
        folder = Path(text.strip()).resolve()
        is_allowed = any(folder.is_relative_to(parent.resolve()) for parent in bench.allowed)
    except (OSError, ValueError):
        is_allowed = False
    if not (text.strip() and is_allowed and folder.is_dir()):
        raise DatasetError(
            "This folder is missing, or the app may not read it: name it with --allow when you "
            "start the app."
        )
    find_samples(folder)
    return folder


def settings_of(values: dict[str, Any], network: dict[str, Any], more: str) -> FitConfig:
    """The widgets' values to settings; `more` is JSON for all other fields. Raises ValueError."""
    try:
        others = json.loads(more or "{}")
    except ValueError:
        raise ValueError("The other settings are no JSON: write an object, or leave {}.") from None
    if not isinstance(others, dict):
        raise ValueError("The other settings must be a JSON object: write one, or leave {}.")
    try:
        channels = [int(part) for part in str(network["channels"]).split(",")]
    except ValueError:
        raise ValueError("The channels must be whole numbers with commas between them.") from None
    if values["family"] != "vae":
        network = {name: value for name, value in network.items() if name != "latent_size"}
    settings = {**values, "network": {**network, "channels": channels}, **others}
    try:
        return FitConfig.from_dict(settings)
    except (ValueError, TypeError) as error:
        raise ValueError(f"The settings are wrong: {str(error).rstrip('.')}.") from None


def start(jobs: Jobs, name: str, config: FitConfig, minutes: float | None, data: Data) -> Job:
    """Into the queue. Raises JobError."""
    where = data.folder.name if data.is_ours else str(data.folder)
    move_in = data.folder if data.is_ours else None
    return jobs.start(name, asdict(config), [where], minutes, move_in)


def describe_data(data: Data, found: DataCheck, tile_size: int) -> str:
    """Markdown for the person."""
    if not found.photos:
        return "⚠️ None of these photos can be read.\n\n" + _bullets(found.unreadable)
    (low, narrow), (high, wide) = found.smallest, found.largest
    sizes = f"{narrow} × {low} px"
    if (high, wide) != (low, narrow):
        sizes += f" to {wide} × {high} px"
    text = f"**{_count(found.photos, 'photo')}**, {sizes}."
    if found.photos < 2:
        text += " ⚠️ A fit needs at least 2."
    if min(low, narrow) < tile_size:
        text += f" Those smaller than a tile of {tile_size} px are continued by their mirror image."
    if found.duplicates:
        copies = len(found.duplicates)
        text += f" {copies} exact {'copy is' if copies == 1 else 'copies are'} left out: "
        text += ", ".join(found.duplicates[:5]) + (" …" if len(found.duplicates) > 5 else ".")
    return text + "\n\n" + _bullets([*found.unreadable, *data.left_out])


def _bullets(sentences: Sequence[str], most: int = 20) -> str:
    more = [f"and {len(sentences) - most} more"] if len(sentences) > most else []
    return "\n".join(f"- {sentence}" for sentence in [*sentences[:most], *more])


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + "s" * (number != 1)


def estimate(config: FitConfig, data: Data) -> str:
    """How long an epoch takes, from a few real steps in a process of their own."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as settings:
        json.dump(asdict(config), settings)
        settings.flush()
        given = ["--config", settings.name, "--data", str(data.folder), "--out", "unused"]
        command = ["nice", sys.executable, "-m", "crackdemo", "fit", "--dry-run", *given]
        try:
            told = subprocess.run(
                command, capture_output=True, text=True, timeout=_ESTIMATE_SECONDS, check=True
            )
        except subprocess.TimeoutExpired:
            return "A few steps took longer than two minutes: take smaller tiles or batches."
        except (subprocess.CalledProcessError, OSError) as error:
            said = (getattr(error, "stderr", "") or "").strip().splitlines()
            return f"⚠️ {said[-1] if said else 'The time could not be measured.'}"
    seconds = float(told.stdout.split()[0])
    whole = duration(seconds * config.epochs)
    return f"An epoch takes about {duration(seconds)}, {config.epochs} epochs at most {whole}."


def duration(seconds: float) -> str:
    """12 s, 3 min, 1 h 5 min."""
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def label(job: Job) -> str:
    """A run in one line of the list."""
    done = len(job.history)
    if job.state == "queued":
        return f"{job.name} · queued, {job.place} before it"
    if job.state == "running":
        left = f" · {duration(job.seconds_left)} left" if job.seconds_left is not None else ""
        return f"{job.name} · running · {_epochs(job)}{left}"
    return f"{job.name} · {job.state}" + (f" · {_count(done, 'epoch')}" if done else "")


def _epochs(job: Job) -> str:
    """How far it is; minutes become epochs once a few steps have been measured."""
    if job.minutes is not None:
        return f"measuring what {job.minutes:g} minutes are in epochs"
    return f"epoch {len(job.history)} of {job.epochs}"


def describe(job: Job, other: Job | None) -> str:
    """HTML: state, progress, curves; beside another run's where there is one."""
    done, best = len(job.history), [r["validation_loss"] for r in job.history]
    share = 1.0 if job.state == "done" else done / max(1, job.epochs)
    facts = [f"<b class='state {job.state}'>{job.state}</b>"]
    if job.state == "queued":
        facts.append(f"{job.place} before it")
    facts.append(f"{_epochs(job)} ({100 * share:.0f} %)")
    if job.state == "running" and job.seconds_left is not None:
        facts.append(f"{duration(job.seconds_left)} left")
    if done:
        facts.append(f"learning rate {job.history[-1]['learning_rate']:.2g}")
        facts.append(f"best validation loss {min(best):.4g}")
    told = _INTERRUPTED if job.state == "interrupted" else job.status.message
    message = f"<p>{escape(told)}</p>" if told else ""
    runs = [(job, "first")] + ([(other, "second")] if other else [])
    curves = [
        Curve(f"{run.name}: {kind}", [r[f"{kind}_loss"] for r in run.history], f"{style} {dashed}")
        for run, style in runs
        for kind, dashed in (("validation", ""), ("train", "dashed"))
    ]
    epochs = max([len(run.history) for run, _ in runs] + [2])
    table = compare(job, other) if other else ""
    return (
        f"<div class='fit'><p>{' · '.join(facts)}</p>{message}"
        f"<progress max='1' value='{share:.4f}'></progress>{plot(curves, epochs)}{table}</div>"
    )


def compare(first: Job, second: Job) -> str:
    """HTML table: results of both, and the settings in which they differ."""
    rows = [("state", first.state, second.state)]
    rows += [("epochs done", str(len(first.history)), str(len(second.history)))]
    rows += [("best validation loss", _best(first), _best(second))]
    rows += [("time", _spent(first), _spent(second))]
    settings = [_flat(job.settings) for job in (first, second)]
    for name in sorted(settings[0].keys() | settings[1].keys()):
        values = [str(each.get(name, "–")) for each in settings]
        if values[0] != values[1]:
            rows.append((name, *values))
    cells = "".join(
        f"<tr><th>{escape(n)}</th><td>{escape(a)}</td><td>{escape(b)}</td></tr>" for n, a, b in rows
    )
    head = f"<tr><th></th><th>{escape(first.name)}</th><th>{escape(second.name)}</th></tr>"
    return f"<table>{head}{cells}</table>"


def _best(job: Job) -> str:
    losses = [report["validation_loss"] for report in job.history]
    return f"{min(losses):.4g}" if losses else "–"


def _spent(job: Job) -> str:
    return duration(sum(report["seconds"] for report in job.history))


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        inner = isinstance(value, dict)
        flat |= _flat(value, f"{prefix}{name}.") if inner else {f"{prefix}{name}": value}
    return flat


def sample_html(jobs: Jobs, name: str, epoch: int) -> str:
    """The samples that were painted after an epoch, inline; a sentence where there are none."""
    file = jobs.run_folder(name) / "samples" / f"epoch-{epoch:04}.jpg"
    try:
        data = base64.b64encode(file.read_bytes()).decode()
    except OSError:
        return "<p class='fit'>Pictures appear after the first epoch.</p>"
    alt = f"Input, reconstruction, heatmap and mask of three tiles after epoch {epoch}"
    return f"<img class='samples' alt='{alt}' src='data:image/jpeg;base64,{data}'>"


def zip_weights(bench: Workbench, jobs: Jobs, name: str) -> Path:
    """The finished checkpoint in a ZIP. Raises JobError before the fit is done."""
    folder = jobs.run_folder(name) / "checkpoint"
    if not (folder / "config.json").exists():
        raise JobError(f"The run “{name}” has no weights yet: wait until it is done.")
    file = bench.new_export_folder() / f"{name}.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, f"{name}/{part.name}")
    return file
