"""All that a fit needs to go on where it stopped, in memory and in one file."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.checkpoints.names import Weights, resolve_weights, shipped_names, weights_in
from crackdemo.errors import CrackdemoError, FitError, HubError, WeightsError, shortened
from crackdemo.files import written_whole
from crackdemo.models.family import Network, NetworkConfig, build_network
from crackdemo.runs.numbers import count, number
from crackdemo.training.config import FitConfig
from crackdemo.training.team import CPU_ALONE

PLATEAU = 3
"""Epochs without a lower validation loss after which some schedules lower the learning rate."""
_OPTIMIZER_TENSORS = ("step", "exp_avg", "exp_avg_sq")


class Startable(Protocol):
    """Settings of a fit of any kind: what its first state depends on."""

    @property
    def family(self) -> str: ...
    @property
    def network(self) -> NetworkConfig: ...
    @property
    def start(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...


@dataclass
class TrainingState:
    """All that a fit needs to go on where it stopped."""

    network: Network
    """With the weights of the last step."""
    optimizer: torch.optim.AdamW
    """With its running means of the gradients."""
    best_weights: dict[str, Tensor]
    """The network's state after the epoch with the lowest validation loss; empty before one."""
    best_loss: float = float("inf")
    """The lowest validation loss, or what else chooses the epoch; lower is better."""
    best_second: float = float("inf")
    """What decided between that epoch and those that came to the same; lower is better."""
    lowest_second: float = float("inf")
    """The lowest so far: while that still falls, the network still learns."""
    epoch: int = 0
    """Epochs done."""
    stale_epochs: int = 0
    """Epochs since the lowest validation loss, or what else chooses or decides."""
    plateaus: int = 0
    """How often `PLATEAU` epochs in a row were no better."""

    def end_epoch(self, loss: float, second: float = 0.0) -> bool:
        """Counts an epoch that came to a validation loss, or to what else chooses; says whether no
        earlier one was as good, and then keeps its weights. second: decides between equal ones."""
        better = (loss, second) < (self.best_loss, self.best_second)
        if better:
            self.best_loss, self.best_second = loss, second
            self.best_weights = {k: v.cpu().clone() for k, v in self.network.state_dict().items()}
        if better or second < self.lowest_second:
            self.lowest_second, self.stale_epochs = min(second, self.lowest_second), 0
        else:
            self.stale_epochs += 1
            self.plateaus += self.stale_epochs % PLATEAU == 0
        self.epoch += 1
        return better


def new_state(
    config: Startable, device: torch.device = CPU_ALONE.device, own: Path | None = None
) -> TrainingState:
    """A network on a device, untrained by the config's seed or with the weights that it starts
    from, and its optimizer. own: see `weights_to_start_from`. Raises FitError."""
    torch.manual_seed(config.seed)
    network = build_network(config.family, config.network)
    if config.start:
        network.load_state_dict(start_of(config, own))
    network.to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    return TrainingState(network, optimizer, {})


def weights_to_start_from(start: str, own: Path | None = None) -> Weights:
    """Shipped ones, the Hub's, or an own run's. Raises WeightsError.

    own: where an own run's weights lie, if it is one that the name is of: `RunFolder.start`, or
    before there is a run `RunFolder.checkpoint` of the other one.
    """
    if own is not None and own.is_dir():
        return weights_in(own, start)
    # never a folder of this machine: the name is published with the weights
    try:
        return resolve_weights(start, allowed=())
    except HubError:
        raise
    except WeightsError:
        raise WeightsError(
            f"There are no weights “{shortened(start)}”: a fit starts from "
            f"{', '.join(shipped_names())}, a finished run beside its own, or a Hub id owner/name; "
            "never from a folder, since the name is published with the weights."
        ) from None


def checkpoint_to_start_from(start: str, own: Path | None = None) -> Checkpoint:
    """Of these weights. Raises FitError."""
    try:
        return load_checkpoint(weights_to_start_from(start, own).folder)
    except CrackdemoError as error:
        raise FitError(f"The fit cannot start from “{shortened(start)}”: {error}") from None


