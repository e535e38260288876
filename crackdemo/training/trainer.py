"""What fits the families of a kind: its settings, and their fit into a run folder."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from crackdemo.arrays import RgbImage
from crackdemo.checkpoints.checkpoint import made_before
from crackdemo.configs import parse_config
from crackdemo.errors import ConfigError, FitError
from crackdemo.models.families import FAMILIES, family_named
from crackdemo.models.family import Kind
from crackdemo.runs.folder import EpochReport, RunFolder
from crackdemo.training.length import Paced
from crackdemo.training.team import Team


class FitSettings(Paced, Protocol):
    """Settings of a fit of some kind: its own trainer knows the others."""

    @property
    def family(self) -> str:
        """The model family, by its name in the registry."""
        ...

    @property
    def batch_size(self) -> int:
        """Samples per step."""
        ...

    @property
    def start(self) -> str:
        """Weights to start from; empty: untrained ones."""
        ...


@dataclass(frozen=True)
class Looked:
    """What a folder of photos holds for a kind of fit, before anybody fits on it."""

    said: str
    """Markdown: how many photos there are, with what truth; empty without any."""
    warnings: tuple[str, ...]
    """Sentences on what may go wrong with all of them, the fit's own refusal first."""
    problems: tuple[str, ...]
    """A sentence on each photo that is odd or cannot be used."""
    sheet: RgbImage | None
    """Some of what it learns from; None without any."""
    is_enough: bool
    """Whether a fit could begin on it."""


@dataclass(frozen=True)
class Trainer:
    """How the families of a kind are fitted. Each function's `config` is of `settings`."""

    settings: type[Any]
    """The settings of a fit, `FitSettings`."""
    with_start: Mapping[str, Any]
    """Settings that are usual where a fit starts from other weights."""
    started: Callable[[Any, Path | None], Any]
    """config, own: the settings with what starting from other weights asks of them, before there is
    a run; own: as of `state.weights_to_start_from`. Raises FitError where it cannot start from what
    it names."""
    fit: Callable[
        [RunFolder, Any, list[Path], int, int, Callable[[str], None], Team], Iterator[EpochReport]
    ]
    """run, config, folders, threads, workers, say, team: see `recipe.run_fit`."""
    follow: Callable[[RunFolder, Any, list[Path], int, int, Team], None]
    """run, config, folders, threads, workers, team: the part of every process but the leader."""
    seconds_per_step: Callable[[Any, list[Path], int, Team], float]
    """config, folders, workers, team: measured. Raises DatasetError."""
    require: Callable[[Any, Path, int], None]
    """config, folder, most: raises DatasetError where a fit on it would, before there is a run; of
    more photos than `most` none is read, and only what can be told without that is."""
    look: Callable[[Path], Looked] | None = None
    """What a folder holds for it; None of fits on crack-free tiles, for which `data.check` says
    it."""


_MODULES: dict[Kind, str] = {
    "residual": "crackdemo.training.recipe",
    "saliency": "crackdemo.training.classifier.recipe",
    "probability": "crackdemo.training.segmentation.recipe",
}
"""Kind to the module whose TRAINER fits it."""


def trainer_of(family: str) -> Trainer:
    """By a family's kind. Raises ConfigError for a family that there is not."""
    trainer: Trainer = import_module(_MODULES[family_named(family).kind]).TRAINER
    return trainer


def parse_settings(values: dict[str, Any]) -> FitSettings:
    """Those of the family that they name, by default the first one's. Raises ConfigError."""
    family = str(values.get("family", FAMILIES[0]))
    settings: FitSettings = parse_config(trainer_of(family).settings, values)
    return settings


def fit_config(run: RunFolder) -> FitSettings:
    """The settings of a run. Raises RunError, and FitError where they are wrong."""
    try:
        return parse_settings(made_before(run.config().fit))
    except ConfigError as error:
        raise FitError(f"The config of run “{run.name}” is wrong: {error}") from None
