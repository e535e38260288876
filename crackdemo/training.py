"""fit(): a network on crack-free tiles, as a generator of epoch reports."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Self

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from crackdemo.configs import parse_config
from crackdemo.cracks import CrackConfig
from crackdemo.heatmaps import HeatmapConfig
from crackdemo.illumination import FlattenConfig
from crackdemo.losses import crack_loss, mean_squared_error, ssim
from crackdemo.masks import MaskParams
from crackdemo.models import FAMILIES, Autoencoder, NetworkConfig, build_network
from crackdemo.models.blocks import Prediction, stride
from crackdemo.models.cae import CaeConfig
from crackdemo.objectives import OBJECTIVES, AugmentConfig, make_pair

GrayTiles = list[NDArray[np.uint8]]
TensorPair = tuple[Tensor, Tensor, Tensor]
"""Image, target and mask of a training pair, each (N, 1, size, size) or (1, size, size)."""

_VALIDATION_EPOCH = 2**31
"""Validation samples are drawn as from an epoch that training never reaches."""

_RANGES: dict[str, tuple[float, float]] = {
    "mse_weight": (0, 1e6),
    "ssim_weight": (0, 1e6),
    "crack_weight": (0, 1e6),
    "beta": (0, 1e6),
    "tile_size": (16, 1024),
    "source_size": (16, 4096),
    "batch_size": (1, 4096),
    "steps_per_epoch": (1, 1e6),
    "epochs": (1, 1e6),
    "learning_rate": (0, 1),
    "weight_decay": (0, 1),
    "patience": (1, 1e6),
    "seed": (0, 2**32 - 1),
    "score_top_share": (1e-6, 1),
}
"""Smallest and largest value of a fit's numbers."""


class FitError(RuntimeError):
    """A fit cannot go on; its text is one sentence for the person."""


@dataclass(frozen=True)
class FitConfig:
    """A fit's settings: with the data, enough to make the same weights again."""

    family: str = "cae"
    """cae (autoencoder) or vae (variational autoencoder)."""
    network: NetworkConfig = field(default_factory=CaeConfig)
    """The network's own settings."""
    objective: str = "healing"
    """healing: painted cracks are to be undone; inpainting: blanked blocks are to be filled in;
    reconstruction: the tile is to come back as it is."""
    mse_weight: float = 10.0
    """Weight of the mean squared error in the loss."""
    ssim_weight: float = 0.3
    """Weight of 1 - SSIM in the loss; 0 leaves it out."""
    crack_weight: float = 1.0
    """Weight of the crack head's loss: cross-entropy and Dice on the painted masks."""
    beta: float = 1e-5
    """Weight of the KL divergence in the loss of a VAE."""
    tile_size: int = 128
    """Side of the training tiles, in pixels."""
    source_size: int = 192
    """Side of the crack-free tiles cut from photos, in pixels; training tiles are cropped from
    them at random and scaled."""
    batch_size: int = 16
    """Tiles per step; more need more memory."""
    steps_per_epoch: int = 100
    """Steps between two validations."""
    epochs: int = 20
    """How often validation is done before the fit ends."""
    learning_rate: float = 4e-3
    """Peak of the one-cycle schedule."""
    weight_decay: float = 0.01
    """Decoupled weight decay (AdamW)."""
    patience: int = 10
    """Epochs without a better validation loss after which the fit stops early."""
    bfloat16: bool = True
    """Half-precision arithmetic in the forward pass: twice as fast where the processor has it."""
    seed: int = 0
    """The same seed, data and number of threads give the same weights."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """How clean tiles are varied."""
    cracks: CrackConfig = field(default_factory=CrackConfig)
    """What painted cracks look like."""
    flatten: FlattenConfig = field(default_factory=FlattenConfig)
    """What is done to a photo before the network sees it."""
    heatmap: HeatmapConfig = field(default_factory=HeatmapConfig)
    """How residuals become a heatmap."""
    mask: MaskParams = field(default_factory=lambda: MaskParams(closing=3, min_area=50))
    """The mask settings that the weights bring along."""
    score_top_share: float = 0.01
    """The share of a photo's pixels, the hottest ones, whose mean is its score."""

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise ValueError(f"objective must be one of {', '.join(OBJECTIVES)}")
        if self.family not in FAMILIES:
            raise ValueError(f"the family must be {' or '.join(FAMILIES)}")
        if not isinstance(self.network, FAMILIES[self.family].config):
            raise ValueError(f"network does not belong to the family {self.family}")
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must lie in {low:g}..{high:g}")
        step = stride(self.network.channels)
        if self.tile_size % step or self.tile_size < 2 * step:
            raise ValueError(f"tile_size must be a multiple of {step}, from {2 * step} on")
        if getattr(self.network, "tile_size", None) not in (None, self.tile_size):
            raise ValueError("tile_size must be the one of the network's dense latent")
        if self.objective == "reconstruction" and self.network.skips:
            raise ValueError("plain reconstruction needs a network with skips off: it would copy")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """From JSON; absent settings keep their default. Raises ValueError."""
        if not isinstance(values, dict):
            raise ValueError("a fit's config must be an object of settings")
        family = values.get("family", "cae")
        if family not in FAMILIES:
            raise ValueError(f"the family must be {' or '.join(FAMILIES)}")
        network = parse_config(FAMILIES[family].config, values.get("network", {}))
        return parse_config(cls, {**values, "network": network})


