"""The real page, served by the test's own process just as app.py serves it."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crackdemo.arrays import Heatmap
from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, Weights
from crackdemo.detection.detector import Detection
from crackdemo.errors import Stopped
from crackdemo.inspection.store import Scored, shown_file
from crackdemo.masks.params import MaskParams
from crackdemo.photos.images import read_photo
from crackdemo.ui.fair_states import FairStates
from crackdemo.ui.layout import launch
from crackdemo.ui.workbench import Workbench

OTHER_WEIGHTS = "other"
"""Weights in the list that see the same cracks less hot than the default ones."""
OWN_MASK = MaskParams(threshold=0.3, closing=3, min_area=5)
"""The checkpoint's own settings, which the page begins with."""


class SteppedBench(Workbench):
    """Scores at once, or as many photos as a test permits, or answers when a test lets it."""

    permits: threading.Semaphore | None = None
    waiting: int = 0
    """Runs that wait for a permit."""
    slow: frozenset[str] = frozenset()
    """Names of the photos of which answers wait; none: of all."""
    is_full: bool = False
    """Whether there is no room for the pictures that the page is to show."""
    sought: str = ""
    """Name of weights that are being looked up until a test lets them be found."""
    permitted: frozenset[tuple[Path, Weights]] = frozenset()
    """What has its permit: the run that it was given to may be cut off before it says so."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.answers = threading.Event()
        self.answers.set()
        self.seeking, self.found = threading.Event(), threading.Event()

    def resolve(self, weights: str) -> Weights:
        if weights == self.sought:
            self.seeking.set()
            self.found.wait()
        return super().resolve(weights)

    def score(
        self,
        photo: Path,
        weights: Weights,
        should_stop: Callable[[], bool] | None = None,
    ) -> Scored:
        if should_stop is not None:  # only a run that somebody can stop has it
            self._wait((photo, weights), should_stop)
        elif photo.name in self.slow or not self.slow:
            self.answers.wait()
        scored = super().score(photo, weights, should_stop)
        if self.is_full:
            shown_file(scored.folder, "photo.jpg").unlink(missing_ok=True)
        return scored

    def _wait(self, wanted: tuple[Path, Weights], should_stop: Callable[[], bool]) -> None:
        if wanted in self.permitted:
            return
        self.waiting += 1
        try:
            while self.permits is not None and not self.permits.acquire(timeout=0.02):
                if should_stop():
                    raise Stopped
            self.permitted |= {wanted}
        finally:
            self.waiting -= 1

    @contextmanager
    def only(self, photos: int) -> Iterator[threading.Semaphore]:
        """Inside, so many photos are scored; releasing the semaphore permits one more."""
        self.permits, self.permitted = threading.Semaphore(photos), frozenset()
        try:
            yield self.permits
        finally:
            self.permits = None

    @contextmanager
    def looking_up(self, weights: str) -> Iterator[None]:
        """Inside, weights of this name are being looked up, as on a slow Hub."""
        self.sought = weights
        self.seeking.clear()
        self.found.clear()
        try:
            yield
        finally:
            self.sought = ""
            self.found.set()

    @contextmanager
    def full(self) -> Iterator[None]:
        """Inside, the pictures that the page is to show are never there: as where gradio, which
        keeps them, has no room on the disk."""
        self.is_full = True
        try:
            yield
        finally:
            self.is_full = False
            self.photos.forget(lambda _: True)

    @contextmanager
    def overloaded(self, *photos: Path) -> Iterator[None]:
        """Inside, what a photo on show is asked for waits, as on a machine under load; of these
        photos alone, where there are any."""
        self.slow = frozenset(photo.name for photo in photos)
        self.answers.clear()
        try:
            yield
        finally:
            self.answers.set()


@dataclass(frozen=True)
class App:
    """A page that is being served."""

    url: str
    """Where."""
    bench: SteppedBench
    """What it works with."""
    sessions: FairStates
    """What it keeps of each page."""

    def checkpoint(self, name: str = DEFAULT_WEIGHTS) -> Path:
        """The folder of weights in the list."""
        return self.bench.shipped / name

    def detect(self, photo: Path, weights: str = DEFAULT_WEIGHTS) -> Detection:
        """What the checkpoint says, apart from the server."""
        return load_checkpoint(self.checkpoint(weights)).detector().detect(read_photo(photo))

    def heatmap(self, photo: Path, weights: str = DEFAULT_WEIGHTS) -> Heatmap:
        """Its heatmap alone."""
        return self.detect(photo, weights).heatmap


@contextmanager
def running_app(folder: Path, checkpoint: Path, r0: float = 0.08, **bench: Any) -> Iterator[App]:
    """Serves the page from a folder, with two variants of one checkpoint in the list of weights.

    r0: of the default ones.
    """
    shipped = folder / "checkpoints"
    for name, calibrated in ((DEFAULT_WEIGHTS, r0), (OTHER_WEIGHTS, 2 * r0)):
        shutil.copytree(checkpoint, shipped / name)
        config = json.loads((checkpoint / "config.json").read_text())
        config["calibration"]["r0"] = calibrated
        (shipped / name / "config.json").write_text(json.dumps(config))
    workbench = SteppedBench(folder / "scratch", shipped=shipped, hub_cache=folder / "hub", **bench)
    page = launch(workbench, prevent_thread_lock=True, quiet=True)
    try:
        yield App(page.local_url, workbench, page.app.state_holder)
    finally:
        page.close(verbose=False)
