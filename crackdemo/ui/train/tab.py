"""The Train tab: a form for new fits, and the runs that there are (see `fits` and `jobs`)."""

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr

from crackdemo.errors import CrackdemoError, RunError
from crackdemo.runs.job import Job
from crackdemo.runs.jobs import Jobs
from crackdemo.ui import owner
from crackdemo.ui.refusals import fault, literal, said
from crackdemo.ui.train import data_check, fits, push_box, side_by_side
from crackdemo.ui.train import form as train_form
from crackdemo.ui.train.faults import no_faults, shown_fault
from crackdemo.ui.train.form import Form
from crackdemo.ui.train.push_box import PushBox
from crackdemo.ui.train.side_by_side import SameSight
from crackdemo.ui.workbench import Workbench

_TICK_SECONDS = 2
_SHOW_ANSWER = """() => {
    const faults = [...document.querySelectorAll(".fit-fault .fault")];
    const fault = faults.find((each) => each.offsetParent);
    if (fault) return fault.scrollIntoView({ block: "center" });
    if (document.querySelector("#fit-said p")) {
        document.getElementById("runs")?.scrollIntoView({ block: "nearest" });
    }
}"""
_SHOW_NAME_SAID = """() => {
    document.getElementById("name-said")?.scrollIntoView({ block: "nearest" });
}"""
_STARTS = "() => ({ __type__: 'update', visible: true, value: 'Starting …' })"
_WHILE_OPEN = """async () => {
    // the tab that a page begins with is told late: another may have been opened meanwhile
    await new Promise((go) => setTimeout(go));
    const open = document.querySelector("button[role=tab][aria-selected=true]");
    return { __type__: "update", active: open?.textContent.trim() === "Train" };
}"""
Seen = tuple[str, str, int]
"""What a visitor was shown last: its signature, the run, and that run's epochs."""
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_AT_ONCE: dict[str, Any] = {**_QUIET, "queue": False}
_AS_SENT: dict[str, Any] = {**_AT_ONCE, "preprocess": False}
"""For what decides on what is shown, `Runs.current`. Gradio holds such values against the choices
that it sent last; where two answers overtook each other on the way, the page has other ones, and
would be refused from then on."""


@dataclass(frozen=True)
class Runs:
    """The runs and one of them in detail."""

    choice: gr.Radio
    other: gr.Dropdown
    sight: SameSight
    detail: gr.HTML
    epoch: gr.Slider
    sample: gr.HTML
    cancel: gr.Button
    resume: gr.Button
    use: gr.Button
    used: gr.JSON
    zip: gr.Button
    download: gr.File
    new_name: gr.Textbox
    rename: gr.Button
    delete: gr.Button
    name_said: gr.Markdown
    push: PushBox
    said: gr.Markdown
    seen: gr.State

    @property
    def current(self) -> list[Any]:
        """What decides on what is shown."""
        return [self.choice, self.other, self.epoch, self.seen]

    @property
    def shown(self) -> list[Any]:
        """What a tick may change."""
        return [
            self.choice, self.other, self.sight.photos, self.detail, self.epoch, self.sample,
            self.cancel, self.resume, self.use, self.zip, self.rename, self.delete, self.seen,
            self.push.box, self.push.onnx, self.sight.runs,
        ]  # fmt: skip


def build(bench: Workbench, tab: gr.Tab, others: list[gr.Tab]) -> None:
    """Lays the tab out and wires it; the page asks for news only while the tab is open."""
    jobs = bench.jobs
    if jobs is None:
        gr.Markdown(fits.TRAINING_OFF, elem_id="training-off")
        return
    if bench.owner is not None:  # off a Space this button would ask the network
        gr.LoginButton(size="sm", elem_id="login")
    # on a phone they come after the whole form
    gr.HTML("<a href='#runs'>To the runs ↓</a>", elem_id="to-runs", apply_default_css=False)
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            form = train_form.build(bench, jobs)
        with gr.Column(scale=7, min_width=320):
            runs = _runs(bench, jobs)
    timer = gr.Timer(_TICK_SECONDS, active=False)
    # in the page alone: answers of the server could overtake each other, and leave it off
    for each in (tab, *others):
        each.select(None, None, timer, js=_WHILE_OPEN, **_AT_ONCE)
    _wire_list(jobs, runs, tab, timer)
    side_by_side.wire(bench, runs.sight)
    _wire_deeds(bench, jobs, runs)
    data_check.wire(bench, jobs, form)
    _wire_start(bench, jobs, form, runs)