@dataclass(frozen=True)
class EpochReport:
    """What one epoch came to."""

    epoch: int
    """Epochs done, from 1."""
    epochs: int
    """Epochs there will be."""
    train_loss: float
    """Mean over the epoch's steps; lower is better."""
    validation_loss: float
    """On the same painted validation tiles every epoch; lower is better."""
    learning_rate: float
    """At the epoch's last step."""
    seconds: float
    """Time of this epoch, validation included."""
    best: bool
    """Whether this epoch's validation loss is the lowest so far."""


@dataclass
class TrainingState:
    """All that a fit needs to go on where it stopped."""

    network: Autoencoder
    """With the weights of the last step."""
    optimizer: torch.optim.AdamW
    """With its running means of the gradients."""
    best_weights: dict[str, Tensor]
    """The network's state after the epoch with the lowest validation loss; empty before one."""
    best_loss: float = float("inf")
    """The lowest validation loss."""
    epoch: int = 0
    """Epochs done."""
    stale_epochs: int = 0
    """Epochs since the lowest validation loss."""


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


def new_state(config: FitConfig) -> TrainingState:
    """An untrained network and its optimizer, from the config's seed."""
    torch.manual_seed(config.seed)
    network = build_network(config.network)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    return TrainingState(network, optimizer, {})


def fit(
    config: FitConfig, state: TrainingState, train: GrayTiles, validation: GrayTiles, workers: int
) -> Iterator[EpochReport]:
    """Trains `state` in place, one report an epoch; stop iterating to stop the fit.

    workers: processes that paint tiles beside the training; 0 paints in this one. Raises FitError
    when the loss is no longer a number (the last good weights stay in `state.best_weights`).
    """
    size = config.steps_per_epoch * config.batch_size
    keys = range(state.epoch * size, config.epochs * size)
    batches = iter(_loader(PairDataset(train, config, size), keys, config.batch_size, workers))
    held_out = _validation_batches(config, validation)
    while state.epoch < config.epochs and state.stale_epochs < config.patience:
        started = time.perf_counter()
        torch.manual_seed(config.seed * 1_000_003 + state.epoch)  # the VAE's noise
        train_loss = _train_epoch(config, state, batches)
        validation_loss = _evaluate(config, state.network, held_out)
        if not np.isfinite(train_loss + validation_loss):
            raise FitError(
                f"The loss became infinite in epoch {state.epoch + 1}: try a lower learning rate; "
                "the weights of the epochs before are kept."
            )
        better = validation_loss < state.best_loss
        if better:
            state.best_loss, state.stale_epochs = validation_loss, 0
            state.best_weights = {k: v.clone() for k, v in state.network.state_dict().items()}
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


def learning_rate(config: FitConfig, step: int) -> float:
    """One cycle (Smith 2018): a cosine up over the first 30 % of all steps, then down to 0."""
    total = config.epochs * config.steps_per_epoch
    done, peak = (step + 1) / total, 0.3
    if done < peak:
        share = 0.04 + 0.96 * (1 - np.cos(np.pi * done / peak)) / 2
    else:
        share = (1 + np.cos(np.pi * (done - peak) / (1 - peak))) / 2
    return float(config.learning_rate * share)


def epochs_for(config: FitConfig, train: GrayTiles, minutes: float, workers: int) -> int:
    """How many epochs fit into some minutes, from a few measured steps; at least 1."""
    trial = replace(config, epochs=1, steps_per_epoch=8)
    state = new_state(trial)
    batches = iter(
        _loader(
            PairDataset(train, trial, 8 * config.batch_size),
            range(8 * config.batch_size),
            config.batch_size,
            workers,
        )
    )
    _train_step(trial, state, next(batches), 0)  # the first pays for warming up
    started = time.perf_counter()
    for step in range(1, 8):
        _train_step(trial, state, next(batches), step)
    seconds = (time.perf_counter() - started) / 7 * config.steps_per_epoch * 1.05
    return max(1, int(minutes * 60 / seconds))


def _loader(
    dataset: PairDataset, keys: range, batch_size: int, workers: int
) -> "DataLoader[TensorPair]":
    # forked after OpenCV or torch have started threads, a worker would hang: spawn
    context = "spawn" if workers else None
    return DataLoader(
        dataset, batch_size, sampler=keys, num_workers=workers, multiprocessing_context=context
    )


def _train_epoch(config: FitConfig, state: TrainingState, batches: Iterator[TensorPair]) -> float:
    state.network.train()
    first = state.epoch * config.steps_per_epoch
    losses = [
        _train_step(config, state, next(batches), first + step)
        for step in range(config.steps_per_epoch)
    ]
    return float(np.mean(losses))


def _train_step(config: FitConfig, state: TrainingState, batch: TensorPair, step: int) -> float:
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(config, step)
    value = _loss(config, state.network, batch)
    state.optimizer.zero_grad(set_to_none=True)
    value.backward()  # type: ignore[no-untyped-call]
    state.optimizer.step()
    return float(value.detach())


def _loss(config: FitConfig, network: Autoencoder, batch: TensorPair) -> Tensor:
    image, target, mask = (part.contiguous(memory_format=torch.channels_last) for part in batch)
    with torch.autocast("cpu", torch.bfloat16, enabled=config.bfloat16):
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


@torch.no_grad()
def _evaluate(config: FitConfig, network: Autoencoder, batches: list[TensorPair]) -> float:
    network.eval()
    return float(np.mean([float(_loss(config, network, batch)) for batch in batches]))


def use_threads(count: int) -> None:
    """Threads of torch; OpenCV gets none, its images here are too small to share out."""
    torch.set_num_threads(count)
    cv2.setNumThreads(0)
