"""Runs that a visitor starts and may stop: the latest of each counts."""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

_EVENT = re.compile(r"(\w{1,40})-(\d{1,9})")
_KNOWN = 2_000
"""Visitors whose latest event is remembered; those longest not heard of are forgotten first."""


class Turn:
    """A run of one visitor, until another one begins or the visitor stops it."""

    def __init__(self) -> None:
        self.is_over = False
        self.gone = threading.Event()


class Turns:
    """The latest run of each visitor; an older one ends before the next begins."""

    def __init__(self) -> None:
        self._latest: dict[str, Turn] = {}
        self._events: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, visitor: str, event: str = "") -> Iterator[Turn]:
        """A run of this visitor, after the one before has come to its end.

        event: what the page calls the request for it, `page-number`. The server's threads may begin
        two that came one after the other in the other order: then the earlier one is over at once,
        and ends nobody.
        """
        turn = Turn()
        with self._lock:
            if self._is_late(visitor, event):
                turn.is_over = True
            before = None if turn.is_over else self._latest.get(visitor)
            if not turn.is_over:
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

    def _is_late(self, visitor: str, event: str) -> bool:
        """Whether one that the same page asked for later has begun already."""
        named = _EVENT.fullmatch(event)
        if named is None:  # a program
            return False
        page, number = named[1], int(named[2])
        known, latest = self._events.get(visitor, ("", 0))
        if known == page and number < latest:
            return True
        self._events[visitor] = page, number
        self._events.move_to_end(visitor)
        if len(self._events) > _KNOWN:
            self._events.popitem(last=False)
        return False

    def stop(self, visitor: str) -> None:
        """Ends the visitor's run, if there is one."""
        with self._lock:
            if visitor in self._latest:
                self._latest[visitor].is_over = True
