"""fit(): a network on crack-free tiles, as a generator of epoch reports."""

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from crackdemo.models.family import Network, Prediction
from crackdemo.models.losses import crack_loss, mean_squared_error, ssim
from crackdemo.runs.folder import EpochReport
from crackdemo.training.config import FitConfig
from crackdemo.training.length import learning_rate
from crackdemo.training.objectives import make_pair
from crackdemo.training.state import TrainingState, new_state
from crackdemo.training.steps import (
    check_finite,
    in_bfloat16,
    loader,
    seconds_of_step,
    steps_to_measure,
    train_epoch,
    train_step,
)
from crackdemo.training.team import CPU_ALONE, Team

GrayTiles = list[NDArray[np.uint8]]
TensorPair = tuple[Tensor, Tensor, Tensor]
"""Image, target and mask of a training pair, each (N, 1, size, size) or (1, size, size)."""

_VALIDATION_EPOCH = 2**31
"""Validation samples are drawn as from an epoch that training never reaches."""


class PairDataset(Dataset[TensorPair]):
    """Training pairs by number; the number alone decides what is painted."""

    def __init__(self, tiles: GrayTiles, config: FitConfig, epoch_size: int) -> None:
        self.tiles, self.config, self.epoch_size = tiles, config, epoch_size

    def __getitem__(self, number: int) -> TensorPair:
        config = self.config
        rng = np.random.default_rng([config.seed, *divmod(number, self.epoch_size)])
        tile = self.tiles[rng.integers(len(self.tiles))]
        pair = make_pair(
            tile,
            config.tile_size,
            config.objective,
            config.augment,
            config.cracks,
            config.flatten,
            rng,
        )
        mask = pair.mask.astype(np.float32)
        image, target = torch.from_numpy(pair.image), torch.from_numpy(pair.target)
        return image[None], target[None], torch.from_numpy(mask)[None]


def fit(
    config: FitConfig,
    state: TrainingState,
    train: GrayTiles,
    validation: GrayTiles,
    workers: int,
    team: Team = CPU_ALONE,
) -> Iterator[EpochReport]:
    """Trains `state` in place, one report an epoch; stop iterating to stop the fit.

    workers: processes that paint tiles beside the training; 0 paints in this one. team: of this
    process; each paints and sees its share of every batch, the leader validates. Raises LossError
    when the loss is no longer a number (the last good weights stay in `state.best_weights`), and
    FitError where a batch cannot be shared.
    """
    size = config.steps_per_epoch * config.batch_size
    share = team.share_of(config.batch_size)
    keys = [
        key
        for key in range(state.epoch * size, config.epochs * size)
        if key % config.batch_size % team.size == team.rank
    ]
    dataset, on_card = PairDataset(train, config, size), team.device.type == "cuda"
    batches = iter(loader(dataset, keys, share, workers, on_card))
    held_out = _validation_batches(config, validation) if team.leads else []
    network = team.together(state.network)
    while state.epoch < config.epochs and state.stale_epochs < config.patience:
        started = time.perf_counter()
        # the VAE's noise
        torch.manual_seed(config.seed * 1_000_003 + state.epoch + team.rank * 7_919)
        loss_of = partial(_loss, config, network)
        train_loss = team.mean(train_epoch(config, state, network, batches, loss_of))
        validation_loss = team.shared(
            _evaluate(config, state.network, held_out) if team.leads else 0.0
        )
        check_finite(train_loss + validation_loss, state)
        better = state.end_epoch(validation_loss)
        yield EpochReport(
            epoch=state.epoch,
            epochs=config.epochs,
            train_loss=train_loss,
            validation_loss=validation_loss,
            learning_rate=learning_rate(config, state.epoch * config.steps_per_epoch - 1),
            seconds=time.perf_counter() - started,
            best=better,
        )


def seconds_per_step(
    config: FitConfig, train: GrayTiles, workers: int, team: Team = CPU_ALONE
) -> float:
    """From a few measured steps of a process on its share of the batch."""
    config = replace(config, batch_size=team.share_of(config.batch_size))
    steps = steps_to_measure(workers)
    trial = replace(config, epochs=1, steps_per_epoch=steps, start="")
    state = new_state(trial, team.device)
    count = steps * config.batch_size
    dataset, on_card = PairDataset(train, trial, count), team.device.type == "cuda"
    batches = iter(loader(dataset, range(count), config.batch_size, workers, on_card))
    return seconds_of_step(
        lambda step: train_step(
            trial, state, step, partial(_loss, trial, state.network), next(batches)
        ),
        workers,
    )


def _loss(config: FitConfig, network: nn.Module, batch: TensorPair) -> Tensor:
    device = next(network.parameters()).device
    image, target, mask = (
        part.to(device, non_blocking=True, memory_format=torch.channels_last) for part in batch
    )
    with in_bfloat16(config, device):
        prediction: Prediction = network(image)
    reconstruction = prediction.reconstruction.float()
    loss = config.mse_weight * mean_squared_error(reconstruction, target)
    loss = loss + config.beta * prediction.kl.float()
    if config.ssim_weight:
        loss = loss + config.ssim_weight * (1 - ssim(reconstruction, target))
    if prediction.crack_logits is not None:
        loss = loss + config.crack_weight * crack_loss(prediction.crack_logits.float(), mask)
    return loss


def _validation_batches(config: FitConfig, tiles: GrayTiles) -> list[TensorPair]:
    dataset = PairDataset(tiles, config, 1)
    count = min(max(len(tiles), config.batch_size), 8 * config.batch_size)
    keys = range(_VALIDATION_EPOCH, _VALIDATION_EPOCH + count)
    return list(loader(dataset, keys, config.batch_size, workers=0))


def validation_loss(config: FitConfig, network: Network, validation: GrayTiles) -> float:
    """Of a network as it is, on what every epoch is judged by."""
    return _evaluate(config, network, _validation_batches(config, validation))


@torch.no_grad()
def _evaluate(config: FitConfig, network: Network, batches: list[TensorPair]) -> float:
    network.eval()
    return float(np.mean([float(_loss(config, network, batch)) for batch in batches]))


def use_threads(count: int) -> None:
    """Threads of torch; OpenCV gets none, its images here are too small to share out."""
    torch.set_num_threads(count)
    cv2.setNumThreads(0)
