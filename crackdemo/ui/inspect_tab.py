"""The Inspect tab: its widgets, then what happens when they are used (see `inspection`)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import gradio as gr

from crackdemo.images import PHOTO_SUFFIXES
from crackdemo.masks import KERNELS, MAX_KERNEL, MaskParams
from crackdemo.presets import PresetError, read_preset
from crackdemo.ui import drawing, inspection
from crackdemo.ui.inspection import STRIP_PAGE, Session, Turns
from crackdemo.weights import DEFAULT_WEIGHTS
from crackdemo.workbench import Workbench

EXAMPLES = Path(__file__).parent / "examples"
_KERNEL_SIZES = [("off", 0), *((f"{size} px", size) for size in range(3, MAX_KERNEL + 1, 2))]
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_AT_ONCE: dict[str, Any] = {**_QUIET, "queue": False}


@dataclass(frozen=True)
class Knobs:
    """What turns a heatmap into what is seen."""

    threshold: gr.Slider
    opening: gr.Dropdown
    closing: gr.Dropdown
    kernel: gr.Dropdown
    min_area: gr.Slider
    opacity: gr.Slider
    mm_per_px: gr.Number
    colours: gr.Dropdown

    @property
    def all(self) -> list[Any]:
        """In this order they go to the viewer."""
        return [getattr(self, field.name) for field in fields(self)]

    @property
    def settings(self) -> list[Any]:
        """In this order they go to `inspection.settings_of`."""
        return self.all[:-1]


@dataclass(frozen=True)
class Intake:
    """Where photos and weights come in."""

    photos: gr.File
    weights: gr.Dropdown
    status: gr.Markdown
    stop: gr.Button
    problems: gr.Markdown
    examples: gr.Gallery


@dataclass(frozen=True)
class Stage:
    """Where a photo is shown."""

    film: gr.Gallery
    pager: gr.Row
    earlier: gr.Button
    later: gr.Button
    files: gr.File
    meta: gr.JSON
    dropped: gr.Textbox


@dataclass(frozen=True)
class Takeaway:
    """What is handed out, and settings that come back."""

    prepare: gr.Button
    downloads: gr.File
    load: gr.UploadButton
    reset: gr.Button


@dataclass(frozen=True)
class Region:
    """Where the region of interest is drawn."""

    panel: gr.Accordion
    shape: gr.Radio
    close: gr.Button
    undo: gr.Button
    clear: gr.Button
    picture: gr.Image


def build(bench: Workbench) -> None:
    """Lays the tab out and wires it."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=300, elem_id="controls"):
            intake = _intake(bench)
            knobs, reset = _knobs(bench.own_mask(DEFAULT_WEIGHTS))
        with gr.Column(scale=8, min_width=320):
            gr.HTML("<div class='verdict-place'></div>", elem_id="verdict")
            gr.HTML("<div class='viewer-place'></div>", elem_id="viewer")
            stage = _stage()
            takeaway = _takeaway(reset)
            region = _region()
            with gr.Accordion("Views drawn by the server", open=False, elem_id="server-views"):
                drawn_here = gr.Checkbox(False, label="For browsers that cannot draw the viewer")
                session, page = gr.State(Session()), gr.State(0)
                _server_views(bench, drawn_here, knobs, stage, session)
    _wire_scoring(bench, intake, stage, session, page)
    _wire_knobs(bench, intake, knobs, takeaway, stage, session)
    _wire_strip(bench, stage, session, page)
    _wire_region(bench, region, stage, session)


