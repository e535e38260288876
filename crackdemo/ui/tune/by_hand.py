"""The settings as a hand has them: exact figures, the film strip, the photo on show, and the way to
Inspect."""

import time
from collections.abc import Sequence
from dataclasses import fields
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from crackdemo.checkpoints.names import Weights
from crackdemo.configs import explained
from crackdemo.data.splits import SPLITS
from crackdemo.evaluation.gain import PhotoCounts, set_figures
from crackdemo.evaluation.heat import KnownPhoto
from crackdemo.files import write_text
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset, preset_json
from crackdemo.photos.images import write_jpeg
from crackdemo.runs.wording import count
from crackdemo.ui.given import text_given
from crackdemo.ui.mask_knobs import MaskKnobs
from crackdemo.ui.refusals import said
from crackdemo.ui.tune import summary
from crackdemo.ui.tune.sets import Desk, ScoredSet
from crackdemo.ui.tune.widgets import Results
from crackdemo.ui.workbench import Workbench

_STRIP = 60
"""Photos in the film strip: galleries have no virtual scroll."""
_AT_ONCE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
_AS_SENT: dict[str, Any] = {**_AT_ONCE, "preprocess": False}
"""For what names the weights on show: gradio holds them against the choices that it sent last, and
where two answers overtook each other on the way the page has other ones."""
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


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


def preset_file(bench: Workbench, mask: MaskParams, weights: Weights) -> str:
    """Settings and what they are for, as Inspect loads them."""
    with bench.export_folder() as out:
        preset = Preset(mask, weights=weights.name, commit=weights.commit)
        write_text(out / "preset.json", preset_json(preset))
        return str(out / "preset.json")


def wire(desk: Desk, knobs: MaskKnobs, results: Results, number: gr.State) -> None:
    """number: of the set that is scored."""

    def recount(set_id: str, weights: object, order: Any, part: object, *given: Any) -> Any:
        if not set_id or not weights:
            # of photos whose weights are on their way to the page: its answer may come last
            return [gr.skip()] * len(shown)
        with said():
            weights = text_given("The weights' name", weights)
            params, scored = settings_of(given), desk.result(set_id, weights)
            here = _places(scored, part)
            photos = [scored.photos[place] for place in here]
            started = time.perf_counter()
            counts = list(summary.counted(photos, params))
            seconds = time.perf_counter() - started
            worst = summary.worst_first(photos, counts, order)[:_STRIP]
            masked = [
                each
                for each, photo in zip(counts, photos, strict=True)
                if photo.photo.mask_path is not None
            ]
        of_part = f"the {part} part of " if len(here) < len(scored.photos) else ""
        where = f"{of_part}“{escape(desk.get(set_id).name)}” with {escape(weights)}"
        film = strip(photos, counts, worst)
        return {
            results.exact: _exact(set_figures(masked), seconds, where) + _unlike(params, scored.own)
            if masked
            else "",
            results.film: gr.Gallery(film, selected_index=None),
            results.places: [here[place] for place in worst],
        }

    inputs = [number, results.of, results.order, results.part, *knobs.all]
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
    knobs.threshold.input(None, knobs.threshold, None, js=call("move"), **_AT_ONCE)
    results.of.change(None, results.of, None, js=call("choose"), **_AT_ONCE)

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

    def take(set_id: str, weights: object, *given: Any) -> gr.File:
        with said():
            scored = desk.result(set_id, text_given("The weights' name", weights))
            return gr.File(preset_file(desk.bench, settings_of(given), scored.weights))

    results.take.click(
        take, [number, results.of, *knobs.all], results.taken, preprocess=False, **_QUIET
    ).success(None, results.taken, None, js=call("use"), **_AT_ONCE)


def call(name: str) -> str:
    """JavaScript for a function of the tab's part of the page."""
    return f"(...given) => crackdemo.tune.{name}(...given)"


def _places(scored: ScoredSet, part: object) -> list[int]:
    """Of the part's photos; of all where it is none."""
    return [
        place for place, split in enumerate(scored.splits) if split == part or part not in SPLITS
    ]


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


def _exact(figures: dict[str, Any], seconds: float, where: str) -> str:
    cells = " ".join(  # a phone breaks the line between them
        f"<span>{words} <b data-figure='{name}'>{figures[name]:.3f}</b></span>"
        for name, words in summary.FIGURES.items()
    )
    return (
        "<p class='tune-exact'>With the settings as they are, morphology and all, counted by the "
        f"server on {count(figures['photos'], 'photo')} of {where} in {seconds:.2f} s: {cells}</p>"
    )


def _unlike(params: MaskParams, own: MaskParams) -> str:
    """In what the settings differ from the weights' own, to which the arrows lead."""
    others = [
        f"{field.name.replace('min_area', 'smallest crack')} {getattr(own, field.name)}"
        for field in fields(MaskParams)
        if getattr(params, field.name) != getattr(own, field.name)
    ]
    if not others:
        return ""
    return (
        f"<p class='tune-exact'>The weights' own settings have {', '.join(others)} instead; ↺ "
        "leads there.</p>"
    )
