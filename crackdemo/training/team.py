"""The processes that fit together, and the device of each: one, or as many as a launcher started.

`accelerate launch` and `torchrun` tell a process its place by environment variables.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar, cast

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from crackdemo.detection.engine import best_device
from crackdemo.errors import FitError

_T = TypeVar("_T")


@dataclass(frozen=True)
class Team:
    """A process among those that fit the same network, each on its share of every batch."""

    device: torch.device
    """That this process computes on."""
    rank: int = 0
    """Its number, from 0."""
    size: int = 1
    """How many there are."""

    @property
    def leads(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.rank == 0

    @property
    def name(self) -> str:
        """What computes, for people."""
        one = self.device.type
        if one == "cuda":
            one = torch.cuda.get_device_name(self.device)
        return one if self.size == 1 else f"{self.size} x {one}"

    def shared(self, value: _T) -> _T:
        """What the leader gave here, in every process; all must call it."""
        if self.size == 1:
            return value
        values: list[object] = [value]
        device = self.device if self.device.type == "cuda" else None
        distributed.broadcast_object_list(values, src=0, device=device)
        return cast(_T, values[0])

    def shared_start(self, start: Callable[[], _T]) -> _T:
        """What each process reads for itself, all before any goes on: later it may be replaced."""
        value = start()
        if self.size > 1:
            distributed.barrier()
        return value

    def mean(self, value: float) -> float:
        """Over all processes; all must call it."""
        if self.size == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        distributed.all_reduce(total)
        return float(total) / self.size

    def together(self, network: nn.Module) -> nn.Module:
        """The network as it is called in training: gradients are means over all processes."""
        return network if self.size == 1 else DistributedDataParallel(network)

    def share_of(self, batch_size: int) -> int:
        """Tiles of each batch that are this process's. Raises FitError."""
        if batch_size % self.size:
            raise FitError(
                f"batch_size is {batch_size}, which {self.size} processes cannot share evenly: "
                "make it a multiple."
            )
        return batch_size // self.size


CPU_ALONE = Team(torch.device("cpu"))
"""One process without a graphics card."""


@contextmanager
def assembled(device: str) -> Iterator[Team]:
    """This process's team, met and at the end parted.

    device: auto, cpu, cuda or mps; auto takes the best that there is. Raises FitError where it is
    not there.
    """
    size, rank = (int(os.environ.get(name, default)) for name, default in _PLACE)
    if size == 1:
        yield Team(_device(device, 0))
        return
    team = Team(_device(device, int(os.environ.get("LOCAL_RANK", "0"))), rank, size)
    if team.device.type == "cuda":
        torch.cuda.set_device(team.device)
    distributed.init_process_group("nccl" if team.device.type == "cuda" else "gloo")
    try:
        yield team
    finally:
        distributed.destroy_process_group()


_PLACE = (("WORLD_SIZE", "1"), ("RANK", "0"))


def _device(name: str, number: int) -> torch.device:
    found = best_device() if name == "auto" else torch.device(name)
    is_there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not is_there.get(found.type, True):
        raise FitError(
            f"There is no {found.type.upper()} device that this PyTorch can use: give --device "
            "auto, or install a build of PyTorch for it."
        )
    if found.type != "cuda":
        return found
    if number >= torch.cuda.device_count():
        raise FitError(
            f"There are {torch.cuda.device_count()} graphics cards for more processes: launch as "
            "many processes as there are cards."
        )
    return torch.device("cuda", number)
