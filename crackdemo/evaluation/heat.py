"""Heatmaps with their truth, kept on disk: one pass a photo, and everything after it is cheap."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from crackdemo.arrays import CrackMask, Heatmap
from crackdemo.checkpoints.names import Weights
from crackdemo.data.labelled import LabelledPhoto
from crackdemo.detection.detector import Detector
from crackdemo.errors import FolderError, PhotoError
from crackdemo.evaluation.truth import labels_of, require_size
from crackdemo.files import make_folder, reason_of, sha256_of, written_whole
from crackdemo.photos.images import read_photo

_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class KnownPhoto:
    """A labelled photo that was scored; its arrays stay on disk until they are read."""

    photo: LabelledPhoto
    """The photo with its truth."""
    sha256: str
    """The photo's identity: of its file."""
    heat: Path
    """Holds heatmap and true mask."""
    score: float
    """Of the photo, 0..1, higher = more crack."""
    cracked: bool
    """Whether its truth shows a crack."""
    note: str = ""
    """What was done to its mask and should be known; empty for nothing."""

    def read(self) -> tuple[Heatmap, CrackMask]:
        """Its heatmap (H, W) and true mask (H, W); an empty mask where there is none."""
        with np.load(self.heat) as file:
            heatmap: Heatmap = file["heatmap"]
            bits = np.unpackbits(file["truth"], count=heatmap.size)
        return heatmap, bits.reshape(heatmap.shape).astype(np.bool_)


@dataclass(frozen=True)
class UnknownPhoto:
    """A labelled photo that cannot be used."""

    photo: LabelledPhoto
    """The photo."""
    reason: str
    """One sentence for the person."""


HeatOutcome: TypeAlias = KnownPhoto | UnknownPhoto


class HeatCache:
    """A folder of heatmaps. What is in it already is not scored again."""

    def __init__(self, folder: Path) -> None:
        """Raises FolderError where nothing can be written."""
        make_folder(folder)
        self._folder = folder
        self.passes = 0
        """Photos that a network has seen."""

    def score(
        self,
        photos: Iterable[LabelledPhoto],
        weights: Weights,
        detector: Detector,
        should_stop: Callable[[], bool] | None = None,
    ) -> Iterator[HeatOutcome]:
        """One outcome a photo, in order; a photo that fails holds nothing up.

        Raises Stopped, and FolderError when the disk is full: what was scored stays.
        """
        for photo in photos:
            try:
                yield self._score(photo, weights, detector, should_stop)
            except PhotoError as problem:
                yield UnknownPhoto(photo, str(problem))
            except (MemoryError, RuntimeError, cv2.error):
                name = photo.source.path.name
                yield UnknownPhoto(
                    photo, f"{name} could not be scored, most likely for lack of memory."
                )

    def _score(
        self,
        photo: LabelledPhoto,
        weights: Weights,
        detector: Detector,
        should_stop: Callable[[], bool] | None,
    ) -> KnownPhoto:
        truth, note = labels_of(photo, detector.classes)
        sha256 = _identity(photo.source.path)
        labels = b"" if truth is None else np.packbits(truth).tobytes()
        known_as = f"{sha256}\n{weights.name}\n{weights.commit}\n{weights.version}\n".encode()
        heat = self._folder / f"{hashlib.sha256(known_as + labels).hexdigest()[:24]}.npz"
        score = _score_in(heat)
        if score is None:
            pixels = read_photo(photo.source.path)
            require_size(photo, truth, pixels.shape[:2])
            detection = detector.detect(pixels, should_stop, heal=False)
            self.passes += 1
            score = detection.score
            self._keep(heat, detection.heatmap, labels, score)
        cracked = photo.cracked if truth is None else bool(truth.any())
        return KnownPhoto(photo, sha256, heat, score, cracked, note)

    def _keep(self, heat: Path, heatmap: Heatmap, labels: bytes, score: float) -> None:
        bits = np.frombuffer(labels, np.uint8) if labels else np.zeros(-(-heatmap.size // 8), "u1")
        content = io.BytesIO()
        np.savez(content, heatmap=heatmap, truth=bits, score=np.float64(score))
        try:
            with written_whole(heat) as building:
                building.write_bytes(content.getbuffer())
        except OSError as error:
            raise FolderError(
                f"The heatmaps cannot be kept ({reason_of(error)}): free some space and start "
                "again; what was scored so far is not lost."
            ) from None


def _identity(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError:
        read_photo(path)  # says what is the matter with it
        raise


def _score_in(heat: Path) -> float | None:
    """Of a photo that was scored before; None where that is not so, or the file is damaged."""
    try:
        with np.load(heat) as file:
            return float(file["score"]) if "heatmap" in file and "truth" in file else None
    except _DAMAGED:
        return None
