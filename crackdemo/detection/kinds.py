"""The detectors, by the kind of a model's family: the one place that chooses among them."""

from typing import Any, TypeAlias

import torch
from pydantic import TypeAdapter

from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import Detector, DetectorConfig, ResidualDetector
from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.detection.probability import ProbabilityConfig, ProbabilityDetector
from crackdemo.detection.saliency import SaliencyConfig, SaliencyDetector
from crackdemo.errors import ConfigError
from crackdemo.models.family import Kind, Network

HeatSettings: TypeAlias = HeatmapConfig | ProbabilityConfig | SaliencyConfig
"""How a network's answer becomes a heatmap, of any kind."""

_SETTINGS: dict[Kind, type[Any]] = {
    "residual": HeatmapConfig,
    "probability": ProbabilityConfig,
    "saliency": SaliencyConfig,
}


def heat_settings(kind: Kind, values: Any) -> HeatSettings:
    """Those of a kind, from JSON values or as they are.

    For validators: raises ValueError, also for settings of another kind.
    """
    wanted = _SETTINGS[kind]
    if isinstance(values, HeatSettings):
        if type(values) is not wanted:
            raise ConfigError("The heatmap's settings are of another kind of network: drop them.")
        return values
    settings: HeatSettings = TypeAdapter(wanted).validate_python(values)
    return settings


def build_detector(
    network: Network,
    flatten: FlattenConfig | None,
    heatmap: HeatSettings,
    calibration: Calibration,
    device: torch.device | None = None,
    streams: int = 1,
) -> Detector:
    """Ready for photos; streams: see `Engine`. Raises ConfigError where settings are missing that
    the kind needs."""
    if isinstance(heatmap, ProbabilityConfig):
        return ProbabilityDetector(network, flatten, heatmap, calibration, device, streams)
    if isinstance(heatmap, SaliencyConfig):
        return SaliencyDetector(network, flatten, heatmap, calibration, device)
    if flatten is None:
        raise ConfigError("A network that rebuilds needs flattened light: set flatten.")
    config = DetectorConfig(flatten, heatmap, calibration)
    return ResidualDetector(network, config, device, streams)
