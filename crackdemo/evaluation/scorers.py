"""What says how cracked a whole photo is, and its scores kept on disk."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from crackdemo.arrays import RgbImage
from crackdemo.checkpoints.checkpoint import Checkpoint
from crackdemo.detection.detector import Detector
from crackdemo.detection.engine import Engine, best_device
from crackdemo.detection.illumination import measure_illumination, to_gray
from crackdemo.errors import PhotoError
from crackdemo.evaluation.partition import Member
from crackdemo.files import write_text
from crackdemo.photos.images import read_photo
from crackdemo.photos.overlays import heat_rgb

_SIDE = 128
"""Of the photo, in px, for networks that take any size."""


class Scorer(Protocol):
    """Something that says how cracked a photo is."""

    def score(self, photo: RgbImage) -> float:
        """Higher = more crack-like."""
        ...

    def pictures(self, photo: RgbImage) -> tuple[RgbImage | None, RgbImage]:
        """The photo rebuilt, where anything rebuilds it, and a map of what is taken for crack."""
        ...


class ReconstructionError:
    """The study's score: the mean squared error at the network's own size, in flattened units."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Raises ConfigError of weights that rebuild nothing."""
        self._config = checkpoint.config.detector
        self._size = checkpoint.network.tile_size or _SIDE
        self._engine = Engine(checkpoint.network, best_device())

    def score(self, photo: RgbImage) -> float:
        image, reconstruction = self._answer(photo)
        return float(np.mean((image - reconstruction) ** 2))

    def pictures(self, photo: RgbImage) -> tuple[RgbImage, RgbImage]:
        image, reconstruction = self._answer(photo)
        gray = np.clip(reconstruction * 255, 0, 255).astype(np.uint8)
        # a square of a tenth of full scale is as hot as a heatmap goes: fixed, not by the photo
        heat = np.clip((image - reconstruction) ** 2 / 0.01, 0, 1) * 65535
        return np.repeat(gray[..., None], 3, axis=2), heat_rgb(heat.astype(np.uint16))

    def _answer(self, photo: RgbImage) -> tuple[Any, Any]:
        small = cv2.resize(photo, (self._size, self._size), interpolation=cv2.INTER_AREA)
        gray = to_gray(small, self._config.flatten.channel)
        image = measure_illumination(gray, self._config.flatten).flatten(gray)
        return image, self._engine.answers([image])[0][0]


class DetectorScore:
    """The score of any weights."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def score(self, photo: RgbImage) -> float:
        return self._detector.detect(photo, heal=False).score

    def pictures(self, photo: RgbImage) -> tuple[RgbImage | None, RgbImage]:
        detection = self._detector.detect(photo)
        return detection.reconstruction, heat_rgb(detection.heatmap)


class ScoreFile:
    """Scores on disk, a line a photo, so that what was stopped goes on."""

    def __init__(self, path: Path, made_with: str) -> None:
        """made_with: the weights; scores of others are not taken over."""
        self._path, self._head = path, made_with.replace("\n", " ")
        self._known: dict[str, float] = {}
        with suppress(OSError, ValueError):
            head, *lines = path.read_text(encoding="utf-8").split("\n")
            if head == self._head:
                for line in lines[:-1]:  # the last one has no end, or is empty
                    sha256, score = line.split()
                    self._known[sha256] = float(score)
        write_text(path, "\n".join([self._head, *self._lines(), ""]))

    def _lines(self) -> Iterator[str]:
        return (f"{sha256} {score!r}" for sha256, score in self._known.items())

    def score(self, members: Sequence[Member], scorer: Scorer) -> Iterator[float | PhotoError]:
        """One score a photo, in order, or why there is none."""
        with self._path.open("a", encoding="utf-8", newline="\n") as sink:
            for member in members:
                if member.sha256 not in self._known:
                    try:
                        score = scorer.score(read_photo(member.path))
                    except PhotoError as problem:
                        yield problem
                        continue
                    self._known[member.sha256] = score
                    sink.write(f"{member.sha256} {score!r}\n")
                    sink.flush()
                yield self._known[member.sha256]
