"""Background fits: each a process of its own, all it is known by in its run folder.

Whoever looks at the folder, this app, the next one, the command line or a person, sees the same,
and any of them may start, rename or delete at any time: what is refused is decided where it is
done, by a lock or by the system, and nothing is removed that was not made here or asked for.
"""

import errno
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from crackdemo.checkpoints.finished import family_in, metrics_in
from crackdemo.errors import RunError, is_legible, legible
from crackdemo.models.families import FAMILIES
from crackdemo.runs.class_figures import class_figures
from crackdemo.runs.folder import RunConfig, RunFolder, runs_in
from crackdemo.runs.job import Job
from crackdemo.runs.processes import end_tree, start_detached
from crackdemo.runs.queue import alone_with, gone, waiting
from crackdemo.runs.status import LIVE_STATES, Status

_NAME = re.compile(r"\w(?:[\w .-]{0,58}\w)?")
_NAME_BYTES = 180
"""Of a name: files and folders beside the run have longer ones, and 255 is the system's limit."""
_LOOK_SECONDS = 0.02
_UNKNOWN = RunConfig({}, [])


class Jobs:
    """The runs of one folder. Holds nothing but its path: many may look at one folder."""

    def __init__(
        self,
        folder: Path,
        reserved: Sequence[str] = (),
        open_run: Callable[[Path], RunFolder] = RunFolder,
    ) -> None:
        self.folder = folder.resolve()
        self._reserved = {name.casefold() for name in reserved}
        self._open_run = open_run

    def names(self) -> list[str]:
        """Runs, the latest first."""
        runs = sorted(runs_in(self.folder), key=lambda run: run.made, reverse=True)
        return [run.path.name for run in runs]

    def finished(self) -> list[str]:
        """Runs whose weights can be used by their name, sorted."""
        return sorted(
            run.path.name
            for run in runs_in(self.folder)
            if family_in(run.checkpoint) in FAMILIES and not self._is_reserved(run.path.name)
        )

    def weights(self, name: str) -> Path | None:
        """The checkpoint of a run whose weights can be used; None where the name is of none."""
        return RunFolder(self.folder / name).checkpoint if name in self.finished() else None

    def job(self, name: str) -> Job:
        """What is known about a run. Raises RunError."""
        job = self._read(name)
        if job.status.status != "queued":
            return job
        return _placed(job, waiting(self.folder))

    def jobs(self) -> list[Job]:
        """All runs, the latest first; one that is deleted meanwhile is left out."""
        found = []
        for name in self.names():
            with suppress(RunError):
                found.append(self._read(name))
        live = [job.status for job in found if job.status.is_live]
        return [_placed(job, live) for job in found]

    def _read(self, name: str) -> Job:
        run = self._open_run(self.run_folder(name).path)
        config = _UNKNOWN
        with suppress(RunError):
            config = run.config()
        own = run.path.resolve()
        return Job(
            name=name,
            status=run.status(),
            place=0,
            settings=config.fit,
            data=tuple(own / folder for folder in config.data),
            minutes=config.minutes,
            history=tuple(run.metrics()),
            family=family_in(run.checkpoint),
            quality=tuple(run.quality()),
            alarms=tuple(run.alarms()),
            classes=tuple(class_figures(metrics_in(run.checkpoint))),
            search=run.search(),
            uploads=tuple(map(str, run.uploads())),
            named_as_shipped=self._is_reserved(name),
        )

    def _is_reserved(self, name: str) -> bool:
        return name.casefold() in self._reserved

    def check_name(self, name: str) -> str:
        """The name, trimmed. Raises RunError where it cannot be a new run's."""
        name = str(name).strip()
        if not _NAME.fullmatch(name):
            raise RunError(
                "A name is 1 to 60 letters, digits, spaces, dots, dashes or underscores, with a "
                "letter or digit at both ends: give one."
            )
        if len(name.encode()) > _NAME_BYTES:
            raise RunError(
                f"The name “{name}” takes more than {_NAME_BYTES} bytes: take a shorter one."
            )
        taken = set()
        with suppress(OSError):
            taken = {path.name.casefold() for path in self.folder.iterdir()}
        if self._is_reserved(name) or name.casefold() in taken:
            raise _taken(name)
        return name

    def start(
        self,
        name: str,
        settings: dict[str, Any],
        data: Sequence[str],
        minutes: float | None = None,
        move_in: Path | None = None,
        start: Path | None = None,
    ) -> Job:
        """A new run; it waits for those before it.

        settings: of a FitConfig, JSON. data: folders, absolute or inside the run. move_in: a folder
        that becomes the run's own; where there comes to be no run it stays. start: an own run's
        weights that it starts from: it gets a copy, as these may go. Raises RunError.
        """
        name = self.check_name(name)
        check_letters([settings, *data])
        try:
            config = RunConfig.from_json({"fit": settings, "data": list(data), "minutes": minutes})
        except ValueError as error:
            raise RunError(f"The run cannot be started ({error}): correct that.") from None
        with _disk_explained(name, "set up"):
            self.folder.mkdir(parents=True, exist_ok=True)
            run = self._set_up(name, config, move_in, start)
        _launch(run)
        return self.job(name)

    def _set_up(
        self, name: str, config: RunConfig, move_in: Path | None, start: Path | None
    ) -> RunFolder:
        """The run under a hidden name first, so that it is there at once and whole."""
        building = self.folder / f".new-{uuid4().hex}"
        is_copied = False
        try:
            RunFolder(building).create(config)
            if start is not None:
                with alone_with(self.folder):  # or it might be of two runs that change names
                    _copy(start, RunFolder(building).start)
            if move_in is not None:
                is_copied = _move(move_in, building / move_in.name)
            with alone_with(self.folder):
                self.check_name(name)
                _take_place(building, self.folder / name)
        except BaseException:
            if move_in is not None and not move_in.exists():
                _give_back(building / move_in.name, move_in)
            shutil.rmtree(building, ignore_errors=True)
            raise
        if move_in is not None and is_copied:
            shutil.rmtree(move_in, ignore_errors=True)
        return RunFolder(self.folder / name)

    def resume(self, name: str) -> Job:
        """Goes on where a run stopped. Raises RunError."""
        run = self._at_rest(name, "resumed")
        if run.status().status == "done":
            raise RunError(f"The run “{name}” is done: there is nothing to resume.")
        _launch(run)
        return self.job(name)

    def cancel(self, name: str) -> Job:
        """Ends the fit's processes; returns once they are gone. Its epochs so far are kept."""
        run = self.run_folder(name)
        with _disk_explained(name, "cancelled"), alone_with(self.folder):
            status = run.status()
            if status.is_live:
                end_tree(status.pid, status.born)
                if run.status().status in LIVE_STATES:
                    with suppress(OSError):  # on a full disk it reads "interrupted": true too
                        run.write_status("cancelled")
        return self.job(name)

    def delete(self, name: str) -> None:
        """Removes a run with its weights. Raises RunError while its fit lives."""
        hidden = self.folder / f".deleted-{uuid4().hex}"
        self.run_folder(name)
        with _disk_explained(name, "deleted"), alone_with(self.folder):
            self._at_rest(name, "deleted").path.rename(hidden)
        if hidden.is_symlink():
            hidden.unlink()  # what it leads to was not made here
        shutil.rmtree(hidden, ignore_errors=True)

    def rename(self, name: str, new_name: str) -> Job:
        """Raises RunError while the fit lives, or where the new name is taken or no name."""
        self.run_folder(name)
        with _disk_explained(name, "renamed"), alone_with(self.folder):
            run = self._at_rest(name, "renamed")
            new_name = self.check_name(new_name)
            _take_place(run.path, self.folder / new_name)
        return self.job(new_name)

    def run_folder(self, name: str) -> RunFolder:
        """Raises RunError where there is no such run."""
        if not isinstance(name, str) or not _NAME.fullmatch(name):  # programs send anything
            raise RunError(f"There is no run “{str(name)[:60]}”: choose one from the list.")
        run = RunFolder(self.folder / name)
        if not run.exists:
            raise RunError(f"There is no run “{legible(name)[:60]}”: choose one from the list.")
        return run

    def _at_rest(self, name: str, deed: str) -> RunFolder:
        run = self.run_folder(name)
        status = run.status()
        if status.is_live:
            raise RunError(
                f"The run “{name}” is {status.state} and cannot be {deed}: cancel it first."
            )
        return run


