"""The folder of one running app: temporary files, uploads and caches, gone when it ends.

An app that was killed leaves its folder behind; the next one that starts finds that nobody holds
its lock any more, and removes it. A folder without that lock and a mark was made by others.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "crackdemo-"
LOCK = ".crackdemo.lock"
MARK, _MADE_HERE = ".crackdemo", "Made by crackdemo; it goes when the app ends.\n"
"""In it, what tells that it was made here."""
UPLOADS = "gradio"
"""In it, what visitors uploaded."""


class Scratch:
    """Held until it is removed."""

    def __init__(self, parent: Path) -> None:
        """Makes a folder in `parent`. Raises OSError."""
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            (self.folder / MARK).write_text(_MADE_HERE)
            lock = _take(self.folder)
            if lock is not None and (self.folder / LOCK).exists():
                break  # else another app that starts just now took it for abandoned
        self._lock = lock

    def remove(self) -> None:
        """All that is in it, and itself."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()


def _is_ours(folder: Path) -> bool:
    """A folder of this name may be somebody else's, with a file of any name in it."""
    try:
        is_marked = (folder / MARK).read_text(errors="replace") == _MADE_HERE
        return is_marked and (folder / LOCK).is_file() and folder.stat().st_uid == os.getuid()
    except OSError:
        return False


def remove_abandoned(parent: Path) -> int:
    """Folders that apps left behind which are no longer alive; says how many."""
    removed = 0
    for folder in parent.glob(f"{PREFIX}*"):
        if folder.is_symlink() or not _is_ours(folder):
            continue
        lock = _take(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()
            removed += 1
    return removed


def _take(folder: Path) -> FileLock | None:
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return None
    return lock


def sweep(folder: Path, before: float, most_bytes: int, in_use: Callable[[Path], bool]) -> int:
    """Removes files that were last changed before a moment, and the oldest ones of too many; never
    one in use. Gives the bytes that are left.

    before: seconds of the clock that files are dated by.
    """
    files = []
    for path in folder.rglob("*"):
        try:
            if path.is_file() and not path.is_symlink() and path.name != LOCK:
                stat = path.stat()
                files.append((stat.st_mtime, stat.st_size, path))
        except OSError:
            continue  # gone meanwhile
    left = sum(size for _, size, _ in files)
    for changed, size, path in sorted(files):
        if (changed < before or left > most_bytes) and not in_use(path):
            path.unlink(missing_ok=True)
            left -= size
            _remove_empty(path.parent, folder)
    return left


def _remove_empty(folder: Path, top: Path) -> None:
    while folder != top:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
