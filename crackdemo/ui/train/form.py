"""The Train tab's left side: data and settings of a new fit."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import gradio as gr

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, shipped_names
from crackdemo.configs import help_of
from crackdemo.errors import ConfigError, CrackdemoError
from crackdemo.models.families import FAMILIES, family_named
from crackdemo.photos.images import PHOTO_SUFFIXES
from crackdemo.runs.jobs import Job, Jobs
from crackdemo.training.config import START_LEARNING_RATE, FitConfig
from crackdemo.training.trainer import trainer_of
from crackdemo.ui import owner
from crackdemo.ui.refusals import fault
from crackdemo.ui.train import fit_data, fits
from crackdemo.ui.workbench import Workbench

_DEFAULTS = FitConfig()
_HELP = help_of(FitConfig)
_BASIC = ("family", "start", "objective", "tile_size", "epochs")
_USUAL = {"learning_rate": START_LEARNING_RATE}
"""What the form begins with where that is another value: it starts from shipped weights."""
_LENGTHS = {"Quick": 5.0, "Good": 30.0, "Best": 120.0}
"""Minutes of training by what a person calls them."""
_MOST_MINUTES = 7 * 24 * 60
_SHARED = ("family", "network", "start", "epochs")
"""Settings of every family that have a widget of their own, or none."""
_AROUND = "reading photos and finding the threshold take a minute or two more"
_GROUPS = ("augment", "cracks", "flatten", "heatmap", "mask")
"""Settings that have settings of their own: as JSON."""


def _names_of(family: str) -> set[str]:
    """Settings that not every family need have, and this one has."""
    kind = family_named(family)
    return {*kind.own_settings, *(f"network.{name}" for name in help_of(kind.config))}


REBUILDING = tuple(name for name in FAMILIES if family_named(name).kind == "residual")
"""Families whose settings are those of a FitConfig; the others have widgets of their own."""
_EVERYWHERE = set.intersection(*map(_names_of, REBUILDING))
_SPECIAL = set.union(*map(_names_of, REBUILDING)) - _EVERYWHERE
"""Shown only while a family is chosen that has them."""


@dataclass(frozen=True)
class Form:
    """All that a new fit needs."""

    filled_in: dict[str, Any]
    """What a person fills in, by name: settings by those of a FitConfig, its network's as
    `network.NAME`; those of families of other kinds as `FAMILY:NAME`."""
    parts: dict[str, gr.Column]
    """The settings of each family that is no REBUILDING one, and of these together as `""`."""
    wanted: gr.Markdown
    """What photos the chosen family learns from."""
    check: gr.Button
    start: gr.Button
    found: gr.Markdown
    timing: gr.Markdown
    sheet: gr.Image
    said: gr.Markdown
    faults: dict[str, gr.Markdown]
    """Where it is said what is wrong, by the keys of `Misfilled`; each stands at its fields."""

    @property
    def inputs(self) -> list[Any]:
        """In the order of `named`."""
        return list(self.filled_in.values())

    def named(self, values: Sequence[Any]) -> dict[str, Any]:
        """The values of `inputs`, by name."""
        return dict(zip(self.filled_in, values, strict=True))


class Misfilled(CrackdemoError):
    """What was filled in cannot be, and in which step: "data", "name", "length" or "settings"."""

    def __init__(self, step: str, why: CrackdemoError) -> None:
        super().__init__(str(why))
        self.step = step


@contextmanager
def _in_step(step: str) -> Iterator[None]:
    try:
        yield
    except Misfilled:
        raise
    except CrackdemoError as why:
        raise Misfilled(step, why) from why


def build(bench: Workbench) -> Form:
    """Lays the form out and wires what concerns it alone."""
    gr.Markdown("### New fit")
    filled_in = _family()
    wanted = gr.Markdown(_wanted(_DEFAULTS.family))
    filled_in |= _source(bench)
    check = gr.Button("Check data", size="sm", elem_id="check-data")
    faults = {"data": _fault_of("data")}
    found = gr.Markdown(elem_id="data-found", visible=False)
    timing = gr.Markdown(elem_id="data-timing", visible=False)
    sheet = gr.Image(
        show_label=False, interactive=False, visible=False, buttons=[], elem_id="data-sheet"
    )
    gr.Markdown("**2. A name for the weights**")
    filled_in["name"] = gr.Textbox(
        show_label=False, placeholder="my-street", max_lines=1, elem_id="fit-name"
    )
    faults["name"] = _fault_of("name")
    gr.Markdown("**3. How long**")
    filled_in |= _length()
    faults["length"] = _fault_of("length")
    parts: dict[str, gr.Column] = {}
    with gr.Accordion("Advanced", open=False, elem_id="fit-advanced"):
        filled_in |= _start()
        with gr.Column() as parts[""]:
            filled_in |= _basics()
            with gr.Row(equal_height=True):
                for field in fields(FitConfig):
                    elsewhere = field.name in (*_BASIC, *_GROUPS, *_SPECIAL, "network")
                    # an empty number would come back as 0
                    if not elsewhere and field.default is not None:
                        usual = _USUAL.get(field.name, field.default)
                        filled_in[field.name] = _widget(field.name, usual, _HELP[field.name])
                filled_in |= _network_widgets(_EVERYWHERE)
            filled_in["more"] = _more(_GROUPS, _HELP)
        for family in FAMILIES:
            if family not in REBUILDING:
                with gr.Column(visible=False) as parts[family]:
                    filled_in |= _own_widgets(family)
    faults["settings"] = _fault_of("settings")
    said = gr.Markdown(elem_id="fit-said", visible=False)
    start = gr.Button("Start", variant="primary", elem_id="start-fit")
    form = Form(filled_in, parts, wanted, check, start, found, timing, sheet, said, faults)
    _wire_fields(bench, form)
    _wire_check(bench, form)
    return form


def _fault_of(step: str) -> gr.Markdown:
    return gr.Markdown(visible=False, elem_id=f"fault-{step}", elem_classes="fit-fault")


def start(bench: Workbench, jobs: Jobs, values: dict[str, Any]) -> Job:
    """A fit from what was filled in, by name. Raises Misfilled."""
    with _in_step("name"):
        name = jobs.check_name(values["name"] or "")
    with _in_step("length"):
        minutes = _minutes(values)
    with _in_step("settings"):
        config = fit_data.settings_of(values)
    gathering = fit_data.gathered(bench, *_brought(values))
    with _in_step("data"), gathering as data, _in_step("settings"):
        return fit_data.start(jobs, name, config, minutes, data)


def _brought(values: dict[str, Any]) -> tuple[str, list[str], str]:
    return values["source"], values["files"] or [], values["folder"] or ""


def _minutes(values: dict[str, Any]) -> float | None:
    """None where epochs are counted. Raises ConfigError."""
    length = values["length"]
    if length in _LENGTHS:
        return _LENGTHS[length]
    if length == "Epochs":
        return None
    minutes = values["minutes"] or 0
    if not 0 < minutes <= _MOST_MINUTES:
        raise ConfigError(
            f"The minutes must be above 0 and at most {_MOST_MINUTES:,} (a week), but are "
            f"{minutes:g}: give others."
        )
    return float(minutes)


def _length() -> dict[str, Any]:
    """How long it may take: by a word, or in minutes or epochs."""
    said = [(f"{word} · {fits.duration(60 * m)}", word) for word, m in _LENGTHS.items()]
    length = gr.Radio(
        [*said, "Minutes", "Epochs"],
        value="Quick",
        show_label=False,
        info=f"Of training; {_AROUND}. Longer finds fainter cracks.",
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
    made = [fit_data.PAVEMENT] if family in REBUILDING else []
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
        "stems, cracks white; from 3 photos on."
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


def _start() -> dict[str, Any]:
    start = gr.Dropdown(
        starts(_DEFAULTS.family),
        value=DEFAULT_WEIGHTS,
        label="Start from",
        info="Shipped weights learn a new surface in minutes; untrained ones need an hour.",
        elem_id="fit-start",
    )
    return {"start": start}


def _basics() -> dict[str, Any]:
    """What decides on the kind of fit: objective, tile size, the family's own."""
    objective = gr.Dropdown(
        list(family_named(_DEFAULTS.family).objectives),
        value=_DEFAULTS.objective,
        label="Objective",
        info=_HELP["objective"],
    )
    tile_size = gr.Number(
        _DEFAULTS.tile_size,
        label="Tile size (px)",
        precision=0,
        info=_HELP["tile_size"],
        elem_id="fit-tile",
    )
    with gr.Row():
        special = _network_widgets(_SPECIAL)
        for field in fields(FitConfig):
            if field.name in _SPECIAL:
                sentence, visible = _HELP[field.name], field.name in _names_of(_DEFAULTS.family)
                special[field.name] = _widget(field.name, field.default, sentence, visible)
    return {"objective": objective, "tile_size": tile_size, **special}


