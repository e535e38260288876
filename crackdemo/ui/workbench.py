"""What the page works with: weights by name, and photos that they have scored."""

import shutil
import tempfile
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from crackdemo.checkpoints.checkpoint import CheckpointConfig, load_checkpoint
from crackdemo.checkpoints.cost import check_cost
from crackdemo.checkpoints.hub import FetchedRepo, fetch, parse_hub_id
from crackdemo.checkpoints.names import (
    SHIPPED,
    Weights,
    resolve_weights,
    shipped_names,
    version_of,
    weights_in,
)
from crackdemo.checkpoints.shelf import Shelf
from crackdemo.detection.classes import ClassDetector
from crackdemo.detection.detector import Detector
from crackdemo.detection.engine import best_device
from crackdemo.detection.lent import is_lent
from crackdemo.errors import CheckpointError, HubError, WeightsError
from crackdemo.inspection.in_turn import InTurn
from crackdemo.inspection.store import KEPT_FREE, Scored, ScoredPhotos, Visitor, free_bytes
from crackdemo.masks.params import MaskParams
from crackdemo.photos.images import read_photo
from crackdemo.runs.folder import RunFolder
from crackdemo.runs.jobs import Jobs
from crackdemo.ui import visitors
from crackdemo.ui.audience import PAGE, Audience
from crackdemo.ui.holdings import Holdings
from crackdemo.ui.limits import Limits
from crackdemo.ui.lookups import Lookups
from crackdemo.ui.owner import OwnersJobs
from crackdemo.ui.scratch import sweep

_LOADED = 4
"""Detectors that are kept; a network takes a few megabytes and a moment to load."""

_EXPORTS = 32
"""Export folders that are kept at least."""
_EXPORT_SECONDS = 600.0
"""So long each of them is kept, counted from when it was written; the page copies their files as
soon as it hands them out."""

KEPT_SECONDS = 2700.0
"""So long what visitors brought, and what was made for them, stays after they left."""
TIDY_SECONDS = 60.0
"""So often it is looked after."""


