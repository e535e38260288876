"""One class of a detector that tells several apart: all that is said is of that class."""

from collections.abc import Callable
from dataclasses import replace

from crackdemo.arrays import RgbImage
from crackdemo.detection.detector import Around, Detection, Detector
from crackdemo.errors import ConfigError


class ClassDetector(Around):
    """As the detector inside, with eyes for one class. Threads may share it."""

    def __init__(self, detector: Detector, name: str) -> None:
        """Raises ConfigError where the detector does not know the class."""
        if name not in detector.classes:
            raise ConfigError(
                f"These weights know no class “{name}”: take {' or '.join(detector.classes)}."
            )
        super().__init__(detector)
        self._name = name

    @property
    def classes(self) -> tuple[str, ...]:
        """That one."""
        return (self._name,)

    def detect(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None, heal: bool = True
    ) -> Detection:
        """One pass. Raises Stopped."""
        return self.only(super().detect(photo, should_stop, heal))

    def only(self, detection: Detection) -> Detection:
        """What the detector inside says of a photo, reduced to the class."""
        heatmap = detection.classes.get(self._name)
        if heatmap is None:  # it is the only one that there is
            return detection
        score = self.calibration.score_of(heatmap)
        return replace(detection, heatmap=heatmap, score=score, classes={}, only=self._name)
