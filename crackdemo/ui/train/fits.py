"""What the Train tab says of runs, as functions of plain values."""

import base64
import zipfile
from contextlib import suppress
from html import escape
from itertools import chain
from pathlib import Path

from crackdemo.checkpoints.layout import SIZE_LIMITS
from crackdemo.errors import CrackdemoError, RunError, shortened
from crackdemo.files import content_of
from crackdemo.models.families import family_named
from crackdemo.runs.folder import RunFolder
from crackdemo.runs.job import Job
from crackdemo.runs.jobs import Jobs
from crackdemo.runs.quality import Alarms
from crackdemo.runs.queue import gone
from crackdemo.runs.wording import count, duration, spoken
from crackdemo.runs.worth import worth_sentences
from crackdemo.ui.class_key import class_list, in_colour
from crackdemo.ui.train.comparison import comparison, losses_differ
from crackdemo.ui.train.curves import Curve, plot_losses, plot_shares
from crackdemo.ui.train.trials import describe_search
from crackdemo.ui.workbench import Workbench

TRAINING_OFF = (
    "Training, deleting and renaming are off here, since all visitors share one machine: run the "
    "app at home with `python app.py`."
)
_MOST_PICTURE = 20_000_000
"""Bytes of the pictures after an epoch; they take some hundred thousand."""
_GONE = (
    "Its weights are no longer there, or not whole: somebody moved, deleted or changed them. Bring "
    "them back, or start a new run with these settings."
)
_NO_SETTINGS = (
    "Its config.json is damaged or too long to be read, so that it cannot go on: start a new run."
)
_STRANGE = (
    "Its weights are of the family “{}”, which this version does not know: they can be used with a "
    "newer version, or start a new run."
)
_NAMED_AS_SHIPPED = (
    "Weights that come with the app have this name, too, and everywhere else it means those: "
    "rename the run under “Rename or delete”, below, and “Use in Inspect” is back."
)
_INTERRUPTED = (
    "The fit has ended without a word: somebody ended it, the machine was switched off, or memory "
    "or disk ran out. Resume goes on after its last epoch."
)


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
    if job.minutes is not None and not job.status.is_live:
        return "nothing trained yet"
    if job.minutes is not None:
        given = f"{count(job.minutes, 'minute')} of training"
        return f"{doing}, then {given}" if doing else given
    if doing and len(job.history) in (0, job.epochs):
        return doing
    told = f"epoch {len(job.history)}" + (f" of {job.epochs}" if job.epochs else "")
    patience = job.settings.get("patience")
    if job.state == "done" and isinstance(patience, int) and _is_stale(job, patience):
        return f"{told}: it stopped, as {count(patience, 'epoch')} had brought nothing better"
    return told


def _is_stale(job: Job, patience: int) -> bool:
    """Whether it stopped by itself, before the last of its epochs."""
    last = job.history[-patience:]
    return 0 < patience <= len(last) and not (
        len(job.history) >= job.epochs or any(report.best for report in last)
    )


def classes_table(job: Job) -> str:
    """HTML: how well finished weights tell each of several classes apart; empty of others."""
    if not job.classes:
        return ""
    columns = [("validation photos", [each.validation for each in job.classes])]
    tests = [each.test for each in job.classes]
    if any(value is not None for value in tests):
        columns.append(("test photos", tests))
    head = "".join(f"<th>{name}</th>" for name, _ in columns)
    rows = "".join(
        f"<tr><th>{in_colour(i + 1, shortened(each.name))}</th>"
        + "".join(f"<td>{_share_told(values[i])}</td>" for _, values in columns)
        + "</tr>"
        for i, each in enumerate(job.classes)
    )
    is_whole = all(value is not None for _, values in columns for value in values)
    caption = "IoU by class" + ("" if is_whole else "; – where a class does not occur")
    head = f"<caption>{caption}</caption><tr><th>class</th>{head}</tr>"
    return f"<table class='classes'>{head}{rows}</table>"


