"""The settings of a classifier's fit."""

from dataclasses import field
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator
from pydantic.dataclasses import dataclass

from crackdemo.configs import SETTINGS
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.detection.saliency import SaliencyConfig
from crackdemo.masks.params import MaskParams
from crackdemo.models.family import NetworkConfig, network_config
from crackdemo.training.classifier.views import VaryConfig

_Rate = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=1, le=1_000_000)]


def _flatten() -> FlattenConfig:
    """As for photos at full size, but of pictures about half as large."""
    return FlattenConfig(mean_sigma=16, deviation_sigma=26)


@dataclass(frozen=True, config=SETTINGS)
class ClassifierFitConfig:
    """A classifier's settings: with the data, enough to make the same weights again."""

    family: str = "classifier"
    """The model family, by its name in the registry."""
    network: NetworkConfig = Field(default={}, validate_default=True)
    """The network's own settings; absent, those that are usual for the family."""
    start: str = ""
    """Weights to start from: a shipped name, an own run's, or a Hub id `owner/name@revision`, of
    the same family and network; empty: untrained ones."""
    input_size: Annotated[int, Field(ge=32, le=1024)] = 128
    """Side of the pictures that the network learns from, in pixels: photos are shrunk to it."""
    batch_size: Annotated[int, Field(ge=2, le=4096)] = 32
    """Photos per step; more need more memory."""
    steps_per_epoch: _Count = 100
    """Steps between two validations."""
    epochs: _Count = 20
    """How often validation is done before the fit ends."""
    learning_rate: Annotated[_Rate, Field(gt=0)] = 3e-3
    """Peak of the one-cycle schedule."""
    weight_decay: _Rate = 0.01
    """Decoupled weight decay (AdamW)."""
    patience: _Count = 8
    """Epochs without a better validation loss after which the fit stops early."""
    trials: Annotated[int, Field(ge=0, le=10_000)] = 0
    """How many settings are tried in short fits first: depth, width, kernel, dropout, learning rate
    and weight decay; the best are fitted to the end. 0: none."""
    bfloat16: bool = True
    """Half-precision arithmetic in the forward pass, where the processor has it: twice as fast."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """The same seed, data and number of threads give the same weights."""
    vary: VaryConfig = field(default_factory=VaryConfig)
    """How photos are varied: flips, turns, scale, light, blur and noise."""
    flatten: FlattenConfig | None = field(default_factory=_flatten)
    """What is done to a photo before the network sees it; null: it sees plain gray."""
    heatmap: SaliencyConfig = field(default_factory=SaliencyConfig)
    """How the network shows where it looks."""
    mask: MaskParams = field(default_factory=MaskParams)
    """The mask settings that the weights bring along."""
    clean_share: Annotated[float, Field(ge=0.5, lt=1)] = 0.999
    """The share of crack-free validation photos' pixels that stays below the heatmap's 0.5."""

    @field_validator("network", mode="before")
    @classmethod
    def _of_its_family(cls, values: Any, info: ValidationInfo) -> NetworkConfig:
        return network_config(str(info.data.get("family")), values)
