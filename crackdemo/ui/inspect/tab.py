"""The Inspect tab: what happens when its widgets are used."""

import html
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileDataDict
from gradio.events import Dependency

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, version_of
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import read_preset
from crackdemo.ui import drawing
from crackdemo.ui.inspect import session as inspection
from crackdemo.ui.inspect import widgets
from crackdemo.ui.inspect.region import Region
from crackdemo.ui.inspect.scoring import Problem, Progress, Roll, Turns, score_photos
from crackdemo.ui.inspect.session import STRIP_PAGE, Session, Settings
from crackdemo.ui.inspect.widgets import Knobs, PhotoInput, RegionTools, Stage, Takeaway
from crackdemo.ui.refusals import said
from crackdemo.ui.uploads import uploads_of
from crackdemo.ui.workbench import Workbench

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_AT_ONCE: dict[str, Any] = {**_QUIET, "queue": False}
_EVERY_TIME: dict[str, Any] = {**_QUIET, "trigger_mode": "multiple"}


@dataclass(frozen=True)
class States:
    """The parts of a visitor's `Session`; each is written by other events."""

    roll: gr.State
    on_show: gr.State
    region: gr.State

    @property
    def all(self) -> list[Any]:
        """In the order of `Session`."""
        return [self.roll, self.on_show, self.region]


def build(bench: Workbench, page: gr.Blocks, tab: gr.Tab) -> gr.Dropdown:
    """Lays the tab out and wires it; returns its list of weights."""
    with gr.Row(equal_height=False, elem_id="inspect"):
        with gr.Column(scale=3, min_width=300, elem_id="controls"):
            with gr.Column(elem_id="intake"):
                photos = widgets.photo_input(bench)
            with gr.Column(elem_id="knobs"):
                knobs = widgets.knobs(bench.own_mask(DEFAULT_WEIGHTS))
                reset = gr.Button("Reset to the weights' own settings", size="sm", elem_id="reset")
        with gr.Column(scale=8, min_width=320, elem_id="results"):
            stage = widgets.stage()
            takeaway = widgets.takeaway()
            region = widgets.region_tools()
            empty = Session()
            states = States(gr.State(empty.roll), gr.State(), gr.State(empty.region))
            with gr.Accordion("Views drawn by the server", open=False, elem_id="server-views"):
                wanted = gr.Checkbox(False, label="For browsers that cannot draw the viewer")
                moves = gr.Number(0, visible="hidden")
                _server_views(bench, wanted, moves, knobs, stage, states)
    resumed = _wire_scoring(bench, page, photos, stage, states)
    _wire_strip(bench, photos, stage, states, resumed)
    _wire_return(tab, states)
    _wire_viewer(knobs, stage, wanted, moves)
    _wire_settings(bench, photos, knobs, reset, takeaway, stage, states)
    _wire_region(bench, region, stage, states)
    return photos.weights


