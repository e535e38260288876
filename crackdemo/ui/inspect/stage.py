"""Where a photo is shown: the verdict, and the viewer with what it is given."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from crackdemo.ui.inspect import session as inspection
from crackdemo.ui.inspect.events import SHOWING
from crackdemo.ui.inspect.session import Session
from crackdemo.ui.inspect.states import States, session_of
from crackdemo.ui.refusals import said
from crackdemo.ui.workbench import Workbench


@dataclass(frozen=True)
class Stage:
    """Where a photo is shown."""

    files: gr.File
    meta: gr.JSON
    dropped: gr.Textbox


def verdict() -> None:
    """What is said of the photo on show."""
    _place("verdict")


def stage() -> Stage:
    """The viewer."""
    _place("viewer")
    files = gr.File(file_count="multiple", visible="hidden", elem_id="viewer-files")
    meta = gr.JSON(visible="hidden", elem_id="viewer-meta")
    dropped = gr.Textbox(visible="hidden", elem_id="dropped")
    return Stage(files, meta, dropped)


def _place(name: str) -> None:
    """Where the page's scripts draw."""
    gr.HTML(f"<div class='{name}-place'></div>", elem_id=name, apply_default_css=False)


def show(bench: Workbench, stage: Stage, session: Session) -> dict[Any, Any]:
    """What makes the viewer show the session's photo."""
    with said():
        files, meta = inspection.page_data(bench, session)
    return {stage.files: files, stage.meta: meta}


def wire(bench: Workbench, stage: Stage, states: States) -> None:
    """A region that was drawn in the page is cut out of the photo on show, and scored, here."""

    def redraw(*parts: Any) -> dict[Any, Any]:
        with said():
            session = session_of(*parts)
        return show(bench, stage, session)

    states.redraw.click(
        redraw,
        states.all,
        [stage.files, stage.meta],
        js="(roll, onShow, regions, only) => [roll, onShow, crackdemo.page.regions(), only]",
        **SHOWING,
    )
