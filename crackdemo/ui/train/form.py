"""The Train tab's left side: data and settings of a new fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import gradio as gr

from crackdemo.errors import ConfigError
from crackdemo.models.families import FAMILIES, family_named
from crackdemo.photos.images import PHOTO_SUFFIXES
from crackdemo.runs.folder import MOST_MINUTES
from crackdemo.runs.job import Job
from crackdemo.runs.jobs import Jobs
from crackdemo.runs.wording import duration
from crackdemo.training.config import START_LEARNING_RATE, FitConfig
from crackdemo.ui.train import fit_data, settings
from crackdemo.ui.train.faults import Faults, in_step, place_of
from crackdemo.ui.workbench import Workbench

_DEFAULTS = FitConfig()
_LENGTHS = {"Quick": 5.0, "Good": 30.0, "Best": 120.0}
"""Minutes of training by what a person calls them."""
_SHOW_LESSON = """() => {
    document.getElementById("learning")?.scrollIntoView({ block: "center" });
}"""
_AROUND = "reading photos and finding the threshold take a minute or two more"


@dataclass(frozen=True)
class Form:
    """All that a new fit needs."""

    filled_in: dict[str, Any]
    """What a person fills in, by name: settings by those of a FitConfig, its network's as
    `network.NAME`; those of families of other kinds as `FAMILY:NAME`."""
    parts: dict[str, gr.Column]
    """The settings of each family that does not rebuild, and of those that do together as `""`."""
    wanted: gr.Markdown
    """What photos the chosen family learns from."""
    check: gr.Button
    start: gr.Button
    found: gr.Markdown
    timing: gr.Markdown
    sheet: gr.Image
    said: gr.Markdown
    faults: Faults
    learning: gr.Markdown
    """What is learnt from a lesson."""
    lesson: gr.Textbox
    """Is told by Inspect which weights made the false alarms that are to be learnt from."""

    @property
    def inputs(self) -> list[Any]:
        """In the order of `named`."""
        return list(self.filled_in.values())

    def named(self, values: Sequence[Any]) -> dict[str, Any]:
        """The values of `inputs`, by name."""
        return dict(zip(self.filled_in, values, strict=True))


def build(bench: Workbench, jobs: Jobs) -> Form:
    """Lays the form out and wires what concerns it alone."""
    gr.Markdown("### New fit")
    learning = gr.Markdown(elem_id="learning", visible=False)
    filled_in = _family()
    wanted = gr.Markdown(_wanted(_DEFAULTS.family))
    filled_in |= _source(bench)
    check = gr.Button("Check data", size="sm", elem_id="check-data")
    faults = {"data": place_of("data")}
    found = gr.Markdown(elem_id="data-found", visible=False)
    timing = gr.Markdown(elem_id="data-timing", visible=False)
    sheet = gr.Image(
        show_label=False, interactive=False, visible=False, buttons=[], elem_id="data-sheet"
    )
    gr.Markdown("**2. A name for the weights**")
    filled_in["name"] = gr.Textbox(
        label="Name of the weights",
        show_label=False,
        placeholder="my-street",
        max_lines=1,
        elem_id="fit-name",
    )
    faults["name"] = place_of("name")
    gr.Markdown("**3. How long**")
    filled_in |= _length()
    faults["length"] = place_of("length")
    parts: dict[str, gr.Column] = {}
    with gr.Accordion("Advanced", open=False, elem_id="fit-advanced"):
        filled_in |= settings.start()
        with gr.Column() as parts[""]:
            filled_in |= settings.rebuilding()
        for family in FAMILIES:
            if family not in settings.REBUILDING:
                with gr.Column(visible=False) as parts[family]:
                    filled_in |= settings.own(family)
    faults["settings"] = place_of("settings")
    said = gr.Markdown(elem_id="fit-said", visible=False)
    start = gr.Button("Start", variant="primary", elem_id="start-fit")
    lesson = gr.Textbox(visible="hidden", elem_id="lesson")
    form = Form(
        filled_in, parts, wanted, check, start, found, timing, sheet, said, faults, learning, lesson
    )  # fmt: skip
    _wire_fields(bench, jobs, form)
    return form


def start(bench: Workbench, jobs: Jobs, values: dict[str, Any]) -> Job:
    """A fit from what was filled in, by name. Raises Misfilled."""
    with in_step("name"):
        name = jobs.check_name(values["name"] or "")
    with in_step("length"):
        minutes = minutes_of(values)
    with in_step("settings"):
        config = fit_data.settings_of(values)
    gathering = fit_data.gathered(bench, *brought(values))
    with in_step("data"), gathering as data:
        fit_data.check_enough(data, config)
        with in_step("settings"):
            return fit_data.start(jobs, name, config, minutes, data)


def brought(values: dict[str, Any]) -> tuple[str, list[str], str]:
    """What was filled in of the photos: where they come from, uploads, folder."""
    return values["source"], values["files"] or [], values["folder"] or ""


def minutes_of(values: dict[str, Any]) -> float | None:
    """How long it may take; None where epochs are counted. Raises ConfigError."""
    length = values["length"]
    if length in _LENGTHS:
        return _LENGTHS[length]
    if length == "Epochs":
        return None
    minutes = values["minutes"] or 0
    if not 0 < minutes <= MOST_MINUTES:
        raise ConfigError(
            f"The minutes must be above 0 and at most {MOST_MINUTES:,} (a week), but are "
            f"{minutes:g}: give others."
        )
    return float(minutes)


def _free_name(wanted: str, runs: Sequence[Job]) -> str:
    """It, or with the first number that no run has yet."""
    taken = {run.name for run in runs}
    numbered = (f"{wanted}-{number}" for number in count(2))
    return next(name for name in chain([wanted], numbered) if name not in taken)


def _length() -> dict[str, Any]:
    """How long it may take: by a word, or in minutes or epochs."""
    said = [(f"{word} · {duration(60 * m)}", word) for word, m in _LENGTHS.items()]
    length = gr.Radio(
        [*said, "Minutes", "Epochs"],
        value="Quick",
        label="How long",
        show_label=False,
        info=f"Of training; {_AROUND}. Longer is usually better.",
        elem_id="fit-length",
    )
    minutes = gr.Number(5, label="Minutes", visible=False, min_width=100, elem_id="fit-minutes")
    epochs = gr.Number(
        _DEFAULTS.epochs,
        label="Epochs",
        precision=0,
        visible=False,
        min_width=100,
        elem_id="fit-epochs",
    )
    return {"length": length, "minutes": minutes, "epochs": epochs}


def _source(bench: Workbench) -> dict[str, Any]:
    """Where training photos come from."""
    source = gr.Radio(
        _sources(bench, _DEFAULTS.family),
        value=fit_data.UPLOAD,
        label="Photos",
        show_label=False,
        elem_id="data-source",
    )
    files = gr.File(
        file_count="multiple",
        file_types=["image", ".zip", *sorted(PHOTO_SUFFIXES)],
        label="Photos or a ZIP of them",
        height=120,
        elem_id="data-files",
    )
    folder = gr.Textbox(label="Folder", visible=False, max_lines=1, elem_id="data-folder")
    return {"source": source, "files": files, "folder": folder}


def _sources(bench: Workbench, family: str) -> list[str]:
    """Made pavement has no labels, which other families than those that rebuild learn from."""
    made = [fit_data.PAVEMENT] if family in settings.REBUILDING else []
    return [fit_data.UPLOAD, *([fit_data.FOLDER] if bench.allowed else []), *made]


def _wanted(family: str) -> str:
    """What photos a family learns from."""
    if family_named(family).kind == "residual":
        return (
            "**1. Photos without cracks**\n\nWith images/ and masks/ in a ZIP or folder, "
            "crack-free tiles are cut."
        )
    if family_named(family).kind == "saliency":
        return (
            "**1. Photos with cracks and without**\n\nA ZIP or folder with clean/ and cracked/, "
            "or with images/ and masks/: the photos about as large as the pieces that are to be "
            "judged."
        )
    return (
        "**1. Photos and masks of their cracks**\n\nA ZIP or folder with images/ and masks/, equal "
        "stems, cracks white, or several classes that a classes.json names; from 3 photos on."
    )


def wanted_of_corrections(family: str) -> str:
    """What a family learns from photos in which false alarms were dropped."""
    if family_named(family).kind == "saliency":
        return (
            "**1. Your corrected photos**\n\nEach is learnt as a whole: as sound where you dropped "
            "all that was marked, else as cracked. A fit needs a few of both: add photos of either "
            "in a ZIP."
        )
    return (
        "**1. Your corrected photos**\n\nWhat is not marked in them is learnt as sound: look "
        "whether a crack was missed."
    )


def _family() -> dict[str, Any]:
    family = gr.Radio(
        [(family_named(name).title, name) for name in FAMILIES],
        value=_DEFAULTS.family,
        label="Family",
        info="; ".join(f"{kind.title}: {kind.description}" for kind in map(family_named, FAMILIES)),
        elem_id="fit-family",
    )
    return {"family": family}


def _wire_fields(bench: Workbench, jobs: Jobs, form: Form) -> None:
    """What one choice shows or changes of the others."""
    at_once: dict[str, Any] = {
        "show_progress": "hidden", "api_visibility": "private", "queue": False
    }  # fmt: skip
    widgets = form.filled_in

    def choose_source(source: str) -> dict[Any, Any]:
        return {
            widgets["files"]: gr.update(visible=source == fit_data.UPLOAD),
            widgets["folder"]: gr.update(visible=source == fit_data.FOLDER),
        }

    def choose_length(length: str) -> dict[Any, Any]:
        return {
            widgets["epochs"]: gr.update(visible=length == "Epochs"),
            widgets["minutes"]: gr.update(visible=length == "Minutes"),
        }

    def choose_family(name: str, source: str) -> dict[Any, Any]:
        part, sources = "" if name in settings.REBUILDING else name, _sources(bench, name)
        changes: dict[Any, Any] = {
            widgets["source"]: gr.update(
                choices=sources, value=source if source in sources else fit_data.UPLOAD
            ),
            widgets["start"]: gr.update(
                choices=settings.starts(name, jobs.jobs()), value=settings.usual_start(name)
            ),
            form.wanted: _wanted(name),
            form.learning: gr.Markdown(visible=False),
            form.said: gr.Markdown(visible=False),  # of a fit of the family before
            **{column: gr.update(visible=key == part) for key, column in form.parts.items()},
        }
        if name in settings.REBUILDING:
            objectives, shown = family_named(name).objectives, settings.names_of(name)
            changes[widgets["objective"]] = gr.update(choices=list(objectives), value=objectives[0])
            changes |= {widgets[n]: gr.update(visible=n in shown) for n in special}
        return changes

    def begin_with(lesson: str | None) -> dict[Any, Any]:
        """The weights in use, before the last |, are to learn from what was dropped in Inspect."""
        weights = (lesson or "").rpartition("|")[0]
        runs = jobs.jobs()
        family, start = settings.going_on_from(weights, runs)
        learns = f"**{start or 'untrained weights'}** will learn what you dropped"
        if start != weights:
            named = weights.replace("`", "")
            learns = (
                f"⚠️ A fit cannot start from `{named}`: {learns}. To teach `{named}` itself, add "
                "these photos to those it was fitted on, and fit anew"
            )
        told = (
            f"{learns}: your corrections are the photos below. A fit needs two: where that is one "
            "alone, drop false alarms in another, too. Else look at the name and press Start."
        )
        return {
            **choose_family(family, fit_data.UPLOAD),
            form.learning: gr.Markdown(told, visible=True),
            form.wanted: wanted_of_corrections(family),
            widgets["family"]: family,
            widgets["name"]: _free_name(f"{start if start == weights else family}-corrected", runs),
            widgets["start"]: gr.update(choices=settings.starts(family, runs), value=start),
        }

    def choose_objective(name: str, objective: str) -> dict[Any, Any]:
        settings = family_named(name).config.settings_for(objective)
        changed = {f"network.{setting}": value for setting, value in settings.items()}
        start = gr.skip() if objective == "healing" else ""  # shipped weights were taught to heal
        return {
            widgets["start"]: start,
            **{widget: changed.get(name, gr.skip()) for name, widget in network.items()},
        }

    special = [name for name in settings.SPECIAL if name in widgets]
    network = {name: widgets[name] for name in widgets if name.startswith("network.")}
    widgets["source"].change(
        choose_source, widgets["source"], [widgets["files"], widgets["folder"]], **at_once
    )
    widgets["length"].change(
        choose_length, widgets["length"], [widgets["epochs"], widgets["minutes"]], **at_once
    )
    by_family = [
        widgets["source"],
        widgets["objective"],
        widgets["start"],
        form.wanted,
        form.learning,
        form.said,
        *form.parts.values(),
        *(widgets[name] for name in special),
    ]
    widgets["family"].input(
        choose_family, [widgets["family"], widgets["source"]], by_family, **at_once
    )
    form.lesson.change(
        begin_with,
        form.lesson,
        [widgets["family"], widgets["name"], *by_family],
        **at_once,
    ).then(None, None, None, js=_SHOW_LESSON, **at_once)
    gr.on(
        [widgets["files"].clear, widgets["files"].delete],
        lambda: gr.Markdown(visible=False),
        None,
        form.learning,
        **at_once,
    )
    # a run may have come to weights since the page was loaded
    widgets["start"].focus(
        lambda family: gr.update(choices=settings.starts(family, jobs.jobs())),
        widgets["family"],
        widgets["start"],
        **at_once,
    )
    widgets["start"].change(
        lambda start: START_LEARNING_RATE if start else _DEFAULTS.learning_rate,
        widgets["start"],
        widgets["learning_rate"],
        **at_once,
    )
    widgets["objective"].change(
        choose_objective,
        [widgets["family"], widgets["objective"]],
        [widgets["start"], *network.values()],
        **at_once,
    )
