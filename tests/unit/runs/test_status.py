import os
from dataclasses import replace

import pytest

from crackdemo.runs.processes import birth_of
from crackdemo.runs.status import Status

MINE = Status("running", pid=os.getpid(), born=birth_of(os.getpid()))


def test_a_fit_is_live_while_its_process_is() -> None:
    assert MINE.is_live
    assert MINE.state == "running"


@pytest.mark.parametrize("born", ["", "1", "long ago", "Mon Aug  3 10:00:00 2026"])
def test_another_process_with_the_same_number_is_not_the_fit(born: str) -> None:
    other = replace(MINE, born=born)
    assert not other.is_live
    assert other.state == "interrupted"


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1, 10**30])
def test_a_number_that_no_process_has_is_not_the_fit(pid: int) -> None:
    assert not replace(MINE, pid=pid).is_live


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_what_has_ended_stays_so_without_a_process(state: str) -> None:
    assert Status(state).state == state
    assert not Status(state).is_live


@pytest.mark.parametrize("name", ["message", "doing"])
def test_of_a_text_that_is_no_sentence_any_more_the_beginning_is_read(name: str) -> None:
    told = getattr(Status.from_json({"status": "failed", name: "a" * 5_000_000}), name)
    assert told == "a" * 1999 + "…"
    whole = getattr(Status.from_json({"status": "failed", name: "a" * 2000}), name)
    assert whole == "a" * 2000
