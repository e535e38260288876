"""Many photos to a folder of results: reading, network, masks and writing go on side by side."""

import errno
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from crackdemo.arrays import RgbImage
from crackdemo.detection.detector import Detector
from crackdemo.errors import FolderError, PhotoError, Stopped
from crackdemo.files import reason_of, sha256_of
from crackdemo.inspection.output import OutputFolder
from crackdemo.inspection.predict import (
    Failed,
    Inspected,
    Outcome,
    error_row,
    errors_csv,
    inspect_photo,
    overlay_of,
    result_row,
    results_csv,
)
from crackdemo.masks.presets import Preset
from crackdemo.parallel import in_order
from crackdemo.photos.images import read_photo
from crackdemo.photos.sources import Source
from crackdemo.photos.views import VIEWS, of_class
from crackdemo.tables import harmless

_ROOM = 24_000_000
"""Pixels of photos that are looked at side by side; a larger photo is looked at alone."""
_TABLE_SECONDS = 2.0
"""After so long the tables are written anew, for those who look, and in case of a power cut."""
_TABLE_SHARE = 50
"""But only after so many times what writing them took."""


@dataclass(frozen=True)
class Kept:
    """A photo that an earlier run did, with the same settings."""

    source: Source
    """Where it came from."""


@dataclass(frozen=True)
class BatchConfig:
    """How many photos become files."""

    views: tuple[str, ...] = VIEWS
    """Which pictures are written; the tables always are."""
    resume: bool = False
    """Whether photos stay as an earlier run with the same settings left them."""
    fingerprint: str = ""
    """Of the weights: with others all is done anew."""
    at_once: int = 1
    """Photos that are looked at side by side."""
    helpers: int = 1
    """Threads that read, and as many that write."""


_Read: TypeAlias = tuple[RgbImage, str] | PhotoError
_Task: TypeAlias = tuple[int, Source]


def predict(
    sources: Sequence[Source],
    detector: Detector,
    preset: Preset,
    out: Path,
    config: BatchConfig | None = None,
    clock: Callable[[], float] = time.monotonic,
    say: Callable[[str], None] = lambda sentence: None,
) -> Generator[Outcome | Kept, None, None]:
    """Inspects the photos and writes all files of the batch into `out`; outcomes come in order.

    The tables are complete also when it is stopped early: they hold what is on the disk. say: is
    told what a person should know, a sentence at a time. Raises
    PredictError and FolderError as `OutputFolder.begin`.
    """
    batch = _Batch(sources, detector, preset, out, config or BatchConfig(), clock, say)
    yield from batch.run()


