"""What a segmenter's fit begins with: untrained, what a CAE or VAE knows, or another segmenter."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from crackdemo.checkpoints.checkpoint import Checkpoint
from crackdemo.detection.probability import ProbabilityConfig
from crackdemo.errors import ConfigError, CrackdemoError, FitError
from crackdemo.models.blocks import AutoencoderConfig
from crackdemo.models.cae import CaeConfig
from crackdemo.models.family import Network, build_network
from crackdemo.models.segmenter import SegmenterConfig
from crackdemo.training.segmentation.config import SegmentConfig
from crackdemo.training.state import TrainingState, checkpoint_to_start_from

_HEALER, _ENCODER = "healer.", "encoder."
_PHOTOS = 10
"""As many photos does what a fit begins with count for: by shares of 0 to .85 after fits from 3 and
5 photos of sut_crack, on validation photos that none of these had learnt from."""


def started(config: SegmentConfig, own: Path | None = None) -> SegmentConfig:
    """The settings with what starting from other weights asks of the network and of its heatmap.
    own: see `weights_to_start_from`. Raises FitError where these cannot be started from."""
    if not config.start:
        return config
    network, described = config.network, checkpoint_to_start_from(config.start, own).config
    heatmap = config.heatmap
    if isinstance(described.heatmap, ProbabilityConfig):  # all of it, whatever else is asked for
        return replace(config, network=described.network, heatmap=described.heatmap)
    if not isinstance(network, SegmenterConfig) or not isinstance(
        described.network, AutoencoderConfig
    ):
        raise _refusal(config, "which rebuilds nothing: take a CAE, VAE or segmenter")
    if config.start_with in ("heatmap", "both"):
        if not isinstance(described.network, CaeConfig):
            raise _refusal(config, "whose heatmap only a CAE can give: start with its encoder")
        network = replace(network, healer=described.network)
        # what is faint or alone, too: the network is to find out by itself what that is worth
        seen = replace(described.detector.heatmap, faint=None, lone=None)
        heatmap = replace(heatmap, evidence=replace(described.detector, heatmap=seen))
    if config.start_with in ("encoder", "both"):
        channels = described.network.channels
        network = replace(network, encoder="autoencoder", colour=False, channels=channels)
    try:
        return replace(config, network=network, heatmap=heatmap)
    except ConfigError as error:
        raise FitError(f"The fit cannot start from “{config.start}”: {error}") from None


def new_state(
    config: SegmentConfig, device: torch.device, own: Path | None = None
) -> TrainingState:
    """A network on a device, by the config's seed and with what it starts from, and its optimizer.
    own: see `weights_to_start_from`. Raises FitError."""
    torch.manual_seed(config.seed)
    network = build_network(config.family, config.network)
    if config.start:
        _begin(network, config, checkpoint_to_start_from(config.start, own))
    network.to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    learning = [value for value in network.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(
        learning, lr=config.learning_rate, weight_decay=config.weight_decay
    )
    return TrainingState(network, optimizer, {})


def averaged_with_start(
    config: SegmentConfig, learnt: dict[str, Tensor], photos: int, own: Path | None = None
) -> dict[str, Tensor]:
    """Weights learnt from so many photos, and of what they began with `config.start_share`: of a
    segmenter's all, else of the last layer where the network sees a heatmap. own: see
    `weights_to_start_from`. Raises FitError."""
    share = kept_share(config, photos, own)
    if not share:
        return learnt
    began = _began(config, learnt, own)
    return {
        name: torch.lerp(value, began[name], share)
        if name in began and value.is_floating_point()
        else value
        for name, value in learnt.items()
    }


def kept_share(config: SegmentConfig, photos: int, own: Path | None = None) -> float:
    """How much of what it began with a fit on so many photos holds in the end, 0..1; 0 where that
    marked nothing. own: see `weights_to_start_from`. Raises FitError."""
    if not starts_from_segmenter(config, own) and getattr(config.network, "healer", None) is None:
        return 0.0
    return _PHOTOS / (_PHOTOS + photos) if config.start_share is None else config.start_share


def _began(config: SegmentConfig, learnt: dict[str, Tensor], own: Path | None) -> dict[str, Tensor]:
    """What marks in the network that the fit began with."""
    if starts_from_segmenter(config, own):
        return checkpoint_to_start_from(config.start, own).network.state_dict()
    began = {"last.weight": 0.0, "last.bias": 0.0, "trust": 1.0}
    return {name: torch.full_like(learnt[name], value) for name, value in began.items()}


def starts_from_segmenter(config: SegmentConfig, own: Path | None = None) -> bool:
    """Whether a fit goes on with weights of its own family. Raises FitError."""
    if not config.start:
        return False
    network = checkpoint_to_start_from(config.start, own).config.network
    return isinstance(network, SegmenterConfig)


def colours_of(network: Network) -> int:
    """Channels of the photo that a network sees."""
    return network.inputs - (getattr(network, "healer", None) is not None)


def _begin(network: Network, config: SegmentConfig, checkpoint: Checkpoint) -> None:
    known = checkpoint.network.state_dict()
    taken: dict[str, Tensor] = {}
    if isinstance(checkpoint.config.network, SegmenterConfig):
        taken = known
    elif config.start_with in ("heatmap", "both"):
        taken |= {f"{_HEALER}{name}": value for name, value in known.items()}
    if config.start_with in ("encoder", "both"):
        taken |= {name: value for name, value in known.items() if name.startswith(_ENCODER)}
    try:
        missing = network.load_state_dict({**network.state_dict(), **taken})
    except RuntimeError:
        raise _refusal(config, "which is of another network than its settings say") from None
    assert not missing.missing_keys


def _refusal(config: SegmentConfig, why: str) -> CrackdemoError:
    return FitError(f"The fit cannot start from “{config.start}”, {why}.")
