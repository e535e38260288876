"""What visitors may ask the Hub, and how often."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crackdemo.checkpoints.hub import FetchedRepo
from crackdemo.errors import HubError
from crackdemo.ui.lookups import AT_ONCE, Lookups


class Hub:
    """Counts what it is asked, and answers when a test lets it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers = threading.Event()
        self.answers.set()
        self.now = 0.0

    def fetch(self, hub_id: str, *_: object) -> FetchedRepo:
        self.asked.append(hub_id)
        assert self.answers.wait(20)
        if "missing" in hub_id:
            raise HubError(f"{hub_id} is not there.")
        return FetchedRepo(Path("folder"), hub_id, "0" * 40)


def look_up(lookups: Lookups, hub_id: str) -> str:
    try:
        return lookups.fetch(hub_id, None, None, None).repo_id
    except HubError as error:
        return str(error)


def test_an_answer_holds_for_a_while_also_that_there_is_none() -> None:
    hub = Hub()
    lookups = Lookups(hub.fetch, clock=lambda: hub.now)
    for _ in range(3):
        assert look_up(lookups, "a/b") == "a/b"
        assert look_up(lookups, "a/missing") == "a/missing is not there."
    assert hub.asked == ["a/b", "a/missing"]
    hub.now += 31
    look_up(lookups, "a/b")
    assert hub.asked == ["a/b", "a/missing", "a/b"]


def test_only_models_of_a_list_may_be_had() -> None:
    hub = Hub()
    lookups = Lookups(hub.fetch, only=("a/b",))
    assert look_up(lookups, "a/b@main") == "a/b@main"
    assert "may not be had here" in look_up(lookups, "a/c")
    assert "none may" in look_up(Lookups(hub.fetch, only=()), "a/b")
    assert hub.asked == ["a/b@main"]


def test_no_more_than_a_few_wait_for_a_silent_hub() -> None:
    hub = Hub()
    hub.answers.clear()
    lookups = Lookups(hub.fetch)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [pool.submit(look_up, lookups, f"a/b{number}") for number in range(AT_ONCE)]
        while len(hub.asked) < AT_ONCE:
            pass
        assert "others wait for the Hub already: try again" in look_up(lookups, "a/c")
        hub.answers.set()
        assert [one.result(20) for one in waiting] == [f"a/b{number}" for number in range(AT_ONCE)]
    assert look_up(lookups, "a/c") == "a/c"


def test_what_is_no_id_is_refused_unasked() -> None:
    hub = Hub()
    with pytest.raises(HubError, match="not a Hub id"):
        Lookups(hub.fetch).fetch("../x", None, None, None)
    assert hub.asked == []
