"""What weights would cost, from their config alone: before a byte of them is loaded."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from crackdemo.checkpoints.checkpoint import CheckpointConfig, read_config
from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.detection.kinds import HeatSettings
from crackdemo.detection.probability import ProbabilityConfig
from crackdemo.detection.saliency import SaliencyConfig
from crackdemo.errors import CheckpointError, ConfigError
from crackdemo.models.family import Network, build_network

_STRIDES = 4
"""Of the image that is counted on: enough that every layer has something to do."""
_OVERLAPPING = 4
"""Tiles of one size overlap by half, both ways."""
_BACK_AND_FORTH = 3
"""A gradient takes twice what the answer takes, and that as well."""


def check_cost(folder: Path, most: int, name: str) -> None:
    """Raises CheckpointError for weights that take more multiply-adds per pixel, or whose config
    cannot be read."""
    try:
        cost = macs_per_pixel(read_config(folder))
    except (ConfigError, OSError) as error:
        reason = str(error) if isinstance(error, ConfigError) else "it cannot be read."
        raise CheckpointError(f"The config of “{name}” cannot be used: {reason}") from None
    if cost > most:
        raise CheckpointError(
            f"“{name}” would take {cost:,.0f} multiply-adds for each pixel of a photo; at most "
            f"{most:,} are allowed here: use smaller weights, or run the app at home."
        )


def macs_per_pixel(config: CheckpointConfig) -> float:
    """Multiply-adds for each pixel of a photo, all scales and passes together.

    Raises ConfigError for settings that make no network.
    """
    try:
        with torch.device("meta"):  # no memory, no arithmetic: shapes alone
            return _cost(build_network(config.family, config.network).eval(), config.heatmap)
    except (RuntimeError, OverflowError, ValueError) as error:
        raise ConfigError("its settings make no network.") from error


def _cost(network: Network, heatmap: HeatSettings) -> float:
    if isinstance(heatmap, SaliencyConfig):
        macs = _macs(network, network, heatmap.input_size)
        back_and_forth = 1 + _BACK_AND_FORTH * heatmap.passes
        return macs * back_and_forth * _OVERLAPPING / heatmap.tile_size**2
    side = network.tile_size or _STRIDES * network.stride
    coarser = heatmap.coarser if isinstance(heatmap, HeatmapConfig) else ()
    shares = sum(scale**2 for scale in (*heatmap.scales, *coarser))
    overlap = _OVERLAPPING if network.tile_size else 1
    cost = _macs(network, network.answer, side) / side**2 * shares * overlap
    if isinstance(heatmap, ProbabilityConfig) and heatmap.evidence is not None:
        healer = network.get_submodule("healer")
        assert isinstance(healer, Network)  # the config was checked for it
        cost += _cost(healer, heatmap.evidence.heatmap)
    return cost


def _macs(network: Network, run: Callable[[Tensor], object], side: int) -> float:
    """Multiply-adds of one square image."""
    image = torch.empty(1, network.inputs, side, side)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        run(image)
    return float(counter.get_total_flops()) / 2
