"""The Tune tab: labelled photos, their figures at every threshold, and a search for settings."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from html import escape
from typing import Any

import gradio as gr

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, Weights
from crackdemo.data.splits import SPLITS, Split
from crackdemo.errors import CrackdemoError, DatasetError, Stopped
from crackdemo.evaluation.heat import UnknownPhoto
from crackdemo.evaluation.tuning import Tuning
from crackdemo.files import write_text
from crackdemo.masks.params import MaskParams
from crackdemo.runs.wording import count
from crackdemo.ui.given import text_given
from crackdemo.ui.mask_knobs import MaskKnobs, mask_values
from crackdemo.ui.tune import by_hand, summary, widgets
from crackdemo.ui.tune.by_hand import call, preset_file
from crackdemo.ui.tune.search import described, halves, run_search
from crackdemo.ui.tune.sets import Desk, ScoredSet
from crackdemo.ui.tune.widgets import MOST_WEIGHTS, UPLOAD, Finder, Intake, Results
from crackdemo.ui.turns import Turns
from crackdemo.ui.workbench import Workbench

_AT_ONCE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build(bench: Workbench) -> gr.Dropdown:
    """Lays the tab out and wires it; returns the list of weights."""
    desk, number, owner = Desk(bench), gr.State(""), gr.State(DEFAULT_WEIGHTS)
    with gr.Row(equal_height=False, elem_id="tune"):
        with gr.Column(scale=3, min_width=300):
            intake = widgets.intake(bench)
            knobs = widgets.knobs(bench.own_mask(DEFAULT_WEIGHTS))
            finder = widgets.finder()
        with gr.Column(scale=8, min_width=320):
            results = widgets.results()
    searches = Turns()
    _wire_scoring(desk, intake, knobs, results, finder, number, owner, searches)
    by_hand.wire(desk, knobs, results, number)
    _wire_search(desk, knobs, results, finder, number, searches)
    return intake.weights


def _listed(problems: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in problems) + "</ul>"


def _wire_scoring(
    desk: Desk,
    intake: Intake,
    knobs: MaskKnobs,
    results: Results,
    finder: Finder,
    number: gr.State,
    owner: gr.State,
    searches: Turns,
) -> None:
    """owner: the name of the weights whose settings the sliders began with."""
    turns = Turns()

    def run(
        source: str,
        photos: list[str] | None,
        masks: list[str] | None,
        folder: str,
        weights: list[str],
        owned_by: str,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        problems: list[str] = []
        visitor = request.session_hash or ""
        with turns.take(visitor) as turn:
            try:
                if not weights or not isinstance(weights, list):
                    raise DatasetError("No weights are chosen: choose some from the list.")
                weights = list(dict.fromkeys(map(str, weights)))  # programs send anything
                if len(weights) > MOST_WEIGHTS:
                    raise DatasetError(
                        f"{len(weights)} weights are more than {MOST_WEIGHTS}, which can stand "
                        "beside each other: choose fewer."
                    )
                yield {intake.status: "Looking at the photos …", intake.problems: ""}
                set_id = (
                    desk.bring(photos or [], masks or [], visitor=visitor)
                    if source == UPLOAD
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
                    brought = _brought(knobs, scored) if names[0] != owned_by else {}
                    with_what = f"scored with {', '.join(names)}."
                    if brought:
                        with_what += f" The sliders have {names[0]}'s own settings."
                    yield {
                        **brought,
                        owner: names[0],
                        results.part: "all",
                        results.take: gr.Button(visible=_has_masks(scored)),
                        **_cleared(results, finder),
                        results.film: gr.Gallery([], selected_index=None),
                        number: set_id,
                        results.data: files,
                        results.of: gr.Dropdown(names, value=names[0]),
                        results.order: gr.Dropdown(visible=_has_masks(scored)),
                        finder.choose_on: _parts(scored.splits),
                        intake.status: f"{count} of {len(found.photos)} photos of “"
                        f"{escape(found.name)}” {escape(with_what)}",
                        intake.problems: _listed(list(dict.fromkeys(problems))),
                    }
            except Stopped:
                yield {intake.status: "Stopped; what was scored is kept for the next start."}
            except CrackdemoError as refusal:
                yield {intake.status: f"⚠️ {escape(str(refusal))}"}

    intake.start.click(
        run,
        [*intake.inputs, owner],
        [
            *(number, owner, results.data, results.of, results.order, results.film),
            *(results.part, results.take, *knobs.all),
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
    results.data.change(None, [results.data, knobs.threshold], None, js=call("load"), **_AT_ONCE)


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


def _brought(knobs: MaskKnobs, scored: ScoredSet) -> dict[Any, Any]:
    """The weights' own settings, as Inspect has them of other weights."""
    return dict(zip(knobs.all, mask_values(scored.own), strict=True))


def _data_of(desk: Desk, set_id: str, weights: str) -> dict[str, Any]:
    scored = desk.result(set_id, weights)
    config = desk.bench.config(scored.weights)
    threshold = desk.bench.detector(scored.weights).calibration.score_threshold
    return summary.page_data(scored, config.mask, threshold)


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
    ).then(None, [finder.preset], None, js=call("use"), **_AT_ONCE)


def _found(
    desk: Desk, finder: Finder, tuning: Tuning, sentence: str, weights: Weights
) -> dict[Any, Any]:
    mask = tuning.chosen.mask
    return {
        finder.status: "",
        finder.result: described(tuning, sentence, weights.name),
        finder.use: gr.Button(visible=True),
        finder.preset: gr.File(preset_file(desk.bench, mask, weights), visible=True),
        finder.found: asdict(mask),
    }