def _intake(bench: Workbench) -> Intake:
    photos = gr.File(
        file_count="multiple",
        file_types=["image", *sorted(PHOTO_SUFFIXES)],
        label="Photos: drop, paste, choose or shoot",
        elem_id="photos",
        height=150,
    )
    with gr.Row(elem_id="status-row"):
        status = gr.Markdown("Drop photos above, or try an example.", elem_id="status")
        stop = gr.Button("Stop", size="sm", visible=False, elem_id="stop", scale=0, min_width=80)
    problems = gr.Markdown(visible=False, elem_id="problems")
    gr.Markdown("Examples (made, not photographed):", elem_id="examples-title")
    examples = gr.Gallery(
        [str(path) for path in sorted(EXAMPLES.glob("*.jpg"))],
        show_label=False,
        columns=5,
        height=84,
        allow_preview=False,
        elem_id="examples",
        object_fit="cover",
        buttons=[],
        interactive=False,
    )
    weights = gr.Dropdown(
        bench.weights_names(),
        value=DEFAULT_WEIGHTS,
        allow_custom_value=True,
        label="Weights",
        info="From the list, or a Hub id owner/name[@revision], or an allowed folder.",
        elem_id="weights",
    )
    return Intake(photos, weights, status, stop, problems, examples)


def _knobs(own: MaskParams) -> tuple[Knobs, gr.Button]:
    threshold = gr.Slider(
        0,
        1,
        own.threshold,
        step=0.001,
        label="Threshold",
        info="0.5 = calibrated; 1 marks nothing.",
        elem_id="threshold",
    )
    with gr.Row():
        opening = gr.Dropdown(
            _KERNEL_SIZES, value=own.opening, label="Opening", elem_id="opening", min_width=80
        )
        closing = gr.Dropdown(
            _KERNEL_SIZES, value=own.closing, label="Closing", elem_id="closing", min_width=80
        )
        kernel = gr.Dropdown(
            list(KERNELS), value=own.kernel, label="Kernel", elem_id="kernel", min_width=90
        )
    min_area = gr.Slider(
        0, 500, own.min_area, step=1, label="Smallest crack (px)", elem_id="min-area"
    )
    opacity = gr.Slider(0, 1, 0.5, step=0.01, label="Overlay opacity", elem_id="opacity")
    with gr.Row():
        mm_per_px = gr.Number(
            None, label="Scale (mm per px)", minimum=0, elem_id="scale", min_width=110
        )
        colours = gr.Dropdown(
            ["inferno", "viridis", "gray"],
            value="inferno",
            label="Heatmap colours",
            elem_id="colours",
            min_width=110,
        )
    reset = gr.Button("Reset to the weights' own settings", size="sm", elem_id="reset")
    return Knobs(
        threshold, opening, closing, kernel, min_area, opacity, mm_per_px, colours
    ), reset


def _stage() -> Stage:
    film = gr.Gallery(
        show_label=False,
        columns=8,
        height=150,
        allow_preview=False,
        visible=False,
        elem_id="strip",
        object_fit="cover",
        buttons=[],
        interactive=False,
    )
    with gr.Row(visible=False) as pager:
        earlier = gr.Button("Earlier photos", size="sm")
        later = gr.Button("Later photos", size="sm")
    files = gr.File(file_count="multiple", visible="hidden", elem_id="viewer-files")
    meta = gr.JSON(visible="hidden", elem_id="viewer-meta")
    dropped = gr.Textbox(visible="hidden", elem_id="dropped")
    return Stage(film, pager, earlier, later, files, meta, dropped)


def _takeaway(reset: gr.Button) -> Takeaway:
    with gr.Row():
        prepare = gr.Button("Prepare downloads", elem_id="prepare", variant="primary")
        load = gr.UploadButton("Load a preset", file_types=[".json"], elem_id="load-preset")
    downloads = gr.File(
        label="Mask, overlay, heatmap, reconstruction; table of all photos; settings",
        file_count="multiple",
        interactive=False,
        visible=False,
        elem_id="downloads",
    )
    return Takeaway(prepare, downloads, load, reset)


def _region() -> Region:
    with gr.Accordion("Region of interest", open=False, elem_id="region") as panel:
        gr.Markdown("Click corners into the photo; what lies outside counts for nothing.")
        with gr.Row():
            shape = gr.Radio(["Box", "Polygon"], value="Box", show_label=False, min_width=180)
            close = gr.Button("Close polygon", size="sm", min_width=100)
            undo = gr.Button("Undo", size="sm", min_width=80)
            clear = gr.Button("Whole photo", size="sm", min_width=100)
        picture = gr.Image(
            format="jpeg", interactive=False, show_label=False, elem_id="region-view", buttons=[]
        )
    return Region(panel, shape, close, undo, clear, picture)


