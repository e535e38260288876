"""One fit at a time in a folder of runs: each waits for those that were started before it.

A background fit starts as this module, without torch; when its turn has come it becomes
`python -m crackdemo fit --resume`, same process. The turn is a file lock, which the system frees
however the process ends.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from crackdemo.runs.status import (Status, read_status)

_NICENESS = 10
_LOOK_SECONDS = 0.2
_CLAIM_SECONDS = 30.0


def waiting(folder: Path) -> list[Status]:
    """Of the fits in a folder of runs that wait or run, the first to be started first."""
    statuses = [read_status(path.parent) for path in folder.glob("[!.]*/status.json")]
    return sorted((s for s in statuses if s.is_live), key=lambda status: status.since)


def wait_for_turn(run: Path) -> int:
    """Blocks until this process may fit; returns the lock, which it keeps as long as it lives."""
    import fcntl  # Windows, where the rest of the app runs, has none

    _await_claim(run)
    lock = os.open(run.parent / ".turn", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(lock, True)
    while True:
        queue = [status for status in waiting(run.parent) if status.status == "queued"]
        if not queue or queue[0].pid == os.getpid():
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
        time.sleep(_LOOK_SECONDS)


def _await_claim(run: Path) -> None:
    """Until the run's status names this process; its parent writes that."""
    end = time.monotonic() + _CLAIM_SECONDS
    while read_status(run).pid != os.getpid():
        if time.monotonic() > end:
            sys.exit(1)
        time.sleep(0.02)


def threads() -> int:
    """Of a background fit: a core is left to the page."""
    return max(1, (os.cpu_count() or 1) - 1)


def main(run: Path) -> None:
    """Waits, then becomes the fit."""
    os.nice(_NICENESS)
    wait_for_turn(run)
    fit = ["fit", "--resume", "--out", str(run), "--threads", str(threads())]
    os.execv(sys.executable, [sys.executable, "-m", "crackdemo", *fit])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
