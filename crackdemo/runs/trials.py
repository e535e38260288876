"""What a run says of the search before its fit: every trial, and which settings mattered."""

from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypeAlias, get_args

from crackdemo.runs.numbers import count, number, share

_MOST_SETTINGS, _LONGEST_NAME = 32, 64
TrialState: TypeAlias = Literal["running", "complete", "pruned"]


@dataclass(frozen=True)
class Trial:
    """Settings that were tried."""

    number: int
    """From 1, in the order in which they were tried."""
    settings: dict[str, int | float]
    """What was tried, by name."""
    losses: tuple[float, ...]
    """Validation loss after each epoch; lower is better."""
    state: TrialState
    """pruned: given up, for others did better after as many epochs."""

    @property
    def loss(self) -> float | None:
        """The lowest so far; None before the first epoch."""
        return min(self.losses, default=None)

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Raises ValueError where it is none."""
        try:
            settings = {str(name): _setting(value) for name, value in values["settings"].items()}
            losses = tuple(number(loss) for loss in values["losses"])
            if not 0 < len(settings) <= _MOST_SETTINGS:
                raise ValueError("it tried no settings, or more than a fit has")
            if max(map(len, settings)) > _LONGEST_NAME:
                raise ValueError("a setting's name is longer than any that a fit has")
            if values["state"] not in get_args(TrialState):
                raise ValueError("no state")
            return cls(count(values["number"]), settings, losses, values["state"])
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"no trial: {error}") from None


@dataclass(frozen=True)
class Search:
    """All trials so far."""

    wanted: int
    """How many trials there will be."""
    trials: tuple[Trial, ...] = ()
    """So far, in the order in which they were tried."""
    importance: dict[str, float] = field(default_factory=dict)
    """How much each setting decides on the loss, 0..1, most first; empty before enough trials."""

    @property
    def best(self) -> Trial | None:
        """The complete trial with the lowest loss; None before there is one."""
        complete = [trial for trial in self.trials if trial.state == "complete" and trial.losses]
        return min(complete, key=lambda trial: min(trial.losses), default=None)

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Raises ValueError where it is none."""
        try:
            trials = tuple(Trial.from_json(each) for each in values["trials"])
            if len({frozenset(trial.settings) for trial in trials}) > 1:
                raise ValueError("its trials are of different settings")
            importance = {str(k): share(v) for k, v in values["importance"].items()}
            if importance.keys() - {name for trial in trials[:1] for name in trial.settings}:
                raise ValueError("what mattered was not tried")
            return cls(count(values["wanted"]), trials, importance)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"no search: {error}") from None


def _setting(value: Any) -> int | float:
    """As it is written: a whole one stays whole."""
    as_float = number(value)
    return value if isinstance(value, int) else as_float
