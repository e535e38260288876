"""The Tune tab: labelled photos, their figures at every threshold, and a search for settings."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, Weights
from crackdemo.configs import explained
from crackdemo.data.splits import SPLITS, Split
from crackdemo.errors import CrackdemoError, DatasetError, Stopped
from crackdemo.evaluation.gain import PhotoCounts, set_figures
from crackdemo.evaluation.heat import KnownPhoto, UnknownPhoto
from crackdemo.evaluation.tuning import Tuning
from crackdemo.files import write_text
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset, preset_json
from crackdemo.photos.images import write_jpeg
from crackdemo.runs.wording import count
from crackdemo.ui.given import text_given
from crackdemo.ui.mask_knobs import MaskKnobs
from crackdemo.ui.refusals import said
from crackdemo.ui.tune import summary, widgets
from crackdemo.ui.tune.search import described, halves, run_search
from crackdemo.ui.tune.sets import Desk, ScoredSet
from crackdemo.ui.tune.widgets import MOST_WEIGHTS, UPLOAD, Finder, Intake, Results
from crackdemo.ui.turns import Turns
from crackdemo.ui.workbench import Workbench

_STRIP = 60
"""Photos in the film strip: galleries have no virtual scroll."""
_AT_ONCE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
_AS_SENT: dict[str, Any] = {**_AT_ONCE, "preprocess": False}
"""For what names the weights on show: gradio holds them against the choices that it sent last, and
where two answers overtook each other on the way the page has other ones."""
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build(bench: Workbench) -> gr.Dropdown:
    """Lays the tab out and wires it; returns the list of weights."""
    desk, number = Desk(bench), gr.State("")
    with gr.Row(equal_height=False, elem_id="tune"):
        with gr.Column(scale=3, min_width=300):
            intake = widgets.intake(bench)
            knobs = widgets.knobs(bench.own_mask(DEFAULT_WEIGHTS))
            finder = widgets.finder()
        with gr.Column(scale=8, min_width=320):
            results = widgets.results()
    searches = Turns()
    _wire_scoring(desk, intake, knobs, results, finder, number, searches)
    _wire_knobs(desk, knobs, results, number)
    _wire_search(desk, knobs, results, finder, number, searches)
    return intake.weights


def settings_of(given: Sequence[Any]) -> MaskParams:
    """Values of `MaskKnobs.all` to settings. Raises ConfigError, as of sizes that no kernel has."""
    values = dict(zip((each.name for each in fields(MaskParams)), given, strict=True))
    for name in ("opening", "closing", "grow", "min_area"):
        value = values[name] or 0
        values[name] = int(value) if isinstance(value, float) and value.is_integer() else value
    for name in ("opening", "closing"):
        values[name] = 0 if values[name] == 1 else values[name]  # changes nothing
    with explained():
        return MaskParams(**values)


def _listed(problems: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in problems) + "</ul>"


def _wire_scoring(
    desk: Desk,
    intake: Intake,
    knobs: MaskKnobs,
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
                if not weights or not isinstance(weights, list):
                    raise DatasetError("No weights are chosen: choose some from the list.")
                weights = list(dict.fromkeys(weights))
                if len(weights) > MOST_WEIGHTS:
                    raise DatasetError(
                        f"{len(weights)} weights are more than {MOST_WEIGHTS}, which can stand "
                        "beside each other: choose fewer."
                    )
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
                            told_apart = desk.bench.config(loaded).network.classes
                            if len(told_apart) > 1:
                                problems.append(
                                    f"{loaded.name} tells {', '.join(told_apart)} apart: its "
                                    "figures are of all of them together, those of other weights "
                                    "of cracks alone. “python -m crackdemo evaluate” tells them "
                                    "by class."
                                )
                            data = _data_of(desk, set_id, loaded.name)
                            write_text(out / f"{place}.json", json.dumps(data))
                            files.append(str(out / f"{place}.json"))
                    names = [desk.bench.resolve(name).name for name in weights]
                    scored = desk.result(set_id, names[0])
                    count = len(scored.photos)
                    if not _has_masks(scored):
                        problems.append(
                            "These photos have no masks: what is called right or wrong is the "
                            "photo's score, which the sliders do not change. Bring masks to tune "
                            "what is marked."
                        )
                    searches.stop(visitor)
                    yield {
                        **_cleared(results, finder),
                        results.film: gr.Gallery([], selected_index=None),
                        number: set_id,
                        results.data: files,
                        results.of: gr.Dropdown(names, value=names[0]),
                        results.order: gr.Dropdown(visible=_has_masks(scored)),
                        finder.choose_on: _parts(scored.splits),
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
            *(number, results.data, results.of, results.order, results.film),
            *(finder.choose_on, intake.status, intake.problems),
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


def _has_masks(scored: ScoredSet) -> bool:
    """Whether there is more to order photos by than their scores."""
    return any(each.photo.mask_path is not None for each in scored.photos)


def _parts(splits: Sequence[Split]) -> gr.Dropdown:
    """Which parts may choose, with what there is of each; validation, or else the largest."""
    counts = Counter(splits)
    choices = [(f"{split}, {count(counts[split], 'photo')}", split) for split in SPLITS]
    largest = max(SPLITS, key=lambda split: counts[split])
    return gr.Dropdown(choices, value="validation" if counts["validation"] else largest)


def _cleared(results: Results, finder: Finder) -> dict[Any, Any]:
    """Nothing on show of the photos and weights before."""
    return {
        results.photo: gr.Image(None, visible=False),
        results.shown: None,
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


def _wire_knobs(desk: Desk, knobs: MaskKnobs, results: Results, number: gr.State) -> None:
    def recount(set_id: str, weights: object, order: Any, *given: Any) -> Any:
        if not set_id or not weights:
            # of photos whose weights are on their way to the page: its answer may come last
            return [gr.skip()] * len(shown)
        with said():
            weights = text_given("The weights' name", weights)
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
            results.exact: _exact(set_figures(masked), seconds, weights, desk.get(set_id).name)
            if masked
            else "",
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
        **_AS_SENT,
    )
    # in the page alone: no request at a move
    knobs.threshold.input(None, knobs.threshold, None, js=_call("move"), **_AT_ONCE)
    results.of.change(None, results.of, None, js=_call("choose"), **_AT_ONCE)

    def picture(set_id: str, weights: object, place: int | None, *given: Any) -> gr.Image:
        if place is None:
            return gr.skip()
        with said():
            photo = desk.result(set_id, text_given("The weights' name", weights)).photos[place]
            return gr.Image(summary.shown(photo, settings_of(given)), visible=True)

    def select(places: list[int], event: gr.SelectData) -> Any:
        is_there = isinstance(event.index, int) and 0 <= event.index < len(places)
        return places[event.index] if is_there else gr.skip()

    inputs = [number, results.of, results.shown, *knobs.all]
    results.film.select(select, results.places, results.shown, **_AT_ONCE).then(
        picture, inputs, results.photo, **_AS_SENT
    )
    results.redraw.click(picture, inputs, results.photo, trigger_mode="always_last", **_AS_SENT)


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


def _exact(figures: dict[str, Any], seconds: float, weights: str, name: str) -> str:
    cells = " ".join(  # a phone breaks the line between them
        f"<span>{words} <b data-figure='{name}'>{figures[name]:.3f}</b></span>"
        for name, words in summary.FIGURES.items()
    )
    return (
        "<p class='tune-exact'>With the settings as they are, morphology and all, counted by the "
        f"server on {count(figures['photos'], 'photo')} of “{escape(name)}” with {escape(weights)} "
        f"in {seconds:.2f} s: {cells}</p>"
    )


def _wire_search(
    desk: Desk,
    knobs: MaskKnobs,
    results: Results,
    finder: Finder,
    number: gr.State,
    searches: Turns,
) -> None:
    def find(
        set_id: str, weights: object, objective: Any, choose_on: Any, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        with searches.take(request.session_hash or "") as turn:
            try:
                scored = desk.result(set_id, text_given("The weights' name", weights))
                parts = halves(scored, choose_on)
                own = desk.bench.config(scored.weights).mask
                kept = desk.heat_folder / f"search-{set_id}-{choose_on}-{objective}.npz"
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
        lambda found: [found[each.name] for each in fields(MaskParams)] if found else gr.skip(),
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
