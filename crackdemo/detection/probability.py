"""The detector of networks that say of each pixel how likely it is crack, or of a class."""

import functools
from collections.abc import Callable
from typing import Annotated

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from crackdemo.arrays import Heatmap, RegionMask, Residual, RgbImage
from crackdemo.configs import SETTINGS
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import Detection, DetectorConfig, ResidualDetector
from crackdemo.detection.engine import Engine, best_device
from crackdemo.detection.heatmaps import to_heatmap
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.detection.sight import Sight, seen
from crackdemo.errors import ConfigError
from crackdemo.models.family import Network

SUREST = 1 - 1e-6
"""No pixel is likelier crack than this: its odds would have no end."""


@dataclass(frozen=True, config=SETTINGS)
class ProbabilityConfig:
    """How a network's probability of crack becomes a heatmap."""

    scales: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1)], ...], Field(min_length=1, max_length=8)
    ] = (1.0,)
    """Sizes at which the photo is looked at; the mean of their probabilities counts."""
    evidence: DetectorConfig | None = None
    """How the heatmap is made that the network sees beside the photo, by the network that it holds
    as `healer`; null: it sees the photo alone."""


class ProbabilityDetector:
    """Shows what a network takes for crack, by the odds; rebuilds nothing."""

    rebuilds = False

    def __init__(
        self,
        network: Network,
        flatten: FlattenConfig | None,
        config: ProbabilityConfig,
        calibration: Calibration,
        device: torch.device | None = None,
        streams: int = 1,
    ) -> None:
        """flatten: None where the network sees the photo in its own light. streams: see `Engine`.

        Raises ConfigError where the evidence that it is to see has no network.
        """
        self.flatten, self.config, self._calibration = flatten, config, calibration
        device = device or best_device()
        self._engine = Engine(network, device, streams)
        self._channels = network.inputs
        self.classes = network.config.classes
        """What it tells apart, by name."""
        self._healer: ResidualDetector | None = None
        if config.evidence is not None:
            healer = getattr(network, "healer", None)
            if not isinstance(healer, Network):
                raise ConfigError("The network holds no healer to make its evidence: drop one.")
            self._healer = ResidualDetector(healer, config.evidence, device, streams)
            self._channels -= 1

    @property
    def calibration(self) -> Calibration:
        """What its heatmaps and scores were calibrated to."""
        return self._calibration

    @property
    def engine_name(self) -> str | None:
        """What runs its network; None before the first photo."""
        return self._engine.name

    def detect(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None, heal: bool = True
    ) -> Detection:
        """One pass over the photo at each scale; heal changes nothing. Raises Stopped."""
        chances = self.probability(photo, should_stop)
        heatmaps = [to_heatmap(odds_of(each), self._calibration.r0) for each in chances]
        heatmap = functools.reduce(np.maximum, heatmaps)
        score = self._calibration.score_of(heatmap)
        several = self.classes if len(self.classes) > 1 else ()
        return Detection(None, heatmap, score, classes=dict(zip(several, heatmaps, strict=False)))

    def probability(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None
    ) -> NDArray[np.float32]:
        """How likely each pixel of a photo (H, W, 3) is of each class: (classes, H, W), 0..1.
        Raises Stopped."""
        whole = self.sight(photo, should_stop)
        size = photo.shape[:2]
        views = [_resized(whole, _scaled(size, scale)) for scale in self.config.scales]
        answers = self._engine.answers(views, should_stop)
        mean = sum(_resized(answer, size) for answer in answers) / np.float32(len(answers))
        probability: NDArray[np.float32] = np.asarray(mean, np.float32)
        return probability

    def sight(self, photo: RgbImage, should_stop: Callable[[], bool] | None = None) -> Sight:
        """All that the network sees of a photo, (inputs, H, W). Raises Stopped."""
        image = seen(photo, self.flatten, self._channels)
        if self._healer is None:
            return image
        heatmap = self._healer.detect(photo, should_stop, heal=False).heatmap
        return np.concatenate([image, as_evidence(heatmap)[None]])

    def score(self, detection: Detection, region: RegionMask | None = None) -> float:
        """Of a region of the photo, 0..1, higher = more crack."""
        if region is None:
            return detection.score
        return self._calibration.score_of(detection.heatmap, region)


def odds_of(probability: NDArray[np.float32]) -> Residual:
    """p / (1 - p), pixel by pixel; what is certain has odds of a million."""
    sure = np.minimum(probability.astype(np.float64), SUREST)
    odds: Residual = (sure / (1 - sure)).astype(np.float32)
    return odds


def as_evidence(heatmap: Heatmap) -> NDArray[np.float32]:
    """A heatmap as a network sees it: 0..1, 0.5 as calibrated."""
    share: NDArray[np.float32] = heatmap.astype(np.float32) / np.float32(65536)
    return share


def _scaled(size: tuple[int, ...], scale: float) -> tuple[int, ...]:
    return tuple(max(1, round(length * scale)) for length in size)


def _resized(image: Sight, size: tuple[int, ...]) -> Sight:
    """Each channel to (height, width), averaging where it becomes smaller."""
    if image.shape[-2:] == tuple(size):
        return image
    height, width = size
    method = cv2.INTER_AREA if height < image.shape[-2] else cv2.INTER_LINEAR
    return np.stack(
        [cv2.resize(channel, (width, height), interpolation=method) for channel in image]
    )