def _runs(bench: Workbench, jobs: Jobs) -> Runs:
    gr.Markdown("### Runs")
    choice = gr.Radio(
        [], label="Runs", show_label=False, elem_id="runs", info="No fit has been started yet."
    )
    other = gr.Dropdown([], label="Compare with", elem_id="compare", visible=False)
    said = gr.Markdown(visible=False, elem_id="runs-said")
    detail = gr.HTML(elem_id="run-detail")
    with gr.Row():
        cancel = gr.Button("Cancel", size="sm", min_width=80, visible=False, elem_id="cancel-fit")
        resume = gr.Button("Resume", size="sm", min_width=80, visible=False, elem_id="resume-fit")
        use = gr.Button(
            "Use in Inspect",
            variant="primary",
            size="sm",
            min_width=80,
            visible=False,
            elem_id="use",
        )
        used = gr.JSON(visible="hidden")
        pack = gr.Button("Weights as ZIP", size="sm", min_width=80, visible=False, elem_id="zip")
    download = gr.File(label="Weights", interactive=False, visible=False, elem_id="weights-zip")
    sight = side_by_side.build()
    epoch = gr.Slider(
        1, 2, 1, step=1, label="Pictures after epoch", visible=False, elem_id="sample-epoch"
    )
    sample = gr.HTML(elem_id="sample")
    with gr.Accordion("Rename or delete", open=False):
        with gr.Row(equal_height=True):
            new_name = gr.Textbox(
                label="New name",
                min_width=120,
                max_lines=1,
                elem_id="new-name",
            )
            rename = gr.Button(
                "Rename", size="sm", min_width=80, interactive=False, elem_id="rename"
            )
            delete = gr.Button(
                "Delete", size="sm", variant="stop", min_width=80, interactive=False,
                elem_id="delete",
            )  # fmt: skip
        name_said = gr.Markdown(visible=False, elem_id="name-said")
    push = push_box.build(bench, jobs, choice)
    return Runs(
        choice, other, sight, detail, epoch, sample, cancel, resume, use, used, pack, download,
        new_name, rename, delete, name_said, push, said, gr.State(("", "", 0)),
    )  # fmt: skip


