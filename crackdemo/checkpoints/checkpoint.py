"""A checkpoint folder, laid out as a Hub model repo: weights, config, model card."""

import json
import math
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from crackdemo.configs import parse_config
from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.errors import CheckpointError
from crackdemo.masks.cut import MaskParams
from crackdemo.models import FAMILIES, Autoencoder, NetworkConfig, build_network

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
CARD = "README.md"
FORMAT_VERSION = 1
_MAX_CONFIG_BYTES = 1_000_000


@dataclass(frozen=True)
class Calibration:
    """What makes a threshold mean the same on every photo."""

    r0: float
    """The residual that becomes 32768 in the heatmap, the calibrated threshold."""
    score_threshold: float
    """A photo's score from which it is called cracked, 0..1."""
    score_top_share: float
    """The share of a photo's pixels, the hottest ones, whose mean is its score."""
    clean_quantiles: dict[str, float]
    """Share of clean pavement (as text) to the heatmap value, 0..1, that it stays below."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.r0) and self.r0 > 0):
            raise ValueError(f"r0 must be a number above 0, not {self.r0}")
        if not 0 <= self.score_threshold <= 1:
            raise ValueError(f"score_threshold must lie in 0..1, not {self.score_threshold}")
        if not 0 < self.score_top_share <= 1:
            raise ValueError(f"score_top_share must lie in 0..1, not {self.score_top_share}")
        for share, value in self.clean_quantiles.items():
            if not (0 <= float(share) <= 1 and 0 <= value <= 1):
                raise ValueError(f"clean_quantiles must lie in 0..1, not {share}: {value}")

    def clean_share_flagged(self, threshold: float) -> float:
        """Share of clean pavement's pixels, 0..1, at or above a threshold, before morphology."""
        points = sorted((value, float(share)) for share, value in self.clean_quantiles.items())
        values, shares = zip((0.0, 0.0), *points, (1.0, 1.0), strict=True)
        return float(1 - np.interp(threshold, values, shares))


@dataclass(frozen=True)
class CheckpointConfig:
    """All that config.json says."""

    family: str
    """cae or vae."""
    network: NetworkConfig
    """The network's own settings."""
    flatten: FlattenConfig
    """What is done to a photo before the network sees it."""
    heatmap: HeatmapConfig
    """How residuals become a heatmap."""
    calibration: Calibration
    """The fixed scale and thresholds."""
    mask: MaskParams
    """The checkpoint's own mask settings."""
    training: dict[str, Any] = field(default_factory=dict)
    """The fit's settings and data: enough to make it again."""
    metrics: dict[str, Any] = field(default_factory=dict)
    """What was measured on validation data."""


@dataclass(frozen=True)
class Checkpoint:
    """Config and network, ready to be put into a Detector."""

    config: CheckpointConfig
    """What config.json says."""
    network: Autoencoder
    """With its weights, on the CPU."""


def save_checkpoint(folder: Path, checkpoint: Checkpoint, card: str) -> None:
    """Writes the folder whole, under a temporary name first; replaces an older one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        weights = {name: t.contiguous() for name, t in checkpoint.network.state_dict().items()}
        save_file(weights, building / WEIGHTS)
        (building / CONFIG).write_text(config_json(checkpoint.config), encoding="utf-8")
        (building / CARD).write_text(card, encoding="utf-8")
        (building / WEIGHTS).chmod(0o644)  # safetensors and mkdtemp let only the owner read
        building.chmod(0o755)
        _swap(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Config validated, weights loaded strictly. Raises CheckpointError, naming the folder."""
    name = folder.name
    try:
        config = _read_config(folder / CONFIG)
        network = _load_network(config.network, folder / WEIGHTS)
    except FileNotFoundError as error:
        missing = Path(error.filename or WEIGHTS).name
        raise CheckpointError(f"The weights “{name}” lack {missing}: get them again.") from None
    except (SafetensorError, OSError):
        raise CheckpointError(
            f"The weights “{name}” are damaged ({WEIGHTS} cannot be read): get them again."
        ) from None
    except (ValueError, TypeError, KeyError, RuntimeError, OverflowError) as error:
        reason = str(error).splitlines()[0].rstrip(".:") if str(error) else "a wrong value"
        raise CheckpointError(
            f"The weights “{name}” cannot be used, their config does not fit: {reason}."
        ) from None
    return Checkpoint(config, network)


def config_json(config: CheckpointConfig) -> str:
    """config.json as text, stable to the byte."""
    values = {"format_version": FORMAT_VERSION, **asdict(config)}
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def _read_config(path: Path) -> CheckpointConfig:
    if path.stat().st_size > _MAX_CONFIG_BYTES:
        raise ValueError(f"{CONFIG} is larger than a config can be")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise ValueError(f"{CONFIG} is no JSON") from None
    if not isinstance(values, dict) or values.pop("format_version", None) != FORMAT_VERSION:
        raise ValueError(f"format_version must be {FORMAT_VERSION}")
    if values.get("family") not in list(FAMILIES):
        raise ValueError(f"the family must be {' or '.join(FAMILIES)}")
    kind = FAMILIES[values["family"]].config
    return parse_config(
        CheckpointConfig, {**values, "network": parse_config(kind, values.get("network"))}
    )


def _load_network(config: NetworkConfig, weights: Path) -> Autoencoder:
    # on the meta device a config that lies about its shapes costs no memory
    with torch.device("meta"):
        network = build_network(config)
    try:
        network.load_state_dict(load_file(weights), strict=True, assign=True)
    except RuntimeError:
        raise ValueError("the weights have other names or shapes than it says") from None
    if not all(bool(torch.isfinite(value).all()) for value in network.state_dict().values()):
        raise ValueError("some weights are not finite numbers")
    return network.eval()


def _swap(building: Path, folder: Path) -> None:
    """The new folder takes the old one's place; at no time is there half of one."""
    if not folder.exists():
        building.replace(folder)
        return
    old = building.with_name(building.name + "-old")
    folder.replace(old)
    building.replace(folder)
    shutil.rmtree(old, ignore_errors=True)