def check_letters(values: Any) -> None:
    """Raises RunError where JSON values hold what no file and no page can show."""
    if not is_legible(values):
        raise RunError("The settings hold half of a letter: type them anew.")


def _placed(job: Job, live: Sequence[Status]) -> Job:
    """With its place among the fits that wait or run."""
    if job.status.status != "queued":
        return job
    before = [s for s in live if s.status == "running" or s.since < job.status.since]
    return replace(job, place=len(before))


def _launch(run: RunFolder) -> None:
    """Starts the fit's process; returns once it has claimed the run. Raises RunError."""
    try:
        _start_process(run)
    except RunError:
        if not run.exists:
            raise gone(run) from None
        raise


def _start_process(run: RunFolder) -> None:
    before = run.status()
    if run.log.exists() and not run.log.is_file():  # a pipe would be waited for
        raise RunError(
            f"The run “{run.name}” is damaged, “{run.log.name}” in its folder is not what a fit "
            "makes there: move it away, then resume the run."
        )
    with _disk_explained(run.name, "started"):
        process = start_detached("crackdemo.runs.queue", [str(run.path)], run.log)
    threading.Thread(target=process.wait, daemon=True).start()  # or it would stay a zombie
    has_ended = False
    while run.status() == before:
        if has_ended:
            raise RunError(
                f"The fit of “{run.name}” ended before it had begun: free some space or see "
                "fit.log in the run’s folder, then resume it."
            )
        time.sleep(_LOOK_SECONDS)
        has_ended = process.poll() is not None  # and may have claimed the run before


