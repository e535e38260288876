"""The settings of a fit."""

from dataclasses import field
from functools import partial
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator
from pydantic.dataclasses import dataclass

from crackdemo.configs import SETTINGS, Share
from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.detection.pieces import LoneMarks
from crackdemo.errors import ConfigError
from crackdemo.masks.params import MaskParams
from crackdemo.models.families import family_named
from crackdemo.models.family import NetworkConfig, network_config
from crackdemo.synthesis.cracks import CrackConfig
from crackdemo.training.objectives import AugmentConfig

_Weight = Annotated[float, Field(ge=0, le=1e6)]
_Rate = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=1, le=1_000_000)]

_FAINT = 0.6
"""Found by trying null, .60 and .65 beside `LoneMarks` on validation photos, with cae-asphalt's
network: pixel F1 of cracksc .383, .382, .381, of uav .756, .758, .756, of made painted roads .824,
.836, .836, sut_crack's stays (.706)."""
_COARSER_WEIGHT = 2.0
"""See `heatmaps.FADING`."""
START_LEARNING_RATE = 1e-3
"""Keeps most of what weights know that a fit starts from."""


@dataclass(frozen=True, config=SETTINGS)
class FitConfig:
    """A fit's settings: with the data, enough to make the same weights again."""

    family: str = "cae"
    """The model family, by its name in the registry."""
    network: NetworkConfig = Field(default={}, validate_default=True)
    """The network's own settings; absent, those that are usual for the family."""
    start: str = ""
    """Weights to start from: a shipped name, an own run's, or a Hub id `owner/name@revision`, of
    the same family and network; empty: untrained ones."""
    start_share: Share = 0.5
    """How much of the weights that it starts from the result holds; the rest is what was learnt.
    Averaged weights forget less (WiSE-FT, Wortsman et al. 2022)."""
    objective: str = "healing"
    """healing: painted cracks are to be undone; inpainting: blanked blocks are to be filled in;
    reconstruction: the tile is to come back as it is."""
    mse_weight: _Weight = 10.0
    """Weight of the mean squared error in the loss."""
    ssim_weight: _Weight = 0.3
    """Weight of 1 - SSIM in the loss; 0 leaves it out."""
    crack_weight: _Weight = 1.0
    """Weight of the crack head's loss: cross-entropy and Dice on the painted masks."""
    beta: _Weight = 1e-5
    """Weight of the KL divergence in the loss of a VAE."""
    tile_size: Annotated[int, Field(ge=16, le=1024)] = 128
    """Side of the training tiles, in pixels."""
    source_size: Annotated[int, Field(ge=16, le=4096)] = 192
    """Side of the crack-free tiles cut from photos, in pixels; training tiles are cropped from
    them at random and scaled."""
    batch_size: Annotated[int, Field(ge=1, le=4096)] = 16
    """Tiles per step; more need more memory."""
    steps_per_epoch: _Count = 100
    """Steps between two validations."""
    epochs: _Count = 20
    """How often validation is done before the fit ends."""
    learning_rate: Annotated[_Rate, Field(gt=0)] = 4e-3
    """Peak of the one-cycle schedule."""
    weight_decay: _Rate = 0.01
    """Decoupled weight decay (AdamW)."""
    patience: _Count = 10
    """Epochs without a better validation loss after which the fit stops early."""
    bfloat16: bool = True
    """Half-precision arithmetic in the forward pass, where the processor has it: twice as fast."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """The same seed, data and number of threads give the same weights."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """How clean tiles are varied."""
    cracks: CrackConfig = field(default_factory=CrackConfig)
    """What painted cracks look like."""
    flatten: FlattenConfig = field(default_factory=FlattenConfig)
    """What is done to a photo before the network sees it."""
    heatmap: HeatmapConfig = field(
        default_factory=partial(
            HeatmapConfig, faint=_FAINT, lone=LoneMarks(), coarser_weight=_COARSER_WEIGHT
        )
    )
    """How residuals become a heatmap."""
    mask: MaskParams = field(default_factory=MaskParams)
    """The mask settings that the weights bring along."""
    score_top_share: Annotated[float, Field(ge=1e-6, le=1)] | None = None
    """The share of a photo's pixels, the hottest ones, whose mean is its score; absent: the score
    follows the photo's strongest crack."""
    score_level: Annotated[float, Field(ge=0.05, le=0.9)] = 0.5
    """The heat from which the pixels of one crack are connected: .25 finds more of the faint
    cracks of smooth concrete, .5 calls less of the grain of asphalt cracked."""
    score_quantile: Annotated[float, Field(ge=0.5, le=1)] = 0.98
    """The share of sound validation tiles that the score's threshold calls sound."""

    quality_tiles: Annotated[int, Field(ge=0, le=1000)] = 40
    """On how many crack-free tiles the result is measured beside other weights; 0: on none.
    More take minutes, and change no figure by a percent."""

    @field_validator("network", mode="before")
    @classmethod
    def _of_its_family(cls, values: Any, info: ValidationInfo) -> NetworkConfig:
        return network_config(str(info.data.get("family")), values)

    def __post_init__(self) -> None:
        objectives = family_named(self.family).objectives
        if self.objective not in objectives:
            raise ConfigError(
                f"The objective must be {', '.join(objectives)}, but is {self.objective!r}."
            )
        for name, value in self.network.settings_for(self.objective).items():
            if getattr(self.network, name) and not value:
                raise ConfigError(f"The objective {self.objective} needs {name} off: set it.")
        step = self.network.stride
        if self.tile_size % step or self.tile_size < 2 * step:
            raise ConfigError(f"tile_size must be a multiple of {step}, from {2 * step} on.")
        if self.network.only_size not in (None, self.tile_size):
            raise ConfigError("tile_size must be the one of the network's dense latent.")
