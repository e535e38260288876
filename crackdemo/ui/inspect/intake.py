"""Where photos and weights come in, and what becomes of them."""

import html
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileDataDict
from gradio.events import Dependency

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, version_of
from crackdemo.ui.given import files_given, text_given
from crackdemo.ui.inspect import stage as stages
from crackdemo.ui.inspect.events import AT_ONCE, EVERY_TIME, IN_TURN, QUIET
from crackdemo.ui.inspect.examples import examples_html, with_example
from crackdemo.ui.inspect.keeping import KeptPhotos
from crackdemo.ui.inspect.scoring import Problem, Progress, Roll, score_photos
from crackdemo.ui.inspect.stage import Stage
from crackdemo.ui.inspect.states import States, session_of
from crackdemo.ui.refusals import said
from crackdemo.ui.turns import Turns
from crackdemo.ui.uploads import uploads_of
from crackdemo.ui.workbench import Workbench

_SECRET = "async (...values) => [...values.slice(0, -1), await crackdemo.kept.own()]"
"""In the page: the last value is its secret."""


@dataclass(frozen=True)
class Intake:
    """Photos, what became of them, examples and weights."""

    photos: gr.File
    status: gr.HTML
    stop: gr.Button
    go_on: gr.Button
    resume: gr.Button
    problems: gr.HTML
    example: gr.Textbox
    weights: gr.Dropdown
    fault: gr.HTML
    """Of the weights."""
    secret: gr.Textbox
    """By which the page finds its photos again."""


def intake(bench: Workbench) -> Intake:
    """Photos first, weights last."""
    gr.HTML("<button type='button'></button>", elem_id="intake-fold", apply_default_css=False)
    photos = gr.File(
        file_count="multiple",
        label="Photos: drop, paste, choose or shoot",
        elem_id="photos",
        height=150,
    )
    with gr.Row(elem_id="status-row"):
        status = gr.HTML("Drop photos above, or try an example.", elem_id="status")
        small: dict[str, Any] = {"size": "sm", "scale": 0, "min_width": 80}
        stop = gr.Button("Stop", elem_id="stop", **small)
        go_on = gr.Button("Go on", elem_id="go-on", **small)
    hidden: dict[str, Any] = {"visible": "hidden"}
    resume = gr.Button(elem_id="resume", **hidden)
    problems = gr.HTML(elem_id="problems")
    gr.HTML(
        "<p>Examples (made, not photographed):</p>"
        f"<div class='example-row'>{examples_html()}</div>",
        elem_id="examples",
        apply_default_css=False,
    )
    example = gr.Textbox(elem_id="example-chosen", **hidden)
    weights = gr.Dropdown(
        bench.weights_names(),
        value=DEFAULT_WEIGHTS,
        allow_custom_value=True,
        label="Weights",
        info="From the list, or a Hub id owner/name[@revision], or an allowed folder.",
        elem_id="weights",
    )
    fault = gr.HTML(elem_id="weights-fault")
    gr.HTML(
        "<p class='about'></p><p class='said' role='status'></p>",
        elem_id="settings-said",
        apply_default_css=False,
    )
    secret = gr.Textbox(elem_id="page-secret", **hidden)
    return Intake(photos, status, stop, go_on, resume, problems, example, weights, fault, secret)