def _copy(weights: Path, target: Path) -> None:
    """Raises RunError where they are no longer there, and OSError."""
    try:
        shutil.copytree(weights, target)
    except FileNotFoundError:
        raise RunError(
            "The weights that it was to start from were renamed or deleted meanwhile: choose "
            "others."
        ) from None


def _move(source: Path, target: Path) -> bool:
    """Whether it was copied, to another disk, and is still there."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copytree(source, target)
        return True
    return False


def _give_back(folder: Path, home: Path) -> None:
    """Raises RunError where it has to stay."""
    try:
        folder.rename(home)
    except FileNotFoundError:
        pass  # it was not here either
    except OSError:
        raise RunError(
            f"The run could not be set up, nor its photos put back: they are in "
            f"“{folder.parent.name}/{folder.name}” in the folder of runs."
        ) from None


def _take_place(source: Path, target: Path) -> None:
    """Renames, and never in the place of something. Raises RunError, and OSError."""
    try:
        # a rename would silently take an empty folder's place, and may do so with this one
        if os.name == "posix" and not source.is_symlink():
            target.mkdir()
    except FileExistsError:
        raise _taken(target.name) from None
    try:
        source.rename(target)
    except OSError as error:
        if os.name == "posix":
            with suppress(OSError):
                target.rmdir()  # empty, or it stays
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise _taken(target.name) from None
        raise


def _taken(name: str) -> RunError:
    return RunError(f"There are weights or a run “{name}” already: take another name.")


@contextmanager
def _disk_explained(name: str, deed: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or "not all files could be copied"
        raise RunError(
            f"The run “{name}” could not be {deed} ({reason}): free some space, or see who may "
            "write into the folder of runs."
        ) from None
