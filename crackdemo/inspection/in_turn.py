"""A detector that many visitors share: each photo waits for its visitor's turn."""

from collections.abc import Callable

from crackdemo.arrays import RegionMask, RgbImage
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import Detection, Detector
from crackdemo.inspection.line import Line
from crackdemo.inspection.store import Visitor


class InTurn:
    """As the detector inside. Threads may share it."""

    def __init__(self, detector: Detector, line: Line, visitor: Visitor) -> None:
        self._detector, self._line, self._visitor = detector, line, visitor

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

    @property
    def classes(self) -> tuple[str, ...]:
        """What it tells apart, by name."""
        return self._detector.classes

    def detect(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None, heal: bool = True
    ) -> Detection:
        """One pass, alone. Raises Stopped."""
        with self._line.turn(self._visitor.name, self._visitor.group, should_stop):
            return self._detector.detect(photo, should_stop, heal)

    def score(self, detection: Detection, region: RegionMask | None = None) -> float:
        """Of a region of the photo, 0..1, higher = more crack."""
        return self._detector.score(detection, region)
