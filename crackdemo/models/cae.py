"""Convolutional autoencoder, with skip connections where it is to keep the pavement's grain."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from crackdemo.models.blocks import Decoder, Encoder, Prediction, check_channels, stride


@dataclass(frozen=True)
class CaeConfig:
    """The network of a convolutional autoencoder."""

    channels: tuple[int, ...] = (16, 32, 48, 64, 64)
    """Channels of each level; every further level halves the size and doubles the eye."""
    skips: bool = True
    """Whether encoder features and the image itself reach the decoder: grain stays sharp. Only
    for healing and in-painting; plain reconstruction would learn to copy."""
    crack_head: bool = True
    """Whether a second output says how likely each pixel is crack (DRAEM, arXiv 2108.07610).
    Only for healing: it is learned from the painted cracks."""

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
        self.decoder = Decoder(config.channels, config.skips, 1 + config.crack_head)

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
        return self._decode(code)[0]

    def reconstruct(self, image: Tensor) -> Tensor:
        return self.decode(self.encode(image))

    def predict(self, image: Tensor) -> Prediction:
        """All that the network says, in one pass."""
        reconstruction, crack_logits = self._decode(self.encode(image))
        return Prediction(reconstruction, crack_logits, image.new_zeros(()))

    def forward(self, image: Tensor) -> Prediction:
        return self.predict(image)

    def _decode(self, code: Code) -> tuple[Tensor, Tensor | None]:
        output: Tensor = self.decoder(code.latent, code.skips[:-1])
        crack_logits = output[:, 1:] if self.config.crack_head else None
        if not code.skips:
            return torch.sigmoid(output[:, :1]), crack_logits
        # with the image itself as a skip the decoder only has to say what is to be changed
        return code.skips[-1] + output[:, :1], crack_logits
