"""Variational autoencoder (Kingma and Welling 2014), with a spatial or a dense latent."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from crackdemo.models.blocks import Decoder, Encoder, Prediction, check_channels, stride
from crackdemo.models.losses import kl_divergence


@dataclass(frozen=True)
class VaeConfig:
    """The network of a variational autoencoder."""

    channels: tuple[int, ...] = (16, 32, 48, 64, 64)
    """Channels of each level; every further level halves the size and doubles the eye."""
    skips: bool = True
    """Whether encoder features and the image itself reach the decoder: grain stays sharp. Only
    for healing and in-painting; plain reconstruction would learn to copy."""
    crack_head: bool = True
    """Whether a second output says how likely each pixel is crack (DRAEM, arXiv 2108.07610).
    Only for healing: it is learned from the painted cracks."""
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
            2 * (step := stride(self.channels)), 1025, step
        ):
            raise ValueError(f"tile_size must be a multiple of {step} from {2 * step} to 1024")


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
        self.decoder = Decoder(config.channels, config.skips, 1 + config.crack_head)
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
        return self._decode(latent, skips)[0]

    def reconstruct(self, image: Tensor) -> Tensor:
        """Decodes `mu`: no noise, the same answer every time."""
        return self.predict(image).reconstruction

    def predict(self, image: Tensor) -> Prediction:
        """All that the network says, in one pass; decodes `mu` too."""
        posterior = self.encode(image)
        return self._predict(posterior.mu, posterior)

    def forward(self, image: Tensor) -> Prediction:
        """Decodes a sampled latent."""
        posterior = self.encode(image)
        return self._predict(self.sample(posterior), posterior)

    def _predict(self, latent: Tensor, posterior: Posterior) -> Prediction:
        reconstruction, crack_logits = self._decode(latent, posterior.skips)
        kl = kl_divergence(posterior.mu, posterior.log_var)
        return Prediction(reconstruction, crack_logits, kl)

    def _decode(self, latent: Tensor, skips: tuple[Tensor, ...]) -> tuple[Tensor, Tensor | None]:
        output: Tensor = self.decoder(self.from_latent(latent), skips[:-1])
        crack_logits = output[:, 1:] if self.config.crack_head else None
        if not skips:
            return torch.sigmoid(output[:, :1]), crack_logits
        return skips[-1] + output[:, :1], crack_logits
