"""The Tune tab: labelled photos, their figures at every threshold, and a search for settings."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from html import escape
from pathlib import Path
from typing import Any, get_args

import gradio as gr

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, Weights
from crackdemo.configs import explained
from crackdemo.data.splits import SPLITS
from crackdemo.errors import CrackdemoError, DatasetError, Stopped
from crackdemo.evaluation.gain import PhotoCounts, set_figures
from crackdemo.evaluation.heat import KnownPhoto, UnknownPhoto
from crackdemo.evaluation.tune import OBJECTIVES
from crackdemo.evaluation.tuning import Tuning
from crackdemo.files import write_text
from crackdemo.masks.params import KERNEL_SIZES, MAX_GROW, Kernel, MaskParams
from crackdemo.masks.presets import Preset, preset_json
from crackdemo.photos.images import PHOTO_SUFFIXES, write_jpeg
from crackdemo.ui.refusals import said
from crackdemo.ui.tune import summary
from crackdemo.ui.tune.search import described, halves, run_search
from crackdemo.ui.tune.sets import Desk
from crackdemo.ui.turns import Turns
from crackdemo.ui.workbench import Workbench

UPLOAD, FOLDER = "Upload", "Folder"
_STRIP = 60
"""Photos in the film strip: galleries have no virtual scroll."""
_MOST_WEIGHTS = 4
_AT_ONCE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class Intake:
    """Labelled photos and weights."""

    source: gr.Radio
    photos: gr.File
    masks: gr.File
    folder: gr.Textbox
    weights: gr.Dropdown
    start: gr.Button
    stop: gr.Button
    status: gr.HTML
    problems: gr.HTML

    @property
    def inputs(self) -> list[Any]:
        return [self.source, self.photos, self.masks, self.folder, self.weights]


@dataclass(frozen=True)
class Knobs:
    """Mask settings, named as in `MaskParams`."""

    threshold: gr.Slider
    opening: gr.Slider
    closing: gr.Slider
    kernel: gr.Dropdown
    grow: gr.Slider
    min_area: gr.Slider

    @property
    def all(self) -> list[Any]:
        """In the order of `MaskParams`."""
        return [getattr(self, each.name) for each in fields(MaskParams)]


@dataclass(frozen=True)
class Results:
    """What is drawn of a scored set."""

    data: gr.File
    exact: gr.HTML
    of: gr.Dropdown
    order: gr.Dropdown
    film: gr.Gallery
    photo: gr.Image
    places: gr.State
    recount: gr.Button
    """Hidden: the page presses it when a hand has let a slider, a field or a line go."""


@dataclass(frozen=True)
class Finder:
    """The search."""

    objective: gr.Dropdown
    choose_on: gr.Dropdown
    start: gr.Button
    stop: gr.Button
    status: gr.HTML
    result: gr.Markdown
    use: gr.Button
    preset: gr.File
    found: gr.JSON


def build(bench: Workbench) -> None:
    """Lays the tab out and wires it."""
    desk, number = Desk(bench), gr.State("")
    with gr.Row(equal_height=False, elem_id="tune"):
        with gr.Column(scale=3, min_width=300):
            intake = _intake(bench)
            knobs = _knobs(bench.own_mask(DEFAULT_WEIGHTS))
            finder = _finder()
        with gr.Column(scale=8, min_width=320):
            results = _results()
    searches = Turns()
    _wire_scoring(desk, intake, knobs, results, finder, number, searches)
    _wire_knobs(desk, knobs, results, number)
    _wire_search(desk, knobs, results, finder, number, searches)


def _intake(bench: Workbench) -> Intake:
    sources = [UPLOAD, *([FOLDER] if bench.allowed else [])]
    source = gr.Radio(
        sources,
        value=UPLOAD,
        label="Photos with their truth",
        info="Photos and masks of the same names; or a ZIP or folder with images/ and masks/, "
        "or clean/ and cracked/.",
    )
    kinds = ["image", ".zip", *sorted(PHOTO_SUFFIXES)]
    photos = gr.File(
        file_count="multiple",
        file_types=kinds,
        label="Photos, or a ZIP of a data folder",
        elem_id="tune-photos",
        height=130,
    )
    masks = gr.File(
        file_count="multiple",
        file_types=kinds,
        label="Masks of the same names",
        elem_id="tune-masks",
        height=130,
    )
    folder = gr.Textbox(
        label="Folder on the server, named with --allow", visible=False, elem_id="tune-folder"
    )
    weights = gr.Dropdown(
        bench.weights_names(),
        value=[DEFAULT_WEIGHTS],
        multiselect=True,
        max_choices=_MOST_WEIGHTS,
        label="Weights, up to four beside each other",
        elem_id="tune-weights",
    )
    with gr.Row():
        start = gr.Button("Score the photos", variant="primary", elem_id="tune-start")
        stop = gr.Button("Stop", size="sm", min_width=80, scale=0, elem_id="tune-stop")
    status = gr.HTML("No photos yet.", elem_id="tune-status")
    problems = gr.HTML(elem_id="tune-problems")
    source.input(
        lambda given: [gr.File(visible=given == UPLOAD), gr.File(visible=given == UPLOAD),
                       gr.Textbox(visible=given == FOLDER)],
        source,
        [photos, masks, folder],
        **_AT_ONCE,
    )  # fmt: skip
    return Intake(source, photos, masks, folder, weights, start, stop, status, problems)


def _knobs(own: MaskParams) -> Knobs:
    largest = max(KERNEL_SIZES)
    return Knobs(
        gr.Slider(
            0, 1, own.threshold, step=0.001, label="Threshold", elem_id="tune-threshold",
            info="Figures and curves follow at once; the line can be dragged too.",
        ),
        gr.Slider(0, largest, own.opening, step=1, label="Opening (px)", elem_id="tune-opening"),
        gr.Slider(0, largest, own.closing, step=1, label="Closing (px)", elem_id="tune-closing"),
        gr.Dropdown(
            list(get_args(Kernel)), value=own.kernel, label="Kernel", elem_id="tune-kernel"
        ),
        gr.Slider(
            -MAX_GROW, MAX_GROW, own.grow, step=1, label="Grow (px)", elem_id="tune-grow"
        ),
        gr.Slider(
            0, 2000, own.min_area, step=1, label="Smallest crack (px)", elem_id="tune-min-area"
        ),
    )  # fmt: skip


def _results() -> Results:
    gr.HTML("<div class='tune-place'></div>", elem_id="tune-plots", apply_default_css=False)
    data = gr.File(file_count="multiple", visible="hidden", elem_id="tune-data")
    exact = gr.HTML(elem_id="tune-exact")
    with gr.Row():
        of = gr.Dropdown([], label="Photos as seen by", elem_id="tune-of", min_width=120)
        order = gr.Dropdown(
            list(summary.ORDERS), value="Dice", label="Worst first by", elem_id="tune-order",
            min_width=120,
        )  # fmt: skip
    film = gr.Gallery(
        show_label=False, height=120, columns=8, allow_preview=False, elem_id="tune-strip",
        object_fit="cover", buttons=[],
    )  # fmt: skip
    photo = gr.Image(
        format="png", interactive=False, show_label=False, elem_id="tune-photo", buttons=[],
        visible=False,
    )  # fmt: skip
    gr.HTML(
        "<p class='tune-key'><i class='right'></i> right <i class='wrong'></i> wrong "
        "<i class='missed'></i> missed</p>",
        apply_default_css=False,
    )
    recount = gr.Button(visible="hidden", elem_id="tune-recount")
    return Results(data, exact, of, order, film, photo, gr.State([]), recount)


def _finder() -> Finder:
    with gr.Accordion("Search for settings", open=False, elem_id="tune-search"):
        gr.Markdown(
            "One part of the photos chooses threshold, opening, closing, kernel, grow and smallest "
            "crack together; the others, which the search never sees, report the gain."
        )
        objective = gr.Dropdown(
            [(summary.FIGURES[each], each) for each in OBJECTIVES], value=OBJECTIVES[0],
            label="What is to be high",
            elem_id="tune-objective",
        )  # fmt: skip
        choose_on = gr.Dropdown(
            list(SPLITS), value="validation", label="The part that chooses",
            info="Photos fall into parts by the hash of their names, or by train/, validation/ and "
            "test/ folders.",
            elem_id="tune-choose-on",
        )  # fmt: skip
        with gr.Row():
            start = gr.Button("Search", elem_id="tune-find")
            stop = gr.Button("Stop", size="sm", min_width=80, scale=0, elem_id="tune-find-stop")
        status = gr.HTML(elem_id="tune-find-status")
        result = gr.Markdown(elem_id="tune-found")
        use = gr.Button("Use these settings in Inspect", visible=False, elem_id="tune-use")
        preset = gr.File(
            label="Preset for predict, submit and Inspect", interactive=False, visible=False,
            elem_id="tune-preset",
        )  # fmt: skip
        found = gr.JSON(visible="hidden")
    return Finder(objective, choose_on, start, stop, status, result, use, preset, found)


def settings_of(given: Sequence[Any]) -> MaskParams:
    """Values of `Knobs.all` to settings. Raises ConfigError, as for sizes that no kernel has."""
    values = dict(zip((each.name for each in fields(MaskParams)), given, strict=True))
    for name in ("opening", "closing", "grow", "min_area"):
        values[name] = int(values[name] or 0)
    with explained():
        return MaskParams(**values)


def _listed(problems: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in problems) + "</ul>"


def _wire_scoring(
    desk: Desk,
    intake: Intake,
    knobs: Knobs,
    results: Results,
    finder: Finder,
    number: gr.State,
    searches: Turns,
) -> None:
    turns = Turns()

    def run(
        source: str,
        photos: list[str] | None,
        masks: list[str] | None,
        folder: str,
        weights: list[str],
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        problems: list[str] = []
        visitor = request.session_hash or ""
        with turns.take(visitor) as turn:
            try:
                if not weights:
                    raise DatasetError("No weights are chosen: choose some from the list.")
                yield {intake.status: "Looking at the photos …", intake.problems: ""}
                brought = source == UPLOAD
                set_id = (
                    desk.bring(photos or [], masks or [], visitor=visitor)
                    if brought
                    else desk.name(folder, visitor)
                )
                with desk.holding(set_id) as found:
                    problems += found.notes
                    files, told = [], 0.0
                    with desk.bench.export_folder() as out:
                        for place, name in enumerate(weights):
                            loaded = desk.bench.resolve(name)
                            steps = desk.score(set_id, loaded, lambda: turn.is_over)
                            for done, outcome in enumerate(steps, 1):
                                if isinstance(outcome, UnknownPhoto):
                                    problems.append(outcome.reason)
                                elif outcome.note:
                                    problems.append(outcome.note)
                                if time.monotonic() - told > 0.5:
                                    told = time.monotonic()
                                    said_so = (
                                        f"{escape(name)}: {done} of {len(found.photos)} photos"
                                    )
                                    yield {
                                        intake.status: said_so,
                                        intake.problems: _listed(problems),
                                    }
                            data = _data_of(desk, set_id, loaded.name)
                            write_text(out / f"{place}.json", json.dumps(data))
                            files.append(str(out / f"{place}.json"))
                    names = [desk.bench.resolve(name).name for name in weights]
                    count = len(desk.result(set_id, names[0]).photos)
                    searches.stop(visitor)
                    yield {
                        **_cleared(results, finder),
                        results.film: gr.Gallery([], selected_index=None),
                        number: set_id,
                        results.data: files,
                        results.of: gr.Dropdown(names, value=names[0]),
                        intake.status: f"{count} of {len(found.photos)} photos of “"
                        f"{escape(found.name)}” scored with {escape(', '.join(names))}.",
                        intake.problems: _listed(list(dict.fromkeys(problems))),
                    }
            except Stopped:
                yield {intake.status: "Stopped; what was scored is kept for the next start."}
            except CrackdemoError as refusal:
                yield {intake.status: f"⚠️ {escape(str(refusal))}"}

    intake.start.click(
        run,
        intake.inputs,
        [
            *(number, results.data, results.of, results.film, intake.status, intake.problems),
            *_cleared(results, finder),
        ],
        concurrency_limit=None,
        **_QUIET,
    )

    def clear(request: gr.Request) -> dict[Any, Any]:
        searches.stop(request.session_hash or "")
        return _cleared(results, finder)

    results.of.input(clear, None, list(_cleared(results, finder)), **_AT_ONCE)
    _stop(intake.stop, turns)
    results.data.change(None, [results.data, knobs.threshold], None, js=_call("load"), **_AT_ONCE)


def _cleared(results: Results, finder: Finder) -> dict[Any, Any]:
    """Nothing on show of the photos and weights before."""
    return {
        results.photo: gr.Image(None, visible=False),
        finder.status: "",
        finder.result: "",
        finder.use: gr.Button(visible=False),
        finder.preset: gr.File(None, visible=False),
        finder.found: None,
    }


def _stop(button: gr.Button, turns: Turns) -> None:
    def stop(request: gr.Request) -> None:
        turns.stop(request.session_hash or "")

    button.click(stop, None, None, **_AT_ONCE)


def _call(name: str) -> str:
    return f"(...given) => crackdemo.tune.{name}(...given)"


def _data_of(desk: Desk, set_id: str, weights: str) -> dict[str, Any]:
    scored = desk.result(set_id, weights)
    config = desk.bench.config(scored.weights)
    threshold = desk.bench.detector(scored.weights).calibration.score_threshold
    return summary.page_data(scored, config.mask, threshold)


def _wire_knobs(desk: Desk, knobs: Knobs, results: Results, number: gr.State) -> None:
    def recount(set_id: str, weights: str | None, order: Any, *given: Any) -> dict[Any, Any]:
        if not set_id or not weights:
            return {results.exact: ""}
        with said():
            params, scored = settings_of(given), desk.result(set_id, weights)
            started = time.perf_counter()
            counts = list(summary.counted(scored.photos, params))
            seconds = time.perf_counter() - started
            places = summary.worst_first(scored.photos, counts, order)[:_STRIP]
            masked = [
                each
                for each, photo in zip(counts, scored.photos, strict=True)
                if photo.photo.mask_path is not None
            ]
        film = strip(scored.photos, counts, places)
        return {
            results.exact: _exact(set_figures(masked), seconds, weights) if masked else "",
            results.film: gr.Gallery(film, selected_index=None),
            results.places: places,
        }

    inputs = [number, results.of, results.order, *knobs.all]
    shown = [results.exact, results.film, results.places]
    gr.on(
        [
            *(
                results.recount.click,
                knobs.kernel.input,
                results.order.input,
                results.of.change,
                number.change,
            ),
        ],
        recount,
        inputs,
        shown,
        trigger_mode="always_last",
        **_AT_ONCE,
    )
    # in the page alone: no request at a move
    knobs.threshold.input(None, knobs.threshold, None, js=_call("move"), **_AT_ONCE)
    results.of.change(None, results.of, None, js=_call("choose"), **_AT_ONCE)

    def show(
        set_id: str,
        weights: str | None,
        places: list[int],
        threshold: float,
        opening: float,
        closing: float,
        kernel: str,
        grow: float,
        min_area: float,
        event: gr.SelectData,
    ) -> gr.Image:
        given = (threshold, opening, closing, kernel, grow, min_area)
        with said():
            photo = desk.result(set_id, weights or "").photos[places[event.index]]
            picture = summary.shown(photo, settings_of(given))
        return gr.Image(picture, visible=True)

    results.film.select(
        show, [number, results.of, results.places, *knobs.all], results.photo, **_AT_ONCE
    )


def strip(
    photos: Sequence[KnownPhoto], counts: Sequence[PhotoCounts], places: Sequence[int]
) -> list[tuple[str, str]]:
    """Small pictures and captions, in the order of places; a refusal is the page's own error."""
    with said():
        return [
            (str(_thumbnail(photos[place])), summary.caption(photos[place], counts[place]))
            for place in places
        ]


