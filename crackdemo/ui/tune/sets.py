"""Labelled photos that a visitor brings or names, and what weights say of them."""

import hashlib
import shutil
import tempfile
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crackdemo.checkpoints.names import Weights
from crackdemo.data.intake import take_in
from crackdemo.data.labelled import LabelledPhoto, labelled
from crackdemo.data.layouts import in_splits, masks_without_photo, photos_in
from crackdemo.data.splits import Split
from crackdemo.errors import DatasetError
from crackdemo.evaluation.heat import HeatCache, HeatOutcome, KnownPhoto
from crackdemo.files import reason_of
from crackdemo.masks.params import MaskParams
from crackdemo.ui.workbench import Workbench

_KEPT_SETS = 24
"""Sets of all visitors together; the one that was longest not used makes room."""
_KEPT_EACH = 2
"""Sets of one visitor, so that nobody's starts push out the sets of others."""
TakeIn = Callable[[Sequence[Path], Path], list[str]]


@dataclass(frozen=True)
class LabelledSet:
    """Labelled photos, found."""

    name: str
    """For people: the folder's own, or that of an upload."""
    photos: tuple[LabelledPhoto, ...]
    """With masks, or in clean/ and cracked/."""
    splits: tuple[Split, ...]
    """Each photo's part."""
    notes: tuple[str, ...] = ()
    """What was left out."""


@dataclass(frozen=True)
class ScoredSet:
    """What weights say of a set."""

    weights: Weights
    """Which they are."""
    photos: tuple[KnownPhoto, ...]
    """Those that could be used."""
    splits: tuple[Split, ...]
    """Each one's part."""
    own: MaskParams = field(default_factory=MaskParams)
    """The weights' own settings."""