def _share_told(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def alarms_table(job: Job) -> str:
    """HTML: marked pixels that are no crack in what a person corrected, before and after the fit;
    empty where nothing was corrected."""
    if len(job.alarms) != 2:
        return ""
    after, before = job.alarms
    columns = (
        (after.learnt_photos, "learnt from", before.learnt_px, after.learnt_px),
        (after.held_back_photos, "held back", before.held_back_px, after.held_back_px),
    )
    shown = [
        (f"{count(photos, 'photo')} {told}", f"{was:,}", f"{is_now:,}")
        for photos, told, was, is_now in columns
        if photos
    ]
    head = "".join(f"<th>{name}</th>" for name, _, _ in shown)
    rows = "".join(
        f"<tr><th>{escape(weights)}</th>{''.join(f'<td>{column[i]}</td>' for column in shown)}</tr>"
        for i, weights in ((1, before.weights), (2, after.weights))
    )
    caption = "<caption>Marked pixels that are no crack, before and after</caption>"
    return (
        f"<table>{caption}<tr><th></th>{head}</tr>{rows}</table><p>{_unlearnt(before, after)}</p>"
    )


def _unlearnt(before: Alarms, after: Alarms) -> str:
    """What the table says."""
    if not before.learnt_px + before.held_back_px:
        return "There was nothing to unlearn."
    if after.learnt_px >= before.learnt_px and after.held_back_px >= before.held_back_px:
        if after.learnt_px + after.held_back_px == before.learnt_px + before.held_back_px:
            return "It marks no fewer of them: fit longer, or give more photos."
        return "It marks more of them than before: see what both find in photos that you know."
    if not after.held_back_photos:
        return "None of the corrected photos was held back: try it on others."
    if after.held_back_px > before.held_back_px:
        return "What it unlearnt there it marks elsewhere: correct more photos."
    if after.learnt_px > before.learnt_px:
        return (
            "It marks fewer of them in the photos held back, but more in those learnt from: fit "
            "longer."
        )
    return "It marks fewer of them: look at photos with cracks, too, that none is lost."


def describe(job: Job, other: Job | None) -> str:
    """HTML: state, progress, curves; beside another run's where there is one."""
    done = len(job.history)
    facts = [f"<b class='state {job.state}'>{job.state}</b>"]
    if job.state == "queued":
        facts[0] = f"<b class='state queued'>{_queue(job)}</b>"
    else:
        facts.append(escape(_epochs(job)))
    if job.state == "running" and job.seconds_left is not None:
        facts.append(f"{duration(job.seconds_left)} left")
    if done:
        if job.state == "running":
            facts.append(f"learning rate {job.history[-1].learning_rate:.2g}")
        facts.append(_best_so_far(job))
    told = _INTERRUPTED if job.state == "interrupted" else job.status.message
    if job.state == "done" and not job.has_weights:
        told = _GONE if job.family is None else _STRANGE.format(job.family)
    sentences = [*worth_sentences(job.quality), *([told] if told else [])]
    if not job.settings:
        sentences.append(_NO_SETTINGS)
    if job.has_weights and not job.is_choosable:
        sentences.append(_NAMED_AS_SHIPPED)
    message = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    message += classes_table(job) + alarms_table(job)
    runs = [(job, "first")] + ([(other, "second")] if other else [])
    curves = [
        [
            Curve(f"{run.name}: {kind}", losses, f"{style} {dashed}")
            for kind, losses, dashed in (
                ("validation", [report.validation_loss for report in run.history], ""),
                ("train", [report.train_loss for report in run.history], "dashed"),
            )
        ]
        for run, style in runs
    ]
    # on one axis only what can be compared
    plots = curves if other and losses_differ(job, other) else [list(chain(*curves))]
    measured = [
        Curve(f"{run.name}: {spoken(run.history[0].metric)}", [r.value for r in run.history], style)
        for run, style in runs
        if run.history and run.history[0].metric
    ]
    epochs = max(len(run.history) for run, _ in runs)
    table = comparison(job, other) if other else ""
    searched = describe_search(job.search) if job.search else ""
    drawn = "".join(plot_losses(each, epochs) for each in plots) + plot_shares(measured, epochs)
    bar = f"<progress max='1' value='{_share_done(job):.4f}'></progress>"
    return (
        f"<div class='fit'><p>{' · '.join(facts)}</p>{message}{bar}{searched}{drawn}{table}</div>"
    )


def _share_done(job: Job) -> float:
    """Of the epochs; of the trials while settings are searched for."""
    if job.state == "done":
        return 1.0
    if job.search and not job.history:
        finished = sum(trial.state != "running" for trial in job.search.trials)
        # then the fit begins, with a bar of its own
        return finished / job.search.wanted if finished < job.search.wanted else 0.0
    return len(job.history) / max(1, job.epochs)


def _best_so_far(job: Job) -> str:
    """Of what chooses the epoch, and which that is; there is one at least."""
    if job.history[0].metric:
        best = max(job.history, key=lambda report: (report.value, -report.validation_loss))
        told = f"best {escape(spoken(best.metric))} on validation photos {best.value:.3f}"
    else:
        best = min(job.history, key=lambda report: report.validation_loss)
        told = f"best validation loss {best.validation_loss:.4g}"
    return f"{told} (epoch {best.epoch})"


def sample_html(jobs: Jobs, name: str, epoch: int) -> str:
    """The samples that were painted after an epoch, inline; a sentence where there are none."""
    run = jobs.run_folder(name)
    file = run.sample(epoch)
    try:
        if not file.resolve().is_relative_to(run.path.resolve()):
            raise FileNotFoundError  # a link may lead to anybody's file
        data = base64.b64encode(content_of(file, _MOST_PICTURE)).decode()
    except (OSError, RuntimeError):  # of a link to itself the latter
        told = "are on their way" if run.status().is_live else "are not in its folder"
        return f"<p class='fit'>The pictures after epoch {epoch} {told}.</p>"
    shown = _what_is_shown(run)
    return (
        f"<p class='fit swipe'>{shown}: swipe for all of them.</p>"
        f"<img class='samples' alt='{shown} after epoch {epoch}' "
        f"src='data:image/jpeg;base64,{data}'>{_class_list(run)}"
    )


def _what_is_shown(run: RunFolder) -> str:
    with suppress(CrackdemoError):
        if family_named(str(run.config().fit.get("family"))).kind != "residual":
            return "Photo, heatmap, mask and truth of validation photos"
    return "Input, reconstruction, heatmap and mask of three tiles"


def _class_list(run: RunFolder) -> str:
    """What the colours of its pictures mean; empty of one class."""
    with suppress(CrackdemoError, AttributeError, KeyError, TypeError):
        names = [shortened(str(name)) for name in run.config().fit["network"]["classes"]]
        return f"<small>{class_list(names)}</small>" if len(names) > 1 else ""
    return ""


def zip_weights(bench: Workbench, jobs: Jobs, name: str) -> Path:
    """The finished checkpoint in a ZIP. Raises RunError where there is none, and OSError."""
    run = jobs.run_folder(name)
    if not run.has_weights:
        raise RunError(f"The run “{name}” has no weights to pack: {_why_none(run)}.")
    try:
        if any(part.is_symlink() for part in run.checkpoint.iterdir() if part.name in SIZE_LIMITS):
            raise RunError(
                f"The weights of the run “{name}” are a link to another place, and links are not "
                "packed: put the files themselves there."
            )
        with bench.export_folder() as exports:
            file = exports / f"{name}.zip"
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                for part in sorted(run.checkpoint.iterdir()):
                    if part.is_file() and not part.is_symlink():  # a link may lead to anybody's
                        archive.write(part, f"{name}/{part.name}")
    except FileNotFoundError:
        raise gone(run) from None
    return file


def _why_none(run: RunFolder) -> str:
    if run.status().status == "done":
        return "they were removed from its folder, or damaged, after it was done; fit them anew"
    return "they come when its fit is done"
