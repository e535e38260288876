"""The film strip: all photos that are scored, each with its verdict; the page draws it."""

import itertools
import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import gradio as gr
from gradio.events import Dependency

from crackdemo.errors import CheckpointError, ConfigError
from crackdemo.ui.given import object_given, text_given
from crackdemo.ui.inspect import stage as stages
from crackdemo.ui.inspect.events import EVERY_TIME, QUIET, SHOWING
from crackdemo.ui.inspect.judging import judge_photos
from crackdemo.ui.inspect.knobs import Knobs, by_name, session_and_settings
from crackdemo.ui.inspect.scoring import Roll
from crackdemo.ui.inspect.session import Session, sought
from crackdemo.ui.inspect.stage import Stage
from crackdemo.ui.inspect.states import States, session_of
from crackdemo.ui.refusals import said
from crackdemo.ui.turns import Turns
from crackdemo.ui.workbench import Workbench

_MAX_NUMBER = 2**53
"""What a page can count to."""
_MAX_SETTINGS = 2_000
"""Letters; a page's own take some two hundred."""
_serial = itertools.count(1)


@dataclass(frozen=True)
class Film:
    """What the page draws the strip of, and what it asks for."""

    known: gr.Textbox
    files: gr.File
    data: gr.JSON
    chosen: gr.Textbox
    asked: gr.Textbox
    judge: gr.Button
    judged: gr.JSON


def film() -> Film:
    """Its place, and fields that nobody sees."""
    gr.HTML("<div class='film-place'></div>", elem_id="film", apply_default_css=False)
    hidden: dict[str, Any] = {"visible": "hidden"}
    return Film(
        known=gr.Textbox(elem_id="film-known", **hidden),
        files=gr.File(file_count="multiple", elem_id="film-files", **hidden),
        data=gr.JSON(elem_id="film-data", **hidden),
        chosen=gr.Textbox(elem_id="film-chosen", **hidden),
        asked=gr.Textbox(elem_id="film-asked", **hidden),
        judge=gr.Button(elem_id="film-judge", **hidden),
        judged=gr.JSON(elem_id="film-judged", **hidden),
    )


def film_data(roll: Roll, known: Collection[str]) -> tuple[list[str], dict[str, Any]]:
    """Thumbnails that the page lacks, and all that is scored. known: hashes it has them of."""
    fresh = {
        entry.sha256: str(entry.thumbnail)
        for entry in roll.entries
        if entry.sha256 not in known and entry.thumbnail.is_file()
    }
    weights = roll.weights
    entries = [
        {"name": entry.upload.name, "sha256": entry.sha256, "score": entry.score}
        for entry in roll.entries
    ]
    return list(fresh.values()), {
        "serial": next(_serial),
        "weights": weights and weights.identity,
        "entries": entries,
        "fresh": list(fresh),
    }


def _shown(known: str) -> frozenset[str]:
    """What the page says that it shows, a JSON list of hashes; nothing where it is none."""
    try:
        hashes = json.loads(known or "[]")
    except (ValueError, RecursionError):
        return frozenset()
    given = hashes if isinstance(hashes, list) else []
    return frozenset(each for each in given if isinstance(each, str))


def wire(
    bench: Workbench, film: Film, knobs: Knobs, stage: Stage, states: States, scored: Dependency
) -> None:
    """scored: the run that scores."""

    def draw(known: str, roll: Roll) -> tuple[list[str], dict[str, Any]]:
        return film_data(roll, _shown(known))

    redraw: dict[str, Any] = {
        "fn": draw,
        "inputs": [film.known, states.roll],
        "outputs": [film.files, film.data],
        "js": "(known, roll) => [JSON.stringify(crackdemo.film.known()), roll]",
        **QUIET,
    }
    states.roll.change(**redraw)
    # what a run changed after its connection was lost nothing has told the page
    scored.then(**redraw)
    film.data.change(
        None,
        [film.files, film.data],
        js="(files, data) => { crackdemo.film.show(files ?? [], data); }",
        **QUIET,
    )

    def choose(text: str, *parts: Any) -> dict[Any, Any]:
        with said():
            name = text_given("The photo's name", object_given("The choice", text).get("name"))
            session = replace(session_of(*parts), on_show=name)
        if session.entry is None or session.entry.upload.name != name:
            return {states.on_show: name, stage.files: None, stage.meta: None}
        return {states.on_show: name, **stages.show(bench, stage, session)}

    chosen = film.chosen.change(
        choose,
        [film.chosen, *states.all],
        [states.on_show, stage.files, stage.meta],
        **SHOWING,
    )
    chosen.failure(None, None, None, js="() => { crackdemo.page.lost(); }", **QUIET)
    # a server that was restarted may not have scored it again yet
    chosen.then(None, stage.meta, js="(meta) => { meta ?? crackdemo.page.goOn(); }", **QUIET)
    _wire_judging(bench, film, knobs, stage, states)


def _basis(bench: Workbench, session: Session) -> dict[str, Any]:
    """What verdicts are of, besides photo and settings: the page may have gone on to others when
    it hears them. Raises CheckpointError."""
    weights = session.roll.weights
    if weights is None:
        return {"weights": ""}
    return {"weights": weights.identity, **asdict(sought(bench, weights, session.only))}


def _about(question: dict[str, Any]) -> dict[str, Any]:
    """By what the page knows its question again; each answer holds it. Raises ConfigError."""
    number, settings = question.get("number"), text_given("The settings", question.get("settings"))
    is_number = type(number) is int and 0 <= number < _MAX_NUMBER
    if not is_number or len(settings) > _MAX_SETTINGS:
        raise ConfigError("The question is none of the page's: load it anew, then try again.")
    return {"number": number, "settings": settings}


def _wire_judging(bench: Workbench, film: Film, knobs: Knobs, stage: Stage, states: States) -> None:
    turns = Turns()

    def run(request: gr.Request, asked: str, *values: Any) -> Iterator[dict[str, Any]]:
        with said():
            question = object_given("The question", asked)
            about = _about(question)
        with turns.take(request.session_hash or "") as turn:
            try:
                session, settings = session_and_settings(knobs, values)
                basis = _basis(bench, session)
            except (ConfigError, CheckpointError):  # it is said at the field, or by the scoring
                return
            listed = question.get("names")
            names = (
                [name for name in listed if isinstance(name, str)]
                if isinstance(listed, list)
                else []
            )
            for judged in judge_photos(bench, session, settings, names, lambda: turn.is_over):
                yield {"serial": next(_serial), **about, **basis, "photos": judged}

    film.judge.click(
        run,
        [film.asked, *knobs.all, stage.dropped, *states.all],
        film.judged,
        # the settings that go with the question, whatever the page has heard of meanwhile
        js=f"""(asked, ...rest) => [
            JSON.stringify(crackdemo.film.question({by_name("rest")})), ...rest
        ]""",
        concurrency_id="judge",
        concurrency_limit=4,
        **EVERY_TIME,
    )
    film.judged.change(
        None, film.judged, js="(judged) => { crackdemo.film.judge(judged); }", **QUIET
    )
