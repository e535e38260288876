"""What the Train tab says of runs, as functions of plain values."""

import base64
import zipfile
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

from crackdemo.errors import CrackdemoError, RunError
from crackdemo.models.families import family_named
from crackdemo.runs.folder import RunFolder
from crackdemo.runs.jobs import Job, Jobs
from crackdemo.runs.quality import Quality
from crackdemo.ui.train.curves import Curve, plot_losses, plot_shares
from crackdemo.ui.train.trials import describe_search
from crackdemo.ui.workbench import Workbench

TRAINING_OFF = (
    "Training, deleting and renaming are off here, since all visitors share one machine: run the "
    "app at home with `python app.py`."
)
_GONE = (
    "Its weights are no longer there: somebody moved or deleted them. Bring them back, or start a "
    "new run with these settings."
)
_INTERRUPTED = (
    "The fit has ended without a word: somebody ended it, the machine was switched off, or memory "
    "or disk ran out. Resume goes on after its last epoch."
)


def count(number: float, thing: str) -> str:
    """1 photo, 2 photos, 1.5 minutes."""
    return f"{round(number, 2)} {thing}".replace(".0 ", " ") + "s" * (number != 1)


def duration(seconds: float) -> str:
    """12 s, 3 min, 1 h 5 min."""
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest))


def label(job: Job) -> str:
    """A run in one line of the list."""
    done = len(job.history)
    if job.state == "queued":
        return f"{job.name} · {_queue(job)}"
    if job.state == "running":
        left = f" · {duration(job.seconds_left)} left" if job.seconds_left is not None else ""
        return f"{job.name} · running · {_epochs(job)}{left}"
    return f"{job.name} · {job.state}" + (f" · {count(done, 'epoch')}" if done else "")


def _queue(job: Job) -> str:
    return f"queued, {job.place} before it" if job.place else "starting"


def _epochs(job: Job) -> str:
    """How far it is, and what a running fit is at; minutes become epochs once a few steps have been
    measured."""
    doing = job.status.doing if job.state == "running" else ""
    if job.minutes is not None:
        given = f"{count(job.minutes, 'minute')} of training"
        return f"{doing}, then {given}" if doing else given
    if doing and len(job.history) in (0, job.epochs):
        return doing
    return f"epoch {len(job.history)} of {job.epochs}"


def quality_sentences(job: Job) -> list[str]:
    """What the finished weights are worth on their own surface, in plain words; none before."""
    if not job.quality:
        return []
    own, *rivals = job.quality
    said = [
        f"On {count(own.tiles, 'piece')} of your own surface that it did not learn from, it finds "
        f"{_percent(own.found)} of painted cracks, marks {_percent(own.marked)} of sound surface, "
        f"and takes {own.called} of {own.tiles} sound pieces for cracked."
    ]
    for rival in rivals:
        said.append(
            f"{rival.weights} on the same pieces: {_percent(rival.found)}, "
            f"{_percent(rival.marked)} and {rival.called}. "
            + (_better(own, rival) if own.tiles >= _FEWEST_PIECES else _TOO_FEW)
        )
    return said


_FEWEST_PIECES = 10
"""Below that one piece more or less called cracked would turn a comparison round."""
_TOO_FEW = "So few pieces do not tell which is better: give more photos."


_MORE_ALARMS = 0.1
"""Share of the sound pieces: from so many more on that are taken for cracked nothing is better."""


def _better(own: Quality, other: Quality) -> str:
    """A difference of a percent is chance: other painted cracks would turn it round."""
    told = f"(F1 of the painted cracks {own.f1:.2f} against {other.f1:.2f})"
    if abs(own.f1 - other.f1) < 0.01:
        return f"There is no telling which is better {told}."
    if own.f1 > other.f1 and own.called - other.called >= _MORE_ALARMS * own.tiles:
        return (
            f"Your own weights draw cracks better {told}, but call more sound photos cracked: "
            "trust their masks, not their scores, or give more photos."
        )
    if own.f1 > other.f1:
        return f"Your own weights are the better ones here {told}."
    return f"The shipped ones are still better here {told}: keep them, or fit longer."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def describe(job: Job, other: Job | None) -> str:
    """HTML: state, progress, curves; beside another run's where there is one."""
    done = len(job.history)
    share = 1.0 if job.state == "done" else done / max(1, job.epochs)
    facts = [f"<b class='state {job.state}'>{job.state}</b>"]
    if job.state == "queued":
        facts[0] = f"<b class='state queued'>{_queue(job)}</b>"
    else:
        facts.append(_epochs(job))
    if job.state == "running" and job.seconds_left is not None:
        facts.append(f"{duration(job.seconds_left)} left")
    if done:
        facts.append(f"learning rate {job.history[-1].learning_rate:.2g}")
        facts.append(_best_so_far(job))
    told = _INTERRUPTED if job.state == "interrupted" else job.status.message
    if job.state == "done" and not job.has_weights:
        told = _GONE
    sentences = [*quality_sentences(job), *([told] if told else [])]
    message = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    runs = [(job, "first")] + ([(other, "second")] if other else [])
    curves = [
        Curve(f"{run.name}: {kind}", losses, f"{style} {dashed}")
        for run, style in runs
        for kind, losses, dashed in (
            ("validation", [report.validation_loss for report in run.history], ""),
            ("train", [report.train_loss for report in run.history], "dashed"),
        )
    ]
    measured = [
        Curve(
            f"{run.name}: {_spoken(run.history[0].metric)}", [r.value for r in run.history], style
        )
        for run, style in runs
        if run.history and run.history[0].metric
    ]
    epochs = max(len(run.history) for run, _ in runs)
    table = compare(job, other) if other else ""
    searched = describe_search(job.search) if job.search else ""
    return (
        f"<div class='fit'><p>{' · '.join(facts)}</p>{message}"
        f"<progress max='1' value='{share:.4f}'></progress>{searched}{plot_losses(curves, epochs)}"
        f"{plot_shares(measured, epochs)}{table}</div>"
    )


