import numpy as np
import pytest

from crackdemo.arrays import RgbImage
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import Detection
from crackdemo.runs.quality import Quality
from crackdemo.synthesis.cracks import CrackConfig
from crackdemo.training.quality import measure_quality
from tests.plain import plain_mask

CRACKS = CrackConfig(width_min=2, width_max=4, depth_min=7)
TILES = [np.full((64, 64), 150 + number, np.uint8) for number in range(3)]


class Darkness:
    """Marks what is darker than a level."""

    calibration = Calibration(0.1, 0.5, 0.02, {"0.5": 0.1})

    def __init__(self, level: int) -> None:
        self.level = level

    def detect(self, photo: RgbImage, should_stop: object = None) -> Detection:
        heatmap = np.where(photo[..., 0] < self.level, 60_000, 0).astype(np.uint16)
        return Detection(photo, heatmap, float((heatmap > 0).mean() > 0.5))

    def score(self, detection: Detection, region: object = None) -> float:
        return detection.score


def quality_of(level: int) -> Quality:
    return measure_quality("mine", Darkness(level), plain_mask(), CRACKS, TILES, seed=3)


def test_what_marks_nothing_finds_nothing() -> None:
    assert quality_of(0) == Quality("mine", 0, 0, 0, 0, 3)


def test_what_marks_everything_finds_all_and_calls_all() -> None:
    quality = quality_of(255)
    assert (quality.found, quality.marked, quality.called) == (1, 1, 3)
    assert 0 < quality.f1 < 0.5


def test_what_marks_only_cracks_is_better() -> None:
    quality = quality_of(145)
    assert quality.found > 0.3
    assert quality.f1 > quality_of(255).f1
    assert (quality.marked, quality.called) == (0, 0)


def test_the_same_cracks_are_painted_for_all_weights() -> None:
    assert quality_of(145) == quality_of(145)


@pytest.mark.parametrize("values", [{}, [], {"weights": "a", "found": None}])
def test_what_is_no_quality_is_said(values: object) -> None:
    with pytest.raises(ValueError, match="no quality"):
        Quality.from_json(values)
