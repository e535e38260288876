"""The settings of every family's fit as widgets, generated from their configs."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import gradio as gr

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, shipped_names
from crackdemo.configs import help_of
from crackdemo.models.families import FAMILIES, family_named
from crackdemo.runs.job import Job
from crackdemo.training.config import START_LEARNING_RATE, FitConfig
from crackdemo.training.trainer import trainer_of

_DEFAULTS = FitConfig()
_HELP = help_of(FitConfig)
_BASIC = ("family", "start", "objective", "tile_size", "epochs")
_USUAL = {"learning_rate": START_LEARNING_RATE}
"""What the form begins with where that is another value: it starts from shipped weights."""
_SHARED = ("family", "network", "start", "epochs", "classes")
"""Settings of every family that have a widget of their own, or none."""
_GROUPS = ("augment", "cracks", "flatten", "heatmap", "mask")
"""Settings that have settings of their own: as JSON."""


def names_of(family: str) -> set[str]:
    """Settings that not every family need have, and this one has."""
    kind = family_named(family)
    return {*kind.own_settings, *(f"network.{name}" for name in help_of(kind.config))}


REBUILDING = tuple(name for name in FAMILIES if family_named(name).kind == "residual")
"""Families whose settings are those of a FitConfig; the others have widgets of their own."""
_EVERYWHERE = set.intersection(*map(names_of, REBUILDING))
SPECIAL = set.union(*map(names_of, REBUILDING)) - _EVERYWHERE
"""Shown only while a family is chosen that has them."""


def rebuilding() -> dict[str, Any]:
    """The settings of a FitConfig, but for those that a person chooses elsewhere in the form."""
    filled_in = _basics()
    with gr.Row(equal_height=True):
        for field in fields(FitConfig):
            elsewhere = field.name in (*_BASIC, *_GROUPS, *SPECIAL, "network")
            # an empty number would come back as 0
            if not elsewhere and field.default is not None:
                usual = _USUAL.get(field.name, field.default)
                filled_in[field.name] = _widget(field.name, usual, _HELP[field.name])
        filled_in |= _network_widgets(_EVERYWHERE)
    return {**filled_in, "more": _more(_GROUPS, _HELP)}


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
        special = _network_widgets(SPECIAL)
        for field in fields(FitConfig):
            if field.name in SPECIAL:
                sentence, visible = _HELP[field.name], field.name in names_of(_DEFAULTS.family)
                special[field.name] = _widget(field.name, field.default, sentence, visible)
    return {"objective": objective, "tile_size": tile_size, **special}


def start() -> dict[str, Any]:
    start = gr.Dropdown(
        starts(_DEFAULTS.family),
        value=DEFAULT_WEIGHTS,
        label="Start from",
        info="Weights that know such photos learn yours sooner than untrained ones.",
        elem_id="fit-start",
    )
    return {"start": start}


def starts(family: str, runs: Iterable[Job] = ()) -> list[tuple[str, str]]:
    """What a fit of a family may start from: label and name; own runs last. Of those of its own
    family, and a segmenter of any weights that rebuild."""
    is_segmenter = family_named(family).kind == "probability"
    families = (*REBUILDING, family) if is_segmenter else (family,)
    shipped = [name for each in families for name in shipped_names(family=each)]
    own = [run.name for run in runs if run.is_choosable and _family_of(run) in families]
    return [("untrained weights", ""), *((name, name) for name in (*shipped, *own))]


def _family_of(run: Job) -> str:
    return str(run.settings.get("family"))


def usual_start(family: str) -> str:
    """Shipped weights; none for a classifier, which is soon fitted and may search for a network of
    its own."""
    return "" if family_named(family).kind == "saliency" else starts(family)[1][1]


def going_on_from(weights: str, runs: Sequence[Job] = ()) -> tuple[str, str]:
    """The family of weights, and what a fit of it starts from: them, where it can, or what is
    usual; for weights that are neither shipped nor a run's the default family."""
    families = [name for name in FAMILIES if weights in shipped_names(family=name)]
    families += [_family_of(run) for run in runs if run.name == weights and run.is_choosable]
    family = families[0] if families and families[0] in FAMILIES else _DEFAULTS.family
    can_start = weights in (name for _, name in starts(family, runs))
    return family, weights if can_start else usual_start(family)


def own(family: str) -> dict[str, Any]:
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
                sentence, visible = help_of(kind)[field.name], name in names_of(_DEFAULTS.family)
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