def _show(
    jobs: Jobs,
    runs: Runs,
    chosen: object,
    other: object,
    epoch: object,
    seen: Seen = ("", "", 0),
    is_asked: bool = False,
) -> dict[Any, Any]:
    """What stands there for the runs as they are now; the pictures follow the latest epoch until
    an earlier one is asked for.

    is_asked: by the page, which keeps what it holds, and may hold another choice by now.
    """
    held = other
    chosen, other, epoch = _text(chosen), _text(other), _whole(epoch)
    everything = {job.name: job for job in jobs.jobs()}
    job = everything.get(chosen) or next(iter(everything.values()), None)
    second = everything.get(other)
    names = [(fits.label(each), each.name) for each in everything.values()]
    if job is None:
        none, idle = gr.Button(visible=False), gr.Button(interactive=False)
        return {
            runs.choice: gr.Radio([], value=None, info="No fit has been started yet."),
            runs.detail: "",
            runs.sample: "",
            runs.epoch: gr.Slider(visible=False),
            runs.cancel: none,
            runs.resume: none,
            runs.use: none,
            runs.zip: none,
            runs.other: gr.Dropdown(visible=False),
            runs.sight.photos: gr.File(visible=False),
            runs.sight.runs: "",
            runs.rename: idle,
            runs.delete: idle,
            runs.seen: (_signature([], "", other), "", 0),
            **runs.push.shown(None),
        }
    done = len(job.history)
    _, before, latest = seen
    at = epoch if job.name == before and 0 < epoch < latest else done
    at_rest = not job.status.is_live
    others = [("none", "")] + [(name, name) for name in everything if name != job.name]
    second = None if second is job else second

    def value(shown: object, sent: object) -> dict[str, Any]:
        return {} if is_asked and shown == sent else {"value": shown}

    return {
        runs.choice: gr.Radio(names, info=None, **value(job.name, chosen)),
        runs.other: gr.Dropdown(
            others, visible=len(names) > 1, **value(second.name if second else "", held)
        ),
        runs.sight.photos: gr.File(visible=side_by_side.can_compare(job, second)),
        runs.sight.runs: f"{job.name}\n{second.name}" if second else "",
        runs.detail: fits.describe(job, second),
        runs.epoch: gr.Slider(1, max(done, 2), visible=done > 1, **value(max(at, 1), epoch)),
        runs.sample: fits.sample_html(jobs, job.name, at) if done else "",
        runs.cancel: gr.Button(visible=not at_rest),
        runs.resume: gr.Button(visible=at_rest and job.state != "done"),
        runs.use: gr.Button(visible=job.is_choosable),
        runs.zip: gr.Button(visible=job.has_weights),
        runs.rename: gr.Button(interactive=at_rest),
        runs.delete: gr.Button(interactive=at_rest),
        runs.seen: (_signature(everything.values(), job.name, other), job.name, done),
        **runs.push.shown(job),
    }


def _signature(jobs: Iterable[Job], chosen: str, other: str) -> str:
    """Changes with whatever is shown."""
    lines = [f"{job.state} {fits.label(job)} {job.status.message}" for job in jobs]
    return "\n".join([chosen, other, *lines])


def _text(sent: object) -> str:
    """As the page sent it, or a stranger anything else; gradio has not looked at it."""
    return sent if isinstance(sent, str) else ""


def _whole(sent: object) -> int:
    """The same of a whole number."""
    return int(sent) if isinstance(sent, int | float) and math.isfinite(sent) else 0


def _wire_list(jobs: Jobs, runs: Runs, tab: gr.Tab, timer: gr.Timer) -> None:
    def tick(chosen: object, other: object, epoch: object, seen: Seen) -> dict[Any, Any]:
        if _signature(jobs.jobs(), _text(chosen), _text(other)) == seen[0]:
            return {runs.seen: gr.skip()}
        return _show(jobs, runs, chosen, other, epoch, seen, is_asked=True)

    def paint(chosen: object, epoch: object) -> str:
        try:
            return fits.sample_html(jobs, _text(chosen), _whole(epoch))
        except RunError:
            return ""

    gr.on(
        [timer.tick, tab.select, runs.choice.input, runs.other.input],
        tick,
        runs.current,
        runs.shown,
        trigger_mode="always_last",
        **_AS_SENT,
    )
    runs.epoch.input(
        paint, [runs.choice, runs.epoch], runs.sample, trigger_mode="always_last", **_AS_SENT
    )


