"""Data folders to a finished checkpoint: tiles, fit, calibration, model card, in a run folder."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crackdemo.checkpoints.card import model_card
from crackdemo.checkpoints.checkpoint import (
    Checkpoint,
    CheckpointConfig,
    save_checkpoint,
)
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.data.duplicates import drop_repeats
from crackdemo.data.folders import Sample, copies_in, find_samples
from crackdemo.data.problems import grouped
from crackdemo.data.tiles import readable_tiles
from crackdemo.detection.calibrate import Scale, calibrate
from crackdemo.detection.engine import Engine
from crackdemo.detection.illumination import Channel
from crackdemo.errors import DatasetError, after
from crackdemo.inspection.corrections import is_corrected
from crackdemo.models.family import Network
from crackdemo.runs.folder import EpochReport, RunFolder
from crackdemo.runs.quality import Quality
from crackdemo.training.alarms import alarms_of
from crackdemo.training.config import START_LEARNING_RATE, FitConfig
from crackdemo.training.failures import best_kept, failure_told, within_memory
from crackdemo.training.length import settled
from crackdemo.training.loop import GrayTiles, fit, seconds_per_step, use_threads, validation_loss
from crackdemo.training.quality import measure_quality
from crackdemo.training.record import record_of
from crackdemo.training.samples import Samples
from crackdemo.training.state import (
    TrainingState,
    averaged_with_start,
    checkpoint_to_start_from,
    load_state,
    save_state,
    start_of,
)
from crackdemo.training.team import CPU_ALONE, Team
from crackdemo.training.trainer import Trainer

_FEWEST = 2
"""Photos: one to learn from and one to choose by."""
_FEW = 12
"""Photos of a folder: of so many chance may leave no sound surface to learn from or choose by."""


@dataclass(frozen=True)
class FitData:
    """Crack-free tiles, ready to train on."""

    train: GrayTiles
    """Gray tiles (H, W) uint8 of the training photos."""
    validation: GrayTiles
    """Gray tiles of the validation photos: they choose the epoch and calibrate."""
    problems: list[str]
    """One sentence for each photo that could not be used."""

    @property
    def summary(self) -> dict[str, Any]:
        """For the run folder."""
        return {
            "train_tiles": len(self.train),
            "validation_tiles": len(self.validation),
            "problems": self.problems,
        }


def read_data(folders: list[Path], source_size: int, channel: Channel) -> FitData:
    """All tiles of the folders, by split, in one of `CHANNELS`.

    Raises DatasetError when too little is left.
    """
    problems: list[str] = []
    train: list[GrayTiles] = []
    validation: list[GrayTiles] = []
    for found in drop_repeats(map(find_samples, folders)):
        for_train, for_validation = _parted(found, source_size, channel)
        for groups, samples, step in (
            (train, for_train, source_size // 3),
            (validation, for_validation, source_size // 2),
        ):
            tiles, unusable = readable_tiles(samples, source_size, max(1, step), channel)
            groups.append(tiles)
            problems += unusable
    if not any(train) or not any(validation):
        raise DatasetError(
            "Too little sound surface was found: a fit needs crack-free tiles of at least 2 "
            "photos, one to train on and one to validate on, besides the fifth of all photos that "
            f"is kept aside for tests; give more photos.{_unused(problems)}"
        )
    return FitData(_balanced(train), _balanced(validation), problems)


def _parted(
    found: list[Sample], source_size: int, channel: Channel
) -> tuple[list[Sample], list[Sample]]:
    """Photos to learn from and to choose by: by split, but where either side of a few photos has no
    sound surface those that have some are shared out."""
    sides = _train_and_validation(found)

    def is_sound(samples: list[Sample]) -> bool:
        return bool(readable_tiles(samples, source_size, source_size, channel)[0])

    if len(found) > _FEW or all(map(is_sound, sides)):
        return sides
    sound = [sample for side in sides for sample in side if is_sound([sample])]
    return (sound[:-1], sound[-1:]) if len(sound) > 1 else sides


def _unused(problems: list[str]) -> str:
    """A sentence on the photos that could not be used, to follow another one."""
    if not problems:
        return ""
    many = f"{len(problems)} photos were left out; the first"
    return f" {'1 photo was left out' if len(problems) == 1 else many}: {problems[0]}"


def _balanced(groups: list[GrayTiles]) -> GrayTiles:
    """All tiles, those of smaller folders several times: each folder counts alike."""
    longest = max(map(len, groups))
    return [tile for group in groups if group for tile in islice(cycle(group), longest)]


def run_fit(
    run: RunFolder,
    config: FitConfig,
    folders: list[Path],
    threads: int,
    workers: int = 1,
    say: Callable[[str], None] = print,
    team: Team = CPU_ALONE,
) -> Iterator[EpochReport]:
    """Fits, or goes on where the run stopped; `run.checkpoint` is there when it ends.

    team: of this process, which leads it; the others call `follow_fit`. say: is told what a person
    should know, a sentence at a time. Raises DatasetError, or FitError when the fit cannot go on;
    the run folder then says "failed" and why.
    """
    use_threads(threads)
    with failure_told(run):
        run.write_status("running")
        run.at("reading the photos")
        data = read_data(folders, config.source_size, config.flatten.channel)
        run.write_data_summary(data.summary)
        for problem in grouped(data.problems):
            say(problem)
        if data.problems:
            run.note(_unused(data.problems).strip())
        config = team.shared(
            settled(run, config, lambda: seconds_per_step(config, data.train, workers, team), say)
        )
        config, state = yield from fit_in_memory(run, config, data, workers, say, team)
        loss = state.best_loss
        state.network.load_state_dict(averaged_with_start(config, state.best_weights, run.start))
        if config.start:
            loss = validation_loss(config, state.network, data.validation)
        state.network.cpu()
        training = record_of(run, config, folders, data.summary, state, threads, team)
        metrics = {"validation_loss": loss}
        checkpoint = calibrated(
            config,
            state.network,
            data.validation,
            training,
            metrics,
            lambda share: run.at(f"finding its threshold, {100 * share:.0f} % done"),
            _usual_score(config, run),
        )
        if config.quality_tiles:
            run.at("measuring it beside other weights")
            run.write_quality(qualities(run, checkpoint, config, folders, data.validation))
            if config.start:
                knew = checkpoint_to_start_from(config.start, run.start)
                compared = ((run.name, checkpoint), (config.start, knew))
                run.write_alarms(alarms_of(compared, folders, _learnt_from(folders, config)))
        run.path.stat()  # saving would make a folder that was deleted meanwhile anew
        save_checkpoint(run.checkpoint, checkpoint, model_card(checkpoint.config))
        run.finish()


def follow_fit(
    run: RunFolder, config: FitConfig, folders: list[Path], threads: int, workers: int, team: Team
) -> None:
    """The part of every process but the leader in a fit of several: it writes nothing. Raises as
    `run_fit`."""
    use_threads(threads)
    data = read_data(folders, config.source_size, config.flatten.channel)
    config = team.shared(config)
    state = team.shared_start(lambda: load_state(run.last_state, config, team.device, run.start))
    for _ in fit(config, state, data.train, data.validation, workers, team):
        pass


def fit_in_memory(
    run: RunFolder,
    config: FitConfig,
    data: FitData,
    workers: int,
    say: Callable[[str], None] = print,
    team: Team = CPU_ALONE,
) -> Generator[EpochReport, None, tuple[FitConfig, TrainingState]]:
    """The fit itself, see `failures.within_memory`."""
    return within_memory(
        run, config, lambda config: _fit(run, config, data, workers, say, team), say, team
    )


def _fit(
    run: RunFolder,
    config: FitConfig,
    data: FitData,
    workers: int,
    say: Callable[[str], None],
    team: Team,
) -> Generator[EpochReport, None, TrainingState]:
    state = team.shared_start(lambda: load_state(run.last_state, config, team.device, run.start))
    run.keep_metrics(state.epoch)
    samples = Samples(config, data.validation)
    with best_kept(run, state, say):
        for report in fit(config, state, data.train, data.validation, workers, team):
            run.add_metrics(replace(report, device=team.name))
            save_state(run.last_state, state)
            samples.write(run.sample(report.epoch), state.network)
            yield report
    return state


def calibrated(
    config: FitConfig,
    network: Network,
    validation: GrayTiles,
    training: dict[str, Any],
    metrics: dict[str, Any],
    progress: Callable[[float], None] = lambda share: None,
    usual_score: float = 0.5,
) -> Checkpoint:
    """A fitted network with its scale, from clean validation tiles; see `calibrate`."""
    calibration, scale = calibrate(
        Engine(network, torch.device("cpu")),
        validation,
        config.flatten,
        config.heatmap,
        config.score_top_share,
        config.score_quantile,
        config.seed,
        progress,
        usual_score,
        config.score_level,
    )
    described = CheckpointConfig(
        family=config.family,
        network=config.network,
        flatten=config.flatten,
        heatmap=config.heatmap,
        calibration=calibration,
        mask=config.mask,
        training=training,
        metrics={**metrics, **_figures(scale)},
    )
    return Checkpoint(described, network)


def _usual_score(config: FitConfig, run: RunFolder) -> float:
    """The limit of what it starts from; the middle where it starts from nothing, or that has scores
    of another kind."""
    if not config.start:
        return 0.5
    knew = checkpoint_to_start_from(config.start, run.start).config.calibration
    theirs, own = ((each.score_top_share, each.score_level) for each in (knew, config))
    return knew.score_threshold if theirs == own else 0.5


def qualities(
    run: RunFolder,
    checkpoint: Checkpoint,
    config: FitConfig,
    folders: list[Path],
    validation: GrayTiles,
) -> list[Quality]:
    """Of a finished fit, and of the weights that a person would use instead, those that it started
    from or else the default ones, on the same tiles: those of the photos that were kept aside for
    tests, or, where there are none, of those that chose the epoch and the threshold."""
    found = drop_repeats(map(find_samples, folders))
    aside = [sample for samples in found for sample in samples if sample.split == "test"]
    size = config.source_size
    every = readable_tiles(aside, size, size, config.flatten.channel)[0] or validation
    chosen = np.random.default_rng([config.seed, 4]).permutation(len(every))
    tiles = [every[i] for i in chosen[: config.quality_tiles]]
    rival = config.start or DEFAULT_WEIGHTS
    compared = ((run.name, checkpoint), (rival, checkpoint_to_start_from(rival, run.start)))
    return [
        measure_quality(
            weights, each.detector(), each.config.mask, config.cracks, tiles, config.seed
        )
        for weights, each in compared
    ]


def _learnt_from(folders: list[Path], config: FitConfig) -> set[Path]:
    """The photos of the folders that the network learns from."""
    found = drop_repeats(map(find_samples, folders))
    sides = (_parted(each, config.source_size, config.flatten.channel) for each in found)
    return {sample.path for for_train, _ in sides for sample in for_train}


def _figures(scale: Scale) -> dict[str, float]:
    """How the kinds of painted photos fare at threshold 0.5, and where each would be best."""
    figures = {}
    for name, kind in scale.kinds.items():
        figures[f"made {name} pixel_f1"] = round(kind.f1, 4)
        figures[f"made {name} best pixel_f1"] = round(kind.best_f1, 4)
        best = kind.best_residual / (kind.best_residual + scale.r0)
        figures[f"made {name} best threshold"] = round(best, 3)
    return figures


def _train_and_validation(samples: list[Sample]) -> tuple[list[Sample], list[Sample]]:
    """By split; where chance left a small set no validation photo, it gets its last ones."""
    train = [sample for sample in samples if sample.split == "train"]
    validation = [sample for sample in samples if sample.split == "validation"]
    usable = train + validation
    if train and validation:
        return train, validation
    cut = max(1, len(usable) - max(1, len(usable) // 10))
    return usable[:cut], usable[cut:]


def _started(config: FitConfig, own: Path | None) -> FitConfig:
    if config.start:
        start_of(config, own)
    return config


def _seconds_per_step(
    config: FitConfig, folders: list[Path], workers: int, team: Team = CPU_ALONE
) -> float:
    data = read_data(folders, config.source_size, config.flatten.channel)
    return seconds_per_step(config, data.train, workers, team)


def _require(config: FitConfig, folder: Path, most: int) -> None:
    photos = find_samples(folder)
    if len(photos) < _FEWEST:
        are_corrected = any(is_corrected(photo.path.stem) for photo in photos)
        more = ", or drop false alarms in more photos" if are_corrected else ""
        raise DatasetError(
            f"A fit needs {_FEWEST} photos at least, one to learn from and one to choose by: give "
            f"more{more}.{after(copies_in(folder))}"
        )
    if len(photos) <= most:
        read_data([folder], config.source_size, config.flatten.channel)


TRAINER = Trainer(
    settings=FitConfig,
    with_start={"learning_rate": START_LEARNING_RATE},
    started=_started,
    fit=run_fit,
    follow=follow_fit,
    seconds_per_step=_seconds_per_step,
    require=_require,
)
"""Of networks that rebuild: fitted on crack-free tiles."""
