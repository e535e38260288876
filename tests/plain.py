"""Settings that do one thing at a time: the defaults, which ship, do all of them."""

from functools import partial

from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.masks.params import MaskParams
from crackdemo.models.families import FAMILIES, family_named
from crackdemo.models.family import Network, NetworkConfig, build_network

plain_mask = partial(MaskParams, closing=0, min_area=0)
plain_heat = partial(
    HeatmapConfig,
    scales=(1.0, 0.5, 0.25),
    weights=(),
    blur_sigma=1.0,
    sharpened=False,
    confirmed=False,
    gate=None,
)
plain_flatten = partial(FlattenConfig, channel="luma")


def network_of(config: NetworkConfig) -> Network:
    """The untrained network of a config of any family."""
    family = next(name for name in FAMILIES if family_named(name).config is type(config))
    return build_network(family, config)
