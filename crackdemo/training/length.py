"""How long a fit takes: minutes become epochs, from measured steps."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar

import numpy as np

from crackdemo.runs.folder import RunFolder

_MOST_EPOCHS = 1_000_000
"""That a config takes."""
_FEWEST_EPOCHS = 5
"""Of a fit that is given minutes, where these are enough."""
_VALIDATION_STEPS = 3
"""Steps that one validation costs: up to eight batches, forward only."""


Schedule: TypeAlias = Literal["one cycle", "cosine", "plateau"]
"""How the learning rate changes over a fit."""


class Paced(Protocol):
    """Settings of a fit of any kind: a dataclass with these among its fields."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def epochs(self) -> int:
        """How often validation is done before the fit ends."""
        ...

    @property
    def steps_per_epoch(self) -> int:
        """Steps between two validations."""
        ...

    @property
    def learning_rate(self) -> float:
        """Peak of the one-cycle schedule."""
        ...


_Settings = TypeVar("_Settings", bound=Paced)


def learning_rate(config: Paced, step: int) -> float:
    """One cycle (Smith 2018): a cosine up over the first 30 % of all steps, then down to 0."""
    total = config.epochs * config.steps_per_epoch
    done, peak = (step + 1) / total, 0.3
    if done < peak:
        share = 0.04 + 0.96 * (1 - np.cos(np.pi * done / peak)) / 2
    else:
        share = (1 + np.cos(np.pi * (done - peak) / (1 - peak))) / 2
    return float(config.learning_rate * share)


def scheduled(config: Paced, schedule: Schedule, step: int, cuts: int) -> float:
    """The learning rate at a step. cuts: how often `plateau` has halved it so far."""
    if schedule == "plateau":
        return float(config.learning_rate * 0.5**cuts)
    if schedule == "cosine":
        done = step / (config.epochs * config.steps_per_epoch)
        return float(config.learning_rate * (1 + np.cos(np.pi * done)) / 2)
    return learning_rate(config, step)


def within(config: _Settings, minutes: float, seconds: float) -> _Settings:
    """As many epochs as the minutes hold, shorter ones where these would be too few to choose from.

    seconds: of one step, as measured.
    """
    steps = minutes * 60 / seconds
    epochs = min(_MOST_EPOCHS, int(steps / (config.steps_per_epoch + _VALIDATION_STEPS)))
    if epochs >= _FEWEST_EPOCHS:
        return replace(config, epochs=epochs)
    shorter = max(1, int(steps / _FEWEST_EPOCHS - _VALIDATION_STEPS))
    epochs = min(_FEWEST_EPOCHS, max(1, int(steps / (shorter + _VALIDATION_STEPS))))
    return replace(config, epochs=epochs, steps_per_epoch=min(shorter, config.steps_per_epoch))


def settled(
    run: RunFolder,
    config: _Settings,
    seconds_per_step: Callable[[], float],
    say: Callable[[str], None],
) -> _Settings:
    """With minutes as epochs, from a few measured steps."""
    minutes = run.config().minutes
    if minutes is None:
        run.at("training")
        return config
    run.at("measuring how long a step takes")
    config = within(config, minutes, seconds_per_step())
    run.settle(asdict(config))
    say(
        f"Time given: {minutes:g} min. Epochs: {config.epochs}. Steps in each: "
        f"{config.steps_per_epoch}."
    )
    run.at(f"training for about {minutes:g} min")
    return config
