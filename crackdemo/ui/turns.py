"""Runs that a visitor starts and may stop: the latest of each counts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turn:
    """A run of one visitor, until another one begins or the visitor stops it."""

    def __init__(self) -> None:
        self.is_over = False
        self.gone = threading.Event()


class Turns:
    """The latest run of each visitor; an older one ends before the next begins."""

    def __init__(self) -> None:
        self._latest: dict[str, Turn] = {}
        self._lock = threading.Lock()

    @contextmanager
    def take(self, visitor: str) -> Iterator[Turn]:
        """A run of this visitor, after the one before has come to its end."""
        turn = Turn()
        with self._lock:
            before = self._latest.get(visitor)
            self._latest[visitor] = turn
        if before is not None:
            before.is_over = True
            before.gone.wait()
        try:
            yield turn
        finally:
            turn.gone.set()
            with self._lock:
                if self._latest.get(visitor) is turn:
                    del self._latest[visitor]

    def stop(self, visitor: str) -> None:
        """Ends the visitor's run, if there is one."""
        with self._lock:
            if visitor in self._latest:
                self._latest[visitor].is_over = True
