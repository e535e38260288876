"""fit_pieces(): a segmenter on pieces of photos, as a generator of epoch reports."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from crackdemo.models.family import Network
from crackdemo.models.losses import class_loss
from crackdemo.runs.folder import EpochReport
from crackdemo.training.length import scheduled
from crackdemo.training.segmentation.config import SegmentConfig
from crackdemo.training.segmentation.data import SegmentData
from crackdemo.training.segmentation.judging import Judge, Judged
from crackdemo.training.segmentation.pieces import PieceDataset, TensorPiece
from crackdemo.training.segmentation.start import colours_of, new_state
from crackdemo.training.segmentation.weights import class_weights
from crackdemo.training.state import TrainingState
from crackdemo.training.steps import (
    check_finite,
    in_bfloat16,
    loader,
    seconds_of_step,
    steps_to_measure,
    train_epoch,
    train_step,
)


def fit_pieces(
    config: SegmentConfig,
    state: TrainingState,
    data: SegmentData,
    workers: int,
    device: torch.device,
    judged: Callable[[Judged], None] = lambda judged: None,
) -> Iterator[EpochReport]:
    """Trains `state` in place, one report an epoch; stop iterating to stop the fit.

    workers: see `steps.loader`. judged: is told what the validation photos came to, before each
    report. `state.best_loss` is 1 - the `Judged.value` of the best epoch, of equal ones that of the
    lowest loss. Raises LossError when the loss is no longer a number; the best weights stay in
    `state.best_weights`.
    """
    size = config.steps_per_epoch * config.batch_size
    colours = colours_of(state.network)
    dataset = PieceDataset(data.train, config, colours, size)
    keys = range(state.epoch * size, config.epochs * size)
    batches = iter(loader(dataset, keys, config.batch_size, workers, device.type == "cuda"))
    weights = weights_of(config, data)
    judge = Judge(data.validation, config, colours, weights)
    rate = partial(_rate, state)
    while state.epoch < config.epochs and state.stale_epochs < config.patience:
        started = time.perf_counter()
        torch.manual_seed(config.seed * 1_000_003 + state.epoch)  # what dropout leaves out
        loss_of = partial(_loss, config, state.network, weights)
        train_loss = train_epoch(config, state, state.network, batches, loss_of, rate)
        check_finite(train_loss, state)
        found = judge(state.network, device)
        judged(found)
        last_rate = rate(config, (state.epoch + 1) * config.steps_per_epoch - 1)
        better = state.end_epoch(1 - found.value, found.loss)
        yield EpochReport(
            epoch=state.epoch,
            epochs=config.epochs,
            train_loss=train_loss,
            validation_loss=found.loss,
            learning_rate=last_rate,
            seconds=time.perf_counter() - started,
            best=better,
            metric=found.metric,
            value=found.value,
        )


def seconds_per_step(
    config: SegmentConfig, data: SegmentData, workers: int, device: torch.device
) -> float:
    """From a few measured steps."""
    steps = steps_to_measure(workers)
    count = steps * config.batch_size
    trial = replace(config, epochs=1, steps_per_epoch=steps, start="")
    state = new_state(trial, device)
    dataset = PieceDataset(data.train, trial, colours_of(state.network), count)
    on_card = device.type == "cuda"
    batches = iter(loader(dataset, range(count), trial.batch_size, workers, on_card))
    loss_of = partial(_loss, trial, state.network, weights_of(config, data))
    return seconds_of_step(
        lambda step: train_step(trial, state, step, loss_of, next(batches)), workers
    )


def weights_of(config: SegmentConfig, data: SegmentData) -> list[float]:
    """How much a pixel of the background, and of each class, counts in the loss."""
    learnt = [pair for folder in data.train for pair in folder]
    return class_weights(config.class_weights, learnt, len(data.classes))


def _rate(state: TrainingState, config: SegmentConfig, step: int) -> float:
    return scheduled(config, config.schedule, step, state.plateaus)


def _loss(
    config: SegmentConfig, network: Network, weights: Sequence[float], batch: TensorPiece
) -> Tensor:
    device = next(network.parameters()).device
    image, labels = batch
    image = image.to(device, non_blocking=True, memory_format=torch.channels_last)
    with in_bfloat16(config, device):
        logits = network(image)
    return class_loss(
        logits.float(),
        labels.to(device, non_blocking=True),
        torch.tensor(weights, device=device),
        config.entropy_weight,
        config.focal_weight,
        config.dice_weight,
    )
