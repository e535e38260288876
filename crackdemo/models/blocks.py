"""The encoder and decoder that both families share."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Prediction(NamedTuple):
    """What a network says of images (N, 1, H, W)."""

    reconstruction: Tensor
    """(N, 1, H, W), flattened gray."""
    crack_logits: Tensor | None
    """(N, 1, H, W), logit of each pixel being crack; None without a crack head."""
    kl: Tensor
    """KL divergence in nats per image; zero where there is no latent distribution."""


class DoubleConv(nn.Sequential):
    """Twice 3 x 3 convolution, batch norm and ReLU (the U-Net block; Ronneberger et al. 2015)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )


class Encoder(nn.Module):
    """(N, 1, H, W) to one feature map per level, each half the size of the one before."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            DoubleConv(before, after)
            for before, after in zip((1, *channels[:-1]), channels, strict=True)
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        features: list[Tensor] = []
        for level in self.levels:
            image = level(functional.max_pool2d(image, 2) if features else image)
            features.append(image)
        return features


class Decoder(nn.Module):
    """The deepest feature map back to (N, outputs, H, W); skip connections join where given."""

    def __init__(self, channels: tuple[int, ...], skips: bool, outputs: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            DoubleConv(deep + (shallow if skips else 0), shallow)
            for deep, shallow in zip(channels[:0:-1], channels[-2::-1], strict=True)
        )
        self.last = nn.Conv2d(channels[0], outputs, 1)
        if skips:  # the image reaches the output: begin with changing nothing, seeing no crack
            nn.init.zeros_(self.last.weight)
            self.last.bias = nn.Parameter(torch.tensor((0.0, -3.0)[:outputs]))

    def forward(self, latent: Tensor, skips: tuple[Tensor, ...]) -> Tensor:
        """`skips`: the encoder's shallower features, deepest first; empty without connections."""
        for depth, level in enumerate(self.levels):
            latent = functional.interpolate(latent, scale_factor=2, mode="nearest")
            if skips:
                latent = torch.cat([latent, skips[depth]], 1)
            latent = level(latent)
        image: Tensor = self.last(latent)
        return image


def stride(channels: tuple[int, ...]) -> int:
    """Height and width must be multiples of this."""
    return int(2 ** (len(channels) - 1))


def check_channels(channels: tuple[int, ...]) -> None:
    """Raises ValueError for a network that no photo needs and no memory holds."""
    if not 2 <= len(channels) <= 7 or not all(1 <= count <= 1024 for count in channels):
        raise ValueError(f"channels must be 2 to 7 numbers from 1 to 1024, not {channels}")
