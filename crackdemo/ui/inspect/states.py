"""What the server keeps of a visitor between two events."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from crackdemo.ui.given import text_given
from crackdemo.ui.inspect.regions import regions_of
from crackdemo.ui.inspect.scoring import Roll
from crackdemo.ui.inspect.session import Session


@dataclass(frozen=True)
class States:
    """The parts of a visitor's `Session`; each is written by other events."""

    roll: gr.State
    on_show: gr.State
    regions: gr.Textbox
    only: gr.Dropdown
    """The class that counts, of weights that tell several apart; "" are all."""
    redraw: gr.Button
    """Pressed by the page when a hand has changed the regions."""

    @property
    def all(self) -> list[Any]:
        """In the order of `session_of`."""
        return [self.roll, self.on_show, self.regions, self.only]


def states(only: gr.Dropdown) -> States:
    """Of somebody who has just come."""
    regions = gr.Textbox(visible="hidden", elem_id="regions")
    redraw = gr.Button(visible="hidden", elem_id="redraw")
    return States(gr.State(Roll()), gr.State(), regions, only, redraw)


def session_of(
    roll: Roll, on_show: str | None, regions: str | None, only: str | None = None
) -> Session:
    """Of the values of `States.all`. Raises ConfigError."""
    return Session(roll, on_show, regions_of(regions), text_given("The class", only))
