"""fit(): a classifier on labelled photos, as a generator of epoch reports."""

import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from crackdemo.errors import LossError
from crackdemo.models.family import Network
from crackdemo.runs.folder import EpochReport
from crackdemo.training.classifier.config import ClassifierFitConfig
from crackdemo.training.classifier.data import ClassData, Part
from crackdemo.training.classifier.views import AS_THEY_ARE, VaryConfig, seen, vary
from crackdemo.training.loop import has_bfloat16
from crackdemo.training.state import TrainingState

Views = tuple[Tensor, Tensor]
"""Pictures (N, 1, size, size) and labels (N,), 1 where cracked."""


class ViewDataset(Dataset[Views]):
    """Labelled photos, varied; the number alone, epoch times count plus photo, decides how."""

    def __init__(self, part: Part, config: ClassifierFitConfig, varied: VaryConfig) -> None:
        self.part, self.config, self.varied = part, config, varied

    def __getitem__(self, number: int) -> Views:
        epoch, photo = divmod(number, len(self.part.photos))
        rng = np.random.default_rng([self.config.seed, epoch, photo])
        gray = vary(self.part.photos[photo], self.config.input_size, self.varied, rng)
        image = torch.from_numpy(seen(gray, self.config.flatten))
        return image[None], torch.tensor(float(self.part.cracked[photo]))


def fit(
    config: ClassifierFitConfig, state: TrainingState, data: ClassData, workers: int
) -> Iterator[EpochReport]:
    """Trains `state` in place, one report an epoch; stop iterating to stop the fit.

    workers: processes that vary photos beside the training; 0 varies in this one. Raises LossError
    when the loss is no longer a number (the last good weights stay in `state.best_weights`).
    """
    count = len(data.train.photos)
    batch = min(config.batch_size, count)
    steps = count // batch
    keys = [
        epoch * count + int(photo)
        for epoch in range(state.epoch, config.epochs)
        for photo in _order(config, epoch, count)[: steps * batch]
    ]
    batches = iter(_loader(ViewDataset(data.train, config, config.vary), keys, batch, workers))
    weight = torch.tensor(data.crack_weight)
    held_out = list(
        _loader(
            ViewDataset(data.validation, config, AS_THEY_ARE),
            range(len(data.validation.photos)),
            config.batch_size,
            workers=0,
        )
    )
    while state.epoch < config.epochs and state.stale_epochs < config.patience:
        started = time.perf_counter()
        torch.manual_seed(config.seed * 1_000_003 + state.epoch)  # dropout
        state.network.train()
        losses = []
        for step in range(state.epoch * steps, (state.epoch + 1) * steps):
            for group in state.optimizer.param_groups:
                group["lr"] = config.learning_rate * one_cycle((step + 1) / (config.epochs * steps))
            loss = _loss(config, state.network, next(batches), weight)
            state.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            state.optimizer.step()
            losses.append(float(loss.detach()))
        train_loss = float(np.mean(losses))
        validation_loss = _evaluate(config, state.network, held_out, weight)
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
            learning_rate=state.optimizer.param_groups[0]["lr"],
            seconds=time.perf_counter() - started,
            best=better,
        )


def one_cycle(done: float) -> float:
    """Share of the peak rate after a share of all steps (Smith 2018): a cosine up over the first
    30 %, then down to 0."""
    peak = 0.3
    if done < peak:
        return float(0.04 + 0.96 * (1 - np.cos(np.pi * done / peak)) / 2)
    return float((1 + np.cos(np.pi * (done - peak) / (1 - peak))) / 2)


def _order(config: ClassifierFitConfig, epoch: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng([config.seed, 6, epoch]).permutation(count)


def _loader(
    dataset: ViewDataset, keys: Sequence[int], batch_size: int, workers: int
) -> "DataLoader[Views]":
    # forked after OpenCV or torch have started threads, a worker would hang: spawn
    context = "spawn" if workers else None
    return DataLoader(
        dataset, batch_size, sampler=keys, num_workers=workers, multiprocessing_context=context
    )


def _loss(config: ClassifierFitConfig, network: Network, batch: Views, weight: Tensor) -> Tensor:
    image, cracked = batch
    image = image.to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16, enabled=config.bfloat16 and has_bfloat16()):
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
