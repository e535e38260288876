"""Runs that a visitor starts and may stop: the latest of each counts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turn:
    """A run of one visitor, until another one begins or the visitor stops it.

    asked: what it is to do; None: nothing that another run could do in its place. before: the run
    that is to end first.
    """

    def __init__(self, asked: object = None, before: "Turn | None" = None) -> None:
        self.is_over = False
        self.is_replaced = False
        """Whether another one has ended it, and no person."""
        self.gone = threading.Event()
        self._asked = asked
        self._before = before

    def wait(self) -> None:
        """Ends the run before, unless it does what is asked for, and waits for it."""
        if self._before is not None:
            self._before.make_way(self._asked)
            self._before.gone.wait()
        self._before = None

    def make_way(self, asked: object) -> None:
        """Ends it, unless it does what is asked for anyway."""
        if asked is None or self._asked != asked:
            self.is_replaced = True
            self.end()

    def end(self) -> None:
        """It and all that it waits for."""
        self.is_over = True
        if self._before is not None:
            self._before.end()


class Turns:
    """The latest run of each visitor; an older one ends before the next begins."""

    def __init__(self) -> None:
        self._latest: dict[str, Turn] = {}
        self._lock = threading.Lock()

    @contextmanager
    def take(self, visitor: str, asked: object = None) -> Iterator[Turn]:
        """A run of this visitor, after the one before has come to its end."""
        with self._lock:
            turn = self._latest[visitor] = Turn(asked, self._latest.get(visitor))
        try:
            turn.wait()
            yield turn
        finally:
            turn.gone.set()
            with self._lock:
                if self._latest.get(visitor) is turn:
                    del self._latest[visitor]

    def make_way(self, visitor: str, asked: object) -> None:
        """Ends the visitor's run, unless it does what is asked for anyway."""
        with self._lock:
            turn = self._latest.get(visitor)
        if turn is not None:
            turn.make_way(asked)

    def stop(self, visitor: str) -> None:
        """Ends the visitor's run, if there is one."""
        with self._lock:
            turn = self._latest.get(visitor)
        if turn is not None:
            turn.end()
