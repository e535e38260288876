"""Background fits: each a process of its own, all it is known by in its run folder.

A fit starts as this module, without torch, and waits in the queue; when its turn has come it
becomes `python -m crackdemo fit --resume`, same process. Whoever looks at the folder, this app, the
next one or a person, sees the same. One fit at a time runs in a folder of runs: the turn is a file
lock, which the system frees however the process ends. Needs a POSIX system.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crackdemo.status import LIVE_STATES, Status, read_status, write_json, write_status

_NAME = re.compile(r"\w(?:[\w .-]{0,58}\w)?")
_PROJECT = Path(__file__).parents[1]
_NICENESS = 10
_GRACE_SECONDS = 1.5
"""After this a fit that was asked to end is ended."""
_LOOK_SECONDS = 0.2
_CLAIM_SECONDS = 30.0


class JobError(ValueError):
    """It cannot be done; one sentence for the person."""


@dataclass(frozen=True)
class Job:
    """One run as its folder tells it."""

    name: str
    """The run folder's name."""
    status: Status
    """What was written, and whether the process lives."""
    place: int
    """Fits that come before it, while it is queued."""
    settings: dict[str, Any]
    """The fit's settings, JSON; empty where they cannot be read."""
    minutes: float | None
    """What it was given, until they have become epochs."""
    history: tuple[dict[str, Any], ...]
    """One report for each epoch done."""
    has_weights: bool
    """Whether there is a finished checkpoint."""

    @property
    def state(self) -> str:
        """queued, running, done, failed, cancelled or interrupted."""
        return self.status.state

    @property
    def epochs(self) -> int:
        """How many there will be at most."""
        return int(self.settings.get("epochs", 0))

    @property
    def seconds_left(self) -> float | None:
        """From the epochs done; None before the first."""
        if not self.history:
            return None
        spent = [float(report["seconds"]) for report in self.history]
        return sum(spent) / len(spent) * (self.epochs - len(spent))


