"""Which run of a visitor counts."""

import threading

from crackdemo.ui import turns as module
from crackdemo.ui.turns import Turns


def test_a_later_run_ends_the_one_before_and_waits_for_it() -> None:
    turns, begun = Turns(), threading.Event()

    def later() -> None:
        with turns.take("a"):
            begun.set()

    with turns.take("a") as first, turns.take("b") as other:
        thread = threading.Thread(target=later)
        thread.start()
        while not first.is_over:
            assert not begun.is_set()
        assert not other.is_over and not begun.wait(0.05)
    thread.join(20)
    assert begun.is_set()


def test_a_run_that_was_asked_for_earlier_and_begins_later_ends_nobody() -> None:
    turns = Turns()
    with turns.take("a", "page-7") as later:
        with turns.take("a", "page-6") as earlier:
            assert earlier.is_over
        assert not later.is_over
    with turns.take("a", "page-5") as earlier:  # nor does it begin when the later one has ended
        assert earlier.is_over
    with turns.take("a", "page-8") as next_one:
        assert not next_one.is_over
    with turns.take("a", "reloaded-1") as of_another_page, turns.take("b", "page-1") as other:
        assert not of_another_page.is_over and not other.is_over
    for program in ("", "nonsense", "page-99999999999999"):
        with turns.take("a", program) as run:
            assert not run.is_over


def test_it_can_be_stopped_and_only_by_its_own_visitor() -> None:
    turns = Turns()
    with turns.take("a") as one, turns.take("b") as other:
        turns.stop("a")
        turns.stop("nobody")
        assert one.is_over and not other.is_over


def test_what_is_remembered_is_bounded() -> None:
    turns = Turns()
    for number in range(module._KNOWN + 10):
        with turns.take(str(number), "page-1"):
            pass
    assert len(turns._events) == module._KNOWN and not turns._latest
