"""One class of a detector that tells several apart: all that is said is of that class."""

from collections.abc import Callable
from dataclasses import replace

from crackdemo.arrays import RegionMask, RgbImage
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import Detection, Detector
from crackdemo.detection.score import photo_score
from crackdemo.errors import ConfigError


class ClassDetector:
    """As the detector inside, with eyes for one class. Threads may share it."""

    def __init__(self, detector: Detector, name: str) -> None:
        """Raises ConfigError where the detector does not know the class."""
        if name not in detector.classes:
            raise ConfigError(
                f"These weights know no class “{name}”: take {' or '.join(detector.classes)}."
            )
        self._detector = detector
        self.classes = (name,)
        """That one."""

    @property
    def calibration(self) -> Calibration:
        """That of the detector inside."""
        return self._detector.calibration

    @property
    def engine_name(self) -> str | None:
        """What runs its network; None before the first photo."""
        return self._detector.engine_name

    @property
    def rebuilds(self) -> bool:
        """Whether its detections hold a reconstruction."""
        return self._detector.rebuilds

    def detect(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None, heal: bool = True
    ) -> Detection:
        """One pass. Raises Stopped."""
        return self.only(self._detector.detect(photo, should_stop, heal))

    def only(self, detection: Detection) -> Detection:
        """What the detector inside says of a photo, reduced to the class."""
        heatmap = detection.classes.get(self.classes[0])
        if heatmap is None:  # it is the only one that there is
            return detection
        alone = replace(detection, heatmap=heatmap, classes={})
        return replace(alone, score=photo_score(heatmap, self.calibration.score_top_share))

    def score(self, detection: Detection, region: RegionMask | None = None) -> float:
        """Of a region of the photo, 0..1, higher = more of the class."""
        return self._detector.score(detection, region)
