"""Which run of a visitor counts."""

import threading

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


def test_a_run_makes_way_for_another_unless_it_does_what_is_asked_for() -> None:
    turns = Turns()
    with turns.take("a", ("photos", "weights")) as one, turns.take("b", "else") as other:
        turns.make_way("a", ("photos", "weights"))
        turns.make_way("nobody", "else")
        assert not one.is_over
        turns.make_way("a", ("photos", "other weights"))
        assert one.is_over and one.is_replaced and not other.is_over


def test_a_run_that_asks_for_the_same_waits_for_the_one_before_and_is_stopped_with_it() -> None:
    turns, begun, ended = Turns(), threading.Event(), threading.Event()

    def again() -> None:
        with turns.take("a", "same") as second:
            begun.set()
            assert second.is_over
        ended.set()

    with turns.take("a", "same") as first:
        thread = threading.Thread(target=again)
        thread.start()
        assert not begun.wait(0.1) and not first.is_over
        turns.stop("a")
        assert first.is_over and not begun.is_set()
    thread.join(20)
    assert ended.is_set()


def test_it_can_be_stopped_and_only_by_its_own_visitor() -> None:
    turns = Turns()
    with turns.take("a") as one, turns.take("b") as other:
        turns.stop("a")
        turns.stop("nobody")
        assert one.is_over and not one.is_replaced and not other.is_over


def test_nothing_is_remembered_of_runs_that_have_ended() -> None:
    turns = Turns()
    for number in range(10):
        with turns.take(str(number)):
            pass
    assert not turns._latest
