"""A detector that many visitors share: each photo waits for its visitor's turn."""

from collections.abc import Callable

from crackdemo.arrays import RgbImage
from crackdemo.detection.detector import Around, Detection, Detector
from crackdemo.inspection.line import Line
from crackdemo.inspection.store import Visitor


class InTurn(Around):
    """As the detector inside. Threads may share it."""

    def __init__(self, detector: Detector, line: Line, visitor: Visitor) -> None:
        super().__init__(detector)
        self._line, self._visitor = line, visitor

    def detect(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None, heal: bool = True
    ) -> Detection:
        """One pass, alone. Raises Stopped."""
        with self._line.turn(self._visitor.name, self._visitor.group, should_stop):
            return super().detect(photo, should_stop, heal)
