"""What weights would cost, from their config alone: before a byte of them is loaded."""

from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from crackdemo.checkpoints.checkpoint import CheckpointConfig, read_config
from crackdemo.errors import CheckpointError, ConfigError
from crackdemo.models.family import build_network

_STRIDES = 4
"""Of the image that is counted on: enough that every layer has something to do."""


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
    """Multiply-adds of a network for each pixel of a photo, all scales together.

    Raises ConfigError for settings that make no network.
    """
    try:
        with torch.device("meta"):  # no memory, no arithmetic: shapes alone
            network = build_network(config.family, config.network).eval()
            side = network.tile_size or _STRIDES * network.stride
            image = torch.empty(1, 1, side, side)
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                network.predict(image)
    except (RuntimeError, OverflowError, ValueError) as error:
        raise ConfigError("its settings make no network.") from error
    shares = sum(scale**2 for scale in config.heatmap.scales)
    overlap = 4 if network.tile_size else 1  # tiles of one size overlap by half, both ways
    return float(counter.get_total_flops()) / 2 / side**2 * shares * overlap
