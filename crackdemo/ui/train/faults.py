"""What was filled in cannot be: said at the fields that it concerns."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import gradio as gr

from crackdemo.errors import CrackdemoError
from crackdemo.ui.refusals import fault

Faults: TypeAlias = dict[str, gr.Markdown]
"""Where it is said, by the step that it concerns; each stands at its fields."""


class Misfilled(CrackdemoError):
    """What was filled in cannot be, and in which step: "data", "name", "length" or "settings"."""

    def __init__(self, step: str, why: CrackdemoError) -> None:
        super().__init__(str(why))
        self.step = step


@contextmanager
def in_step(step: str) -> Iterator[None]:
    """Inside, whatever is wrong is wrong in this step. Raises Misfilled."""
    try:
        yield
    except Misfilled:
        raise
    except CrackdemoError as why:
        raise Misfilled(step, why) from why


def place_of(step: str) -> gr.Markdown:
    """Where a step's faults are said; empty so far."""
    return gr.Markdown(visible=False, elem_id=f"fault-{step}", elem_classes="fit-fault")


def no_faults(faults: Faults) -> dict[Any, Any]:
    """Nothing is wrong, as far as is known."""
    return {place: gr.Markdown(visible=False) for place in faults.values()}


def shown_fault(faults: Faults, error: CrackdemoError) -> dict[Any, Any]:
    """At the fields that it concerns, or else at the start button."""
    step = error.step if isinstance(error, Misfilled) else "settings"
    return {**no_faults(faults), faults[step]: gr.Markdown(fault(error), visible=True)}