def starts(family: str) -> list[tuple[str, str]]:
    """What a fit of a family may start from: label and name. A segmenter from any weights that
    rebuild, others from those of their own family."""
    is_segmenter = family_named(family).kind == "probability"
    families = REBUILDING if is_segmenter else [family]
    shipped = [name for each in families for name in shipped_names(family=each)]
    return [("untrained weights", ""), *zip(shipped, shipped, strict=True)]


def _usual_start(family: str) -> str:
    """Shipped weights; none for a classifier, which is soon fitted and may search for a network of
    its own."""
    return "" if family_named(family).kind == "saliency" else starts(family)[1][1]


def _own_widgets(family: str) -> dict[str, Any]:
    """The settings of a family that does not rebuild, and of its network, as `FAMILY:NAME`."""
    settings = trainer_of(family).settings
    network = family_named(family).config
    widgets: dict[str, Any] = {}
    groups = []
    with gr.Row(equal_height=True):
        for kind, prefix in ((settings, ""), (network, "network.")):
            hints, sentences, defaults = get_type_hints(kind), help_of(kind), kind()
            for field in fields(kind):
                value = getattr(defaults, field.name)
                if field.name in _SHARED or value is None:
                    continue
                if is_dataclass(value):
                    groups.append(field.name)
                    continue
                choices = get_args(hints[field.name])
                is_choice = get_origin(hints[field.name]) is Literal
                name = f"{family}:{prefix}{field.name}"
                widgets[name] = _widget(
                    name, value, sentences[field.name], choices=choices if is_choice else ()
                )
    widgets[f"{family}:more"] = _more(groups, help_of(settings))
    return widgets


