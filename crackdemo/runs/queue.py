"""One fit at a time in a folder of runs: each waits for those that were started before it.

A background fit starts as this module, without torch: it claims its run, waits, and becomes
`python -m crackdemo fit --resume` in the same process. The turn is a file lock, which the system
frees however the process ends.
"""

import os
import runpy
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from crackdemo.errors import RunError
from crackdemo.runs.folder import RunFolder, runs_in
from crackdemo.runs.processes import step_back
from crackdemo.runs.status import Status

_LOOK_SECONDS = 0.2
_DEED_SECONDS = 60.0
"""Longest wait for what another app does with the runs; the longest takes a few seconds."""


def waiting(folder: Path) -> list[Status]:
    """Of the fits in a folder of runs that wait or run, the first to be started first."""
    statuses = [run.status() for run in runs_in(folder)]
    return sorted((s for s in statuses if s.is_live), key=lambda status: status.since)


@contextmanager
def alone_with(folder: Path) -> Iterator[None]:
    """While runs are made, claimed, cancelled, renamed or deleted, by one thread of one app.

    Raises RunError where that takes too long, and OSError.
    """
    lock = FileLock(folder / ".deeds")
    try:
        lock.acquire(timeout=_DEED_SECONDS)
    except Timeout:
        raise RunError(
            "Another app has been at work on the runs for a minute: end it, or try again."
        ) from None
    try:
        yield
    finally:
        lock.release()


def gone(run: RunFolder) -> RunError:
    """Of one that somebody renamed or deleted meanwhile."""
    return RunError(f"There is no run “{run.name}” any more: choose one from the list.")


def claim(run: RunFolder) -> None:
    """The run's fit is this process from now on. Raises RunError, and OSError."""
    with alone_with(run.path.parent):
        if not run.exists:
            raise gone(run)
        status = run.status()
        if status.is_live:
            raise RunError(f"The run “{run.name}” is {status.state} already: wait or cancel it.")
        run.write_status("queued")


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Begins when the fit of this process may run, and keeps the others waiting until its end."""
    lock = FileLock(folder / ".turn")
    while not lock.is_locked:
        queue = [status for status in waiting(folder) if status.status == "queued"]
        if not queue or queue[0].pid == os.getpid():
            with suppress(Timeout):
                lock.acquire(timeout=0)
                break
        time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        lock.release()


def threads() -> int:
    """Of a background fit: a core is left to the page."""
    return max(1, (os.cpu_count() or 1) - 1)


def main(run: RunFolder) -> None:
    """Claims, waits, then becomes the fit."""
    claim(run)
    step_back()
    with turn(run.path.parent):
        fit = ["fit", "--resume", "--out", str(run.path), "--threads", str(threads())]
        sys.argv = ["crackdemo", *fit]
        runpy.run_module("crackdemo", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    try:
        main(RunFolder(Path(sys.argv[1])))
    except RunError as refusal:
        sys.exit(str(refusal))
