"""What autoencoders are built of: settings, convolution blocks, encoder, decoder."""

from typing import Annotated, Any

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn
from torch.nn import functional

from crackdemo.configs import SETTINGS
from crackdemo.models.family import Network, NetworkConfig

AUTOENCODER_OBJECTIVES = ("healing", "inpainting", "reconstruction")


@dataclass(frozen=True, config=SETTINGS)
class AutoencoderConfig(NetworkConfig):
    """What the networks of all autoencoders share."""

    # more is what no photo needs and no memory holds
    channels: Annotated[
        tuple[Annotated[int, Field(ge=1, le=1024)], ...], Field(min_length=2, max_length=7)
    ] = (16, 32, 48, 64, 64)
    """Channels of each level; every further level halves the size and doubles the eye."""
    skips: bool = True
    """Whether encoder features and the image itself reach the decoder: grain stays sharp. Only
    for healing and in-painting; plain reconstruction would learn to copy."""
    crack_head: bool = True
    """Whether a second output says how likely each pixel is crack (DRAEM, arXiv 2108.07610).
    Only for healing: it is learned from the painted cracks."""

    @property
    def stride(self) -> int:
        """Heights and widths that the network takes are multiples of this."""
        return int(2 ** (len(self.channels) - 1))

    @classmethod
    def settings_for(cls, objective: str) -> dict[str, Any]:
        """Plain reconstruction would only copy through skips, and only healing paints cracks for
        the head to learn from."""
        return {"skips": objective != "reconstruction", "crack_head": objective == "healing"}


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
        self.deepest = channels[-1]
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


class Autoencoder(Network):
    """Encoder and decoder; what lies between them is the family's own."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config: AutoencoderConfig = config
        self.encoder = Encoder(config.channels)
        self.decoder = Decoder(config.channels, config.skips, 1 + config.crack_head)

    def _encode(self, image: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The deepest features, and what bypasses the latent: shallower features, deepest first,
        and last the image; empty without skip connections."""
        features = self.encoder(image)
        return features[-1], (*features[-2::-1], image) if self.config.skips else ()

    def _decode(self, deepest: Tensor, skips: tuple[Tensor, ...]) -> tuple[Tensor, Tensor | None]:
        """Reconstruction and crack logits, None without a crack head."""
        output: Tensor = self.decoder(deepest, skips[:-1])
        crack_logits = output[:, 1:] if self.config.crack_head else None
        if not skips:
            return torch.sigmoid(output[:, :1]), crack_logits
        # with the image itself as a skip the decoder only has to say what is to be changed
        return skips[-1] + output[:, :1], crack_logits
