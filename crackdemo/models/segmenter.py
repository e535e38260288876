"""Segmenter: encoder, latent and decoder to how likely each pixel is crack, or of which of several
classes it is, learnt from masks."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn
from torch.nn import functional

from crackdemo.configs import SETTINGS
from crackdemo.errors import ConfigError
from crackdemo.masks.classes import BACKGROUND, CRACK, MOST_CLASSES, check_names
from crackdemo.models.blocks import Encoder
from crackdemo.models.cae import Cae, CaeConfig
from crackdemo.models.family import Family, Network, NetworkConfig

_EDGE = 1e-3
"""Evidence is kept so far from 0 and 1, where its logit would have no end."""


@dataclass(frozen=True, config=SETTINGS)
class SegmenterConfig(NetworkConfig):
    """The network of a segmenter."""

    channels: Annotated[
        tuple[Annotated[int, Field(ge=1, le=1024)], ...], Field(min_length=2, max_length=7)
    ] = (16, 32, 64)
    """Channels of the encoder's blocks; every further block halves the size and doubles the eye."""
    latent: Annotated[int, Field(ge=1, le=4096)] = 64
    """Channels between encoder and decoder."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Chance that a value is left out after each activation, while it learns."""
    skips: bool = True
    """Whether what the encoder sees at each size, and the photo itself, reaches the decoder: thin
    cracks stay sharp."""
    colour: bool = True
    """Whether it sees red, green and blue, or gray."""
    encoder: Literal["strided", "autoencoder"] = "strided"
    """strided: blocks of a strided and a plain convolution; autoencoder: that of a CAE or VAE, to
    start from one: it sees gray."""
    healer: CaeConfig | None = None
    """The CAE that the network holds to see its heatmap beside the photo; null: none."""
    classes: Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_CLASSES)] = (CRACK,)
    """What it tells apart, by name; a fit takes these from its masks."""

    def __post_init__(self) -> None:
        check_names(self.classes)
        names = {name.casefold() for name in self.classes}
        if len(names) < len(self.classes) or BACKGROUND in names:
            raise ConfigError("Each class needs a name of its own, other than background.")
        if self.encoder == "autoencoder" and self.colour:
            raise ConfigError("An autoencoder’s encoder sees gray: set colour to false.")

    @property
    def stride(self) -> int:
        """Heights and widths that the network takes are multiples of this."""
        halvings = len(self.channels) - (self.encoder == "autoencoder")
        return int(2**halvings)


class Block(nn.Sequential):
    """Twice 3 x 3 convolution, batch norm, activation and dropout."""

    def __init__(self, channels_in: int, channels_out: int, dropout: float, stride: int = 1):
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
        )


class StridedEncoder(nn.Module):
    """(N, inputs, H, W) to one feature map per block, the first of half its size."""

    def __init__(self, inputs: int, channels: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            Block(before, after, dropout, stride=2)
            for before, after in zip((inputs, *channels[:-1]), channels, strict=True)
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        features: list[Tensor] = []
        for level in self.levels:
            image = level(image)
            features.append(image)
        return features


class Segmenter(Network):
    """(N, inputs, H, W) to crack logits (N, 1, H, W), or of several classes (N, 1 + classes, H, W),
    the background's first.

    inputs: gray, or red, green and blue, and last, with a healer, its heatmap as a share: then the
    untrained network says what the healer says, and learns what to change.
    """

    def __init__(self, config: SegmenterConfig) -> None:
        super().__init__()
        self.config: SegmenterConfig = config
        channels = config.channels
        self.healer = Cae(config.healer) if config.healer else None
        self.encoder: nn.Module
        if config.encoder == "strided":
            self.encoder = StridedEncoder(self.inputs, channels, config.dropout)
            sizes = (self.inputs, *channels[:-1])
        else:
            self.encoder = Encoder(channels)
            sizes = (channels[0] + self.inputs, *channels[1:-1])
        self.latent = nn.Sequential(
            nn.Conv2d(channels[-1], config.latent, 3, padding=1), nn.ReLU(inplace=True)
        )
        widths = channels[-2::-1] if config.encoder == "autoencoder" else channels[::-1]
        before = (config.latent, *widths[:-1])
        beside = sizes[::-1] if config.skips else (0,) * len(widths)
        self.decoder = nn.ModuleList(
            Block(deep + skip, width, config.dropout)
            for deep, skip, width in zip(before, beside, widths, strict=True)
        )
        outputs = 1 if len(config.classes) == 1 else 1 + len(config.classes)
        self.last = nn.Conv2d(widths[-1], outputs, 1)
        if self.healer is not None:
            nn.init.zeros_(self.last.weight)
            nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]  # it has one
            self.trust = nn.Parameter(torch.ones(1))
            self.healer.requires_grad_(False)

    @property
    def inputs(self) -> int:
        """Channels of the images that it takes."""
        return (3 if self.config.colour else 1) + (self.config.healer is not None)

    def train(self, mode: bool = True) -> "Segmenter":
        """The healer stays as it was."""
        super().train(mode)
        if self.healer is not None:
            self.healer.eval()
        return self

    def forward(self, image: Tensor) -> Tensor:
        """Crack logits (N, 1, H, W), or of several classes (N, 1 + classes, H, W)."""
        if self.config.encoder == "strided":
            features: list[Tensor] = self.encoder(image)
            skips = [*features[-2::-1], image]
        else:
            features = self.encoder(image[:, :1])
            skips = [*features[-2:0:-1], torch.cat([features[0], image], 1)]
        decoded = self.latent(features[-1])
        for level, skip in zip(self.decoder, skips, strict=True):
            decoded = functional.interpolate(decoded, scale_factor=2, mode="nearest")
            decoded = level(torch.cat([decoded, skip], 1) if self.config.skips else decoded)
        logits: Tensor = self.last(decoded)
        if self.healer is None:
            return logits
        evidence = image[:, -1:].clamp(_EDGE, 1 - _EDGE)
        said = self.trust * torch.log(evidence / (1 - evidence))
        classes = self.config.classes
        if len(classes) == 1:
            return logits + said
        of_cracks = [float(name == CRACK) for name in (BACKGROUND, *classes)]
        return logits + said * torch.tensor(of_cracks, device=said.device).view(1, -1, 1, 1)

    def answer(self, image: Tensor) -> Tensor:
        """How likely each pixel is of each class, (N, classes, H, W) in 0..1."""
        logits = self(image)
        if logits.shape[1] == 1:
            return torch.sigmoid(logits)
        return torch.softmax(logits, 1)[:, 1:]


FAMILY = Family(
    title="Segmenter",
    description="segmentation network, learns from masks drawn by people",
    kind="probability",
    config=SegmenterConfig,
    network=Segmenter,
)
