"""What the page works with: weights by name, and photos that they have scored."""

import shutil
import tempfile
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from crackdemo.checkpoints.checkpoint import WEIGHTS, CheckpointConfig, load_checkpoint
from crackdemo.checkpoints.names import SHIPPED, Weights, resolve_weights, shipped_names
from crackdemo.detection.detector import Detector, best_device
from crackdemo.errors import CheckpointError, WeightsError
from crackdemo.inspection.store import Scored, ScoredPhotos
from crackdemo.masks.cut import MaskParams
from crackdemo.runs.folder import RunFolder
from crackdemo.runs.jobs import Jobs

_LOADED = 4
"""Detectors that are kept; a network takes a few megabytes and a moment to load."""

_EXPORTS = 32
"""Export folders that are kept; the page copies their files as soon as it hands them out."""


@dataclass
class Workbench:
    """Shared by all visitors of one server. Threads may share it."""

    scratch: Path
    """Where scored photos are cached; of this process alone."""
    allowed: tuple[Path, ...] = ()
    """Folders from which weights and data may be read by path."""
    endpoint: str | None = None
    """The Hub's address, None for the real one."""
    hub_cache: Path | None = None
    """Where checkpoints from the Hub are kept, None for its client's own place."""
    shipped: Path = SHIPPED
    """Holds one checkpoint folder for each of the weights in the list."""
    runs: Path | None = None
    """Where fits are kept; None switches training off."""
    owner: str | None = None
    """On a Space, the Hub name of the one who may fit, rename and delete; None at home."""
    photos: ScoredPhotos = field(init=False)
    """Detections so far."""

    def __post_init__(self) -> None:
        self.photos = ScoredPhotos(self.scratch)
        self.jobs = None if self.runs is None else Jobs(self.runs, shipped_names(self.shipped))
        self._detectors: OrderedDict[str, Detector] = OrderedDict()
        self._exports: deque[Path] = deque()
        self._lock = threading.Lock()

    def new_export_folder(self) -> Path:
        """An empty folder for files that a visitor takes away; the oldest one makes room."""
        exports = self.scratch / "exports"
        exports.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=exports))
        with self._lock:
            self._exports.append(folder)
            if len(self._exports) > _EXPORTS:
                shutil.rmtree(self._exports.popleft(), ignore_errors=True)
        return folder

    @property
    def device(self) -> str:
        """cuda, mps or cpu."""
        return best_device().type

    @property
    def scored_count(self) -> int:
        """Forward passes so far, all weights together."""
        return self.photos.passes

    def weights_names(self) -> list[str]:
        """Weights that can be chosen from a list."""
        return shipped_names(self.shipped) + (self.jobs.finished() if self.jobs else [])

    def resolve(self, weights: str) -> Weights:
        """A name, `owner/name[@revision]` or allowed path to a folder. Raises WeightsError."""
        name = weights.strip()
        if self.jobs and name in self.jobs.finished():
            return Weights(RunFolder(self.jobs.folder / name).checkpoint, name)
        return resolve_weights(
            weights,
            self.allowed,
            shipped=self.shipped,
            cache=self.hub_cache,
            endpoint=self.endpoint,
        )

    def config(self, weights: Weights) -> CheckpointConfig:
        """The checkpoint's config. Raises CheckpointError."""
        return self.detector(weights).checkpoint.config

    def own_mask(self, weights: str) -> MaskParams:
        """The weights' own mask settings; the defaults where the weights cannot be used."""
        try:
            return self.config(self.resolve(weights)).mask
        except (WeightsError, CheckpointError):
            return MaskParams()

    def detector(self, weights: Weights) -> Detector:
        """Loaded once. Raises CheckpointError."""
        key = _key(weights)
        with self._lock:
            if key not in self._detectors:
                self._detectors[key] = Detector(load_checkpoint(weights.folder))
                if len(self._detectors) > _LOADED:
                    self._detectors.popitem(last=False)
            self._detectors.move_to_end(key)
            return self._detectors[key]

    def score(
        self,
        photo: Path,
        weights: Weights,
        should_stop: Callable[[], bool] | None = None,
    ) -> Scored:
        """From the cache, or by one forward pass. Raises PhotoError, CheckpointError, Stopped."""
        key = _key(weights)
        return self.photos.score(photo, key, lambda: self.detector(weights), should_stop)


def _key(weights: Weights) -> str:
    """Of a checkpoint in caches: a run that is deleted and fitted again is another one."""
    try:
        return f"{weights.folder}@{(weights.folder / WEIGHTS).stat().st_mtime_ns}"
    except OSError:
        return str(weights.folder)