def start_of(config: Startable, own: Path | None = None) -> dict[str, Tensor]:
    """The network's state that a fit starts from. Raises FitError where it does not fit."""
    checkpoint = checkpoint_to_start_from(config.start, own)
    described = checkpoint.config
    if (described.family, described.network) != (config.family, config.network):
        raise FitError(
            f"The fit cannot start from “{config.start}”, which is of another family or network: "
            "choose its family, and leave the network's settings as they are there."
        )
    return checkpoint.network.state_dict()


def averaged_with_start(
    config: FitConfig, learnt: dict[str, Tensor], own: Path | None = None
) -> dict[str, Tensor]:
    """Learnt weights, and of those that the fit started from, if any, `config.start_share`."""
    if not config.start:
        return learnt
    knew = start_of(config, own)
    return {
        name: torch.lerp(value, knew[name], config.start_share)
        if value.is_floating_point()
        else value
        for name, value in learnt.items()
    }


def save_state(path: Path, state: TrainingState) -> None:
    """Weights, best weights, optimizer tensors and counters, in one safetensors file."""
    tensors = {f"network.{k}": v for k, v in state.network.state_dict().items()}
    tensors |= {f"best.{k}": v for k, v in state.best_weights.items()}
    tensors |= dict(_optimizer_tensors(state.optimizer))
    counters = {
        "epoch": state.epoch,
        "stale_epochs": state.stale_epochs,
        "best_loss": state.best_loss,
        "best_second": state.best_second,
        "lowest_second": state.lowest_second,
        "plateaus": state.plateaus,
    }
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    with written_whole(path) as building:
        save_file(whole, building, {"counters": json.dumps(counters)})


def load_state(
    path: Path,
    config: Startable,
    device: torch.device = CPU_ALONE.device,
    own: Path | None = None,
) -> TrainingState:
    """Where the fit stopped; a fresh state where there is no file. own: see
    `weights_to_start_from`. Raises FitError."""
    return restored(path, new_state(config, device, own), device)


def restored(
    path: Path, state: TrainingState, device: torch.device = CPU_ALONE.device
) -> TrainingState:
    """A fresh state with all that a file of `save_state` holds; as it is where there is none.
    Raises FitError."""
    if not path.exists():
        return state
    try:
        tensors, counters = _content(path)
        state.network.load_state_dict(_part(tensors, "network."), strict=True)
        _count_on(state, counters)
        state.best_weights = _part(tensors, "best.")
        for index, parameter in enumerate(state.optimizer.param_groups[0]["params"]):
            of_parameter = _part(tensors, f"optimizer.{index}.")
            state.optimizer.state[parameter] = {
                k: of_parameter[k] if k == "step" else of_parameter[k].to(device)
                for k in _OPTIMIZER_TENSORS
            }
    except (SafetensorError, RuntimeError, KeyError, TypeError, ValueError):
        raise FitError(
            f"The run “{path.parent.name}” cannot go on, {path.name} is damaged or of another "
            "network: start a new run."
        ) from None
    return state


def _content(path: Path) -> tuple[dict[str, Tensor], Any]:
    """Raises ValueError where it is no file, SafetensorError, KeyError and TypeError."""
    if not path.is_file():  # a pipe would be waited for
        raise ValueError("it is no file")
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return tensors, json.loads(file.metadata()["counters"])


def _count_on(state: TrainingState, counters: Any) -> None:
    """From where a file's counters stand. Raises ValueError where they cannot be, KeyError and
    TypeError."""
    state.epoch, state.stale_epochs = count(counters["epoch"]), count(counters["stale_epochs"])
    state.plateaus = count(counters.get("plateaus", 0))  # older runs count none
    if max(state.stale_epochs, state.plateaus) > state.epoch:
        raise ValueError("an epoch was counted twice")
    best, second = counters["best_loss"], counters.get("best_second", 0.0)  # older runs have none
    state.best_loss = math.inf if best == math.inf else number(best)  # before the first epoch
    state.best_second = math.inf if second == math.inf else number(second)
    lowest = counters.get("lowest_second", second)
    state.lowest_second = math.inf if lowest == math.inf else number(lowest)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _optimizer_tensors(optimizer: torch.optim.AdamW) -> Iterator[tuple[str, Tensor]]:
    for index, parameter in enumerate(optimizer.param_groups[0]["params"]):
        for name in _OPTIMIZER_TENSORS:
            yield f"optimizer.{index}.{name}", optimizer.state[parameter][name]
