"""A detector that needs no network."""

from collections.abc import Callable, Sequence

import numpy as np

from crackdemo.arrays import RegionMask, RgbImage
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import Detection
from crackdemo.detection.score import photo_score

CALIBRATION = Calibration(
    r0=0.1, score_threshold=0.5, score_top_share=0.01, clean_quantiles={"0.5": 0.1}
)


class FakeDetector:
    """Gives the same detection for every photo, or, where one is due, raises what a test wants."""

    def __init__(
        self,
        detection: Detection,
        failures: Sequence[BaseException | None] = (),
        calibration: Calibration = CALIBRATION,
    ) -> None:
        self.calibration = calibration
        self.engine_name = "nothing at all"
        self.rebuilds = detection.reconstruction is not None
        self.classes = tuple(detection.classes) or ("crack",)
        self.detection = detection
        self.failures = list(failures)
        self.photos = 0
        """Photos so far."""

    def detect(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None, heal: bool = True
    ) -> Detection:
        self.photos += 1
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        return self.detection

    def score(self, detection: Detection, region: RegionMask | None = None) -> float:
        if region is None:
            return detection.score
        return photo_score(detection.heatmap, self.calibration.score_top_share, region)


def one_crack() -> Detection:
    """On a photo of (10, 12): a line of 7 px, not enough for the score."""
    heatmap = np.zeros((10, 12), np.uint16)
    heatmap[5, 2:9] = 40_000
    return Detection(np.zeros((10, 12, 3), np.uint8), heatmap, 0.4)
