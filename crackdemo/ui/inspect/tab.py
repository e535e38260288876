"""The Inspect tab: its parts, put together."""

import gradio as gr

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.ui.inspect import classes, film, intake, knobs, server_views, stage, takeaway
from crackdemo.ui.inspect.events import QUIET
from crackdemo.ui.inspect.states import states
from crackdemo.ui.workbench import Workbench


def build(bench: Workbench, page: gr.Blocks, tab: gr.Tab) -> gr.Dropdown:
    """Lays the tab out and wires it; returns its list of weights."""
    with gr.Row(equal_height=False, elem_id="inspect"):
        with gr.Column(scale=3, min_width=300, elem_id="controls"):
            with gr.Column(elem_id="intake"):
                photos = intake.intake(bench)
            with gr.Column(elem_id="knobs"):
                gr.HTML("<button type='button'></button>", elem_id="sheet-handle")
                only, key = classes.choice(), classes.key()
                settings = knobs.knobs(bench.own_mask(DEFAULT_WEIGHTS))
                defaults = knobs.defaults(bench)
            handed_out = takeaway.takeaway(can_fit=bench.jobs is not None)
        with gr.Column(scale=8, min_width=320, elem_id="results"):
            stage.verdict()
            strip = film.film()
            shown = stage.stage()
            visitor = states(only)
            server_views.build(bench, settings, shown, visitor)
    restored = knobs.wire(bench, settings, defaults, photos.weights, shown, visitor)
    page.load(None, defaults.own, js="(own) => { crackdemo.page.own(own); }", **QUIET)
    scored = intake.wire(bench, page, photos, shown, visitor, restored)
    intake.wire_return(tab, visitor)
    film.wire(bench, strip, settings, shown, visitor, scored)
    stage.wire(bench, shown, visitor)
    classes.wire(bench, key, shown, visitor)
    takeaway.wire(bench, settings, handed_out, shown, visitor)
    return photos.weights
