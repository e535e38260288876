"""Convolutional autoencoder, with skip connections where it is to keep the pavement's grain."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from crackdemo.models.blocks import Decoder, Encoder, check_channels, stride


@dataclass(frozen=True)
class CaeConfig:
    """The network of a convolutional autoencoder."""

    channels: tuple[int, ...] = (16, 32, 48, 64, 64)
    """Channels of each level; every further level halves the size and doubles the eye."""
    skips: bool = True
    """Whether encoder features and the image itself reach the decoder: grain stays sharp. Only
    for healing and in-painting; plain reconstruction would learn to copy."""

    def __post_init__(self) -> None:
        check_channels(self.channels)


class Code(NamedTuple):
    """What the encoder hands to the decoder."""

    latent: Tensor
    """(N, C, H / stride, W / stride)."""
    skips: tuple[Tensor, ...]
    """Shallower features, deepest first, and last the image; empty without skip connections."""


class Cae(nn.Module):
    """(N, 1, H, W) flattened gray to its reconstruction, fully convolutional."""

    def __init__(self, config: CaeConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config.channels)
        self.decoder = Decoder(config.channels, config.skips)

    @property
    def stride(self) -> int:
        """Height and width must be multiples of this."""
        return stride(self.config.channels)

    @property
    def tile_size(self) -> None:
        """Any size will do."""
        return None

    def encode(self, image: Tensor) -> Code:
        features = self.encoder(image)
        skips = (*features[-2::-1], image) if self.config.skips else ()
        return Code(features[-1], skips)

    def decode(self, code: Code) -> Tensor:
        if not code.skips:
            return torch.sigmoid(self.decoder(code.latent, ()))
        # with the image itself as a skip the decoder only has to say what is to be changed
        change: Tensor = self.decoder(code.latent, code.skips[:-1])
        return code.skips[-1] + change

    def reconstruct(self, image: Tensor) -> Tensor:
        return self.decode(self.encode(image))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruction, and the KL divergence, which an autoencoder does not have: zero."""
        return self.reconstruct(image), image.new_zeros(())
