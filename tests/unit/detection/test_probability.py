from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from crackdemo.detection.calibration import Calibration
from crackdemo.detection.classes import ClassDetector
from crackdemo.detection.detector import DetectorConfig
from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.detection.kinds import build_detector, heat_settings
from crackdemo.detection.probability import ProbabilityConfig, ProbabilityDetector, odds_of
from crackdemo.detection.sight import seen
from crackdemo.errors import ConfigError
from crackdemo.models.cae import Cae, CaeConfig
from crackdemo.models.family import Network, NetworkConfig

CPU = torch.device("cpu")
HALF_SURE = Calibration(r0=1.0, score_threshold=0.5, score_top_share=None, clean_quantiles={})


class AnyStride(NetworkConfig):
    @property
    def stride(self) -> int:
        return 4


class Darkness(Network):
    """Takes for crack what is dark in the first channel, or what the last one says."""

    def __init__(self, inputs: int, channel: int = 0, healer: Network | None = None) -> None:
        super().__init__()
        self.config = AnyStride()
        self._inputs, self._channel, self.healer = inputs, channel, healer

    @property
    def inputs(self) -> int:
        return self._inputs

    def answer(self, image: Tensor) -> Tensor:
        one = image[:, self._channel : self._channel + 1]
        return 1 - one if self._channel == 0 else one


@dataclass(frozen=True)
class Named(AnyStride):
    classes: tuple[str, ...] = ("crack", "joint")


class Colours(Network):
    """Takes for crack what is red, and for a joint what is green."""

    def __init__(self) -> None:
        super().__init__()
        self.config = Named()

    @property
    def inputs(self) -> int:
        return 3

    def answer(self, image: Tensor) -> Tensor:
        return image[:, :2]


def detector(network: Network, **settings) -> ProbabilityDetector:
    return ProbabilityDetector(network, None, ProbabilityConfig(**settings), HALF_SURE, CPU)


def photo(height: int = 40, width: int = 52) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_the_heatmap_is_the_odds_on_the_fixed_scale() -> None:
    picture = photo()
    found = detector(Darkness(3)).detect(picture)
    probability = 1 - picture[..., 0] / 255
    assert found.reconstruction is None
    assert found.heatmap.shape == picture.shape[:2]
    # r0 is 1, so that the heatmap's share is the probability itself
    assert np.abs(found.heatmap / 65536 - probability).max() < 2e-4
    assert 0 <= found.score <= 1


def test_what_is_certain_has_odds_that_end() -> None:
    odds = odds_of(np.array([[0, 0.5, 1]], np.float32))
    assert odds[0, :2].tolist() == [0, 1]
    assert np.isfinite(odds).all() and odds[0, 2] > 1e5


def test_scales_are_blended_at_the_photos_size() -> None:
    picture = np.full((33, 47, 3), 51, np.uint8)
    found = detector(Darkness(3), scales=(1.0, 0.5)).probability(picture)
    assert found.shape == (1, 33, 47)
    assert found == pytest.approx(np.full((1, 33, 47), 0.8), abs=1e-3)


def test_evidence_is_the_healers_heatmap() -> None:
    healer = Cae(CaeConfig((4, 8))).eval()
    evidence = DetectorConfig(FlattenConfig(), HeatmapConfig(scales=(1.0,), weights=()), HALF_SURE)
    network = Darkness(4, channel=3, healer=healer)
    seer = detector(network, evidence=evidence)
    sight = seer.sight(photo())
    heat = build_detector(healer, evidence.flatten, evidence.heatmap, HALF_SURE, CPU)
    assert sight.shape == (4, 40, 52)
    assert sight[3] == pytest.approx(heat.detect(photo()).heatmap / 65536, abs=1e-6)
    assert seer.probability(photo())[0] == pytest.approx(sight[3], abs=1e-3)


def test_evidence_without_a_healer_is_refused() -> None:
    evidence = DetectorConfig(FlattenConfig(), HeatmapConfig(), HALF_SURE)
    with pytest.raises(ConfigError, match="no healer"):
        detector(Darkness(4), evidence=evidence)


def test_a_region_has_its_own_score() -> None:
    picture = np.full((64, 64, 3), 255, np.uint8)
    picture[30:33, 4:60] = 0
    seer = detector(Darkness(3))
    found = seer.detect(picture)
    elsewhere = np.zeros((64, 64), np.bool_)
    elsewhere[40:] = True
    assert seer.score(found) == found.score > 0.5
    assert seer.score(found, elsewhere) < 0.01


def test_colours_are_flattened_by_the_light_of_their_gray() -> None:
    picture = photo()
    assert seen(picture, None, 3) == pytest.approx(picture.transpose(2, 0, 1) / 255)
    flat = FlattenConfig(channel="luma")
    gray = np.repeat(picture[..., :1], 3, axis=2)
    one, three = seen(gray, flat, 1), seen(gray, flat, 3)
    assert one.shape == (1, 40, 52) and three.shape == (3, 40, 52)
    assert three == pytest.approx(np.repeat(one, 3, axis=0))


@pytest.mark.parametrize("kind, other", [("residual", "probability"), ("probability", "residual")])
def test_settings_of_another_kind_are_refused(kind, other) -> None:
    settings = {"residual": HeatmapConfig(), "probability": ProbabilityConfig()}
    assert heat_settings(kind, settings[kind]) is settings[kind]
    assert type(heat_settings(kind, {})) is type(settings[kind])
    with pytest.raises(ConfigError, match="another kind"):
        heat_settings(kind, settings[other])


def test_several_classes_have_a_heatmap_each_and_the_strongest_counts() -> None:
    picture = photo()
    seer = detector(Colours())
    found = seer.detect(picture)
    assert seer.classes == tuple(found.classes) == ("crack", "joint")
    for channel, heatmap in enumerate(found.classes.values()):
        assert np.abs(heatmap / 65536 - picture[..., channel] / 255).max() < 2e-4
    assert np.array_equal(found.heatmap, np.maximum(*found.classes.values()))
    assert detector(Darkness(3)).detect(picture).classes == {}


def test_one_class_alone_is_as_a_detector_of_it() -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, :30, 0], picture[10:12, :, 1] = 200, 255
    seer = detector(Colours())
    alone = ClassDetector(seer, "joint")
    found = alone.detect(picture)
    assert alone.classes == ("joint",) and found.classes == {}
    assert np.array_equal(found.heatmap, seer.detect(picture).classes["joint"])
    assert 0 < alone.score(found) != seer.detect(picture).score
    upper = np.zeros((40, 60), np.bool_)
    upper[:5] = True
    assert alone.score(found, upper) < 0.1 < seer.score(seer.detect(picture), upper)
    with pytest.raises(ConfigError, match="no class “pothole”: take crack or joint"):
        ClassDetector(seer, "pothole")
    only = ClassDetector(detector(Darkness(3)), "crack")
    plain = detector(Darkness(3)).detect(picture)
    assert np.array_equal(only.detect(picture).heatmap, plain.heatmap)
