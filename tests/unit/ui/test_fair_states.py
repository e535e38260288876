"""Whose pages are forgotten where there are too many."""

from collections.abc import Callable

import gradio as gr
import pytest

from crackdemo.ui.fair_states import FairStates

Open = Callable[..., list[str]]


@pytest.fixture
def opened() -> Open:
    """Sessions that are left of some, named for their visitors; three fit in."""

    def open_all(*sessions: str, here: str = "") -> list[str]:
        states = FairStates(lambda session: session[0], lambda visitor: visitor in here)
        with gr.Blocks() as page:
            gr.Textbox()
        page.state_session_capacity = 3
        states.set_blocks(page)
        for session in sessions:
            states[session].state_data[1] = session
        assert all(states[left].state_data[1] == left for left in list(states.session_data))
        return list(states.session_data)

    return open_all


def test_who_opens_many_loses_the_own_oldest(opened: Open) -> None:
    assert opened("a1", "b1", "b2", "b3", "b4") == ["a1", "b3", "b4"]


def test_of_as_many_who_is_gone_comes_first(opened: Open) -> None:
    assert opened("a1", "b1", "c1", "d1", here="acd") == ["a1", "c1", "d1"]
    assert opened("a1", "b1", "c1", "d1", here="abcd") == ["b1", "c1", "d1"]


def test_what_is_used_is_younger(opened: Open) -> None:
    assert opened("a1", "b1", "c1", "a1", "d1") == ["c1", "a1", "d1"]