def _wire_deeds(bench: Workbench, jobs: Jobs, runs: Runs) -> None:
    def after(
        deed: Callable[[str], Any], place: gr.Markdown = runs.said, told: str = ""
    ) -> Callable[..., dict[Any, Any]]:
        """place: where a refusal is said. told: of a run by the name that it has then."""

        def act(
            chosen: object,
            other: object,
            epoch: object,
            seen: Seen,
            profile: gr.OAuthProfile | None,
        ) -> dict[Any, Any]:
            name: str | Any = gr.skip()
            try:
                owner.check(bench.owner, profile)
                result = deed(_text(chosen))
                chosen = result.name if isinstance(result, Job) else chosen
                said = gr.Markdown(told.format(literal(_text(chosen))), visible=bool(told))
                name = "" if told else name  # another deed leaves what is being typed
            except RunError as error:
                said = gr.Markdown(fault(error), visible=True)
            quiet = {
                runs.said: gr.Markdown(visible=False),
                runs.name_said: gr.Markdown(visible=False),
            }
            return {
                **_show(jobs, runs, chosen, other, epoch, seen),
                **quiet,
                place: said,
                runs.new_name: name,
            }

        return act

    shown = [*runs.shown, runs.said, runs.name_said, runs.new_name]
    for button, deed in (
        (runs.cancel, jobs.cancel),
        (runs.resume, jobs.resume),
    ):
        button.click(after(deed), runs.current, shown, **_AS_SENT)
    runs.delete.click(
        after(jobs.delete, runs.name_said),
        runs.current,
        shown,
        js="(...given) => { if (!confirm(`Delete the run “${given[0]}” and its weights?`)) "
        "throw new Error('kept'); return given; }",
        **_AS_SENT,
    )

    def rename(
        chosen: object,
        other: object,
        epoch: object,
        seen: Seen,
        new_name: object,
        profile: gr.OAuthProfile | None,
    ) -> dict[Any, Any]:
        act = after(
            lambda name: jobs.rename(name, _text(new_name)),
            runs.name_said,
            "“{}” is its name now.",
        )
        return act(chosen, other, epoch, seen, profile)

    renamed = runs.rename.click(rename, [*runs.current, runs.new_name], shown, **_AS_SENT)
    renamed.then(None, None, None, js=_SHOW_NAME_SAID, **_AT_ONCE)
    # what was said is about the run that was on show
    runs.choice.input(lambda: gr.Markdown(visible=False), None, runs.name_said, **_AT_ONCE)

    def pack(chosen: str | None) -> gr.File:
        with said():
            return gr.File(str(fits.zip_weights(bench, jobs, chosen or "")), visible=True)

    runs.use.click(
        lambda name: {"name": name, "mask": asdict(bench.own_mask(name or ""))},
        runs.choice,
        runs.used,
        **_AT_ONCE,
    ).then(None, runs.used, None, js="(run) => { crackdemo.page.useWeights(run); }", **_AT_ONCE)
    # of what is done _AT_ONCE gradio's page shows no refusal
    runs.zip.click(pack, runs.choice, runs.download, **_QUIET)
    runs.choice.change(lambda: gr.File(visible=False), None, runs.download, **_AT_ONCE)


def _wire_start(bench: Workbench, jobs: Jobs, form: Form, runs: Runs) -> None:
    def start(profile: gr.OAuthProfile | None, *given: Any) -> dict[Any, Any]:
        try:
            owner.check(bench.owner, profile)
            job = train_form.start(bench, jobs, form.named(given))
        except CrackdemoError as error:
            return {
                form.said: gr.Markdown(visible=False),
                **shown_fault(form.faults, error),
            }
        said = f"“{job.name}” is among the runs; you may close the page."
        return {
            form.said: gr.Markdown(said, visible=True),
            form.learning: gr.Markdown(visible=False),
            form.filled_in["name"]: "",
            **no_faults(form.faults),
            **_show(jobs, runs, job.name, None, 0),
        }

    # one is set up at a time: whoever waits for another visitor's sees at once that it was asked
    form.start.click(None, None, form.said, js=_STARTS, **_AT_ONCE)
    begun = form.start.click(
        start,
        form.inputs,
        [form.said, form.learning, form.filled_in["name"], *form.faults.values(), *runs.shown],
        show_progress="minimal",
        api_visibility="private",
    )
    begun.failure(lambda: gr.Markdown(visible=False), None, form.said, **_AT_ONCE)
    begun.then(None, None, None, js=_SHOW_ANSWER, **_AT_ONCE)
    # what is filled in from here on is about another fit
    form.filled_in["name"].input(lambda: gr.Markdown(visible=False), None, form.said, **_AT_ONCE)
