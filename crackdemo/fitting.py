"""Data folders to a finished checkpoint: tiles, fit, calibration, model card, in a run folder."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import torch

from crackdemo.calibration import calibrate
from crackdemo.cards import model_card
from crackdemo.checkpoints import Checkpoint, CheckpointConfig, save_checkpoint
from crackdemo.datasets import DatasetError, Sample, drop_repeats, find_samples, readable_tiles
from crackdemo.detector import Eye
from crackdemo.fit_config import FitConfig
from crackdemo.models import Autoencoder
from crackdemo.runs import RunFolder
from crackdemo.training import EpochReport, FitError, GrayTiles, fit, use_threads


@dataclass(frozen=True)
class FitData:
    """Crack-free tiles, ready to train on."""

    train: GrayTiles
    """Gray tiles (H, W) uint8 of the training photos."""
    validation: GrayTiles
    """Gray tiles of the validation photos: they choose the epoch and calibrate."""
    problems: list[str]
    """One sentence for each photo that could not be used."""


def read_data(folders: list[Path], source_size: int) -> FitData:
    """All tiles of the folders, by split. Raises DatasetError when too little is left."""
    problems: list[str] = []
    train: list[GrayTiles] = []
    validation: list[GrayTiles] = []
    for found in drop_repeats(map(find_samples, folders)):
        for_train, for_validation = _train_and_validation(found)
        for groups, samples, step in (
            (train, for_train, source_size // 3),
            (validation, for_validation, source_size // 2),
        ):
            tiles, unusable = readable_tiles(samples, source_size, max(1, step))
            groups.append(tiles)
            problems += unusable
    if not any(train) or not any(validation):
        raise DatasetError(
            "Too little sound surface was found: a fit needs crack-free tiles of at least 2 "
            "photos, one to train on and one to validate on; give more photos."
        )
    return FitData(_balanced(train), _balanced(validation), problems)


def _balanced(groups: list[GrayTiles]) -> GrayTiles:
    """All tiles, those of smaller folders several times: each folder counts alike."""
    longest = max(map(len, groups))
    return [tile for group in groups if group for tile in islice(cycle(group), longest)]


def run_fit(
    run: RunFolder, config: FitConfig, folders: list[Path], threads: int, workers: int = 1
) -> Iterator[EpochReport]:
    """Fits, or goes on where the run stopped; `run.checkpoint` is there when it ends.

    Raises DatasetError, or FitError when the loss runs away; the run folder then says "failed".
    """
    use_threads(threads)
    run.write_status("running")
    try:
        data = read_data(folders, config.source_size)
        state = run.load_state(config)
        run.keep_metrics(state.epoch)
        started = time.perf_counter()
        for report in fit(config, state, data.train, data.validation, workers):
            run.add_metrics(report)
            run.save_state(state)
            yield report
        seconds = time.perf_counter() - started
        state.network.load_state_dict(state.best_weights)
        training = {
            "fit": asdict(config),
            "data": [folder.resolve().name for folder in folders],
            "train_tiles": len(data.train),
            "validation_tiles": len(data.validation),
            "epochs_done": state.epoch,
            "minutes": round(seconds / 60, 1),
            "threads": threads,
        }
        metrics = {"validation_loss": state.best_loss}
        save_fitted(run.checkpoint, config, state.network, data.validation, training, metrics)
    except (DatasetError, FitError) as error:
        run.write_status("failed", str(error))
        raise
    run.write_status("done")


def save_fitted(
    folder: Path,
    config: FitConfig,
    network: Autoencoder,
    validation: GrayTiles,
    training: dict[str, Any],
    metrics: dict[str, Any],
) -> None:
    """Calibrates a fitted network on clean validation tiles and writes its checkpoint."""
    calibration = calibrate(
        Eye(network, torch.device("cpu")),
        validation,
        config.flatten,
        config.heatmap,
        config.score_top_share,
        config.seed,
    )
    described = CheckpointConfig(
        family=config.family,
        network=config.network,
        flatten=config.flatten,
        heatmap=config.heatmap,
        calibration=calibration,
        mask=config.mask,
        training=training,
        metrics=metrics,
    )
    save_checkpoint(folder, Checkpoint(described, network), model_card(described))


def _train_and_validation(samples: list[Sample]) -> tuple[list[Sample], list[Sample]]:
    """By split; where chance left a small set no validation photo, it gets its last ones."""
    train = [sample for sample in samples if sample.split == "train"]
    validation = [sample for sample in samples if sample.split == "validation"]
    usable = train + validation
    if train and validation:
        return train, validation
    cut = max(1, len(usable) - max(1, len(usable) // 10))
    return usable[:cut], usable[cut:]