def _wire_scoring(
    bench: Workbench, intake: Intake, stage: Stage, session: gr.State, page: gr.State
) -> None:
    turns = Turns()

    def run(
        paths: list[str] | None, weights: str, now: Session, at: int, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        visitor = request.session_hash or ""
        turn = turns.take(visitor)

        def is_over() -> bool:
            return turns.is_over(visitor, turn)

        on_show = None
        photos = [Path(path) for path in paths or []]
        for step in inspection.score_photos(bench, photos, weights, now, is_over):
            update: dict[Any, Any] = {
                session: step.session,
                intake.status: step.message,
                intake.stop: gr.Button(visible=step.is_running),
                intake.problems: gr.Markdown(
                    _bullets(step.problems), visible=bool(step.problems)
                ),
                **_strip_update(bench, stage, step.session, at),
            }
            if on_show is None or step.session.entry != on_show.entry:
                on_show = step.session
                update |= _show(bench, stage, step.session)
            yield update

    gr.on(
        [intake.photos.change, intake.weights.input],
        run,
        [intake.photos, intake.weights, session, page],
        [session, intake.status, intake.stop, intake.problems, stage.film, stage.pager]
        + [stage.files, stage.meta],
        concurrency_id="network",
        concurrency_limit=2,
        trigger_mode="multiple",
        **_QUIET,
    )

    def end_turn(request: gr.Request) -> None:
        turns.take(request.session_hash or "")

    def choose_example(event: gr.SelectData) -> list[str]:
        return [str(sorted(EXAMPLES.glob("*.jpg"))[event.index])]

    intake.stop.click(end_turn, **_AT_ONCE)
    intake.examples.select(choose_example, None, intake.photos, **_QUIET)
    stage.meta.change(
        None,
        [stage.files, stage.meta],
        js="(files, meta) => { crackdemo.page.show(files, meta); }",
        **_QUIET,
    )


def _wire_knobs(
    bench: Workbench,
    intake: Intake,
    knobs: Knobs,
    takeaway: Takeaway,
    stage: Stage,
    session: gr.State,
) -> None:
    to_viewer: dict[str, Any] = {
        "fn": None,
        "inputs": knobs.all,
        "js": "(...settings) => { crackdemo.page.set(...settings); }",
        **_QUIET,
    }
    gr.on([knob.input for knob in knobs.all], **to_viewer)
    # programmatic changes (reset, preset) do not fire `input`
    gr.on([knob.change for knob in knobs.all], **to_viewer)
    mask_knobs = knobs.all[:5]

    def own(weights: str) -> list[Any]:
        return inspection.mask_values(bench.own_mask(weights))

    def load(file: str, now: Session) -> list[Any]:
        try:
            preset = read_preset(Path(file))
        except PresetError as error:
            raise gr.Error(str(error)) from None
        now = replace(now, region=preset.region, corners=(), dropped=preset.dropped)
        values = inspection.mask_values(preset.mask)
        return [*values, preset.mm_per_px, now, *inspection.page_data(bench, now)]

    def prepare(*values: Any) -> gr.File:
        files = inspection.export(bench, values[-1], inspection.settings_of(*values))
        if not files:
            raise gr.Error("There is no photo yet: drop one first.")
        return gr.File(files, visible=True)

    def drop(text: str, now: Session) -> Session:
        return inspection.with_dropped(now, json.loads(text)["points"]) if text else now

    takeaway.reset.click(own, intake.weights, mask_knobs, **_AT_ONCE)
    takeaway.load.upload(
        load,
        [takeaway.load, session],
        [*mask_knobs, knobs.mm_per_px, session, stage.files, stage.meta],
        **_QUIET,
    )
    takeaway.prepare.click(
        prepare,
        [*knobs.settings, session],
        takeaway.downloads,
        show_progress="minimal",
        api_visibility="private",
    )
    stage.dropped.input(drop, [stage.dropped, session], session, **_AT_ONCE)


def _wire_strip(bench: Workbench, stage: Stage, session: gr.State, page: gr.State) -> None:
    def choose(now: Session, at: int, event: gr.SelectData) -> dict[Any, Any]:
        now = replace(now, current=at * STRIP_PAGE + event.index)
        return {session: now, **_show(bench, stage, now)}

    def turn_page(step: int, now: Session, at: int) -> dict[Any, Any]:
        last = max(0, (len(now.entries) - 1) // STRIP_PAGE)
        at = min(max(at + step, 0), last)
        return {page: at, **_strip_update(bench, stage, now, at)}

    stage.film.select(
        choose, [session, page], [session, stage.files, stage.meta], **_QUIET
    )
    for button, step in ((stage.earlier, -1), (stage.later, 1)):
        button.click(
            lambda now, at, step=step: turn_page(step, now, at),
            [session, page],
            [page, stage.film, stage.pager],
            **_QUIET,
        )


def _wire_region(bench: Workbench, region: Region, stage: Stage, session: gr.State) -> None:
    def picture(now: Session) -> Any:
        scored = inspection.current_scored(bench, now)
        if scored is None:
            return None
        return drawing.region_picture(scored.photo, now.region, now.corners)

    def redrawn(before: Session, now: Session) -> dict[Any, Any]:
        update: dict[Any, Any] = {session: now, region.picture: picture(now)}
        if now.region != before.region:
            update |= _show(bench, stage, now)
        return update

    def click(now: Session, shape: str, event: gr.SelectData) -> dict[Any, Any]:
        scored = inspection.current_scored(bench, now)
        if scored is None:
            return redrawn(now, now)
        height, width = drawing.view_size(scored.photo)
        x, y = event.index
        return redrawn(now, inspection.add_corner(now, x / width, y / height, shape))

    outputs = [session, region.picture, stage.files, stage.meta]
    region.picture.select(click, [session, region.shape], outputs, **_QUIET)
    for button, change in (
        (region.close, inspection.close_polygon),
        (region.undo, inspection.undo_corner),
        (region.clear, inspection.clear_region),
    ):
        button.click(
            lambda now, change=change: redrawn(now, change(now)), session, outputs, **_QUIET
        )
    gr.on([region.panel.expand, stage.meta.change], picture, session, region.picture, **_QUIET)


def _server_views(
    bench: Workbench, wanted: gr.Checkbox, knobs: Knobs, stage: Stage, session: gr.State
) -> None:
    """Rendered on demand: while nobody wants them, no slider move sends a request."""

    @gr.render(inputs=wanted, triggers=[wanted.input])
    def render(is_wanted: bool) -> None:
        if not is_wanted:
            return
        with gr.Row():
            pictures = [
                gr.Image(format="jpeg", label=name, interactive=False, buttons=[], min_width=200)
                for name in ("Photo with mask", "Reconstruction", "Heatmap", "Mask")
            ]
        redraw = gr.Button("Draw", size="sm")
        gr.on(
            [redraw.click, stage.meta.change, *(knob.input for knob in knobs.settings)],
            lambda *values: inspection.draw(bench, values[-1], inspection.settings_of(*values)),
            [*knobs.settings, session],
            pictures,
            trigger_mode="always_last",
            **_AT_ONCE,
        )


def _show(bench: Workbench, stage: Stage, now: Session) -> dict[Any, Any]:
    files, meta = inspection.page_data(bench, now)
    return {stage.files: files, stage.meta: meta}


def _strip_update(bench: Workbench, stage: Stage, now: Session, at: int) -> dict[Any, Any]:
    return {
        stage.film: gr.Gallery(
            inspection.strip(bench, now, at), selected_index=None, visible=len(now.entries) > 1
        ),
        stage.pager: gr.Row(visible=len(now.entries) > STRIP_PAGE),
    }


def _bullets(problems: tuple[str, ...]) -> str:
    return "\n".join(f"- {problem}" for problem in problems)
