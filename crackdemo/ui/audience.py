"""Who still listens: a page by its heartbeat, a program by the stream that brings its answer."""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

PATIENCE = 30.0
"""Seconds that a program may take between its question and its looking for the answer."""
_FORGOTTEN = 3600.0
"""Seconds after which nobody asks for one who left any more."""
_MOST = 50_000
"""Who left that are remembered, of pages and of all others each: names can be made up."""
PAGE = "page "
"""What the names of pages begin with."""


class Audience:
    """Streams by the session, or event, that they belong to. Threads may share it."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
        most: int = _MOST,
    ) -> None:
        self._clock, self._patience, self._most = clock, patience, most
        self._open: Counter[str] = Counter()
        # apart: who makes up events makes no page forgotten
        self._left: dict[bool, OrderedDict[str, float]] = {
            is_page: OrderedDict() for is_page in (False, True)
        }
        self._lock = threading.Lock()

    @contextmanager
    def listening(self, name: str) -> Iterator[None]:
        """Inside, a stream is open."""
        with self._lock:
            self._open[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._open[name] -= 1
                if not self._open[name]:
                    del self._open[name]
                self._note(name)

    def seen(self, name: str) -> None:
        """Somebody was here just now."""
        with self._lock:
            self._note(name)

    def _note(self, name: str) -> None:
        left = self._left[name.startswith(PAGE)]
        left[name] = self._clock()
        left.move_to_end(name)
        while len(left) > self._most or next(iter(left.values())) < self._clock() - _FORGOTTEN:
            left.popitem(last=False)

    def _left_at(self, name: str) -> float | None:
        return self._left[name.startswith(PAGE)].get(name)

    def now(self) -> float:
        """The clock by which `is_gone` counts."""
        return self._clock()

    def was_here(self, name: str, within: float) -> bool:
        """Whether somebody listens, or did not so many seconds ago."""
        with self._lock:
            left = self._left_at(name)
            is_late = left is not None and left > self._clock() - within
            return name in self._open or is_late

    def is_gone(self, names: Collection[str], since: float) -> bool:
        """Whether nobody will take the answer to a question of then: who listened has hung up, or
        nobody ever did. names: of the streams that could bring it."""
        with self._lock:
            if any(name in self._open for name in names):
                return False
            has_left = any((self._left_at(name) or since - 1) > since for name in names)
        return has_left or self._clock() - since > self._patience
