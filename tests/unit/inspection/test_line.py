"""Who is served when."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from crackdemo.errors import BusyError, Stopped
from crackdemo.inspection.in_turn import InTurn
from crackdemo.inspection.line import Line
from crackdemo.inspection.store import Visitor
from tests.fakes import FakeDetector, one_crack


class Waiting:
    """Visitors that queue up one after the other while the line is held."""

    def __init__(self, line: Line, pool: ThreadPoolExecutor) -> None:
        self.line, self.pool = line, pool
        self.served: list[str] = []
        self.futures: list[Future[None]] = []

    def come(self, visitor: str, group: str = "") -> None:
        before = self.line.waiting(group)
        self.futures.append(self.pool.submit(self._take, visitor, group))
        while self.line.waiting(group) == before:
            assert not self.futures[-1].done()

    def _take(self, visitor: str, group: str) -> None:
        with self.line.turn(visitor, group):
            self.served.append(visitor)

    def all_served(self) -> list[str]:
        for future in self.futures:
            future.result(20)
        return self.served


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    with ThreadPoolExecutor(20) as pool:
        yield Waiting(Line(), pool)


def test_visitors_take_turns_however_much_one_asks_for(waiting: Waiting) -> None:
    with waiting.line.turn("nobody"):
        for visitor in ("greedy", "greedy", "greedy", "ann", "bob", "ann"):
            waiting.come(visitor)
    assert waiting.all_served() == ["greedy", "ann", "bob", "greedy", "ann", "greedy"]


def test_groups_take_turns_however_many_are_in_one(waiting: Waiting) -> None:
    with waiting.line.turn("nobody"):
        for number in range(4):
            waiting.come(f"program {number}", "programs")
        waiting.come("ann", "pages")
        waiting.come("bob", "pages")
    served = waiting.all_served()
    assert served[:4] == ["program 0", "ann", "program 1", "bob"]


def test_only_one_is_served_at_a_time() -> None:
    line, inside, most = Line(), [], []

    def take(visitor: int) -> None:
        with line.turn(str(visitor)):
            inside.append(visitor)
            most.append(len(inside))
            inside.remove(visitor)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(200)))
    assert max(most) == 1 and line.waiting() == 0


def test_who_stops_waits_no_more_and_keeps_nobody_waiting(waiting: Waiting) -> None:
    def give_up() -> None:
        with waiting.line.turn("ann", should_stop=lambda: True):
            pass

    with waiting.line.turn("busy"):
        with pytest.raises(Stopped):
            waiting.pool.submit(give_up).result(20)
        assert waiting.line.waiting() == 0
        waiting.come("bob")
    assert waiting.all_served() == ["bob"]


def test_a_line_that_is_too_long_is_refused_for_that_group_alone() -> None:
    line, stop = Line(), threading.Event()
    with ThreadPoolExecutor(4) as pool:

        def wait(group: str) -> None:
            with line.turn("x", group, stop.is_set, longest=2):
                pass

        with line.turn("busy"):
            asked = [pool.submit(wait, "programs") for _ in range(2)]
            while line.waiting("programs") < 2:
                pass
            with pytest.raises(BusyError, match=r"2 photos wait already.*try again"):
                pool.submit(wait, "programs").result(20)
            asked.append(pool.submit(wait, "pages"))
            while not line.waiting("pages"):
                pass
            assert line.before("x") == 0 and line.before("y") == 2
        for one in asked:
            one.result(20)


def test_a_turn_that_fails_makes_room() -> None:
    line = Line()
    with pytest.raises(RuntimeError), line.turn("ann"):
        raise RuntimeError
    with line.turn("bob"):
        pass


def test_who_is_served_may_ask_again() -> None:
    line = Line()
    with line.turn("ann"), line.turn("ann"):
        pass
    with line.turn("bob"):
        assert line.waiting() == 0


def test_a_shared_detector_waits_for_its_visitors_turn(waiting: Waiting) -> None:
    detector = FakeDetector(one_crack())
    shared = InTurn(detector, waiting.line, Visitor("ann"))
    with waiting.line.turn("busy"):
        asked = waiting.pool.submit(shared.detect, np.zeros((4, 4, 3), np.uint8))
        while not waiting.line.waiting():
            assert not asked.done()
        assert detector.photos == 0
    assert asked.result(20) is detector.detection
    assert shared.calibration is detector.calibration
    assert shared.score(detector.detection) == 0.4 and shared.engine_name == detector.engine_name
