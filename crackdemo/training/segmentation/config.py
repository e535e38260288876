"""The settings of a segmenter's fit."""

from dataclasses import field
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, ValidationInfo, field_validator
from pydantic.dataclasses import dataclass

from crackdemo.configs import SETTINGS, Share
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.detection.probability import ProbabilityConfig
from crackdemo.errors import ConfigError
from crackdemo.masks.params import MaskParams
from crackdemo.models.families import family_named
from crackdemo.models.family import NetworkConfig, network_config
from crackdemo.training.length import Schedule

ClassWeights: TypeAlias = Literal["none", "median frequency", "inverse log"]
_Weight = Annotated[float, Field(ge=0, le=1e6)]
_Count = Annotated[int, Field(ge=1, le=1_000_000)]
_Factor = Annotated[float, Field(ge=0.1, le=10)]


@dataclass(frozen=True, config=SETTINGS)
class PhotoAugmentConfig:
    """How photos and masks are varied; flips and quarter turns always are."""

    scale: tuple[_Factor, _Factor] = (0.7, 1.6)
    """Range of the factor by which pieces are scaled."""
    gain: tuple[_Factor, _Factor] = (0.6, 1.4)
    """Range of the factor on all colours: light."""
    gamma: tuple[_Factor, _Factor] = (0.75, 1.33)
    """Range of the exponent of the colours: contrast."""
    tint: Share = 0.1
    """Largest share that each colour is made stronger or weaker by: the light's colour."""
    blur: Annotated[float, Field(ge=0, le=5)] = 1.0
    """Largest Gaussian sigma, in pixels, of a third of the pieces: focus."""
    noise: Share = 0.03
    """Largest standard deviation, of the gray levels' range, of noise on half of the pieces."""

    def __post_init__(self) -> None:
        if any(low > high for low, high in (self.scale, self.gain, self.gamma)):
            raise ConfigError("Of two factors of scale, gain or gamma the smaller comes first.")


@dataclass(frozen=True, config=SETTINGS)
class SegmentConfig:
    """A segmenter's fit: with the data, enough to make the same weights again."""

    family: str = "segmenter"
    """The model family, by its name in the registry."""
    network: NetworkConfig = Field(default={}, validate_default=True)
    """The network's own settings; absent, those that are usual for the family."""
    start: str = ""
    """Weights of a CAE, VAE or segmenter to start from: a shipped name, an own run's, or a Hub id;
    empty: none. A segmenter's network goes on as it is."""
    start_with: Literal["heatmap", "encoder", "both"] = "heatmap"
    """heatmap: it sees what these weights (a CAE's) mark beside the photo, and begins by marking
    the same; encoder: its encoder begins with theirs; both. Means nothing where it starts from a
    segmenter, all of which goes on."""
    start_share: Share | None = None
    """How much of what it begins with, marking what these weights mark, the result holds: where it
    sees their heatmap, its last layer is averaged so with what it was at first. It then forgets
    less of what other photos need (WiSE-FT, Wortsman et al. 2022); null: as much as ten photos
    count beside those that it learns from."""
    tile_size: Annotated[int, Field(ge=32, le=1024)] = 192
    """Side of the pieces of photos that it learns from, in pixels."""
    batch_size: Annotated[int, Field(ge=1, le=4096)] = 8
    """Pieces per step; more need more memory."""
    steps_per_epoch: _Count = 80
    """Steps between two validations."""
    epochs: _Count = 10
    """How often validation is done before the fit ends."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    """The highest of the schedule."""
    schedule: Schedule = "one cycle"
    """one cycle: the learning rate rises over 30 % of the steps, then falls to 0; cosine: it falls
    from the first step on; plateau: it is halved after 3 epochs without a better figure."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Decoupled weight decay (AdamW)."""
    patience: _Count = 8
    """Epochs without a better figure of the validation photos, or a lower loss there, after which
    the fit stops early."""
    entropy_weight: _Weight = 1.0
    """Weight of the cross-entropy in the loss."""
    focal_weight: _Weight = 0.0
    """Weight of the focal loss: cross-entropy that counts what is sure already for little."""
    dice_weight: _Weight = 1.0
    """Weight of 1 - Dice in the loss: it counts cracks as areas, however few their pixels are."""
    class_weights: ClassWeights = "none"
    """How much more the pixels of rare classes count in cross-entropy and focal loss: by the
    median of the classes' frequencies, by the logarithm of theirs, or no more."""
    crack_share: Share = 0.6
    """Share of the pieces that are cut around a crack; the others lie anywhere."""
    bfloat16: bool = True
    """Half-precision arithmetic in the forward pass, where the processor has it: twice as fast."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """The same seed, data and number of threads give the same weights."""
    augment: PhotoAugmentConfig = field(default_factory=PhotoAugmentConfig)
    """How photos and masks are varied."""
    flatten: FlattenConfig | None = field(default_factory=FlattenConfig)
    """What is done to a photo before the network sees it; null: nothing."""
    heatmap: ProbabilityConfig = field(default_factory=ProbabilityConfig)
    """How the probability of crack becomes a heatmap."""
    mask: MaskParams = field(default_factory=MaskParams)
    """The mask settings that the weights bring along."""
    score_quantile: Annotated[float, Field(ge=0.5, le=1)] = 0.98
    """The share of sound pieces of validation photos that the score's threshold calls sound."""

    @field_validator("network", mode="before")
    @classmethod
    def _of_its_family(cls, values: Any, info: ValidationInfo) -> NetworkConfig:
        return network_config(str(info.data.get("family")), values)

    def __post_init__(self) -> None:
        if family_named(self.family).kind != "probability":
            raise ConfigError(f"The family {self.family} does not learn from masks: take another.")
        if not self.entropy_weight + self.focal_weight + self.dice_weight:
            raise ConfigError("All weights of the loss are 0, so that nothing is learnt: set one.")
        step = self.network.stride
        if self.tile_size % step:
            raise ConfigError(f"tile_size must be a multiple of {step}.")