def _wire_scoring(
    bench: Workbench, page: gr.Blocks, photos: PhotoInput, stage: Stage, states: States
) -> Dependency:
    """Returns the run that begins when a lost connection is back."""
    turns = Turns()

    def run(
        files: list[FileDataDict] | None,
        weights: str | None,
        roll: Roll,
        on_show: str | None,
        region: Region,
        seen: dict[str, Any] | None,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        seen_name = seen["name"] if seen else None
        session = Session(roll, on_show or seen_name, region)
        is_seen = session.entry is None or session.entry.upload.name == seen_name
        with turns.take(request.session_hash or "") as turn:
            if on_show is None:  # the server may have been restarted while the page lived on
                yield {states.on_show: seen_name}
            steps = score_photos(
                bench, uploads_of(files), weights or "", roll, session.on_show, lambda: turn.is_over
            )
            for step in steps:
                before, session = session, replace(session, roll=step.roll)
                update: dict[Any, Any] = {
                    states.roll: step.roll,
                    photos.status: _status(step),
                    photos.problems: _listed(step.roll.problems),
                }
                is_other = (before.entry, before.roll.weights) != (session.entry, step.roll.weights)
                if is_other or not is_seen:
                    update |= _show(bench, stage, session)
                    is_seen = True
                yield update
            yield {photos.status: gr.skip()}  # gradio repeats the last step later, out of turn

    scoring: dict[str, Any] = {
        "fn": run,
        "inputs": [photos.photos, photos.weights, *states.all, stage.meta],
        "outputs": [
            *(photos.status, photos.problems),
            *(states.roll, states.on_show, stage.files, stage.meta),
        ],
        "preprocess": False,  # keeps the visitor's file names
        "concurrency_limit": None,
        **_QUIET,
    }
    begin = [photos.photos.change, photos.weights.input, photos.go_on.click]
    gr.on(begin, **scoring, trigger_mode="multiple")
    resumed = photos.resume.click(**scoring, trigger_mode="once")

    def stop(request: gr.Request) -> None:
        turns.stop(request.session_hash or "")

    def choose_example(event: gr.SelectData) -> list[str]:
        return [str(widgets.example_photos()[event.index])]

    photos.stop.click(stop, **_AT_ONCE)
    page.unload(stop)
    photos.examples.select(choose_example, None, photos.photos, **_QUIET)
    return resumed


def _wire_return(tab: gr.Tab, states: States) -> None:
    """Whoever comes back from a run that was fitted again under its name has photos scored anew."""
    has_changed = gr.Checkbox(False, visible="hidden")

    def look(roll: Roll) -> bool:
        weights = roll.weights
        return weights is not None and version_of(weights.folder) != weights.version

    tab.select(look, states.roll, has_changed, **_AT_ONCE).then(
        None, has_changed, js="(hasChanged) => { if (hasChanged) crackdemo.page.goOn(); }", **_QUIET
    )


def _status(step: Progress) -> str:
    """By its class the style sheet shows Stop or Go on: gradio's own `visible` lags behind when
    one step follows the other quickly."""
    state = "running" if step.is_running else "cut-short" if step.is_cut_short else "done"
    return f"<span class='{state}'>{html.escape(step.message)}</span>"


def _listed(problems: tuple[Problem, ...]) -> str:
    return "".join(f"<li>{html.escape(problem.reason)}</li>" for problem in problems)


def _wire_strip(
    bench: Workbench, photos: PhotoInput, stage: Stage, states: States, resumed: Dependency
) -> None:
    page = gr.State(0)

    def draw(at: int, *parts: Any) -> list[Any]:
        session = Session(*parts)
        count = len(session.roll.entries)
        at = min(at, max(0, count - 1) // STRIP_PAGE)
        thumbnails = inspection.strip(bench, session, at)
        film = gr.Gallery(
            thumbnails, visible=count > 1, selected_index=inspection.place(session, at)
        )
        return [at, film, gr.Row(visible=count > STRIP_PAGE)]

    def choose(event: gr.SelectData, *parts: Any) -> dict[Any, Any]:
        session = replace(Session(*parts), on_show=inspection.captioned(event.value["caption"]))
        if session.entry is None or session.entry.upload.name != session.on_show:
            return {states.on_show: session.on_show, stage.files: None, stage.meta: None}
        return {states.on_show: session.on_show, **_show(bench, stage, session)}

    redraw: dict[str, Any] = {
        "fn": draw,
        "inputs": [page, *states.all],
        "outputs": [page, stage.film, stage.pager],
        **_QUIET,
    }
    changes = [states.roll.change, states.region.change, page.change, photos.resume.click]
    gr.on(changes, **redraw)
    # the run before may have changed the roll after its connection was lost: nothing told the page
    resumed.then(**redraw)
    chosen = stage.film.select(
        choose, states.all, [states.on_show, stage.files, stage.meta], **_EVERY_TIME
    )
    # a server that was restarted may not have scored it again yet
    chosen.then(None, stage.meta, js="(meta) => { meta ?? crackdemo.page.goOn(); }", **_QUIET)
    stage.earlier.click(lambda at: max(0, at - 1), page, page, **_QUIET)
    stage.later.click(lambda at: at + 1, page, page, **_QUIET)


def _wire_viewer(knobs: Knobs, stage: Stage, wanted: gr.Checkbox, moves: gr.Number) -> None:
    """Settings and photos go to the viewer in the page: no event here asks the server.

    moves: counts while the server's views are wanted, which are drawn when it changes.
    """
    knob_changes = [knob.change for knob in knobs.all]
    gr.on(
        [*knob_changes, wanted.input, stage.meta.change, stage.dropped.change],
        None,
        [wanted, moves, *knobs.all],
        moves,
        js=f"""(isWanted, moves, ...values) => {{
            crackdemo.page?.set({_by_name("values")});
            return isWanted ? moves + 1 : moves;
        }}""",
        **_QUIET,
    )
    stage.meta.change(
        None,
        [stage.files, stage.meta, stage.dropped, *knobs.all],
        js=f"""(files, meta, dropped, ...values) => {{
            crackdemo.page.show(files, meta, dropped, {_by_name("values")});
        }}""",
        **_QUIET,
    )


def _by_name(values: str) -> str:
    """JavaScript for one object by name of an array `values` in the order of `Knobs.all`."""
    names = [field.name for field in fields(Knobs)]
    return f"Object.fromEntries({json.dumps(names)}.map((name, i) => [name, {values}[i]]))"


def _wire_settings(
    bench: Workbench,
    photos: PhotoInput,
    knobs: Knobs,
    reset: gr.Button,
    takeaway: Takeaway,
    stage: Stage,
    states: States,
) -> None:
    def own(weights: str | None) -> list[Any]:
        return widgets.mask_values(bench.own_mask(weights or ""))

    def load(file: str, *parts: Any) -> list[Any]:
        before = Session(*parts)
        weights = before.roll.weights
        with said():
            own = bench.config(weights).mask if weights else MaskParams()
            preset = read_preset(Path(file), own)
            session = replace(before, region=Region(preset.region))
            return [
                *widgets.mask_values(preset.mask),
                preset.mm_per_px or 0,
                inspection.dropped_text(preset, session.roll),
                session.region,
                *inspection.page_data(bench, session),
            ]

    def prepare(*values: Any) -> gr.File:
        with said():
            files = inspection.export(bench, *_session_and_settings(knobs, values))
        if not files:
            raise gr.Error("There is no photo yet: drop one first.", print_exception=False)
        return gr.File(files, visible=True)

    reset.click(own, photos.weights, knobs.mask, **_AT_ONCE)
    takeaway.load.upload(
        load,
        [takeaway.load, *states.all],
        [*knobs.mask, knobs.mm_per_px, stage.dropped, states.region, stage.files, stage.meta],
        **_QUIET,
    )
    takeaway.prepare.click(
        prepare,
        [*knobs.all, stage.dropped, *states.all],
        takeaway.downloads,
        js="(...values) => { crackdemo.page.beginDownloads(); return values; }",
        show_progress="minimal",
        api_visibility="private",
    ).success(None, js="() => { crackdemo.page.endDownloads(); }", **_QUIET)


def _wire_region(bench: Workbench, tools: RegionTools, stage: Stage, states: States) -> None:
    def picture(session: Session) -> Any:
        shown = inspection.on_show(bench, session)
        return shown and drawing.region_picture(shown.scored.photo, session.region)

    def redrawn(before: Session, region: Region) -> dict[Any, Any]:
        session = replace(before, region=region)
        with said():
            update: dict[Any, Any] = {states.region: region, tools.picture: picture(session)}
            if region.polygons != before.region.polygons:
                update |= _show(bench, stage, session)
            return update

    def click(event: gr.SelectData, shape: str, *parts: Any) -> dict[Any, Any]:
        session = Session(*parts)
        with said():
            shown = inspection.on_show(bench, session)
        if shown is None:
            return redrawn(session, session.region)
        height, width = drawing.view_size(shown.scored.photo)
        x, y = event.index
        return redrawn(session, session.region.with_corner(x / width, y / height, shape))

    outputs = [states.region, tools.picture, stage.files, stage.meta]
    # one after the other: each begins with the region that the one before has left
    in_turn: dict[str, Any] = {**_EVERY_TIME, "concurrency_id": "region"}
    tools.picture.select(click, [tools.shape, *states.all], outputs, **in_turn)
    for button, change in (
        (tools.close, Region.closed),
        (tools.undo, Region.undone),
        (tools.clear, lambda _: Region()),
    ):
        button.click(
            lambda *parts, change=change: redrawn(Session(*parts), change(Session(*parts).region)),
            states.all,
            outputs,
            **in_turn,
        )
    gr.on(
        [tools.panel.expand, stage.meta.change],
        lambda *parts: picture(Session(*parts)),
        states.all,
        tools.picture,
        **_QUIET,
        concurrency_id="region",
    )


def _server_views(
    bench: Workbench,
    wanted: gr.Checkbox,
    moves: gr.Number,
    knobs: Knobs,
    stage: Stage,
    states: States,
) -> None:
    """While nobody wants these views `moves` stands still, and no move sends a request."""
    names = ("Photo with mask", "Reconstruction", "Heatmap", "Mask")
    with gr.Row(visible=False, elem_id="server-pictures") as row:
        pictures = [
            gr.Image(format="jpeg", label=name, interactive=False, buttons=[], min_width=200)
            for name in names
        ]

    def draw(*values: Any) -> list[str | None]:
        with said():
            views = inspection.draw(bench, *_session_and_settings(knobs, values))
            cache = Path(pictures[0].GRADIO_CACHE)  # what lies there gradio serves as it is
            return [
                view if view is None else str(drawing.picture_file(cache, view)) for view in views
            ]

    wanted.input(lambda is_wanted: gr.Row(visible=is_wanted), wanted, row, **_AT_ONCE)
    moves.change(
        draw,
        [*knobs.all, stage.dropped, *states.all],
        pictures,
        trigger_mode="always_last",
        **_AT_ONCE,
    )


def _session_and_settings(knobs: Knobs, values: Sequence[Any]) -> tuple[Session, Settings]:
    """Of the values of `Knobs.all`, `Stage.dropped` and `States.all`."""
    *settings, dropped, roll, on_show, region = values
    session = Session(roll, on_show, region)
    named = dict(zip(knobs.names, settings, strict=True))
    return session, inspection.settings_of(named, dropped, session)


def _show(bench: Workbench, stage: Stage, session: Session) -> dict[Any, Any]:
    with said():
        files, meta = inspection.page_data(bench, session)
    return {stage.files: files, stage.meta: meta}
