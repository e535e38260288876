"""Photo to detection: what a page, a batch or an evaluation knows of any model."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import torch
from pydantic import dataclasses

from crackdemo.arrays import Heatmap, RegionMask, Residual, RgbImage
from crackdemo.configs import SETTINGS
from crackdemo.detection.bands import Band, in_bands
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.engine import Engine, best_device
from crackdemo.detection.heatmaps import HeatmapConfig, to_heatmap
from crackdemo.detection.illumination import FlattenConfig, gray_of
from crackdemo.detection.pieces import without_faint, without_lone
from crackdemo.detection.reconstruction import healed_photo
from crackdemo.detection.scales import fused_residual, predict_at_scales
from crackdemo.masks.classes import CRACK
from crackdemo.models.family import Network


class ScoredPart(NamedTuple):
    """A rectangle of a photo, in pixels from its upper left, with its score."""

    top: int
    left: int
    bottom: int
    """Of the first row below."""
    right: int
    """Of the first column beside."""
    score: float
    """0..1, higher = more crack."""


@dataclass(frozen=True)
class Detection:
    """What one pass says about a photo; everything after it is cheap."""

    reconstruction: RgbImage | None
    """The photo without its cracks, in its own light and colour; the photo itself where that was
    not asked for; None of detectors that rebuild nothing."""
    heatmap: Heatmap
    """(H, W) uint16 on the checkpoint's fixed scale; 32768 is the calibrated threshold."""
    score: float
    """Of the photo as a whole, 0..1, higher = more crack; a larger photo has no higher one."""
    parts: tuple[ScoredPart, ...] = ()
    """Of detectors that score a photo by its parts: these, so that a region can be scored too."""
    classes: dict[str, Heatmap] = field(default_factory=dict)
    """Of detectors that tell several classes apart: the heatmap of each, of which `heatmap` is the
    strongest in every pixel; empty of all others."""
    only: str | None = None
    """Of several classes the one that this is of alone; None where all count, or there are none."""


@dataclasses.dataclass(frozen=True, config=SETTINGS)
class DetectorConfig:
    """All that a residual detector needs beside its network."""

    flatten: FlattenConfig
    """What is done to a photo before the network sees it."""
    heatmap: HeatmapConfig
    """How residuals become a heatmap."""
    calibration: Calibration
    """The fixed scale and thresholds."""


class Detector(Protocol):
    """A model of some kind, ready for photos. Threads may share it."""

    @property
    def calibration(self) -> Calibration:
        """What its heatmaps and scores were calibrated to."""
        ...

    @property
    def engine_name(self) -> str | None:
        """What runs its network, and where and how, for people; None before the first photo."""
        ...

    @property
    def rebuilds(self) -> bool:
        """Whether its detections hold a reconstruction."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """What it tells apart, by name; cracks alone unless it was taught more."""
        ...

    def detect(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None, heal: bool = True
    ) -> Detection:
        """One pass over a photo (H, W, 3). heal: whether its reconstruction is wanted. Raises
        Stopped."""
        ...

    def score(self, detection: Detection, region: RegionMask | None = None) -> float:
        """Of a region (H, W) of the photo, by default all of it; 0..1, higher = more crack."""
        ...


class Around:
    """A detector around another one, as which it answers where it does not say otherwise."""

    def __init__(self, inner: Detector) -> None:
        self._inner = inner

    @property
    def calibration(self) -> Calibration:
        """That of the detector inside."""
        return self._inner.calibration

    @property
    def engine_name(self) -> str | None:
        """What runs its network; None before the first photo."""
        return self._inner.engine_name

    @property
    def rebuilds(self) -> bool:
        """Whether its detections hold a reconstruction."""
        return self._inner.rebuilds

    @property
    def classes(self) -> tuple[str, ...]:
        """What it tells apart, by name."""
        return self._inner.classes

    def detect(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None, heal: bool = True
    ) -> Detection:
        """One pass. Raises Stopped."""
        return self._inner.detect(photo, should_stop, heal)

    def score(self, detection: Detection, region: RegionMask | None = None) -> float:
        """Of a region of the photo, 0..1, higher = more crack."""
        return self._inner.score(detection, region)


class ResidualDetector:
    """Shows what a network rebuilds otherwise: autoencoders."""

    rebuilds = True
    classes = (CRACK,)

    def __init__(
        self,
        network: Network,
        config: DetectorConfig,
        device: torch.device | None = None,
        streams: int = 1,
    ) -> None:
        """streams: see `Engine`."""
        self.config = config
        self._engine = Engine(network, device or best_device(), streams)

    @property
    def calibration(self) -> Calibration:
        """What its heatmaps and scores were calibrated to."""
        return self.config.calibration

    @property
    def engine_name(self) -> str | None:
        """What runs its network; None before the first photo."""
        return self._engine.name

    def detect(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None, heal: bool = True
    ) -> Detection:
        """One pass over the photo at each of the heatmap's scales. Raises Stopped."""
        heatmap, reconstruction = self._views(photo, should_stop, heal)
        score = self.calibration.score_of(heatmap)
        return Detection(reconstruction, heatmap, score)

    def _views(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None, heal: bool
    ) -> tuple[Heatmap, RgbImage]:
        """Heatmap and reconstruction; the network's answers are not kept beside them."""
        flatten, heat = self.config.flatten, self.config.heatmap
        answers = predict_at_scales(photo, self._engine, flatten, heat, should_stop)
        heatmap = self._scaled(fused_residual(answers, heat, gray_of(photo, flatten.channel)))
        heatmap = without_lone(without_faint(heatmap, heat.faint), heat.lone)
        if not heal:
            return heatmap, photo
        usual, shares = len(heat.scales), heat.coarser_at(*photo.shape[:2]).values()
        of_large = list(zip(answers[usual:], shares, strict=True))
        return heatmap, healed_photo(photo, answers[:usual], of_large)

    def _scaled(self, residual: Residual) -> Heatmap:
        heatmap = np.empty(residual.shape, np.uint16)

        def scale(band: Band) -> None:
            heatmap[band.rows] = to_heatmap(residual[band.rows], self.calibration.r0)

        in_bands(scale, *residual.shape)
        return heatmap

    def score(self, detection: Detection, region: RegionMask | None = None) -> float:
        """Of a region of the photo, 0..1, higher = more crack."""
        if region is None:
            return detection.score
        return self.calibration.score_of(detection.heatmap, region)
