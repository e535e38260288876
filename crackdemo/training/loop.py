"""fit(): a network on crack-free tiles, as a generator of epoch reports."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from crackdemo.errors import LossError
from crackdemo.models.family import Network, Prediction
from crackdemo.models.losses import crack_loss, mean_squared_error, ssim
from crackdemo.runs.folder import EpochReport
from crackdemo.training.config import FitConfig
from crackdemo.training.length import learning_rate
from crackdemo.training.objectives import make_pair
from crackdemo.training.state import TrainingState, new_state
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
    batches = iter(_loader(PairDataset(train, config, size), keys, share, workers, team.device))
    held_out = _validation_batches(config, validation) if team.leads else []
    network = team.together(state.network)
    while state.epoch < config.epochs and state.stale_epochs < config.patience:
        started = time.perf_counter()
        # the VAE's noise
        torch.manual_seed(config.seed * 1_000_003 + state.epoch + team.rank * 7_919)
        train_loss = team.mean(_train_epoch(config, state, network, batches))
        validation_loss = team.shared(
            _evaluate(config, state.network, held_out) if team.leads else 0.0
        )
        if not np.isfinite(train_loss + validation_loss):
            raise LossError(
                f"The loss became infinite in epoch {state.epoch + 1}: try a lower learning rate."
            )
        better = validation_loss < state.best_loss
        if better:
            state.best_loss, state.stale_epochs = validation_loss, 0
            state.best_weights = {k: v.cpu().clone() for k, v in state.network.state_dict().items()}
        else:
            state.stale_epochs += 1
        state.epoch += 1
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
    trial = replace(config, epochs=1, steps_per_epoch=8)
    state = new_state(trial, team.device)
    batches = iter(
        _loader(
            PairDataset(train, trial, 8 * config.batch_size),
            range(8 * config.batch_size),
            config.batch_size,
            workers,
            team.device,
        )
    )
    # the first pays for warming up; a loss's value is there when a card has come to it
    float(_train_step(trial, state, state.network, next(batches), 0))
    started = time.perf_counter()
    for step in range(1, 8):
        loss = _train_step(trial, state, state.network, next(batches), step)
    float(loss)
    return (time.perf_counter() - started) / 7


def _loader(
    dataset: PairDataset,
    keys: Sequence[int],
    batch_size: int,
    workers: int,
    device: torch.device = CPU_ALONE.device,
) -> "DataLoader[TensorPair]":
    # forked after OpenCV or torch have started threads, a worker would hang: spawn
    context = "spawn" if workers else None
    return DataLoader(
        dataset,
        batch_size,
        sampler=keys,
        num_workers=workers,
        multiprocessing_context=context,
        pin_memory=device.type == "cuda",
    )


def _train_epoch(
    config: FitConfig, state: TrainingState, network: nn.Module, batches: Iterator[TensorPair]
) -> float:
    """network: the state's own, as it is called in training."""
    network.train()
    first = state.epoch * config.steps_per_epoch
    losses = [
        _train_step(config, state, network, next(batches), first + step)
        for step in range(config.steps_per_epoch)
    ]
    return float(np.mean([float(loss) for loss in losses]))


def _train_step(
    config: FitConfig, state: TrainingState, network: nn.Module, batch: TensorPair, step: int
) -> Tensor:
    """The loss, still on its device: to read it each time would let a card wait."""
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(config, step)
    value = _loss(config, network, batch)
    state.optimizer.zero_grad(set_to_none=True)
    value.backward()  # type: ignore[no-untyped-call]
    state.optimizer.step()
    return value.detach()


def _loss(config: FitConfig, network: nn.Module, batch: TensorPair) -> Tensor:
    device = next(network.parameters()).device
    image, target, mask = (
        part.to(device, non_blocking=True, memory_format=torch.channels_last) for part in batch
    )
    is_half = config.bfloat16 and has_bfloat16(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=is_half):
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
    return list(_loader(dataset, keys, config.batch_size, workers=0))


def validation_loss(config: FitConfig, network: Network, validation: GrayTiles) -> float:
    """Of a network as it is, on what every epoch is judged by."""
    return _evaluate(config, network, _validation_batches(config, validation))


@torch.no_grad()
def _evaluate(config: FitConfig, network: Network, batches: list[TensorPair]) -> float:
    network.eval()
    return float(np.mean([float(_loss(config, network, batch)) for batch in batches]))


def has_bfloat16(device: torch.device = CPU_ALONE.device) -> bool:
    """Whether a device computes in bfloat16; where it only pretends to, that is slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    is_there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(is_there and torch.ops.mkldnn._is_mkldnn_bf16_supported())


def use_threads(count: int) -> None:
    """Threads of torch; OpenCV gets none, its images here are too small to share out."""
    torch.set_num_threads(count)
    cv2.setNumThreads(0)