@dataclass(frozen=True)
class Loaded:
    """A checkpoint that is ready for photos."""

    config: CheckpointConfig
    """What its config.json says."""
    detector: Detector
    """Its network, on the best device."""


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
    """Where checkpoints from the Hub are kept, within the limit for caches; None for its client's
    own place, which other programs use too and which is left alone."""
    hub_only: tuple[str, ...] | None = None
    """The only models that visitors may have from the Hub; None for any."""
    shipped: Path = SHIPPED
    """Holds one checkpoint folder for each of the weights in the list."""
    runs: Path | None = None
    """Where fits are kept; None switches training off."""
    owner: str | None = None
    """On a Space, the Hub name of the one who may fit, rename and delete; None at home."""
    clock: Callable[[], float] = time.monotonic
    """Seconds that pass."""
    limits: Limits = field(default_factory=Limits)
    """What visitors may ask for."""
    uploads: Path | None = None
    """Where gradio keeps what visitors upload and are sent; None where that is not looked after."""
    visitor: Callable[[], Visitor] = visitors.current
    """Who asks just now."""
    audience: Audience = field(default_factory=Audience)
    """Who listens."""
    holdings: Holdings = field(default_factory=Holdings)
    """Whose the files are."""
    photos: ScoredPhotos = field(init=False)
    """Detections so far."""

    def __post_init__(self) -> None:
        self.photos = ScoredPhotos(
            self.scratch,
            disk_bytes=int(self.limits.cache_gb * 2**30),
            read=partial(read_photo, most_megapixels=self.limits.megapixels),
        )
        self.jobs = self._open_runs()
        self._shelf = None
        if self.hub_cache is not None:
            most = int(self.limits.cache_gb * 2**30)
            self._shelf = Shelf(self.hub_cache, most, lambda disk: free_bytes(disk) - KEPT_FREE)
        self._lookups = Lookups(self._fetch, self.hub_only)
        self._loaded: OrderedDict[Weights, Loaded] = OrderedDict()
        self._exports: deque[tuple[float, Path]] = deque()
        self._lock = threading.Lock()

    def _open_runs(self) -> Jobs | None:
        if self.runs is None:
            return None
        names = shipped_names(self.shipped)
        return (
            Jobs(self.runs, names)
            if self.owner is None
            else OwnersJobs(self.runs, names, self.owner)
        )

    @contextmanager
    def export_folder(self) -> Iterator[Path]:
        """An empty folder to write files into that a visitor takes away.

        It stays for a while, unless writing fails; one that is being written makes room for none.
        """
        self._forget_exports()
        folder = self._new_folder("exports")
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        with self._lock:
            self._exports.append((self.clock(), folder))

    @contextmanager
    def intake_folder(self) -> Iterator[Path]:
        """An empty folder for photos that a visitor brings; gone at the end with what is in it."""
        folder = self._new_folder("intake")
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _new_folder(self, kind: str) -> Path:
        parent = self.scratch / kind
        parent.mkdir(exist_ok=True)  # not the scratch folder: an app that ends has removed it
        return Path(tempfile.mkdtemp(dir=parent))

    def _forget_exports(self) -> None:
        """The oldest make room, where there are many and nobody copies from them any more."""
        old = self.clock() - _EXPORT_SECONDS
        forgotten = []
        with self._lock:
            while len(self._exports) >= _EXPORTS and self._exports[0][0] < old:
                forgotten.append(self._exports.popleft()[1])
        for folder in forgotten:
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def device(self) -> str:
        """cuda, mps or cpu; zerogpu where a card is only lent."""
        return "zerogpu" if is_lent() else best_device().type

    @property
    def scored_count(self) -> int:
        """Forward passes so far, all weights together."""
        return self.photos.passes

    def weights_names(self) -> list[str]:
        """Weights that can be chosen from a list."""
        return shipped_names(self.shipped) + (self.jobs.finished() if self.jobs else [])

    def resolve(self, weights: str) -> Weights:
        """A name, `owner/name[@revision]` or allowed path to a folder. Raises WeightsError."""
        weights = str(weights or "")  # programs send anything
        name = weights.strip()
        if self.jobs and name in self.jobs.finished():
            return weights_in(RunFolder(self.jobs.folder / name).checkpoint, name)
        found = resolve_weights(
            weights,
            self.allowed,
            shipped=self.shipped,
            cache=self.hub_cache,
            endpoint=self.endpoint,
            fetch=self._lookups.fetch,
        )
        if found.commit is not None and self._shelf is not None:
            self._shelf.use(found.name)
        return found

    def _fetch(
        self, hub_id: str, cache: Path | None, endpoint: str | None, token: str | None
    ) -> FetchedRepo:
        """A stranger's weights: not those that would hold the machine for minutes, nor fill it."""
        name, _ = parse_hub_id(hub_id)
        with self._lock:
            loaded = {weights.name for weights in self._loaded}
        with self._shelf.room_for(name, loaded) if self._shelf else nullcontext():
            repo = fetch(hub_id, cache, endpoint, token)
        try:
            check_cost(repo.folder, self.limits.macs_per_pixel, repo.repo_id)
        except CheckpointError as refusal:
            raise HubError(str(refusal)) from None
        return repo

    def config(self, weights: Weights) -> CheckpointConfig:
        """The checkpoint's config. Raises CheckpointError."""
        return self._load(weights).config

    def detector(self, weights: Weights) -> Detector:
        """Ready for photos. Raises CheckpointError."""
        return self._load(weights).detector

    def detector_in_turn(self, weights: Weights, only: str | None = None) -> Detector:
        """For many photos of whoever asks: each waits for its turn. only: of several classes the
        one that counts. Raises CheckpointError, and ConfigError where they do not know that one."""
        detector = self.detector(weights)
        if only is not None:
            detector = ClassDetector(detector, only)
        return InTurn(detector, self.photos.line, self.visitor())

    def own_mask(self, weights: str) -> MaskParams:
        """The weights' own mask settings; the defaults where the weights cannot be used."""
        try:
            return self.config(self.resolve(weights)).mask
        except (WeightsError, CheckpointError):
            return MaskParams()

    def score(
        self,
        photo: Path,
        weights: Weights,
        should_stop: Callable[[], bool] | None = None,
    ) -> Scored:
        """From the cache, or by one forward pass. Raises PhotoError, CheckpointError, Stopped."""
        key = f"{weights.folder}@{weights.version}"
        detector, visitor = partial(self.detector, weights), self.visitor()
        return self.photos.score(photo, key, detector, should_stop, visitor)

    def allowed_folder(self, text: str) -> Path | None:
        """The folder that a path names, where the app may read it; None where it may not, as where
        a link in it leads out."""
        try:
            folder = Path(text.strip()).resolve()
            allowed = [parent.resolve() for parent in self.allowed]
            inside = next((each for each in allowed if folder.is_relative_to(each)), None)
            if not text.strip() or inside is None or not folder.is_dir():
                return None
            leads_out = [not part.resolve().is_relative_to(inside) for part in folder.iterdir()]
        except (OSError, ValueError, RuntimeError):
            return None
        return None if any(leads_out) else folder

    def is_here(self, visitor: str) -> bool:
        """Whether a visitor has the page open, or had it a while ago."""
        return self.audience.was_here(f"{PAGE}{visitor}", KEPT_SECONDS)

    def tidy(self) -> None:
        """Removes what belongs to visitors that left a while ago, and the oldest of too much."""
        self.photos.forget(lambda name: not self.is_here(name))
        before = time.time() - KEPT_SECONDS
        folders = [self.scratch / kind for kind in ("exports", "heat", "submit", "tune")]
        for folder in [*folders, *([self.uploads] if self.uploads else [])]:
            most = int(self.limits.cache_gb * 2**30)
            sweep(folder, before, most, lambda path: self.holdings.is_held(path, self.is_here))
        self.holdings.forget_missing()

    def _load(self, weights: Weights) -> Loaded:
        """Once. Raises CheckpointError, also where the files are no longer those meant."""
        with self._lock:
            if weights not in self._loaded:
                if version_of(weights.folder) != weights.version:
                    raise CheckpointError(
                        f"The weights “{weights.name}” have changed: choose them again, and the "
                        "photos are scored anew."
                    )
                checkpoint = load_checkpoint(weights.folder)
                self._loaded[weights] = Loaded(checkpoint.config, checkpoint.detector())
                if len(self._loaded) > _LOADED:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(weights)
            return self._loaded[weights]