class _Batch:
    """One run. What threads share is written by one of them at a time."""

    def __init__(
        self,
        sources: Sequence[Source],
        detector: Detector,
        preset: Preset,
        out: Path,
        config: BatchConfig,
        clock: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._say = say
        self._sources, self._detector, self._preset = sources, detector, preset
        self._config, self._clock = config, clock
        views = [view for view in VIEWS if view in config.views and self._has(view)]
        if len(detector.classes) > 1 and "classes" in config.views:
            views += map(of_class, detector.classes)
        self._output = OutputFolder(out, views)
        self._heal = "reconstructions" in views
        self._stopping = threading.Event()
        self._room = _Room(_ROOM)
        self._is_full = False
        self._known: dict[str, str] = {}
        self._before: dict[str, dict[str, str]] = {}
        self._results: dict[int, dict[str, str]] = {}
        self._errors: dict[int, dict[str, str]] = {}

    def _has(self, view: str) -> bool:
        return view != "classes" and (self._detector.rebuilds or view != "reconstructions")

    def run(self) -> Iterator[Outcome | Kept]:
        with self._output.held():
            yield from self._run()

    def _run(self) -> Iterator[Outcome | Kept]:
        settings = {"weights": self._config.fingerprint, "preset": self._preset.identity()}
        rows = self._output.begin(settings, self._config.resume)
        if self._output.replaced:
            name, count = self._output.folder.name, self._output.replaced
            self._say(
                f"What “{name}” held of {count} photos was made with other settings or weights, "
                "and is gone: all is done anew."
            )
        if self._output.written_over:
            self._say(
                f"results.csv listed {self._output.written_over} photos of an earlier run, and "
                "begins anew: with --resume they would have stayed."
            )
        self._known = {row["file"]: row["sha256"] for row in rows}
        if self._config.resume:
            self._before = {row["file"]: row for row in rows}
        helpers = self._config.helpers
        tasks = enumerate(self._sources)
        read = in_order(self._read, tasks, helpers, helpers)
        inspected = in_order(self._inspect, read, self._config.at_once, 1, self._stopping.set)
        outcomes = in_order(self._save, inspected, helpers, helpers)
        written = self._clock()
        took = 0.0
        try:
            for outcome in outcomes:
                yield outcome
                if self._is_full:
                    raise FolderError(
                        "The output's disk is full: make room, then go on with --resume; what is "
                        "in results.csv is done."
                    )
                begun = self._clock()
                if begun - written >= max(_TABLE_SECONDS, _TABLE_SHARE * took):
                    self._write_tables()
                    written = self._clock()
                    took = written - begun
        except Stopped:
            pass
        finally:
            self._stopping.set()
            for stage in (outcomes, inspected, read):
                stage.close()
            self._write_tables()

    def _read(self, task: _Task) -> tuple[_Task, _Read | Kept]:
        path = task[1].path
        try:
            if self._is_done(task):
                return task, Kept(task[1])
            return task, (read_photo(path), sha256_of(path))
        except PhotoError as error:
            return task, error
        except OSError as error:
            return task, PhotoError(f"{path.name} cannot be read ({reason_of(error)}).")

    def _is_done(self, task: _Task) -> bool:
        number, source = task
        row = self._before.get(harmless(source.file))
        if row is None or not self._output.holds(source.stem):
            return False
        if not source.path.is_file() or row["sha256"] != sha256_of(source.path):
            return False
        self._results[number] = row
        return True

    def _inspect(self, given: tuple[_Task, _Read | Kept]) -> tuple[_Task, Outcome | Kept]:
        task, found = given
        if isinstance(found, Kept):
            return task, found
        if isinstance(found, PhotoError):
            return task, Failed(task[1], str(found))
        with self._room.of(found[0].shape[0] * found[0].shape[1]):
            return task, inspect_photo(
                task[1],
                lambda: found,
                self._detector,
                self._preset,
                should_stop=self._stopping.is_set,
                heal=self._heal,
            )

    def _save(self, given: tuple[_Task, Outcome | Kept]) -> Outcome | Kept:
        (number, _), outcome = given
        if isinstance(outcome, Inspected):
            outcome = self._saved(outcome)
        if isinstance(outcome, Inspected):
            self._results[number] = result_row(outcome)
        elif isinstance(outcome, Failed):
            self._errors[number] = error_row(outcome)
        return outcome

    def _saved(self, inspected: Inspected) -> Outcome:
        source, verdict = inspected.source, inspected.verdict
        pictures: dict[str, NDArray[Any]] = {
            "masks": verdict.mask,
            "heatmaps": inspected.detection.heatmap,
            **{of_class(name): mask for name, mask in verdict.classes.items()},
        }
        if inspected.detection.reconstruction is not None:
            pictures["reconstructions"] = inspected.detection.reconstruction
        try:
            if "overlays" in self._output.views:
                pictures["overlays"] = overlay_of(inspected)
            before = self._known.get(harmless(source.file), inspected.sha256)
            self._output.save(source.stem, pictures, before != inspected.sha256)
        except OSError as error:
            self._is_full |= error.errno in (errno.ENOSPC, errno.EDQUOT)
            reason = f"{source.path.name} was scored, but could not be saved ({reason_of(error)})"
            return Failed(source, f"{reason}; see to the output's disk and try again.")
        return inspected

    def _write_tables(self) -> None:
        """Rows of this batch's photos in its order, after those of photos that it has not."""
        files = {harmless(source.file) for source in self._sources}
        rows = [row for file, row in self._before.items() if file not in files]
        rows += [row for _, row in sorted(self._results.copy().items())]
        errors = [row for _, row in sorted(self._errors.copy().items())]
        several = self._detector.classes if len(self._detector.classes) > 1 else ()
        results = results_csv(rows, self._preset, several)
        self._output.write_tables(results, errors_csv(errors))


class _Room:
    """Lets photos in side by side while they are small together."""

    def __init__(self, pixels: int) -> None:
        self._most, self._taken = pixels, 0
        self._changed = threading.Condition()

    @contextmanager
    def of(self, pixels: int) -> Iterator[None]:
        """Waits until there is room, or nobody else."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken or self._taken + pixels <= self._most)
            self._taken += pixels
        try:
            yield
        finally:
            with self._changed:
                self._taken -= pixels
                self._changed.notify_all()