def _best_so_far(job: Job) -> str:
    """Of what chooses the epoch; there is one at least."""
    if job.history[0].metric:
        best = max(report.value for report in job.history)
        return f"best {_spoken(job.history[0].metric)} on validation photos {best:.3f}"
    return f"best validation loss {min(report.validation_loss for report in job.history):.4g}"


def _spoken(metric: str) -> str:
    """`pixel ODS` of `pixel_ods`."""
    return metric.replace("_", " ").replace("ods", "ODS").replace("f1", "F1")


def compare(first: Job, second: Job) -> str:
    """HTML: results of both in words, and a table of the settings in which they differ."""
    rows: list[tuple[str, ...]] = [("state", first.state, second.state)]
    rows += [("epochs done", str(len(first.history)), str(len(second.history)))]
    told = _in_words(first, second)
    if not told:
        rows += [("best validation loss", _best(first), _best(second))]
    rows += [("time", _spent(first), _spent(second))]
    settings = [_flat(job.settings) for job in (first, second)]
    for name in sorted(settings[0].keys() | settings[1].keys()):
        values = ["–" if each.get(name) is None else str(each[name]) for each in settings]
        if values[0] != values[1]:
            rows.append((name, *values))
    cells = "".join(
        f"<tr><th>{escape(n)}</th><td>{escape(a)}</td><td>{escape(b)}</td></tr>" for n, a, b in rows
    )
    head = f"<tr><th></th><th>{escape(first.name)}</th><th>{escape(second.name)}</th></tr>"
    return f"{f'<p>{escape(told)}</p>' if told else ''}<table>{head}{cells}</table>"


_LOSS_SETTINGS = (
    *("family", "objective", "mse_weight", "ssim_weight", "crack_weight", "beta"),
    *("tile_size", "source_size", "augment", "cracks", "flatten", "seed"),
)
"""With other values of these a loss means something else."""


def _in_words(first: Job, second: Job) -> str:
    """Why their losses are not compared; empty where they can be."""
    if first.data != second.data:
        return "They learnt from different photos, so that their losses say nothing of each other."
    if any(first.settings.get(n) != second.settings.get(n) for n in _LOSS_SETTINGS):
        return "Their losses are made of different parts and say nothing of each other."
    return ""


def _best(job: Job) -> str:
    losses = [report.validation_loss for report in job.history]
    return f"{min(losses):.4g}" if losses else "–"


def _spent(job: Job) -> str:
    return duration(sum(report.seconds for report in job.history))


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        inner = isinstance(value, dict)
        flat |= _flat(value, f"{prefix}{name}.") if inner else {f"{prefix}{name}": value}
    return flat


def sample_html(jobs: Jobs, name: str, epoch: int) -> str:
    """The samples that were painted after an epoch, inline; a sentence where there are none."""
    run = jobs.run_folder(name)
    file = run.sample(epoch)
    try:
        data = base64.b64encode(file.read_bytes()).decode()
    except OSError:
        return f"<p class='fit'>The pictures after epoch {epoch} are on their way.</p>"
    alt = f"{_what_is_shown(run)} after epoch {epoch}"
    return f"<img class='samples' alt='{alt}' src='data:image/jpeg;base64,{data}'>"


def _what_is_shown(run: RunFolder) -> str:
    with suppress(CrackdemoError):
        if family_named(str(run.config().fit.get("family"))).kind != "residual":
            return "Photo, heatmap, mask and truth of validation photos"
    return "Input, reconstruction, heatmap and mask of three tiles"


def zip_weights(bench: Workbench, jobs: Jobs, name: str) -> Path:
    """The finished checkpoint in a ZIP. Raises RunError before the fit is done, and OSError."""
    run = jobs.run_folder(name)
    if not run.has_weights:
        raise RunError(f"The run “{name}” has no weights yet: wait until it is done.")
    with bench.export_folder() as exports:
        file = exports / f"{name}.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for part in sorted(run.checkpoint.iterdir()):
                archive.write(part, f"{name}/{part.name}")
    return file
