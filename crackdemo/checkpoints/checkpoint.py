"""A checkpoint folder, laid out as a Hub model repo: weights, config, model card."""

import json
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationInfo, dataclasses, field_validator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from crackdemo.checkpoints.layout import CARD, CONFIG, SIZE_LIMITS, WEIGHTS, display_name
from crackdemo.configs import SETTINGS, parse_config
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.classes import ClassDetector
from crackdemo.detection.detector import Detector, DetectorConfig
from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.detection.kinds import HeatSettings, build_detector, heat_settings
from crackdemo.detection.probability import ProbabilityConfig
from crackdemo.detection.saliency import SaliencyConfig
from crackdemo.errors import CheckpointError, ConfigError
from crackdemo.masks.params import MaskParams
from crackdemo.models.families import FAMILIES, family_named
from crackdemo.models.family import Network, NetworkConfig, build_network, network_config

FORMAT_VERSION = 1
_ONCE: dict[str, dict[str, Any]] = {
    "flatten": {"channel": "luma"},
    "heatmap": {
        "scales": (1.0, 0.5, 0.25),
        "weights": (),
        "blur_sigma": 1.0,
        "sharpened": False,
        "confirmed": False,
        "gate": None,
    },
    "mask": {"closing": 0, "min_area": 0},
}
"""What an absent setting meant when it was new: checkpoints made before it load as they did."""


@dataclasses.dataclass(frozen=True, config=SETTINGS)
class CheckpointConfig:
    """All that config.json says."""

    family: str
    """The model family, by its name in the registry."""
    network: NetworkConfig
    """The network's own settings."""
    flatten: FlattenConfig | None
    """What is done to a photo before the network sees it; null: nothing."""
    heatmap: HeatSettings
    """How the network's answer becomes a heatmap: settings of the family's kind."""
    calibration: Calibration
    """The fixed scale and thresholds."""
    mask: MaskParams
    """The checkpoint's own mask settings."""
    training: dict[str, Any] = field(default_factory=dict)
    """The fit's settings and data: enough to make it again."""
    metrics: dict[str, Any] = field(default_factory=dict)
    """What was measured on validation data."""

    @field_validator("network", mode="before")
    @classmethod
    def _of_its_family(cls, values: Any, info: ValidationInfo) -> NetworkConfig:
        return network_config(str(info.data.get("family")), values)

    @field_validator("heatmap", mode="before")
    @classmethod
    def _of_its_kind(cls, values: Any, info: ValidationInfo) -> HeatSettings:
        return heat_settings(family_named(str(info.data.get("family"))).kind, values)

    def __post_init__(self) -> None:
        if isinstance(self.heatmap, ProbabilityConfig):
            holds_healer = getattr(self.network, "healer", None) is not None
            if holds_healer != (self.heatmap.evidence is not None):
                raise ConfigError("heatmap.evidence needs a healer in the network, and it that.")
        elif isinstance(self.heatmap, SaliencyConfig):
            if self.heatmap.level > getattr(self.network, "depth", 0):
                raise ConfigError("heatmap.level must be one of the network's levels.")
        elif self.flatten is None:
            raise ConfigError("A network that rebuilds needs flattened light: set flatten.")

    @property
    def detector(self) -> DetectorConfig:
        """What a residual detector needs of it. Raises ConfigError of networks that rebuild
        nothing."""
        if not isinstance(self.heatmap, HeatmapConfig) or self.flatten is None:
            raise ConfigError("These weights rebuild nothing: use others, of a CAE or VAE.")
        return DetectorConfig(self.flatten, self.heatmap, self.calibration)


@dataclass(frozen=True)
class Checkpoint:
    """Config and network."""

    config: CheckpointConfig
    """What config.json says."""
    network: Network
    """With its weights, on the CPU."""

    def detector(
        self, device: torch.device | None = None, streams: int = 1, only: str | None = None
    ) -> Detector:
        """Ready for photos, by the kind of its family; on the best device unless one is given.

        streams: parts of a photo, or photos, that a processor computes side by side. only: of
        several classes the one that counts. Raises ConfigError where it does not know that one.
        """
        config = self.config
        detector = build_detector(
            self.network, config.flatten, config.heatmap, config.calibration, device, streams
        )
        return detector if only is None else ClassDetector(detector, only)

    def fingerprint(self) -> str:
        """A hash of all that decides what it says of a photo, wherever it lies."""
        digest = sha256(config_json(self.config).encode())
        for name, value in sorted(self.network.state_dict().items()):
            digest.update(name.encode())
            digest.update(value.contiguous().numpy().tobytes())
        return digest.hexdigest()


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
    name = display_name(folder)
    try:
        config = read_config(folder)
        network = _load_network(config, folder / WEIGHTS)
    except ConfigError as error:
        raise CheckpointError(
            f"The weights “{name}” cannot be used, their config does not fit: {error}"
        ) from None
    except FileNotFoundError as error:
        missing = Path(error.filename or WEIGHTS).name
        raise CheckpointError(f"The weights “{name}” lack {missing}: get them again.") from None
    except (SafetensorError, OSError):
        raise CheckpointError(
            f"The weights “{name}” are damaged ({WEIGHTS} cannot be read): get them again."
        ) from None
    return Checkpoint(config, network)


def config_json(config: CheckpointConfig) -> str:
    """config.json as text, stable to the byte."""
    values = {"format_version": FORMAT_VERSION, **asdict(config)}
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def made_before(values: dict[str, Any]) -> dict[str, Any]:
    """Settings from JSON, of a checkpoint or a fit, with what absent ones meant when they were
    new. Those of kinds that came later are whole."""
    filled = dict(values)
    family = values.get("family", FAMILIES[0])
    if family in FAMILIES and family_named(family).kind != "residual":
        return filled
    for group, once in _ONCE.items():
        if isinstance(values.get(group), dict):
            filled[group] = {**once, **values[group]}
    return filled


def read_config(folder: Path) -> CheckpointConfig:
    """A checkpoint's config alone. Raises ConfigError, and OSError where there is no such file."""
    path = folder / CONFIG
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ConfigError(f"{CONFIG} is no file.")
    if path.stat().st_size > SIZE_LIMITS[CONFIG]:
        raise ConfigError(f"{CONFIG} is larger than a config can be.")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise ConfigError(f"{CONFIG} is no JSON.") from None
    if not isinstance(values, dict) or values.pop("format_version", None) != FORMAT_VERSION:
        raise ConfigError(f"format_version must be {FORMAT_VERSION}.")
    return parse_config(CheckpointConfig, made_before(values))


def _load_network(config: CheckpointConfig, weights: Path) -> Network:
    if weights.exists() and not weights.is_file():  # a pipe would be waited for
        raise OSError(f"{WEIGHTS} is no file.")
    # on the meta device a config that lies about its shapes costs no memory
    try:
        with torch.device("meta"):
            network = build_network(config.family, config.network)
        network.load_state_dict(load_file(weights), strict=True, assign=True)
    except (RuntimeError, OverflowError):
        raise ConfigError("the weights have other names or shapes than it says.") from None
    values = network.state_dict().values()
    try:
        are_finite = all(bool(torch.isfinite(value).all()) for value in values)
    except NotImplementedError:  # float8 and others that are kept, not computed with
        raise ConfigError("some weights are in a format that nothing computes with.") from None
    if not are_finite:
        raise ConfigError("some weights are not finite numbers.")
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
