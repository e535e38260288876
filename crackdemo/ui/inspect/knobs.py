"""What turns a heatmap into what is seen: the knobs, and what they are set to."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import gradio as gr

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.errors import CrackdemoError
from crackdemo.masks.params import MaskParams
from crackdemo.ui.inspect import session as inspection
from crackdemo.ui.inspect.events import AT_ONCE, IN_TURN, QUIET
from crackdemo.ui.inspect.session import Session, Settings
from crackdemo.ui.inspect.stage import Stage
from crackdemo.ui.inspect.states import States, session_of
from crackdemo.ui.mask_knobs import MaskKnobs, mask_knobs, mask_values
from crackdemo.ui.workbench import Workbench

NAMES = (*(field.name for field in fields(MaskKnobs)), "opacity", "mm_per_px", "colours")
"""Of all knobs."""


@dataclass(frozen=True)
class Knobs:
    """Each is named for what it holds."""

    cut: MaskKnobs
    opacity: gr.Slider
    mm_per_px: gr.Number
    colours: gr.Dropdown

    @property
    def all(self) -> list[Any]:
        """What the viewer and `session.settings_of` get, in the order of `NAMES`."""
        return [
            *(getattr(self.cut, field.name) for field in fields(MaskKnobs)),
            *(self.opacity, self.mm_per_px, self.colours),
        ]

    @property
    def mask(self) -> list[Any]:
        """What a `MaskParams` holds, in the order of its fields."""
        return self.cut.all


@dataclass(frozen=True)
class Defaults:
    """What the knobs go back to."""

    own: gr.JSON
    """The present weights' name and own settings, as the page knows them."""
    reset: gr.Button
    restore: gr.Button
    """Hidden: the page's way to set knobs, weights, region and drops as they were."""


def knobs(own: MaskParams) -> Knobs:
    """Sliders and lists, at the weights' own settings."""
    cut = mask_knobs(own)
    opacity = gr.Slider(0, 1, 0.5, step=0.01, label="Overlay opacity", elem_id="opacity")
    with gr.Row(elem_id="odds"):
        cut.kernel.render()
        mm_per_px = gr.Number(
            0,
            label="Scale (mm per px)",
            info="Of all photos.",
            minimum=0,
            step=0.01,
            elem_id="scale",
            min_width=110,
        )
        colours = gr.Dropdown(
            ["inferno", "viridis", "gray"],
            value="inferno",
            label="Heatmap colours",
            elem_id="colours",
            min_width=110,
        )
    return Knobs(cut, opacity, mm_per_px, colours)


def defaults(bench: Workbench) -> Defaults:
    """The buttons, and what the page is told."""
    own = gr.JSON(_default_settings(bench), visible="hidden", elem_id="own-settings")
    reset = gr.Button("Reset to the weights' own settings", size="sm", elem_id="reset")
    restore = gr.Button(visible="hidden", elem_id="restore-settings")
    return Defaults(own, reset, restore)


def _default_settings(bench: Workbench) -> dict[str, Any]:
    try:
        return own_settings(bench, DEFAULT_WEIGHTS)
    except CrackdemoError:  # it is said as soon as somebody scores with them
        mask = asdict(MaskParams())
        return {"weights": DEFAULT_WEIGHTS, "commit": None, "mask": mask, "engine": None}


def own_settings(bench: Workbench, weights: str) -> dict[str, Any]:
    """For the page. Raises WeightsError or CheckpointError."""
    resolved = bench.resolve(weights)
    detector, mask = bench.detector(resolved), bench.config(resolved).mask
    engine = getattr(detector, "engine_name", None)
    commit = resolved.commit
    return {"weights": resolved.name, "commit": commit, "mask": asdict(mask), "engine": engine}


def by_name(values: str) -> str:
    """JavaScript for one object by name of an array `values` in the order of `Knobs.all`."""
    return f"Object.fromEntries({json.dumps(NAMES)}.map((name, i) => [name, {values}[i]]))"


def session_and_settings(knobs: Knobs, values: Sequence[Any]) -> tuple[Session, Settings]:
    """Of the values of `Knobs.all`, `Stage.dropped` and `States.all`. Raises ConfigError."""
    *settings, dropped, roll, on_show, regions, only = values
    session = session_of(roll, on_show, regions, only)
    named = dict(zip(NAMES, settings, strict=True))
    return session, inspection.settings_of(named, dropped, session)


def wire(
    bench: Workbench,
    knobs: Knobs,
    defaults: Defaults,
    weights: gr.Dropdown,
    stage: Stage,
    states: States,
) -> Any:
    """Settings and photos go to the viewer in the page: no slider's move asks the server.

    Returns the event after which weights, knobs, drops and region are as they were before.
    """
    gr.on(
        [knob.change for knob in knobs.all],
        None,
        knobs.all,
        js=f"(...values) => {{ crackdemo.page?.set({by_name('values')}); }}",
        **QUIET,
    )
    stage.meta.change(
        None,
        [stage.files, stage.meta, stage.dropped, states.regions, states.only, *knobs.all],
        js=f"""(files, meta, dropped, regions, only, ...values) => {{
            crackdemo.page.show(files, meta, dropped, regions, {by_name("values")}, only);
        }}""",
        **QUIET,
    )

    def bring(name: str | None) -> list[Any]:
        """The weights' own; what cannot be used brings nothing, and is said by the scoring."""
        try:
            own = own_settings(bench, name or "")
        except CrackdemoError:
            return [gr.skip()] * (1 + len(knobs.mask))
        return [own, *mask_values(MaskParams(**own["mask"]))]

    outputs = [defaults.own, *knobs.mask]
    weights.input(
        bring,
        weights,
        outputs,
        js="(name) => { crackdemo.page.beforeWeights(name); return name; }",
        concurrency_limit=None,  # one visitor's look-up on the Hub does not hold up another's
        **IN_TURN,
    )
    defaults.reset.click(bring, weights, outputs, js="crackdemo.fields.mend", **AT_ONCE)
    defaults.own.change(None, defaults.own, js="(own) => { crackdemo.page.own(own); }", **QUIET)
    restored: Any = defaults.restore.click(
        None,
        None,
        [weights, stage.dropped, states.regions, *knobs.all],
        js=f"() => crackdemo.page.wanted({json.dumps(NAMES)})",
        **QUIET,
    )
    restored.then(
        lambda name: bring(name)[0], weights, defaults.own, concurrency_limit=None, **IN_TURN
    )
    return restored
