"""The settings of a fit."""

from dataclasses import dataclass, field
from typing import Any, Self

from crackdemo.configs import parse_config
from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.masks.cut import MaskParams
from crackdemo.models import FAMILIES, NetworkConfig
from crackdemo.models.blocks import stride
from crackdemo.models.cae import CaeConfig
from crackdemo.synthesis.cracks import CrackConfig
from crackdemo.training.objectives import OBJECTIVES, AugmentConfig

_RANGES: dict[str, tuple[float, float]] = {
    "mse_weight": (0, 1e6),
    "ssim_weight": (0, 1e6),
    "crack_weight": (0, 1e6),
    "beta": (0, 1e6),
    "tile_size": (16, 1024),
    "source_size": (16, 4096),
    "batch_size": (1, 4096),
    "steps_per_epoch": (1, 1e6),
    "epochs": (1, 1e6),
    "learning_rate": (0, 1),
    "weight_decay": (0, 1),
    "patience": (1, 1e6),
    "seed": (0, 2**32 - 1),
    "score_top_share": (1e-6, 1),
    "score_quantile": (0.5, 1),
}
"""Smallest and largest value of a fit's numbers."""


@dataclass(frozen=True)
class FitConfig:
    """A fit's settings: with the data, enough to make the same weights again."""

    family: str = "cae"
    """cae (autoencoder) or vae (variational autoencoder)."""
    network: NetworkConfig = field(default_factory=CaeConfig)
    """The network's own settings."""
    objective: str = "healing"
    """healing: painted cracks are to be undone; inpainting: blanked blocks are to be filled in;
    reconstruction: the tile is to come back as it is."""
    mse_weight: float = 10.0
    """Weight of the mean squared error in the loss."""
    ssim_weight: float = 0.3
    """Weight of 1 - SSIM in the loss; 0 leaves it out."""
    crack_weight: float = 1.0
    """Weight of the crack head's loss: cross-entropy and Dice on the painted masks."""
    beta: float = 1e-5
    """Weight of the KL divergence in the loss of a VAE."""
    tile_size: int = 128
    """Side of the training tiles, in pixels."""
    source_size: int = 192
    """Side of the crack-free tiles cut from photos, in pixels; training tiles are cropped from
    them at random and scaled."""
    batch_size: int = 16
    """Tiles per step; more need more memory."""
    steps_per_epoch: int = 100
    """Steps between two validations."""
    epochs: int = 20
    """How often validation is done before the fit ends."""
    learning_rate: float = 4e-3
    """Peak of the one-cycle schedule."""
    weight_decay: float = 0.01
    """Decoupled weight decay (AdamW)."""
    patience: int = 10
    """Epochs without a better validation loss after which the fit stops early."""
    bfloat16: bool = True
    """Half-precision arithmetic in the forward pass: twice as fast where the processor has it."""
    seed: int = 0
    """The same seed, data and number of threads give the same weights."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """How clean tiles are varied."""
    cracks: CrackConfig = field(default_factory=CrackConfig)
    """What painted cracks look like."""
    flatten: FlattenConfig = field(default_factory=lambda: FlattenConfig(channel="blue"))
    """What is done to a photo before the network sees it."""
    heatmap: HeatmapConfig = field(
        default_factory=lambda: HeatmapConfig(
            scales=(1.0, 0.5, 0.25, 0.125),
            weights=(5, 2, 2, 2),
            blur_sigma=0.7,
            sharpened=True,
            confirmed=True,
        )
    )
    """How residuals become a heatmap."""
    mask: MaskParams = field(default_factory=lambda: MaskParams(closing=3, min_area=40))
    """The mask settings that the weights bring along."""
    score_top_share: float = 0.01
    """The share of a photo's pixels, the hottest ones, whose mean is its score."""
    score_quantile: float = 0.98
    """The share of sound validation tiles that the score's threshold calls sound."""

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise ValueError(f"objective must be one of {', '.join(OBJECTIVES)}")
        if self.family not in FAMILIES:
            raise ValueError(f"the family must be {' or '.join(FAMILIES)}")
        if not isinstance(self.network, FAMILIES[self.family].config):
            raise ValueError(f"network does not belong to the family {self.family}")
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must lie in {low:g}..{high:g}")
        step = stride(self.network.channels)
        if self.tile_size % step or self.tile_size < 2 * step:
            raise ValueError(f"tile_size must be a multiple of {step}, from {2 * step} on")
        if getattr(self.network, "tile_size", None) not in (None, self.tile_size):
            raise ValueError("tile_size must be the one of the network's dense latent")
        if self.objective == "reconstruction" and self.network.skips:
            raise ValueError("plain reconstruction needs a network with skips off: it would copy")
        if self.objective != "healing" and self.network.crack_head:
            raise ValueError(f"{self.objective} needs crack_head off: it paints no cracks")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """From JSON; absent settings keep their default. Raises ValueError."""
        if not isinstance(values, dict):
            raise ValueError("a fit's config must be an object of settings")
        family = values.get("family", "cae")
        if family not in list(FAMILIES):
            raise ValueError(f"the family must be {' or '.join(FAMILIES)}")
        network = parse_config(FAMILIES[family].config, values.get("network", {}))
        return parse_config(cls, {**values, "network": network})
