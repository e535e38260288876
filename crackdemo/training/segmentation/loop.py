"""fit_pieces(): a segmenter on pieces of photos, as a generator of epoch reports."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from crackdemo.errors import LossError
from crackdemo.models.losses import crack_loss
from crackdemo.runs.folder import EpochReport
from crackdemo.training.length import learning_rate
from crackdemo.training.loop import has_bfloat16
from crackdemo.training.segmentation.config import SegmentConfig
from crackdemo.training.segmentation.data import SegmentData
from crackdemo.training.segmentation.judging import METRIC, Judge, Judged
from crackdemo.training.segmentation.pieces import PieceDataset, TensorPiece, loader
from crackdemo.training.segmentation.start import colours_of, new_state
from crackdemo.training.state import TrainingState


def fit_pieces(
    config: SegmentConfig,
    state: TrainingState,
    data: SegmentData,
    workers: int,
    device: torch.device,
    judged: Callable[[Judged], None] = lambda judged: None,
) -> Iterator[EpochReport]:
    """Trains `state` in place, one report an epoch; stop iterating to stop the fit.

    workers: see `pieces.loader`. judged: is told what the validation photos came to, before each
    report. `state.best_loss` is 1 - `METRIC` of the best epoch. Raises LossError when the loss is
    no longer a number; the best weights stay in `state.best_weights`.
    """
    size = config.steps_per_epoch * config.batch_size
    colours = colours_of(state.network)
    dataset = PieceDataset(data.train, config, colours, size)
    keys = range(state.epoch * size, config.epochs * size)
    batches = iter(loader(dataset, keys, config.batch_size, workers, device.type == "cuda"))
    judge = Judge(data.validation, config, colours)
    while state.epoch < config.epochs and state.stale_epochs < config.patience:
        started = time.perf_counter()
        torch.manual_seed(config.seed * 1_000_003 + state.epoch)  # what dropout leaves out
        train_loss = _train_epoch(config, state, batches)
        if not np.isfinite(train_loss):
            raise LossError(
                f"The loss became infinite in epoch {state.epoch + 1}: try a lower learning rate."
            )
        found = judge(state.network, device)
        judged(found)
        better = 1 - found.ods < state.best_loss
        if better:
            state.best_loss, state.stale_epochs = 1 - found.ods, 0
            state.best_weights = {k: v.cpu().clone() for k, v in state.network.state_dict().items()}
        else:
            state.stale_epochs += 1
        state.epoch += 1
        yield EpochReport(
            epoch=state.epoch,
            epochs=config.epochs,
            train_loss=train_loss,
            validation_loss=found.loss,
            learning_rate=learning_rate(config, state.epoch * config.steps_per_epoch - 1),
            seconds=time.perf_counter() - started,
            best=better,
            metric=METRIC,
            value=found.ods,
        )


def seconds_per_step(
    config: SegmentConfig, data: SegmentData, workers: int, device: torch.device
) -> float:
    """From a few measured steps."""
    trial = replace(config, epochs=1, steps_per_epoch=6)
    state = new_state(trial, device)
    dataset = PieceDataset(data.train, trial, colours_of(state.network), 6 * trial.batch_size)
    keys = range(6 * trial.batch_size)
    batches = iter(loader(dataset, keys, trial.batch_size, workers, device.type == "cuda"))
    float(_train_step(trial, state, next(batches), 0))  # the first pays for warming up
    started = time.perf_counter()
    losses = [_train_step(trial, state, next(batches), step) for step in range(1, 6)]
    float(losses[-1])
    return (time.perf_counter() - started) / 5


def _train_epoch(
    config: SegmentConfig, state: TrainingState, batches: Iterator[TensorPiece]
) -> float:
    state.network.train()
    first = state.epoch * config.steps_per_epoch
    losses = [
        _train_step(config, state, next(batches), first + step)
        for step in range(config.steps_per_epoch)
    ]
    return float(np.mean([float(loss) for loss in losses]))


def _train_step(
    config: SegmentConfig, state: TrainingState, batch: TensorPiece, step: int
) -> Tensor:
    """The loss, still on its device."""
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(config, step)
    device = next(state.network.parameters()).device
    image, mask = (
        part.to(device, non_blocking=True, memory_format=torch.channels_last) for part in batch
    )
    is_half = config.bfloat16 and has_bfloat16(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=is_half):
        logits = state.network(image)
    loss = crack_loss(logits.float(), mask, config.entropy_weight, config.dice_weight)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    state.optimizer.step()
    return loss.detach()
