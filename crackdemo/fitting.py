"""Data folders to a finished checkpoint: tiles, fit, calibration, model card, in a run folder."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from crackdemo.calibration import calibrate
from crackdemo.cards import model_card
from crackdemo.checkpoints import Checkpoint, CheckpointConfig, save_checkpoint
from crackdemo.datasets import DatasetError, Sample, find_samples, readable_tiles
from crackdemo.detector import Eye
from crackdemo.models import Autoencoder
from crackdemo.runs import RunFolder
from crackdemo.training import EpochReport, FitConfig, FitError, GrayTiles, fit, use_threads


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
    samples = [sample for folder in folders for sample in find_samples(folder)]
    train, validation = _train_and_validation(samples)
    step = max(1, source_size // 3)
    train_tiles, problems = readable_tiles(train, source_size, step)
    validation_tiles, more = readable_tiles(validation, source_size, source_size // 2)
    if not train_tiles or not validation_tiles:
        raise DatasetError(
            "No crack-free tile was found in the training or the validation photos: "
            "give more photos of sound surface."
        )
    return FitData(train_tiles, validation_tiles, problems + more)


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
        started = time.perf_counter()
        for report in fit(config, state, data.train, data.validation, workers):
            run.add_metrics(report)
            run.save_state(state)
            yield report
        seconds = time.perf_counter() - started
        state.network.load_state_dict(state.best_weights)
        training = {
            "fit": asdict(config),
            "data": [folder.name for folder in folders],
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
        config.cracks,
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
    if len(usable) < 2:
        raise DatasetError("A fit needs at least 2 photos: one to train on, one to validate on.")
    held_out = max(1, len(usable) // 10)
    return usable[:-held_out], usable[-held_out:]
