"""fit(): a classifier on labelled photos, as a generator of epoch reports."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from crackdemo.errors import LossError
from crackdemo.models.family import Network
from crackdemo.runs.folder import EpochReport
from crackdemo.training.classifier.config import ClassifierFitConfig
from crackdemo.training.classifier.data import ClassData, Part
from crackdemo.training.classifier.views import AS_THEY_ARE, VaryConfig, seen, vary
from crackdemo.training.length import learning_rate
from crackdemo.training.loop import has_bfloat16
from crackdemo.training.state import TrainingState, new_state
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
        train_loss = team.mean(_train_epoch(config, state, network, batches, weight))
        validation_loss = team.shared(
            _evaluate(config, state.network, held_out, weight) if team.leads else 0.0
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
    config: ClassifierFitConfig, data: ClassData, workers: int, team: Team = CPU_ALONE
) -> float:
    """From a few measured steps of a process on its share of the batch."""
    trial = replace(config, epochs=1, steps_per_epoch=8, start="")
    state = new_state(trial, team.device)
    batches = iter(_training_batches(trial, data.train, 0, workers, team))
    weight = torch.tensor(data.crack_weight, device=team.device)
    # the first pays for warming up; a loss's value is there when a card has come to it
    float(_train_step(trial, state, state.network, next(batches), weight, 0))
    started = time.perf_counter()
    for step in range(1, 8):
        loss = _train_step(trial, state, state.network, next(batches), weight, step)
    float(loss)
    return (time.perf_counter() - started) / 7


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
    return _loader(dataset, mine, team.share_of(config.batch_size), workers)


def _validation_batches(config: ClassifierFitConfig, part: Part) -> list[Views]:
    dataset = ViewDataset(part, config, AS_THEY_ARE)
    chosen = list(range(len(part.photos)))
    if len(chosen) > _MOST_VALIDATED:
        rng = np.random.default_rng([config.seed, 7])
        chosen = sorted(rng.permutation(len(chosen))[:_MOST_VALIDATED].tolist())
    return list(_loader(dataset, chosen, config.batch_size, workers=0))


def _loader(
    dataset: ViewDataset, keys: Sequence[int], batch_size: int, workers: int
) -> "DataLoader[Views]":
    # forked after OpenCV or torch have started threads, a worker would hang: spawn
    context = "spawn" if workers else None
    return DataLoader(
        dataset, batch_size, sampler=keys, num_workers=workers, multiprocessing_context=context
    )


def _train_epoch(
    config: ClassifierFitConfig,
    state: TrainingState,
    network: nn.Module,
    batches: Iterator[Views],
    weight: Tensor,
) -> float:
    """network: the state's own, as it is called in training."""
    network.train()
    first = state.epoch * config.steps_per_epoch
    losses = [
        _train_step(config, state, network, next(batches), weight, first + step)
        for step in range(config.steps_per_epoch)
    ]
    return float(np.mean([float(loss) for loss in losses]))


def _train_step(
    config: ClassifierFitConfig,
    state: TrainingState,
    network: nn.Module,
    batch: Views,
    weight: Tensor,
    step: int,
) -> Tensor:
    """The loss, still on its device: to read it each time would let a card wait."""
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(config, step)
    value = _loss(config, network, batch, weight)
    state.optimizer.zero_grad(set_to_none=True)
    value.backward()  # type: ignore[no-untyped-call]
    state.optimizer.step()
    return value.detach()


def _loss(config: ClassifierFitConfig, network: nn.Module, batch: Views, weight: Tensor) -> Tensor:
    image = batch[0].to(weight.device, memory_format=torch.channels_last)
    cracked = batch[1].to(weight.device)
    is_half = config.bfloat16 and has_bfloat16(weight.device)
    with torch.autocast(weight.device.type, torch.bfloat16, enabled=is_half):
        logits: Tensor = network(image)
    return functional.binary_cross_entropy_with_logits(logits.float(), cracked, pos_weight=weight)


@torch.no_grad()
def _evaluate(
    config: ClassifierFitConfig, network: Network, batches: Sequence[Views], weight: Tensor
) -> float:
    """Mean loss over the photos."""
    network.eval()
    losses = [len(batch[1]) * float(_loss(config, network, batch, weight)) for batch in batches]
    return sum(losses) / sum(len(batch[1]) for batch in batches)
