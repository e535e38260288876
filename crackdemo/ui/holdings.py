"""Which files on the server are whose: they stay as long as their visitor, and a while longer."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path


class Holdings:
    """Files and folders by the visitor who brought them. Threads may share it."""

    def __init__(self) -> None:
        self._visitors: dict[Path, set[str]] = {}
        self._lock = threading.Lock()

    def hold(self, visitor: str, paths: Iterable[Path]) -> None:
        """They are this visitor's too: the same photo lies there once, whoever brings it. Of
        nobody in particular where the name is empty."""
        with self._lock:
            for path in paths if visitor else ():
                self._visitors.setdefault(path, set()).add(visitor)

    def is_held(self, path: Path, is_here: Callable[[str], bool]) -> bool:
        """Whether a file, or a folder around it, belongs to a visitor who is here."""
        with self._lock:
            owners = set().union(*(self._visitors.get(p, ()) for p in (path, *path.parents)))
        return any(map(is_here, owners))

    def forget_missing(self) -> None:
        """What is no longer there."""
        with self._lock:
            gone = [path for path in self._visitors if not path.exists()]
            for path in gone:
                del self._visitors[path]