class Jobs:
    """The runs of one folder. Holds nothing but its path: many may look at one folder."""

    def __init__(self, folder: Path, reserved: Sequence[str] = ()) -> None:
        self.folder = folder.resolve()
        self._reserved = {name.casefold() for name in reserved}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """Runs, the latest first."""
        runs = [path.parent for path in self.folder.glob("[!.]*/config.json")]
        return [run.name for run in sorted(runs, key=_made, reverse=True)]

    def finished(self) -> list[str]:
        """Runs whose weights can be used, sorted."""
        return sorted(p.parents[1].name for p in self.folder.glob("[!.]*/checkpoint/config.json"))

    def job(self, name: str) -> Job:
        """What is known about a run. Raises JobError."""
        run = self.run_folder(name)
        config = _read_config(run)
        status = read_status(run)
        before = [
            other
            for other in waiting(self.folder)
            if other.status == "running" or other.since < status.since
        ]
        return Job(
            name=name,
            status=status,
            place=len(before) if status.status == "queued" else 0,
            settings=config.get("fit", {}),
            minutes=config.get("minutes"),
            history=tuple(_read_history(run)),
            has_weights=(run / "checkpoint" / "config.json").exists(),
        )

    def jobs(self) -> list[Job]:
        """All runs, the latest first; one that is deleted meanwhile is left out."""
        found = []
        for name in self.names():
            with suppress(JobError):
                found.append(self.job(name))
        return found

    def check_name(self, name: str) -> str:
        """The name, trimmed. Raises JobError where it cannot be a new run's."""
        name = name.strip()
        if not _NAME.fullmatch(name):
            raise JobError(
                "A name is 1 to 60 letters, digits, spaces, dots, dashes or underscores, with a "
                "letter or digit at both ends: give one."
            )
        taken = {path.name.casefold() for path in self.folder.glob("*")} | self._reserved
        if name.casefold() in taken:
            raise JobError(f"There are weights or a run “{name}” already: take another name.")
        return name

    def start(
        self,
        name: str,
        settings: dict[str, Any],
        data: Sequence[str],
        minutes: float | None = None,
        move_in: Path | None = None,
    ) -> Job:
        """A new run; it waits for those before it.

        settings: of a FitConfig, JSON. data: folders, absolute or inside the run. move_in: a folder
        that becomes the run's own. Raises JobError.
        """
        with self._lock:
            name = self.check_name(name)
            run = self.folder / name
            try:
                run.mkdir(parents=True)
                if move_in is not None:
                    shutil.move(move_in, run / move_in.name)
                write_json(run / "config.json", _config(settings, data, minutes))
            except OSError as error:
                shutil.rmtree(run, ignore_errors=True)
                raise JobError(
                    f"The run “{name}” could not be set up ({error.strerror}): free some space "
                    "or choose another folder for runs."
                ) from None
            _launch(run)
        return self.job(name)

    def resume(self, name: str) -> Job:
        """Goes on where a run stopped. Raises JobError."""
        with self._lock:
            job = self._at_rest(name, "resumed")
            if job.state == "done":
                raise JobError(f"The run “{name}” is done: there is nothing to resume.")
            _launch(self.run_folder(name))
        return self.job(name)

    def cancel(self, name: str) -> Job:
        """Ends the fit's processes; returns once they are gone. Its epochs so far are kept."""
        run = self.run_folder(name)
        status = read_status(run)
        if status.is_live:
            _end_group(status)
            if read_status(run).status in LIVE_STATES:
                write_status(run, "cancelled")
        return self.job(name)

    def delete(self, name: str) -> None:
        """Removes a run with its weights. Raises JobError while its fit lives."""
        with self._lock:
            self._at_rest(name, "deleted")
            run = self.run_folder(name)
            hidden = run.with_name(f".deleted-{name}-{time.time_ns()}")
            run.replace(hidden)
            shutil.rmtree(hidden, ignore_errors=True)

    def rename(self, name: str, new_name: str) -> Job:
        """Raises JobError while the fit lives, or where the new name is taken or no name."""
        with self._lock:
            self._at_rest(name, "renamed")
            new_name = self.check_name(new_name)
            self.run_folder(name).rename(self.folder / new_name)
        return self.job(new_name)

    def run_folder(self, name: str) -> Path:
        """Raises JobError where there is no such run."""
        run = self.folder / name
        if not _NAME.fullmatch(name) or not (run / "config.json").is_file():
            raise JobError(f"There is no run “{name}”: choose one from the list.")
        return run

    def _at_rest(self, name: str, deed: str) -> Job:
        job = self.job(name)
        if job.status.is_live:
            raise JobError(
                f"The run “{name}” is {job.state} and cannot be {deed}: cancel it first."
            )
        return job


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


def _launch(run: Path) -> None:
    log = os.open(run / "fit.log", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "crackdemo.jobs", str(run)],
            cwd=_PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)
    write_status(run, "queued", pid=process.pid)
    threading.Thread(target=process.wait, daemon=True).start()  # or it would stay a zombie


def _end_group(status: Status) -> None:
    """SIGTERM, then SIGKILL, to the fit and the processes that it started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(status.pid, sign)
        end = time.monotonic() + _GRACE_SECONDS
        while status.is_live and time.monotonic() < end:
            time.sleep(0.02)


def _config(settings: dict[str, Any], data: Sequence[str], minutes: float | None) -> dict[str, Any]:
    return {"fit": settings, "data": list(data), "minutes": minutes}


def _read_config(run: Path) -> dict[str, Any]:
    try:
        values = json.loads((run / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) and isinstance(values.get("fit"), dict) else {}


def _read_history(run: Path) -> list[dict[str, Any]]:
    """All whole lines of metrics.jsonl; a fit that was killed may have left half of one."""
    history = []
    with suppress(OSError, ValueError):
        for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
            history.append(json.loads(line))
    return history


def _made(run: Path) -> float:
    with suppress(OSError):
        return (run / "config.json").stat().st_mtime
    return 0.0


def main(run: Path) -> None:
    """Waits, then becomes the fit."""
    os.nice(_NICENESS)
    wait_for_turn(run)
    threads = max(1, (os.cpu_count() or 1) - 1)
    fit = ["fit", "--resume", "--out", str(run), "--threads", str(threads)]
    os.execv(sys.executable, [sys.executable, "-m", "crackdemo", *fit])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
