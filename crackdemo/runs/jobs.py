"""Background fits: each a process of its own, all it is known by in its run folder.

A fit starts as `crackdemo.runs.queue` and waits there until it may run. Whoever looks at the folder,
this app, the next one or a person, sees the same. Needs a POSIX system.
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crackdemo.errors import RunError
from crackdemo.runs.status import (LIVE_STATES, Status, read_status, write_json, write_status)
from crackdemo.runs.queue import waiting

_NAME = re.compile(r"\w(?:[\w .-]{0,58}\w)?")
_PROJECT = Path(__file__).parents[2]
_GRACE_SECONDS = 1.5
"""After this a fit that was asked to end is ended."""


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
        """How many there will be at most; 0 where the settings do not say."""
        epochs = self.settings.get("epochs")
        return epochs if isinstance(epochs, int) else 0

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
        runs = [path.parent for path in self.folder.glob("[!.]*/checkpoint")]
        return sorted(run.name for run in runs if _has_weights(run))

    def job(self, name: str) -> Job:
        """What is known about a run. Raises RunError."""
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
            minutes=_number(config.get("minutes")),
            history=tuple(_read_history(run)),
            has_weights=_has_weights(run),
        )

    def jobs(self) -> list[Job]:
        """All runs, the latest first; one that is deleted meanwhile is left out."""
        found = []
        for name in self.names():
            with suppress(RunError):
                found.append(self.job(name))
        return found

    def check_name(self, name: str) -> str:
        """The name, trimmed. Raises RunError where it cannot be a new run's."""
        name = name.strip()
        if not _NAME.fullmatch(name):
            raise RunError(
                "A name is 1 to 60 letters, digits, spaces, dots, dashes or underscores, with a "
                "letter or digit at both ends: give one."
            )
        taken = {path.name.casefold() for path in self.folder.glob("*")} | self._reserved
        if name.casefold() in taken:
            raise RunError(f"There are weights or a run “{name}” already: take another name.")
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
        that becomes the run's own. Raises RunError.
        """
        with self._lock:
            name = self.check_name(name)
            run = self.folder / name
            config = {"fit": settings, "data": list(data), "minutes": minutes}
            try:
                with _disk_explained(name, "set up"):
                    run.mkdir(parents=True)
                    if move_in is not None:
                        shutil.move(move_in, run / move_in.name)
                    write_json(run / "config.json", config)
                    _launch(run)
            except RunError:
                shutil.rmtree(run, ignore_errors=True)
                raise
        return self.job(name)

    def resume(self, name: str) -> Job:
        """Goes on where a run stopped. Raises RunError."""
        with self._lock:
            job = self._at_rest(name, "resumed")
            if job.state == "done":
                raise RunError(f"The run “{name}” is done: there is nothing to resume.")
            with _disk_explained(name, "resumed"):
                _launch(self.run_folder(name))
        return self.job(name)

    def cancel(self, name: str) -> Job:
        """Ends the fit's processes; returns once they are gone. Its epochs so far are kept."""
        run = self.run_folder(name)
        status = read_status(run)
        if status.is_live:
            _end_group(status)
            if read_status(run).status in LIVE_STATES:
                with suppress(OSError):  # on a full disk it reads "interrupted", which is true too
                    write_status(run, "cancelled")
        return self.job(name)

    def delete(self, name: str) -> None:
        """Removes a run with its weights. Raises RunError while its fit lives."""
        with self._lock:
            self._at_rest(name, "deleted")
            run = self.run_folder(name)
            hidden = run.with_name(f".deleted-{name}-{time.time_ns()}")
            with _disk_explained(name, "deleted"):
                run.replace(hidden)
            shutil.rmtree(hidden, ignore_errors=True)

    def rename(self, name: str, new_name: str) -> Job:
        """Raises RunError while the fit lives, or where the new name is taken or no name."""
        with self._lock:
            self._at_rest(name, "renamed")
            new_name = self.check_name(new_name)
            with _disk_explained(name, "renamed"):
                self.run_folder(name).rename(self.folder / new_name)
        return self.job(new_name)

    def run_folder(self, name: str) -> Path:
        """Raises RunError where there is no such run."""
        run = self.folder / name
        if not _NAME.fullmatch(name) or not (run / "config.json").is_file():
            raise RunError(f"There is no run “{name}”: choose one from the list.")
        return run

    def _at_rest(self, name: str, deed: str) -> Job:
        job = self.job(name)
        if job.status.is_live:
            raise RunError(
                f"The run “{name}” is {job.state} and cannot be {deed}: cancel it first."
            )
        return job


def _launch(run: Path) -> None:
    log = os.open(run / "fit.log", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "crackdemo.runs.queue", str(run)],
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


@contextmanager
def _disk_explained(name: str, deed: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(
            f"The run “{name}” could not be {deed} ({error.strerror}): free some space, or see "
            "who may write into the folder of runs."
        ) from None


def _has_weights(run: Path) -> bool:
    parts = ("config.json", "model.safetensors")
    return all((run / "checkpoint" / part).is_file() for part in parts)


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


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _made(run: Path) -> float:
    with suppress(OSError):
        return (run / "config.json").stat().st_mtime
    return 0.0