def _more(groups: Sequence[str], sentences: dict[str, str]) -> gr.Textbox:
    """Settings that have settings of their own."""
    return gr.Textbox(
        "{}",
        label="Other settings, JSON",
        info=" ".join(f"{name}: {sentences[name]}" for name in groups),
        lines=2,
    )


def _network_widgets(wanted: set[str]) -> dict[str, Any]:
    """Of the settings of all families' networks, those that are wanted."""
    widgets: dict[str, Any] = {}
    for kind in (family_named(family).config for family in REBUILDING):
        for field in fields(kind):
            name = f"network.{field.name}"
            if name in wanted - widgets.keys() and field.default is not None:
                sentence, visible = help_of(kind)[field.name], name in _names_of(_DEFAULTS.family)
                widgets[name] = _widget(field.name, field.default, sentence, visible)
    return widgets


def _widget(
    name: str, default: Any, sentence: str, visible: bool = True, choices: Sequence[str] = ()
) -> Any:
    """What fits the default's type."""
    title = (
        name.rpartition(":")[2]
        .removeprefix("network.")
        .replace("_", " ")
        .capitalize()
        .replace("Mse", "MSE")
        .replace("Ssim", "SSIM")
    )
    common: dict[str, Any] = {
        "label": title,
        "info": sentence,
        "elem_id": f"fit-{name.replace(':', '-')}",
        "min_width": 150,
        "visible": visible,
    }
    if choices:
        return gr.Dropdown(list(choices), value=default, **common)
    if isinstance(default, bool):
        return gr.Checkbox(default, **common)
    if isinstance(default, tuple):
        return gr.Textbox(", ".join(map(str, default)), max_lines=1, **common)
    return gr.Number(default, precision=0 if isinstance(default, int) else None, **common)


