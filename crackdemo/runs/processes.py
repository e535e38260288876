"""Processes that outlive the one that started them: their birth, and the end of a whole tree."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from crackdemo.detection.lent import ZERO_GPU

_NICENESS = 10
_GRACE_SECONDS = 1.5
"""After this a process that was asked to end is ended."""
PROJECT = Path(__file__).parents[2]
"""Where `python -m crackdemo` is found, whatever folder the app was started in."""


def birth_of(pid: int) -> str:
    """When a process started; empty for one that has ended, even if nobody has waited for it."""
    try:
        process = psutil.Process(pid)
        created, state = process.create_time(), process.status()
        if psutil.LINUX:  # which counts from its start: a clock that is set right moves both times
            created -= psutil.boot_time()
    except (psutil.Error, OSError, ValueError, OverflowError):
        return ""
    # in hundredths, as Linux counts and as runs made before have it
    return "" if state in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD) else str(round(100 * created))


def start_detached(module: str, given: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """`python -m module given`, which no signal to this process or its terminal reaches."""
    windows = 0
    if sys.platform == "win32":
        windows = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", module, *given],
            cwd=PROJECT,
            # a card that is lent to the page is none for it
            env={name: value for name, value in os.environ.items() if name != ZERO_GPU},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=os.name == "posix",
            creationflags=windows,
        )


def step_back(pid: int | None = None) -> None:
    """A process, this one unless it is given, and those it will start leave the others the
    processor."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if sys.platform == "win32":
            process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            process.nice(max(_NICENESS, process.nice()))


def end_tree(pid: int, born: str) -> None:
    """Ends the process that was born then, and all that it started; returns once they are gone."""
    if not born or birth_of(pid) != born:
        return
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        for end in (psutil.Process.terminate, psutil.Process.kill):
            for member in family:
                with suppress(psutil.Error):
                    end(member)
            family = _still_there(family)


def _still_there(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended after the grace; one that nobody waits for has."""
    end = time.monotonic() + _GRACE_SECONDS
    while (left := [each for each in processes if _lives(each)]) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
