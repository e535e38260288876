"""The four views drawn by the server, for browsers that cannot draw the viewer."""

from pathlib import Path
from typing import Any

import gradio as gr

from crackdemo.ui import drawing
from crackdemo.ui.inspect import session as inspection
from crackdemo.ui.inspect.events import AT_ONCE, QUIET
from crackdemo.ui.inspect.knobs import Knobs, session_and_settings
from crackdemo.ui.inspect.stage import Stage
from crackdemo.ui.inspect.states import States
from crackdemo.ui.refusals import said
from crackdemo.ui.workbench import Workbench

_NAMES = ("Photo with mask", "Reconstruction", "Heatmap", "Mask")


def build(bench: Workbench, knobs: Knobs, stage: Stage, states: States) -> None:
    """While nobody wants these views the count of moves stands still, and no move sends a
    request."""
    with gr.Accordion("Views drawn by the server", open=False, elem_id="server-views"):
        wanted = gr.Checkbox(False, label="For browsers that cannot draw the viewer")
        moves = gr.Number(0, visible="hidden")
        with gr.Row(visible=False, elem_id="server-pictures") as row:
            pictures = [
                gr.Image(format="jpeg", label=name, interactive=False, buttons=[], min_width=200)
                for name in _NAMES
            ]

    def draw(*values: Any) -> list[str | None]:
        with said():
            views = inspection.draw(bench, *session_and_settings(knobs, values))
            cache = Path(pictures[0].GRADIO_CACHE)  # what lies there gradio serves as it is
            return [
                view if view is None else str(drawing.picture_file(cache, view)) for view in views
            ]

    gr.on(
        [
            *(knob.change for knob in knobs.all),
            wanted.input,
            stage.meta.change,
            stage.dropped.change,
        ],
        None,
        [wanted, moves],
        moves,
        js="(isWanted, moves) => isWanted ? moves + 1 : moves",
        **QUIET,
    )
    wanted.input(lambda is_wanted: gr.Row(visible=is_wanted), wanted, row, **AT_ONCE)
    moves.change(
        draw,
        [*knobs.all, stage.dropped, *states.all],
        pictures,
        trigger_mode="always_last",
        **AT_ONCE,
    )