def wire(
    bench: Workbench,
    page: gr.Blocks,
    intake: Intake,
    stage: Stage,
    states: States,
    restored: Dependency,
) -> Dependency:
    """Returns the run that scores.

    restored: weights and settings are as they were before; what is on show is scored with them.
    """
    turns, kept = Turns(), KeptPhotos()

    def make_way(
        files: list[FileDataDict] | None,
        weights: str | None,
        on_show: str | None,
        seen: dict[str, Any] | None,
        request: gr.Request,
    ) -> None:
        """The run that is to follow begins when the page has heard all of the one before: of two
        at once the page may hear in the wrong order."""
        with said():
            asked = _asked(files, weights, on_show or _name_of(seen))
        turns.make_way(request.session_hash or "", asked)

    def run(
        files: list[FileDataDict] | None,
        weights: str | None,
        roll: Roll,
        on_show: str | None,
        regions: str | None,
        only: str | None,
        seen: dict[str, Any] | None,
        secret: str | None,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        with said():
            files = files_given(files)
            weights = text_given("The weights' name", weights)
            kept.keep(text_given("The page's secret", secret), files, request.username)
            seen_name = _name_of(seen)
            asked = _asked(files, weights, on_show or seen_name)
            session = session_of(roll, on_show or seen_name, regions, only)
        is_seen = session.entry is None or session.entry.upload.name == seen_name
        with turns.take(request.session_hash or "", asked) as turn:
            if on_show is None:  # the server may have been restarted while the page lived on
                yield {states.on_show: seen_name}
            steps = score_photos(
                bench, uploads_of(files), weights, roll, session.on_show, lambda: turn.is_over
            )
            for step in steps:
                if turn.is_replaced:
                    break  # nobody stopped it
                before, session = session, replace(session, roll=step.roll)
                update: dict[Any, Any] = {
                    states.roll: step.roll,
                    intake.status: _status(step),
                    intake.problems: _listed(step.roll.problems),
                    intake.fault: html.escape(step.fault),
                }
                is_other = (before.entry, before.roll.weights) != (session.entry, step.roll.weights)
                if is_other or not is_seen:
                    update |= stages.show(bench, stage, session)
                    is_seen = True
                yield update
            yield {intake.status: gr.skip()}  # gradio repeats the last step later, out of turn

    scoring: dict[str, Any] = {
        "fn": run,
        "inputs": [intake.photos, intake.weights, *states.all, stage.meta, intake.secret],
        "outputs": [
            *(intake.status, intake.problems, intake.fault),
            *(states.roll, states.on_show, stage.files, stage.meta),
        ],
        "js": _SECRET,
        "preprocess": False,  # keeps the visitor's file names
        "concurrency_limit": None,
        **IN_TURN,
    }
    begun = gr.on(
        [intake.photos.change, intake.weights.input, intake.go_on.click],
        make_way,
        [intake.photos, intake.weights, states.on_show, stage.meta],
        preprocess=False,
        concurrency_limit=None,
        **EVERY_TIME,  # of what is done AT_ONCE gradio's page shows no refusal
    )
    scored = begun.then(**scoring)
    scored.failure(
        _broken_off, None, [intake.status, intake.problems, intake.fault], **QUIET
    )  # gradio keeps the files of each answer, and says “Error” where it has no room for them
    intake.fault.change(None, intake.fault, js="(why) => { crackdemo.page.refused(why); }", **QUIET)

    def stop(request: gr.Request) -> None:
        turns.stop(request.session_hash or "")

    # a run of which the page has lost the answers
    resumed = intake.resume.click(stop, **AT_ONCE)
    for event in (restored, resumed):
        event.then(None, None, None, js="() => { crackdemo.page.goOn(); }", **QUIET)
    intake.stop.click(stop, **AT_ONCE)
    page.unload(stop)
    _wire_examples(bench, intake, states)
    _wire_reload(bench, page, intake, states, kept)
    return scored


def _asked(
    files: list[FileDataDict] | None, weights: str | None, on_show: str | None
) -> tuple[object, ...]:
    """What a run is to do, to be compared; what is on show comes first. Raises ConfigError."""
    uploads = uploads_of(files_given(files))
    first = on_show or next((upload.name for upload in uploads), "")
    return uploads, text_given("The weights' name", weights), first


def _name_of(seen: dict[str, Any] | None) -> str | None:
    """Of the photo that the page shows."""
    return seen.get("name") if isinstance(seen, dict) else None


def _wire_examples(bench: Workbench, intake: Intake, states: States) -> None:
    def add(chosen: str | None, files: list[FileDataDict] | None) -> list[Any]:
        with said():
            name = text_given("The example", chosen).split("|")[0]
            return [with_example(files_given(files), name, bench.uploads), name]

    intake.example.change(
        add,
        [intake.example, intake.photos],
        [intake.photos, states.on_show],
        preprocess=False,
        postprocess=False,
        **EVERY_TIME,
    ).then(None, None, None, js="() => { crackdemo.folding.added(); }", **EVERY_TIME)


def _wire_reload(
    bench: Workbench, page: gr.Blocks, intake: Intake, states: States, kept: KeptPhotos
) -> None:
    """What a page had before it was loaded anew: settings from its browser, photos from here."""
    on_show = gr.Textbox(visible="hidden", elem_id="kept-on-show")
    count = gr.Number(visible="hidden", elem_id="kept-count")

    def find(secret: str | None, name: str | None, request: gr.Request) -> list[Any]:
        with said():
            files = kept.find(text_given("The page's secret", secret), request.username)
            name = text_given("The photo's name", name)
        if not files:  # photos may have come meanwhile
            return [gr.skip(), gr.skip(), 0]
        # who logs in is another visitor each time
        bench.holdings.hold(bench.visitor().name, [Path(file["path"]) for file in files])
        return [files, name or None, len(files)]

    page.load(
        find,
        [intake.secret, on_show],
        [intake.photos, states.on_show, count],
        js="() => [crackdemo.kept.secret(), crackdemo.kept.begin()]",
        preprocess=False,
        postprocess=False,
        **QUIET,
    ).then(None, count, js="(count) => { crackdemo.kept.found(count); }", **QUIET)


def wire_return(tab: gr.Tab, states: States) -> None:
    """Whoever comes back from a run that was fitted again under its name has photos scored anew."""
    has_changed = gr.Checkbox(False, visible="hidden")

    def look(roll: Roll) -> bool:
        weights = roll.weights
        return weights is not None and version_of(weights.folder) != weights.version

    tab.select(look, states.roll, has_changed, **AT_ONCE).then(
        None, has_changed, js="(hasChanged) => { if (hasChanged) crackdemo.page.goOn(); }", **QUIET
    )


def _broken_off() -> tuple[Any, ...]:
    """Status, problems and fault."""
    message = (
        "Scoring broke off. If no reason was given, the server has most likely no disk space left: "
        "free some there, then go on."
    )
    return _status(Progress(Roll(), message, is_cut_short=True)), gr.skip(), gr.skip()


def _status(step: Progress) -> str:
    """By its class the style sheet shows Stop or Go on: gradio's own `visible` lags behind when
    one step follows the other quickly."""
    state = "running" if step.is_running else "cut-short" if step.is_cut_short else "done"
    return f"<span class='{state}'>{html.escape(step.message)}</span>"


def _listed(problems: tuple[Problem, ...]) -> str:
    return "".join(f"<li>{html.escape(problem.reason)}</li>" for problem in problems)
