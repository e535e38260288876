"""How much each name has had within the last minute."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

_MINUTE = 60.0
_NAMES = 10_000
"""Of whom this is known; who asked longest ago is forgotten first."""


class Quota:
    """The same for each name. Threads may share it."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        """most: in a minute. clock: seconds that pass."""
        self.most, self._clock = most, clock
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str, count: int = 1) -> bool:
        """Whether there were so many left; if not, none is taken."""
        with self._lock:
            taken, now = self._recent(name), self._clock()
            if len(taken) + count > self.most:
                return False
            taken.extend([now] * count)
            return True

    def give_back(self, name: str) -> None:
        """One that was taken last and not needed."""
        with self._lock:
            if taken := self._recent(name):
                taken.pop()

    def is_used_up(self, name: str) -> bool:
        """Whether there is none left just now."""
        with self._lock:
            return len(self._recent(name)) >= self.most

    def _recent(self, name: str) -> deque[float]:
        taken = self._taken.setdefault(name, deque())
        self._taken.move_to_end(name)
        if len(self._taken) > _NAMES:
            self._taken.popitem(last=False)
        while taken and taken[0] <= self._clock() - _MINUTE:
            taken.popleft()
        return taken