def _wire_fields(bench: Workbench, form: Form) -> None:
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
        part, sources = "" if name in REBUILDING else name, _sources(bench, name)
        changes: dict[Any, Any] = {
            widgets["source"]: gr.update(
                choices=sources, value=source if source in sources else fit_data.UPLOAD
            ),
            widgets["start"]: gr.update(choices=starts(name), value=_usual_start(name)),
            form.wanted: _wanted(name),
            **{column: gr.update(visible=key == part) for key, column in form.parts.items()},
        }
        if name in REBUILDING:
            objectives, shown = family_named(name).objectives, _names_of(name)
            changes[widgets["objective"]] = gr.update(choices=list(objectives), value=objectives[0])
            changes |= {widgets[n]: gr.update(visible=n in shown) for n in special}
        return changes

    def choose_objective(name: str, objective: str) -> dict[Any, Any]:
        settings = family_named(name).config.settings_for(objective)
        changed = {f"network.{setting}": value for setting, value in settings.items()}
        start = gr.skip() if objective == "healing" else ""  # shipped weights were taught to heal
        return {
            widgets["start"]: start,
            **{widget: changed.get(name, gr.skip()) for name, widget in network.items()},
        }

    special = [name for name in _SPECIAL if name in widgets]
    network = {name: widgets[name] for name in widgets if name.startswith("network.")}
    widgets["source"].change(
        choose_source, widgets["source"], [widgets["files"], widgets["folder"]], **at_once
    )
    widgets["length"].change(
        choose_length, widgets["length"], [widgets["epochs"], widgets["minutes"]], **at_once
    )
    widgets["family"].change(
        choose_family,
        [widgets["family"], widgets["source"]],
        [
            widgets["source"],
            widgets["objective"],
            widgets["start"],
            form.wanted,
            *form.parts.values(),
            *(widgets[name] for name in special),
        ],
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


def _wire_check(bench: Workbench, form: Form) -> None:
    no_text, no_picture = gr.Markdown(visible=False), gr.Image(visible=False)
    shown = [form.found, form.timing, form.sheet, *form.faults.values()]

    def check(profile: gr.OAuthProfile | None, *given: Any) -> Iterator[dict[Any, Any]]:
        values = form.named(given)
        yield {
            form.found: gr.Markdown("Looking at the photos …", visible=True),
            form.timing: no_text,
            form.sheet: no_picture,
            **no_faults(form),
        }
        try:
            owner.check(bench.owner, profile)
            with _in_step("length"):
                minutes = _minutes(values)
            with _in_step("settings"):
                config = fit_data.settings_of(values)
            gathering = fit_data.gathered(bench, *_brought(values))
            # closed at once where nobody waits any more: what was gathered goes with it
            with (
                _in_step("data"),
                closing(fit_data.look_at(gathering, config, minutes)) as answers,
            ):
                for text, timing, sheet in answers:
                    yield {
                        form.found: gr.Markdown(text, visible=True),
                        form.timing: gr.Markdown(timing, visible=True),
                        form.sheet: gr.Image(sheet, visible=sheet is not None),
                    }
        except CrackdemoError as error:
            yield {form.found: no_text, form.timing: no_text, **shown_fault(form, error)}

    form.check.click(
        check,
        form.inputs,
        shown,
        concurrency_id="check",
        concurrency_limit=1,
        show_progress="hidden",
        api_visibility="private",
    )
    # what was found no longer holds for other photos or families, nor the time for another length
    at_once: dict[str, Any] = {
        "show_progress": "hidden", "api_visibility": "private", "queue": False
    }  # fmt: skip
    widgets = form.filled_in
    gr.on(
        [widgets[name].change for name in ("family", "source", "files", "folder")],
        lambda: [no_text, no_text, no_picture, no_text],
        None,
        [form.found, form.timing, form.sheet, form.faults["data"]],
        **at_once,
    )
    gr.on(
        [widgets[name].change for name in ("length", "minutes", "epochs")],
        lambda: [no_text, no_text],
        None,
        [form.timing, form.faults["length"]],
        **at_once,
    )
    widgets["name"].change(lambda: no_text, None, form.faults["name"], **at_once)


def no_faults(form: Form) -> dict[Any, Any]:
    """Nothing is wrong, as far as is known."""
    return {place: gr.Markdown(visible=False) for place in form.faults.values()}


def shown_fault(form: Form, error: CrackdemoError) -> dict[Any, Any]:
    """At the fields that it concerns, or else at the start button."""
    step = error.step if isinstance(error, Misfilled) else "settings"
    return {**no_faults(form), form.faults[step]: gr.Markdown(fault(error), visible=True)}
