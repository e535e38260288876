"""Convolutional autoencoder, with skip connections where it is to keep the pavement's grain."""

from typing import NamedTuple

from pydantic.dataclasses import dataclass
from torch import Tensor

from crackdemo.configs import SETTINGS
from crackdemo.models.blocks import AUTOENCODER_OBJECTIVES, Autoencoder, AutoencoderConfig
from crackdemo.models.family import Family, Prediction


@dataclass(frozen=True, config=SETTINGS)
class CaeConfig(AutoencoderConfig):
    """The network of a convolutional autoencoder."""


class Code(NamedTuple):
    """What the encoder hands to the decoder."""

    latent: Tensor
    """(N, C, H / stride, W / stride)."""
    skips: tuple[Tensor, ...]
    """Shallower features, deepest first, and last the image; empty without skip connections."""


class Cae(Autoencoder):
    """(N, 1, H, W) flattened gray to its reconstruction, fully convolutional."""

    def encode(self, image: Tensor) -> Code:
        return Code(*self._encode(image))

    def decode(self, code: Code) -> Tensor:
        return self._decode(*code)[0]

    def reconstruct(self, image: Tensor) -> Tensor:
        return self.decode(self.encode(image))

    def predict(self, image: Tensor) -> Prediction:
        """All that the network says, in one pass."""
        return Prediction(*self._decode(*self.encode(image)), image.new_zeros(()))


FAMILY = Family(
    title="CAE",
    description="convolutional autoencoder",
    kind="residual",
    config=CaeConfig,
    network=Cae,
    objectives=AUTOENCODER_OBJECTIVES,
)
