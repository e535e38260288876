"""The disk that checkpoints of the Hub take in a folder of the app's own: bounded, and those that
were longest not asked for make room."""

import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crackdemo.checkpoints.layout import SIZE_LIMITS
from crackdemo.errors import HubError

RECENT_SECONDS = 600.0
"""What was asked for within this time is in use."""
_BEGIN = "models--"
"""So the Hub's client begins the names of its folders, one a model, with its blobs in it."""


class Shelf:
    """Models in a cache of the Hub's client. Threads may share it."""

    def __init__(
        self,
        folder: Path,
        most_bytes: int,
        spare: Callable[[Path], int],
        now: Callable[[], float] = time.time,
    ) -> None:
        """spare: bytes that a folder's disk can still give. now: by the clock that dates files."""
        self._folder, self._most_bytes = folder, most_bytes
        self._spare, self._now = spare, now
        self._coming: Counter[str] = Counter()
        self._lock = threading.Lock()

    def use(self, repo_id: str) -> None:
        """Notes that a model, `owner/name`, is asked for."""
        now = self._now()
        with suppress(OSError):
            os.utime(self._folder / _named(repo_id), (now, now))

    @contextmanager
    def room_for(self, repo_id: str, keep: Collection[str] = ()) -> Iterator[None]:
        """Inside, there is room for one more checkpoint, of any size. keep: models that stay; those
        that are on their way here, or were asked for just now, do too. Raises HubError."""
        with self._lock:
            self._coming[repo_id] += 1
        try:
            self._make_room({*keep, *self._coming})
            yield
            self.use(repo_id)
        finally:
            with self._lock:
                self._coming -= Counter({repo_id: 1})

    def _make_room(self, keep: Collection[str]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = {_named(repo_id) for repo_id in keep}
        with self._lock:
            models = sorted((each.stat().st_mtime, each) for each in self._models())
            sizes = {model: _size(model) for _, model in models}
            there = sum(sizes.values())
            most = min(self._most_bytes, there + self._spare(self._folder))
            excess = there + self._coming.total() * sum(SIZE_LIMITS.values()) - most
            for used, model in models:
                is_recent = used > self._now() - RECENT_SECONDS
                if excess > 0 and not is_recent and model.name not in kept:
                    shutil.rmtree(model, ignore_errors=True)
                    excess -= sizes[model]
        if excess > 0:
            raise HubError(
                "The server has no room for another model of the Hub, for those that it has are in "
                "use: try again in ten minutes, or take weights from the list."
            )

    def _models(self) -> list[Path]:
        return [each for each in self._folder.glob(f"{_BEGIN}*") if not each.is_symlink()]


def _named(repo_id: str) -> str:
    return _BEGIN + repo_id.replace("/", "--")


def _size(model: Path) -> int:
    """With what arrived of a download that broke off."""
    size = 0
    for blob in (model / "blobs").glob("*"):
        with suppress(OSError):
            size += blob.stat().st_size
    return size
