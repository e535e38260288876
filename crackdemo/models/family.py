"""What a model family is: its settings, its network, and what it is good for."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
from pydantic import TypeAdapter, dataclasses
from torch import Tensor, nn

from crackdemo.configs import SETTINGS
from crackdemo.errors import ConfigError
from crackdemo.masks.classes import CRACK
from crackdemo.models.families import family_named

Kind: TypeAlias = Literal["residual", "probability", "saliency"]
"""How a network's answer becomes a heatmap; `detection` has a detector for each that is in use."""


@dataclasses.dataclass(frozen=True, config=SETTINGS)
class NetworkConfig:
    """The settings of some family's network."""

    @property
    def stride(self) -> int:
        """Heights and widths that the network takes are multiples of this."""
        raise NotImplementedError

    @property
    def only_size(self) -> int | None:
        """The only height and width that the network takes; None for any."""
        return None

    @property
    def classes(self) -> tuple[str, ...]:
        """What the network tells apart, by name."""
        return (CRACK,)

    @classmethod
    def settings_for(cls, objective: str) -> dict[str, Any]:
        """What an objective of the family asks of the network, by name."""
        return {}


class Prediction(NamedTuple):
    """What a network says of images (N, 1, H, W)."""

    reconstruction: Tensor
    """(N, 1, H, W), flattened gray."""
    crack_logits: Tensor | None
    """(N, 1, H, W), logit of each pixel being crack; None without a crack head."""
    kl: Tensor
    """KL divergence in nats per image; zero where there is no latent distribution."""


class Network(nn.Module):
    """A network of some family. Called as in training, `predict` leaves out what is random."""

    config: NetworkConfig

    @property
    def stride(self) -> int:
        """Heights and widths that it takes are multiples of this."""
        return self.config.stride

    @property
    def tile_size(self) -> int | None:
        """The only height and width that it takes; None for any."""
        return self.config.only_size

    @property
    def inputs(self) -> int:
        """Channels of the images that it takes."""
        return 1

    def answer(self, image: Tensor) -> Tensor:
        """Images (N, inputs, H, W) to all that a detector asks of it, (N, C, H, W) in 0..1. Of a
        network that rebuilds: the reconstruction and, with a crack head, how likely each pixel is
        crack."""
        prediction = self.predict(image)
        parts = [prediction.reconstruction]
        if prediction.crack_logits is not None:
            parts.append(torch.sigmoid(prediction.crack_logits))
        return torch.cat(parts, 1)

    def predict(self, image: Tensor) -> Prediction:
        """All that a network that rebuilds says of images (N, 1, H, W), in one pass."""
        raise NotImplementedError

    def forward(self, image: Tensor) -> Any:
        return self.predict(image)


@dataclass(frozen=True)
class Family:
    """What a family is made of."""

    title: str
    """For people, short."""
    description: str
    """What it is, in a few words."""
    kind: Kind
    """How its answer becomes a heatmap."""
    config: type[NetworkConfig]
    """The network's settings."""
    network: type[Network]
    """The network that takes them."""
    objectives: tuple[str, ...] = ()
    """What a network that rebuilds can be fitted for, of `training.objectives`; the first is the
    usual one."""
    own_settings: tuple[str, ...] = ()
    """Settings of a fit that mean something for this family alone."""
    score: str = "how far and how strongly the strongest crack reaches"
    """What a photo's score says, in words that follow "The score says"."""
    heatmap: str = ""
    """A sentence on what its heatmap shows, where that is not the crack itself."""


def network_config(family: str, values: Any) -> NetworkConfig:
    """The network's settings from JSON values, or as they are.

    For validators: raises ValueError, also for settings of another family.
    """
    kind = family_named(family).config
    if isinstance(values, NetworkConfig):
        if type(values) is not kind:
            raise ConfigError(f"The network is none of the family {family}: drop one of them.")
        return values
    return TypeAdapter(kind).validate_python(values)


def build_network(family: str, config: NetworkConfig) -> Network:
    """The untrained network of a config."""
    return family_named(family).network(config)
