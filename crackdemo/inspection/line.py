"""A fair line before what only one can use at a time: each visitor's turn comes round."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from crackdemo.errors import BusyError, Stopped

_LOOK_SECONDS = 0.1
"""So often who waits is asked whether it still wants to."""


class Line:
    """One is served at a time. Groups take turns, in a group its visitors, and each visitor waits
    in the order in which it came: who asks for much keeps nobody waiting but itself. Threads may
    share it; the one that is served may ask again, and has its turn already."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._served: int | None = None
        self._groups: OrderedDict[str, OrderedDict[str, deque[object]]] = OrderedDict()

    @contextmanager
    def turn(
        self,
        visitor: str = "",
        group: str = "",
        should_stop: Callable[[], bool] | None = None,
        longest: int | None = None,
    ) -> Iterator[None]:
        """Inside, nobody else is served. Raises Stopped, and BusyError where so many of the group
        wait already as is the longest line."""
        if self._served == threading.get_ident():
            yield
            return
        self._wait(visitor, group, should_stop, longest)
        try:
            yield
        finally:
            with self._changed:
                self._served = None
                self._changed.notify_all()

    def before(self, visitor: str) -> int:
        """How many other visitors wait."""
        with self._changed:
            return sum(len(each.keys() - {visitor}) for each in self._groups.values())

    def waiting(self, group: str = "") -> int:
        """How many of a group wait, each as often as it asked."""
        with self._changed:
            return self._waiting(group)

    def _waiting(self, group: str) -> int:
        return sum(map(len, self._groups.get(group, {}).values()))

    def _wait(
        self,
        visitor: str,
        group: str,
        should_stop: Callable[[], bool] | None,
        longest: int | None,
    ) -> None:
        ticket = object()
        with self._changed:
            if longest is not None and self._waiting(group) >= longest:
                raise BusyError(
                    f"{longest} photos wait already, as many as may wait at once: try again in a "
                    "minute."
                )
            self._groups.setdefault(group, OrderedDict()).setdefault(visitor, deque())
            self._groups[group][visitor].append(ticket)
            try:
                while self._served is not None or self._next() is not ticket:
                    if should_stop is not None and should_stop():
                        raise Stopped
                    self._changed.wait(_LOOK_SECONDS if should_stop is not None else None)
            except BaseException:
                self._leave(visitor, group, ticket)
                self._changed.notify_all()
                raise
            self._served = threading.get_ident()
            self._leave(visitor, group, ticket)
            # who was served comes after all others
            if group in self._groups:
                self._groups.move_to_end(group)
            if visitor in self._groups.get(group, {}):
                self._groups[group].move_to_end(visitor)

    def _next(self) -> object:
        visitors = next(iter(self._groups.values()))
        return next(iter(visitors.values()))[0]

    def _leave(self, visitor: str, group: str, ticket: object) -> None:
        self._groups[group][visitor].remove(ticket)
        if not self._groups[group][visitor]:
            del self._groups[group][visitor]
        if not self._groups[group]:
            del self._groups[group]