def _thumbnail(photo: KnownPhoto) -> Path:
    path = photo.heat.with_suffix(".jpg")
    if not path.exists():
        write_jpeg(path, summary.thumbnail(photo), quality=80)
    return path


def _exact(figures: dict[str, Any], seconds: float, weights: str) -> str:
    cells = "".join(
        f"<span>{words} <b data-figure='{name}'>{figures[name]:.3f}</b></span>"
        for name, words in summary.FIGURES.items()
    )
    return (
        f"<p class='tune-exact'>With the settings at the left, morphology and all, counted by the "
        f"server on {figures['photos']} photos with {escape(weights)} in {seconds:.2f} s: {cells}"
        "</p>"
    )


def _wire_search(
    desk: Desk,
    knobs: Knobs,
    results: Results,
    finder: Finder,
    number: gr.State,
    searches: Turns,
) -> None:
    def find(
        set_id: str, weights: str | None, objective: Any, choose_on: Any, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        with searches.take(request.session_hash or "") as turn:
            try:
                scored = desk.result(set_id, weights or "")
                parts = halves(scored, choose_on)
                own = desk.bench.config(scored.weights).mask
                kept = desk.bench.scratch / "heat" / f"search-{set_id}-{choose_on}-{objective}.npz"
                told = 0.0
                steps = run_search(parts, own, objective, kept, lambda: turn.is_over)
                with desk.holding(set_id):
                    for step in steps:
                        if isinstance(step, Tuning):
                            yield _found(desk, finder, step, parts.sentence, scored.weights)
                        elif time.monotonic() - told > 0.5:
                            told = time.monotonic()
                            yield {finder.status: f"{step[0]} of {step[1]} photos …"}
            except Stopped:
                yield {finder.status: "Stopped; the next search goes on from here."}
            except CrackdemoError as refusal:
                yield {finder.status: f"⚠️ {escape(str(refusal))}"}

    finder.start.click(
        find,
        [number, results.of, finder.objective, finder.choose_on],
        [finder.status, finder.result, finder.use, finder.preset, finder.found],
        concurrency_limit=None,
        **_QUIET,
    )
    _stop(finder.stop, searches)
    finder.use.click(
        lambda found: [found[each.name] for each in fields(MaskParams)],
        finder.found,
        knobs.all,
        **_AT_ONCE,
    ).then(None, [finder.preset], None, js=_call("use"), **_AT_ONCE)


def _found(
    desk: Desk, finder: Finder, tuning: Tuning, sentence: str, weights: Weights
) -> dict[Any, Any]:
    mask = tuning.chosen.mask
    with desk.bench.export_folder() as out:
        preset = Preset(mask, weights=weights.name, commit=weights.commit)
        write_text(out / "preset.json", preset_json(preset))
    return {
        finder.status: "",
        finder.result: described(tuning, sentence),
        finder.use: gr.Button(visible=True),
        finder.preset: gr.File(str(out / "preset.json"), visible=True),
        finder.found: asdict(mask),
    }
