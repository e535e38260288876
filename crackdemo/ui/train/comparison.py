"""Two runs beside each other: what they came to, and in which settings they differ."""

from html import escape
from typing import Any

from crackdemo.runs.job import Job
from crackdemo.runs.wording import duration, percent, spoken

_LOSS_SETTINGS = (
    *("objective", "mse_weight", "ssim_weight", "crack_weight", "beta"),
    *("tile_size", "source_size", "augment", "cracks", "flatten", "seed"),
)
"""With other values of these a loss means something else."""

_NO_CHOICE = ("heatmap, evidence, ", "network, healer, ", "epochs")
"""Settings that come with the weights that a fit starts from, or stand above."""


def comparison(first: Job, second: Job) -> str:
    """HTML: results of both in words, and a table of the settings in which they differ.

    Of two families: of those settings that both have, for the others have nothing to differ from.
    """
    rows: list[tuple[str, ...]] = [("state", first.state, second.state)]
    rows += [("epochs", _epochs(first), _epochs(second))]
    told = losses_differ(first, second)
    if not told:
        rows += [("best validation loss", _best_loss(first), _best_loss(second))]
    results = _result(first), _result(second)
    if any(results):
        rows += [("result", *(result or "–" for result in results))]
    rows += [("time", _spent(first), _spent(second)), *_differing(first.settings, second.settings)]
    cells = "".join(
        f"<tr><th>{escape(n)}</th><td>{escape(a)}</td><td>{escape(b)}</td></tr>" for n, a, b in rows
    )
    head = f"<tr><th></th><th>{escape(first.name)}</th><th>{escape(second.name)}</th></tr>"
    return f"{f'<p>{escape(told)}</p>' if told else ''}<table>{head}{cells}</table>"


def losses_differ(first: Job, second: Job) -> str:
    """Why the losses of two fits say nothing of each other; empty where they do."""
    try_both = (
        ": give photos below, and see what both find in them."
        if first.has_weights and second.has_weights
        else "."
    )
    if first.settings.get("family") != second.settings.get("family"):
        return f"They are of different families, whose losses say nothing of each other{try_both}"
    if not _learnt_alike(first, second):
        return (
            "They learnt from different photos, so that their losses and results say nothing of "
            f"each other{try_both}"
        )
    if other := [n for n in _LOSS_SETTINGS if first.settings.get(n) != second.settings.get(n)]:
        named = ", ".join(map(spoken, other))
        return f"Their losses mean different things ({named}) and say nothing of each other."
    return ""


def _learnt_alike(first: Job, second: Job) -> bool:
    """Whether they learnt from the same photos: each run has uploads in a folder of its own."""
    are_known = all(len(job.uploads) == len(job.data) > 0 for job in (first, second))
    return first.data == second.data or (are_known and first.uploads == second.uploads)


def _epochs(job: Job) -> str:
    """That are done, of how many, once that is known."""
    done = len(job.history)
    return f"{done} of {job.epochs}" if job.epochs and job.minutes is None else str(done)


def _best_loss(job: Job) -> str:
    losses = [report.validation_loss for report in job.history]
    return f"{min(losses):.4g}" if losses else "–"


def _result(job: Job) -> str:
    """What was measured on photos or pieces that it did not learn from; empty before that."""
    if job.quality:
        own = job.quality[0]
        return (
            f"finds {percent(own.found)} of painted cracks, marks {percent(own.marked)} of sound "
            "surface"
        )
    measured = [report for report in job.history if report.metric]
    if not measured:
        is_classifier = job.settings.get("family") == "classifier"
        return job.status.message if is_classifier and job.state == "done" else ""
    best = max(measured, key=lambda report: report.value)
    return f"{spoken(best.metric)} {best.value:.3f} on validation photos"


def _spent(job: Job) -> str:
    return duration(sum(report.seconds for report in job.history))


def _differing(first: dict[str, Any], second: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Settings by name, in which two fits differ."""
    one, other = _flat(first), _flat(second)
    names = one.keys() | other.keys()
    if first.get("family") != second.get("family"):
        names = one.keys() & other.keys()
    names = {name for name in names if not name.startswith(_NO_CHOICE)}
    said = [(spoken(name), _said(one.get(name)), _said(other.get(name))) for name in names]
    return sorted((row for row in said if row[1] != row[2]), key=lambda row: row[0])


def _said(value: object) -> str:
    if isinstance(value, list | tuple):
        # as JSON's own texts below the first level: lists may lie in lists without end
        return ", ".join(str(v) if isinstance(v, list) else _said(v) for v in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value in (None, "") else str(value)


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        inner = isinstance(value, dict)
        flat |= _flat(value, f"{prefix}{name}, ") if inner else {f"{prefix}{name}": value}
    return flat
