"""What the page works with: weights by name, and photos that they have scored."""

import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from crackdemo.checkpoints import CheckpointConfig, CheckpointError, load_checkpoint
from crackdemo.detector import Detector, best_device
from crackdemo.masks import MaskParams
from crackdemo.store import Scored, ScoredPhotos
from crackdemo.weights import Weights, WeightsError, resolve_weights, shipped_names

_LOADED = 4
"""Detectors that are kept; a network takes a few megabytes and a moment to load."""


@dataclass
class Workbench:
    """Shared by all visitors of one server. Threads may share it."""

    scratch: Path
    """Where scored photos are cached; of this process alone."""
    allowed: tuple[Path, ...] = ()
    """Folders from which weights and data may be read by path."""
    endpoint: str | None = None
    """The Hub's address, None for the real one."""
    photos: ScoredPhotos = field(init=False)
    """Detections so far."""

    def __post_init__(self) -> None:
        self.photos = ScoredPhotos(self.scratch)
        self._detectors: OrderedDict[str, Detector] = OrderedDict()
        self._lock = threading.Lock()

    def new_export_folder(self) -> Path:
        """An empty folder for files that a visitor takes away."""
        exports = self.scratch / "exports"
        exports.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=exports))

    @property
    def device(self) -> str:
        """cuda, mps or cpu."""
        return best_device().type

    @property
    def scored_count(self) -> int:
        """Forward passes so far, all loaded weights together."""
        return sum(detector.photos_scored for detector in self._detectors.values())

    def weights_names(self) -> list[str]:
        """Weights that can be chosen from a list."""
        return shipped_names()

    def resolve(self, weights: str) -> Weights:
        """A name, `owner/name[@revision]` or allowed path to a folder. Raises WeightsError."""
        return resolve_weights(weights.strip(), self.allowed, endpoint=self.endpoint)

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
        key = str(weights.folder)
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
        key = str(weights.folder)
        return self.photos.score(photo, key, lambda: self.detector(weights), should_stop)
