"""The Train tab: a form for new fits, and the runs that there are (see `fits` and `jobs`)."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import gradio as gr

from crackdemo.errors import CrackdemoError, RunError
from crackdemo.runs.job import Job
from crackdemo.runs.jobs import Jobs
from crackdemo.ui import owner
from crackdemo.ui.refusals import fault, literal, said
from crackdemo.ui.train import data_check, fits, run_list, side_by_side
from crackdemo.ui.train import form as train_form
from crackdemo.ui.train.faults import no_faults, shown_fault
from crackdemo.ui.train.form import Form
from crackdemo.ui.train.run_list import Runs, Seen, show, signature, text, whole
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
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_AT_ONCE: dict[str, Any] = {**_QUIET, "queue": False}
_AS_SENT: dict[str, Any] = {**_AT_ONCE, "preprocess": False}
"""For what decides on what is shown, `Runs.current`. Gradio holds such values against the choices
that it sent last; where two answers overtook each other on the way, the page has other ones, and
would be refused from then on."""


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
            runs = run_list.build(bench, jobs)
    timer = gr.Timer(_TICK_SECONDS, active=False)
    # in the page alone: answers of the server could overtake each other, and leave it off
    for each in (tab, *others):
        each.select(None, None, timer, js=_WHILE_OPEN, **_AT_ONCE)
    _wire_list(jobs, runs, tab, timer)
    side_by_side.wire(bench, runs.sight)
    _wire_deeds(bench, jobs, runs)
    data_check.wire(bench, jobs, form)
    _wire_start(bench, jobs, form, runs)


def _wire_list(jobs: Jobs, runs: Runs, tab: gr.Tab, timer: gr.Timer) -> None:
    def tick(chosen: object, other: object, epoch: object, seen: Seen) -> dict[Any, Any]:
        if signature(jobs.jobs(), text(chosen), text(other)) == seen[0]:
            return {runs.seen: gr.skip()}
        return show(jobs, runs, chosen, other, epoch, seen, is_asked=True)

    def paint(chosen: object, epoch: object) -> str:
        try:
            return fits.sample_html(jobs, text(chosen), whole(epoch))
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
            name: dict[Any, Any] = {}
            try:
                owner.check(bench.owner, profile)
                result = deed(text(chosen))
                chosen = result.name if isinstance(result, Job) else chosen
                said = gr.Markdown(told.format(literal(text(chosen))), visible=bool(told))
                # another deed leaves what is being typed
                name = {runs.new_name: ""} if told else name
            except RunError as error:
                said = gr.Markdown(fault(error), visible=True)
            quiet = {
                runs.said: gr.Markdown(visible=False),
                runs.name_said: gr.Markdown(visible=False),
            }
            return {
                **show(jobs, runs, chosen, other, epoch, seen),
                **quiet,
                place: said,
                **name,
            }

        return act

    shown = [*runs.shown, runs.name_said]
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
            lambda name: jobs.rename(name, text(new_name)),
            runs.name_said,
            "“{}” is its name now.",
        )
        return act(chosen, other, epoch, seen, profile)

    renamed = runs.rename.click(rename, [*runs.current, runs.new_name], shown, **_AS_SENT)
    renamed.then(None, None, None, js=_SHOW_NAME_SAID, **_AT_ONCE)
    # what was said is about the run that was on show
    runs.choice.input(
        lambda: [gr.Markdown(visible=False)] * 2, None, [runs.said, runs.name_said], **_AT_ONCE
    )

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
            **show(jobs, runs, job.name, None, 0),
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
