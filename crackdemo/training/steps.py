"""Steps and epochs, alike for networks of every kind: each brings its own batches and loss."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from crackdemo.errors import LossError
from crackdemo.training.length import Paced, learning_rate
from crackdemo.training.state import TrainingState

_MEASURED = 8
"""Steps whose time is measured."""
_READY = 2
"""Batches that each worker has ready before they are asked for: torch's `prefetch_factor`."""

Batch = TypeVar("Batch")
Rate: TypeAlias = Callable[[Any, int], float]
"""A fit's settings, `Paced`, and a step's number to the learning rate."""


def loader(
    dataset: Dataset[Batch], keys: Sequence[int], batch_size: int, workers: int, pin: bool = False
) -> "DataLoader[Batch]":
    """Batches of samples by number. workers: processes that make samples beside the training; 0
    makes them in this one. pin: whether they are on their way to a graphics card."""
    return DataLoader(
        dataset,
        batch_size,
        sampler=keys,
        num_workers=workers,
        # forked after OpenCV or torch have started threads, a worker would hang
        multiprocessing_context="spawn" if workers else None,
        worker_init_fn=_begin_worker,
        pin_memory=pin,
    )


def _begin_worker(worker: int) -> None:
    """OpenCV gets no threads: its images here are too small to share out, and many workers would
    wait for each other's. What goes wrong with a sample comes to the fit as an exception; left to
    be told is only that a fit which was ended, by Ctrl-C say, does not take what was on its way."""
    cv2.setNumThreads(0)
    sys.excepthook = lambda *given: None


def train_epoch(
    config: Paced,
    state: TrainingState,
    network: nn.Module,
    batches: Iterator[Batch],
    loss_of: Callable[[Batch], Tensor],
    rate: Rate = learning_rate,
) -> float:
    """The mean loss. network: the state's own, as it is called in training."""
    network.train()
    first = state.epoch * config.steps_per_epoch
    losses = [
        train_step(config, state, first + step, loss_of, next(batches), rate)
        for step in range(config.steps_per_epoch)
    ]
    return float(np.mean([float(loss) for loss in losses]))


def train_step(
    config: Paced,
    state: TrainingState,
    step: int,
    loss_of: Callable[[Batch], Tensor],
    batch: Batch,
    rate: Rate = learning_rate,
) -> Tensor:
    """The loss, still on its device: to read it each time would let a card wait."""
    for group in state.optimizer.param_groups:
        group["lr"] = rate(config, step)
    loss = loss_of(batch)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    state.optimizer.step()
    return loss.detach()


def steps_to_measure(workers: int) -> int:
    """So many batches `seconds_of_step` takes: it does not count the first, which pays for warming
    up, nor those that the workers had ready: many workers have seconds of work lying there."""
    return 1 + _READY * workers + _MEASURED


def seconds_of_step(
    step: Callable[[int], Tensor], workers: int, now: Callable[[], float] = time.perf_counter
) -> float:
    """Of a step by its number: the mean of a few. workers: see `loader`. now: in seconds."""
    last = steps_to_measure(workers) - 1
    first = last - _MEASURED
    for number in range(first + 1):
        loss = step(number)
    float(loss)  # a loss's value is there when a card has come to it
    started = now()
    for number in range(first + 1, last + 1):
        loss = step(number)
    float(loss)
    return (now() - started) / _MEASURED


def check_finite(loss: float, state: TrainingState) -> None:
    """Raises LossError when an epoch's loss is no longer a number."""
    if not np.isfinite(loss):
        raise LossError(
            f"The loss became infinite in epoch {state.epoch + 1}: try a lower learning rate."
        )


def in_bfloat16(config: Any, device: torch.device) -> torch.autocast:
    """Half-precision arithmetic, where it is wanted and the device has it."""
    is_half = config.bfloat16 and has_bfloat16(device)
    return torch.autocast(device.type, torch.bfloat16, enabled=is_half)


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device computes in bfloat16; where it only pretends to, that is slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    is_there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(is_there and torch.ops.mkldnn._is_mkldnn_bf16_supported())
