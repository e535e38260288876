"""Small convolutional network that says of a picture as a whole whether it shows a crack."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from crackdemo.configs import SETTINGS
from crackdemo.models.family import Family, Network, NetworkConfig

_WIDEST = 8
"""Channels double from level to level, up to so many times the first one's."""


@dataclass(frozen=True, config=SETTINGS)
class ClassifierConfig(NetworkConfig):
    """The network of a classifier."""

    depth: Annotated[int, Field(ge=2, le=6)] = 5
    """Levels; each halves the size, so that every further one doubles what a feature sees."""
    width: Annotated[int, Field(ge=4, le=128)] = 12
    """Channels of the first level; they double from level to level, up to eightfold."""
    kernel: Literal[3, 5, 7] = 3
    """Side of the convolutions, in pixels; larger ones see farther and cost more."""
    dropout: Annotated[float, Field(ge=0, le=0.9)] = 0.2
    """Share of the pooled features that is left out at each training step: less is learnt by
    heart."""

    @property
    def stride(self) -> int:
        """How much smaller the last features are than the picture, which may be of any size."""
        return int(2**self.depth)


class Level(nn.Sequential):
    """Twice convolution, batch norm and ReLU; the first convolution halves the size."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int) -> None:
        padding = kernel // 2
        super().__init__(
            nn.Conv2d(channels_in, channels_out, kernel, 2, padding, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
            nn.Conv2d(channels_out, channels_out, kernel, 1, padding, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
        )


class Classifier(Network):
    """(N, 1, H, W) gray, of any size, to the logit (N,) of each picture showing a crack."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config: ClassifierConfig = config
        channels = [config.width * min(2**level, _WIDEST) for level in range(config.depth)]
        self.levels = nn.Sequential(
            *(
                Level(before, after, config.kernel)
                for before, after in zip((1, *channels[:-1]), channels, strict=True)
            )
        )
        self.dropout = nn.Dropout(config.dropout)
        self.last = nn.Linear(2 * channels[-1], 1)

    def forward(self, image: Tensor) -> Tensor:
        features = self.levels(image)
        # the mean tells of the surface, the largest of a crack that is a small part of the picture
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1)
        logits: Tensor = self.last(self.dropout(pooled))
        return logits[:, 0]


FAMILY = Family(
    title="Classifier",
    description="classifier of whole photos",
    kind="saliency",
    config=ClassifierConfig,
    network=Classifier,
    score="how likely its likeliest part shows a crack",
    heatmap="Its heatmap shows where the network looks, which is not a crack’s outline.",
)
