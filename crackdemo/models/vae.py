"""Variational autoencoder (Kingma and Welling 2014), with a spatial or a dense latent."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from crackdemo.losses import kl_divergence
from crackdemo.models.blocks import Decoder, Encoder, check_channels, stride


@dataclass(frozen=True)
class VaeConfig:
    """The network of a variational autoencoder."""

    channels: tuple[int, ...] = (16, 32, 48, 64, 64)
    """Channels of each level; every further level halves the size and doubles the eye."""
    skips: bool = True
    """Whether encoder features and the image itself reach the decoder: grain stays sharp. Only
    for healing and in-painting; plain reconstruction would learn to copy."""
    latent_size: int = 16
    """Channels of a spatial latent, or the length of a dense one (128 in the ConvVAE recipe)."""
    tile_size: int | None = None
    """None: a spatial latent for photos of any size. A number: a dense latent, which sees tiles
    of exactly this many pixels."""

    def __post_init__(self) -> None:
        check_channels(self.channels)
        if not 1 <= self.latent_size <= 4096:
            raise ValueError(f"latent_size must lie in 1 to 4096, not {self.latent_size}")
        if self.tile_size is not None and self.tile_size not in range(
            step := stride(self.channels), 1025, step
        ):
            raise ValueError(f"tile_size must be a multiple of {step} up to 1024")


class Posterior(NamedTuple):
    """The encoder's normal distribution over latents, and what bypasses it."""

    mu: Tensor
    """(N, latent_size) or (N, latent_size, H / stride, W / stride)."""
    log_var: Tensor
    """Logarithm of the variance, shaped as `mu`."""
    skips: tuple[Tensor, ...]
    """Shallower features, deepest first, and last the image; empty without skip connections."""


class Vae(nn.Module):
    """(N, 1, H, W) flattened gray to its reconstruction."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config.channels)
        self.decoder = Decoder(config.channels, config.skips)
        deepest = config.channels[-1]
        self.to_posterior: nn.Module
        self.from_latent: nn.Module
        if config.tile_size is None:
            self.to_posterior = nn.Conv2d(deepest, 2 * config.latent_size, 1)
            self.from_latent = nn.Conv2d(config.latent_size, deepest, 1)
        else:
            side = config.tile_size // self.stride
            flat = deepest * side * side
            self.to_posterior = nn.Sequential(nn.Flatten(), nn.Linear(flat, 2 * config.latent_size))
            self.from_latent = nn.Sequential(
                nn.Linear(config.latent_size, flat), nn.Unflatten(1, (deepest, side, side))
            )

    @property
    def stride(self) -> int:
        """Height and width must be multiples of this."""
        return stride(self.config.channels)

    @property
    def tile_size(self) -> int | None:
        """The only height and width a dense latent takes; None for any."""
        return self.config.tile_size

    def encode(self, image: Tensor) -> Posterior:
        features = self.encoder(image)
        skips = (*features[-2::-1], image) if self.config.skips else ()
        mu, log_var = self.to_posterior(features[-1]).chunk(2, dim=1)
        # exp() of an untrained log-variance can overflow; 1e-9 to 2e4 is range enough
        return Posterior(mu, log_var.clamp(-20, 10), skips)

    def sample(self, posterior: Posterior) -> Tensor:
        """A latent drawn by the reparameterisation trick: mu + sigma * noise."""
        noise = torch.randn_like(posterior.mu)
        return posterior.mu + torch.exp(0.5 * posterior.log_var) * noise

    def decode(self, latent: Tensor, skips: tuple[Tensor, ...] = ()) -> Tensor:
        features = self.from_latent(latent)
        if not skips:
            return torch.sigmoid(self.decoder(features, ()))
        change: Tensor = self.decoder(features, skips[:-1])
        return skips[-1] + change

    def reconstruct(self, image: Tensor) -> Tensor:
        """Decodes `mu`: no noise, the same answer every time."""
        posterior = self.encode(image)
        return self.decode(posterior.mu, posterior.skips)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruction of a sampled latent, and the KL divergence in nats per image."""
        posterior = self.encode(image)
        reconstruction = self.decode(self.sample(posterior), posterior.skips)
        return reconstruction, kl_divergence(posterior.mu, posterior.log_var)
