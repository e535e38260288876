"""fit(): a classifier on labelled photos, as a generator of epoch reports."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from crackdemo.models.family import Network
from crackdemo.runs.folder import EpochReport
from crackdemo.training.classifier.config import ClassifierFitConfig
from crackdemo.training.classifier.data import ClassData, Part
from crackdemo.training.classifier.views import AS_THEY_ARE, VaryConfig, seen, vary
from crackdemo.training.length import learning_rate
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

Views = tuple[Tensor, Tensor]
"""Pictures (N, 1, size, size) and labels (N,), 1 where cracked."""

_MOST_VALIDATED = 1200
"""More photos than this choose no other epoch."""


class ViewDataset(Dataset[Views]):
    """Labelled photos, varied; the number alone, passes before times count plus photo, decides
    how."""

    def __init__(self, part: Part, config: ClassifierFitConfig, varied: VaryConfig) -> None:
        self.part, self.config, self.varied = part, config, varied

    def __getitem__(self, number: int) -> Views:
        before, photo = divmod(number, len(self.part.photos))
        rng = np.random.default_rng([self.config.seed, before, photo])
        gray = vary(self.part.photos[photo], self.config.input_size, self.varied, rng)
        image = torch.from_numpy(seen(gray, self.config.flatten))
        return image[None], torch.tensor(float(self.part.cracked[photo]))


def fit(
    config: ClassifierFitConfig,
    state: TrainingState,
    data: ClassData,
    workers: int,
    team: Team = CPU_ALONE,
) -> Iterator[EpochReport]:
    """Trains `state` in place, one report an epoch; stop iterating to stop the fit.

    workers: processes that vary photos beside the training; 0 varies in this one. team: of this
    process; each varies and sees its share of every batch, the leader validates. Raises LossError
    when the loss is no longer a number (the last good weights stay in `state.best_weights`), and
    FitError where a batch cannot be shared.
    """
    batches = iter(_training_batches(config, data.train, state.epoch, workers, team))
    weight = torch.tensor(data.crack_weight, device=team.device)
    held_out = _validation_batches(config, data.validation) if team.leads else []
    network = team.together(state.network)
    while state.epoch < config.epochs and state.stale_epochs < config.patience:
        started = time.perf_counter()
        torch.manual_seed(config.seed * 1_000_003 + state.epoch + team.rank * 7_919)  # dropout
        loss_of = partial(_loss, config, network, weight)
        train_loss = team.mean(train_epoch(config, state, network, batches, loss_of))
        validation_loss = team.shared(
            _evaluate(config, state.network, held_out, weight) if team.leads else 0.0
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
    config: ClassifierFitConfig, data: ClassData, workers: int, team: Team = CPU_ALONE
) -> float:
    """From a few measured steps of a process on its share of the batch."""
    trial = replace(config, epochs=1, steps_per_epoch=steps_to_measure(workers), start="")
    state = new_state(trial, team.device)
    batches = iter(_training_batches(trial, data.train, 0, workers, team))
    weight = torch.tensor(data.crack_weight, device=team.device)
    loss_of = partial(_loss, trial, state.network, weight)
    return seconds_of_step(
        lambda step: train_step(trial, state, step, loss_of, next(batches)), workers
    )


def _training_batches(
    config: ClassifierFitConfig, part: Part, epoch: int, workers: int, team: Team
) -> "DataLoader[Views]":
    """From an epoch on: all photos in a new order, as often as it takes."""
    size, count = config.steps_per_epoch * config.batch_size, len(part.photos)
    first, last = epoch * size, config.epochs * size
    keys: list[int] = []
    for before in range(first // count, -(-last // count)):
        order = np.random.default_rng([config.seed, 6, before]).permutation(count)
        keys += (before * count + order).tolist()
    skipped = first // count * count
    mine = [
        key
        for place, key in enumerate(keys[first - skipped : last - skipped])
        if place % config.batch_size % team.size == team.rank
    ]
    dataset = ViewDataset(part, config, config.vary)
    return loader(dataset, mine, team.share_of(config.batch_size), workers)


def _validation_batches(config: ClassifierFitConfig, part: Part) -> list[Views]:
    dataset = ViewDataset(part, config, AS_THEY_ARE)
    chosen = list(range(len(part.photos)))
    if len(chosen) > _MOST_VALIDATED:
        rng = np.random.default_rng([config.seed, 7])
        chosen = sorted(rng.permutation(len(chosen))[:_MOST_VALIDATED].tolist())
    return list(loader(dataset, chosen, config.batch_size, workers=0))


def _loss(config: ClassifierFitConfig, network: nn.Module, weight: Tensor, batch: Views) -> Tensor:
    image = batch[0].to(weight.device, memory_format=torch.channels_last)
    cracked = batch[1].to(weight.device)
    with in_bfloat16(config, weight.device):
        logits: Tensor = network(image)
    return functional.binary_cross_entropy_with_logits(logits.float(), cracked, pos_weight=weight)


@torch.no_grad()
def _evaluate(
    config: ClassifierFitConfig, network: Network, batches: Sequence[Views], weight: Tensor
) -> float:
    """Mean loss over the photos."""
    network.eval()
    losses = [len(batch[1]) * float(_loss(config, network, weight, batch)) for batch in batches]
    return sum(losses) / sum(len(batch[1]) for batch in batches)
