"""Variational autoencoder (Kingma and Welling 2014), with a spatial or a dense latent."""

from typing import Annotated, NamedTuple

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from crackdemo.configs import SETTINGS
from crackdemo.errors import ConfigError
from crackdemo.models.blocks import AUTOENCODER_OBJECTIVES, Autoencoder, AutoencoderConfig
from crackdemo.models.family import Family, Prediction
from crackdemo.models.losses import kl_divergence


@dataclass(frozen=True, config=SETTINGS)
class VaeConfig(AutoencoderConfig):
    """The network of a variational autoencoder."""

    latent_size: Annotated[int, Field(ge=1, le=4096)] = 16
    """Channels of a spatial latent, or the length of a dense one (128 in the ConvVAE recipe)."""
    tile_size: int | None = None
    """None: a spatial latent for photos of any size. A number: a dense latent, which sees tiles
    of exactly this many pixels."""

    def __post_init__(self) -> None:
        step = self.stride
        if self.tile_size is not None and self.tile_size not in range(2 * step, 1025, step):
            raise ConfigError(f"tile_size must be a multiple of {step} from {2 * step} to 1024.")

    @property
    def only_size(self) -> int | None:
        """The only height and width that a dense latent takes; None for any."""
        return self.tile_size


class Posterior(NamedTuple):
    """The encoder's normal distribution over latents, and what bypasses it."""

    mu: Tensor
    """(N, latent_size) or (N, latent_size, H / stride, W / stride)."""
    log_var: Tensor
    """Logarithm of the variance, shaped as `mu`."""
    skips: tuple[Tensor, ...]
    """Shallower features, deepest first, and last the image; empty without skip connections."""


class Vae(Autoencoder):
    """(N, 1, H, W) flattened gray to its reconstruction."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__(config)
        deepest = config.channels[-1]
        self.to_posterior: nn.Module
        self.from_latent: nn.Module
        if config.tile_size is None:
            self.to_posterior = nn.Conv2d(deepest, 2 * config.latent_size, 1)
            self.from_latent = nn.Conv2d(config.latent_size, deepest, 1)
        else:
            side = config.tile_size // config.stride
            flat = deepest * side * side
            self.to_posterior = nn.Sequential(nn.Flatten(), nn.Linear(flat, 2 * config.latent_size))
            self.from_latent = nn.Sequential(
                nn.Linear(config.latent_size, flat), nn.Unflatten(1, (deepest, side, side))
            )

    def encode(self, image: Tensor) -> Posterior:
        deepest, skips = self._encode(image)
        mu, log_var = self.to_posterior(deepest).chunk(2, dim=1)
        # exp() of an untrained log-variance can overflow; 1e-9 to 2e4 is range enough
        return Posterior(mu, log_var.clamp(-20, 10), skips)

    def sample(self, posterior: Posterior) -> Tensor:
        """A latent drawn by the reparameterisation trick: mu + sigma * noise."""
        noise = torch.randn_like(posterior.mu)
        return posterior.mu + torch.exp(0.5 * posterior.log_var) * noise

    def decode(self, latent: Tensor, skips: tuple[Tensor, ...] = ()) -> Tensor:
        return self._decode(self.from_latent(latent), skips)[0]

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
        reconstruction, crack_logits = self._decode(self.from_latent(latent), posterior.skips)
        kl = kl_divergence(posterior.mu, posterior.log_var)
        return Prediction(reconstruction, crack_logits, kl)


FAMILY = Family(
    title="VAE",
    description="variational autoencoder",
    kind="residual",
    config=VaeConfig,
    network=Vae,
    objectives=AUTOENCODER_OBJECTIVES,
    own_settings=("beta",),
)