@dataclass
class Desk:
    """Sets and scores of all visitors. Threads may share it."""

    bench: Workbench
    """Where weights and scratch folders come from."""
    sets: OrderedDict[str, LabelledSet] = field(default_factory=OrderedDict)
    """By a number that visitors are given; the one that was longest not used comes first."""
    scored: dict[tuple[str, str], ScoredSet] = field(default_factory=dict)
    """By set and weights."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._folders: dict[str, Path] = {}
        self._visitors: dict[str, str] = {}
        self._in_use: Counter[str] = Counter()
        self._numbers = 0

    @property
    def heat_folder(self) -> Path:
        """Of whoever asks, and of nobody else."""
        name = self.bench.visitor().name
        folder = self.bench.scratch / "heat" / hashlib.sha256(name.encode()).hexdigest()[:24]
        self.bench.holdings.hold(name, [folder])
        return folder

    @property
    def heat(self) -> HeatCache:
        """Heatmaps of all the visitor's sets: a photo in two of them is scored once."""
        return HeatCache(self.heat_folder)

    def bring(
        self,
        photos: Sequence[str],
        masks: Sequence[str],
        take_in: TakeIn = take_in,
        visitor: str = "",
    ) -> str:
        """Uploaded photos with masks of equal stems, or a ZIP with folders; gives the set's number.

        visitor: whose set it is. Raises DatasetError.
        """
        if not photos:
            raise DatasetError("There are no photos yet: upload some and their masks, or a ZIP.")
        parent = self.bench.scratch / "tune"
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=parent)) / "upload"
        try:
            if masks:
                folder.mkdir()
                left_out = take_in([Path(file) for file in photos], folder / "images")
                left_out += take_in([Path(file) for file in masks], folder / "masks")
            else:
                left_out = take_in([Path(file) for file in photos], folder)
            found = read_set(folder, left_out)
        except OSError as error:
            shutil.rmtree(folder.parent, ignore_errors=True)
            raise DatasetError(
                f"The photos could not be kept on the server ({reason_of(error)}): free some space "
                "and try again."
            ) from None
        except BaseException:
            shutil.rmtree(folder.parent, ignore_errors=True)
            raise
        self.bench.holdings.hold(self.bench.visitor().name, [folder.parent])
        return self._keep(found, folder.parent, visitor)

    def name(self, text: str, visitor: str = "") -> str:
        """A folder that the app may read; gives the set's number. Raises DatasetError."""
        folder = self.bench.allowed_folder(text)
        if folder is None:
            raise DatasetError(
                "This folder is missing, or the app may not read it: name it with --allow when you "
                "start the app."
            )
        return self._keep(read_set(folder), None, visitor)

    def score(
        self, number: str, weights: Weights, should_stop: Callable[[], bool]
    ) -> Iterator[HeatOutcome]:
        """One outcome a photo; at the end `scored` has what could be used.

        Raises Stopped, CheckpointError, FolderError, and DatasetError for a set that is gone.
        """
        found = self.get(number)
        known: list[KnownPhoto] = []
        splits: list[Split] = []
        detector, own = self.bench.detector_in_turn(weights), self.bench.config(weights).mask
        outcomes = self.heat.score(found.photos, weights, detector, should_stop)
        for outcome, split in zip(outcomes, found.splits, strict=True):
            if isinstance(outcome, KnownPhoto):
                known.append(outcome)
                splits.append(split)
            yield outcome
        with self._lock:
            self.scored[number, weights.name] = ScoredSet(weights, tuple(known), tuple(splits), own)

    def get(self, number: str) -> LabelledSet:
        """Raises DatasetError for a set that is gone."""
        with self._lock:
            if number in self.sets:
                self.sets.move_to_end(number)
                return self.sets[number]
        raise DatasetError("These photos are no longer here: give them once more.")

    @contextmanager
    def holding(self, number: str) -> Iterator[LabelledSet]:
        """The set, which makes no room meanwhile. Raises DatasetError for one that is gone."""
        with self._lock:
            self._in_use[number] += 1
        try:
            yield self.get(number)
        finally:
            with self._lock:
                self._in_use[number] -= 1
                if not self._in_use[number]:
                    del self._in_use[number]
                self._make_room()

    def result(self, number: str, weights: str) -> ScoredSet:
        """Raises DatasetError for what was not scored, or is gone."""
        self.get(number)
        try:
            return self.scored[number, weights]
        except KeyError:
            raise DatasetError("These weights have not scored the photos yet.") from None

    def _keep(self, found: LabelledSet, folder: Path | None, visitor: str) -> str:
        with self._lock:
            self._numbers += 1
            number = str(self._numbers)
            self.sets[number] = found
            self._visitors[number] = visitor
            if folder is not None:
                self._folders[number] = folder
            self._make_room()
        return number

    def _make_room(self) -> None:
        """Lets go of what is over both bounds, but never of a set in use or the newest one."""
        for visitor, count in Counter(self._visitors.values()).items():
            own = [number for number in self.sets if self._visitors[number] == visitor]
            self._let_go(own, count - _KEPT_EACH)
        self._let_go(list(self.sets), len(self.sets) - _KEPT_SETS)

    def _let_go(self, numbers: list[str], count: int) -> None:
        idle = [number for number in numbers[:-1] if not self._in_use[number]]
        for number in idle[: max(0, count)]:
            del self.sets[number], self._visitors[number]
            self.scored = {key: each for key, each in self.scored.items() if key[0] != number}
            if number in self._folders:
                shutil.rmtree(self._folders.pop(number), ignore_errors=True)


def read_set(folder: Path, left_out: Sequence[str] = ()) -> LabelledSet:
    """What is labelled in a data folder. Raises DatasetError where nothing is."""
    placed = in_splits([photo for photo in photos_in(folder) if photo.truth != "unknown"])
    if not placed:
        raise DatasetError(
            "No photo here has a truth: bring photos and their masks with equal names, or a ZIP or "
            "folder with images/ and masks/, or with clean/ and cracked/."
        )
    lonely = [f"The mask “{Path(mask).name}” belongs to no photo." for mask in
              masks_without_photo(folder)]  # fmt: skip
    return LabelledSet(
        folder.name,
        tuple(labelled(each.photo) for each in placed),
        tuple(each.split for each in placed),
        (*left_out, *lonely),
    )
