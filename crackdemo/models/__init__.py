"""The model families: each a frozen config and the network that it describes."""

from typing import NamedTuple

from crackdemo.models.cae import Cae, CaeConfig
from crackdemo.models.vae import Vae, VaeConfig

Autoencoder = Cae | Vae
NetworkConfig = CaeConfig | VaeConfig


class Family(NamedTuple):
    """What a family is made of."""

    config: type[NetworkConfig]
    """The frozen config."""
    network: type[Autoencoder]
    """The network that takes it."""


FAMILIES = {"cae": Family(CaeConfig, Cae), "vae": Family(VaeConfig, Vae)}


def build_network(config: NetworkConfig) -> Autoencoder:
    """The untrained network of a config."""
    return Vae(config) if isinstance(config, VaeConfig) else Cae(config)


def family_of(config: NetworkConfig) -> str:
    """The family's name, as in config.json."""
    return next(name for name, family in FAMILIES.items() if isinstance(config, family.config))
