"""Which of several classes is shown: a list that is there while the weights tell some apart."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from crackdemo.ui.class_key import class_list
from crackdemo.ui.inspect import stage as stages
from crackdemo.ui.inspect.events import QUIET, SHOWING
from crackdemo.ui.inspect.scoring import Roll
from crackdemo.ui.inspect.session import classes_of
from crackdemo.ui.inspect.stage import Stage
from crackdemo.ui.inspect.states import States, session_of
from crackdemo.ui.refusals import said
from crackdemo.ui.workbench import Workbench

_ALL = ("All classes", "")


def choice() -> gr.Dropdown:
    """Hidden until weights of several classes have scored."""
    return gr.Dropdown(
        [_ALL],
        value="",
        label="Class",
        info="Heatmap, mask, score and downloads are of this one.",
        visible=False,
        elem_id="class",
    )


def key() -> gr.HTML:
    """Beside the list, and hidden as it is."""
    return gr.HTML(visible=False, elem_id="class-key")


def key_html(names: Sequence[str]) -> str:
    """Each class after a square in its colour."""
    return (
        "<small>“All classes” marks the strongest in one colour. A class that is shown alone has a "
        "threshold of its own, so that two may mark the same pixels. Alone, and in downloaded "
        f"overlays of all, each has its colour:{class_list(names)}</small>"
    )


def choices(bench: Workbench, roll: Roll) -> list[tuple[str, str]]:
    """Labels and names; none where there is nothing to be chosen."""
    known = classes_of(bench, roll)
    return [_ALL, *((name, name) for name in known)] if len(known) > 1 else []


def wire(bench: Workbench, key: gr.HTML, stage: Stage, states: States) -> None:
    """The list and its key follow the weights that have scored; what is chosen is shown."""

    def is_known(roll: Roll, only: object) -> bool:
        return only == "" or only in [name for _, name in choices(bench, roll)]

    def offer(roll: Roll, only: object) -> tuple[gr.Dropdown, gr.HTML]:
        with said():
            offered, names = choices(bench, roll), classes_of(bench, roll)
            # one that is known stays to the page: a person may have chosen another meanwhile
            value: dict[str, Any] = {} if is_known(roll, only) else {"value": ""}
        return (
            gr.Dropdown(offered or [_ALL], visible=bool(offered), **value),
            gr.HTML(key_html(names), visible=bool(offered)),
        )

    def forget_unknown(roll: Roll, only: object) -> Any:
        """That other one may be of the weights before."""
        with said():
            return gr.skip() if is_known(roll, only) else ""

    def show(*parts: Any) -> dict[Any, Any]:
        with said():
            session = session_of(*parts)
        return stages.show(bench, stage, session)

    # as sent: gradio would hold the class against choices that are on their way
    given: dict[str, Any] = {"inputs": [states.roll, states.only], "preprocess": False, **QUIET}
    states.roll.change(offer, outputs=[states.only, key], **given).then(
        forget_unknown, outputs=states.only, **given
    )
    states.only.input(
        show, states.all, [stage.files, stage.meta], preprocess=False, **SHOWING
    ).then(forget_unknown, outputs=states.only, **given)
