"""A run as its folder tells it: a plain value."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crackdemo.models.families import FAMILIES
from crackdemo.runs.class_figures import ClassFigures
from crackdemo.runs.folder import EpochReport
from crackdemo.runs.quality import Alarms, Quality
from crackdemo.runs.status import Status
from crackdemo.runs.trials import Search

_MOST_EPOCHS = 10**9


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
    data: tuple[Path, ...]
    """The folders of photos that it learns from; never shown."""
    minutes: float | None
    """What it was given, until they have become epochs."""
    history: tuple[EpochReport, ...]
    """One report for each epoch done."""
    family: str | None
    """Of its finished checkpoint; None without one."""
    quality: tuple[Quality, ...] = ()
    """Of its weights, then of those that they are compared with; empty before it is done."""
    alarms: tuple[Alarms, ...] = ()
    """Of its weights, then of those that it started from; empty where nothing was corrected."""
    classes: tuple[ClassFigures, ...] = ()
    """Of its finished checkpoint; empty where it tells no several classes apart."""
    search: Search | None = None
    """The search before its fit; None where there is none."""
    uploads: tuple[str, ...] = ()
    """Hashes of the folders of photos that are its own; empty before a fit has read them."""
    named_as_shipped: bool = False
    """Whether shipped weights have its name, so that the name means those."""

    @property
    def has_weights(self) -> bool:
        """Whether there is a finished checkpoint, of a family that this version knows."""
        return self.family in FAMILIES

    @property
    def is_choosable(self) -> bool:
        """Whether it has weights that its name means."""
        return self.has_weights and not self.named_as_shipped

    @property
    def state(self) -> str:
        """queued, running, done, failed, cancelled or interrupted."""
        return self.status.state

    @property
    def epochs(self) -> int:
        """How many there will be at most; 0 where the settings do not say."""
        epochs = self.settings.get("epochs")
        return epochs if isinstance(epochs, int) and 0 < epochs < _MOST_EPOCHS else 0

    @property
    def seconds_left(self) -> float | None:
        """Of the training, from the epochs done; None before the first and after the last."""
        if not self.history or len(self.history) == self.epochs:
            return None
        spent = [report.seconds for report in self.history]
        return sum(spent) / len(spent) * (self.epochs - len(spent))
