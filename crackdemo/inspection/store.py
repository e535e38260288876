"""Scored photos, kept so that no network runs twice: the latest in memory, more on disk."""

import hashlib
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import Heatmap, RgbImage
from crackdemo.detection.detector import Detection, Detector, ScoredPart
from crackdemo.errors import Stopped
from crackdemo.files import sha256_of
from crackdemo.photos.images import read_photo, write_jpeg, write_png
from crackdemo.photos.overlays import preview

SHOWN_SIDE = 4096
"""Longest side of the pictures that a page gets; heatmap and mask are always full size."""
THUMBNAIL_SIDE = 220
"""Longest side of a thumbnail."""


@dataclass(frozen=True)
class Scored:
    """A photo and what one checkpoint says of it."""

    photo: RgbImage
    """(H, W, 3), upright."""
    detection: Detection
    """Of that photo. Its reconstruction, if any, is read from the disk where it is looked at: it is
    there to be drawn and downloaded once, where photo and heatmap are cut at every move of a
    slider."""
    seconds: float
    """What the detection took."""
    folder: Path
    """Holds what a page shows: photo.jpg, thumbnail.jpg and heatmap.png (16 bits, the high byte in
    red and the low one in green), and where there is one reconstruction.jpg; for downloads
    reconstruction.npy."""
    sha256: str
    """The photo's identity: of its file."""


class ScoredPhotos:
    """A bounded cache of detections. Threads may share it."""

    def __init__(
        self, folder: Path, memory_bytes: int = 2 * 2**30, disk_bytes: int = 16 * 2**30
    ) -> None:
        self._folder = folder
        self._memory_bytes, self._disk_bytes = memory_bytes, disk_bytes
        self._memory: OrderedDict[str, Scored] = OrderedDict()
        self._on_disk: OrderedDict[str, int] = OrderedDict()
        self._identities: dict[tuple[Path, int, int], str] = {}
        self._lock = threading.RLock()
        self._network = threading.Lock()
        self.passes = 0
        """Forward passes so far."""

    def score(
        self,
        path: Path,
        weights: str,
        detector: Callable[[], Detector],
        should_stop: Callable[[], bool] | None = None,
    ) -> Scored:
        """The photo's detection, from the cache or by one forward pass.

        weights: identifies the checkpoint. Raises PhotoError or Stopped.
        """
        sha256 = self._identity(path)
        key = hashlib.sha256(f"{sha256}\n{weights}".encode()).hexdigest()[:24]
        found = self._recall(key, path, sha256)
        if found is not None:
            return found
        photo = read_photo(path)
        with self._network_alone(should_stop):
            found = self._recall(key, path, sha256)  # another thread may have scored it meanwhile
            if found is not None:
                return found
            started = time.perf_counter()
            detection = detector().detect(photo, should_stop)
            self.passes += 1
            seconds = time.perf_counter() - started
            return self._keep(key, Scored(photo, detection, seconds, self._folder / key, sha256))

    def _identity(self, path: Path) -> str:
        """Hashed once for each state of a file. Raises PhotoError."""
        try:
            stat = path.stat()
            state = (path, stat.st_mtime_ns, stat.st_size)
            if state not in self._identities:
                self._identities[state] = sha256_of(path)
            return self._identities[state]
        except OSError:
            read_photo(path)  # says what is the matter with it
            raise

    @contextmanager
    def _network_alone(self, should_stop: Callable[[], bool] | None) -> Iterator[None]:
        """One pass at a time: two together take twice the memory and no less time."""
        while not self._network.acquire(timeout=0.1):
            if should_stop is not None and should_stop():
                raise Stopped
        try:
            yield
        finally:
            self._network.release()

    def _keep(self, key: str, scored: Scored) -> Scored:
        scored = _write(scored)
        size = sum(file.stat().st_size for file in scored.folder.iterdir())
        with self._lock:
            self._on_disk[key] = size
            self._remember(key, scored)
            while len(self._on_disk) > 1 and sum(self._on_disk.values()) > self._disk_bytes:
                oldest, _ = self._on_disk.popitem(last=False)
                self._memory.pop(oldest, None)
                shutil.rmtree(self._folder / oldest, ignore_errors=True)
        return scored

    def _recall(self, key: str, path: Path, sha256: str) -> Scored | None:
        with self._lock:
            if key in self._memory:
                self._memory.move_to_end(key)
                return self._memory[key]
            if key not in self._on_disk:
                return None
        try:
            scored = _read(self._folder / key, path, sha256)
        except FileNotFoundError:  # another thread has just made room
            return None
        with self._lock:
            if key not in self._on_disk:  # and so it has between reading and here
                return None
            self._on_disk.move_to_end(key)
            self._remember(key, scored)
        return scored

    def _remember(self, key: str, scored: Scored) -> None:
        self._memory[key] = scored
        while len(self._memory) > 1 and self._bytes_in_memory() > self._memory_bytes:
            self._memory.popitem(last=False)

    def _bytes_in_memory(self) -> int:
        return sum(
            scored.photo.nbytes + scored.detection.heatmap.nbytes
            for scored in self._memory.values()
        )


def packed_heatmap(heatmap: Heatmap) -> NDArray[np.uint8]:
    """(H, W) uint16 to (H, W, 3) uint8: high byte in red, low byte in green, for an opaque PNG."""
    high, low = (heatmap >> 8).astype(np.uint8), (heatmap & 255).astype(np.uint8)
    packed: NDArray[np.uint8] = cv2.merge([high, low, np.zeros_like(low)])
    return packed


def _unpacked(path: Path) -> Heatmap:
    """What `packed_heatmap` packed."""
    _, green, red = cv2.split(cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR))
    heatmap: Heatmap = red.astype(np.uint16)
    heatmap <<= 8
    heatmap |= green
    return heatmap


def _write(scored: Scored) -> Scored:
    """Gives the same with its reconstruction on the disk alone."""
    folder = scored.folder
    folder.mkdir(parents=True, exist_ok=True)
    rebuilt = scored.detection.reconstruction
    if rebuilt is not None:
        np.save(folder / "reconstruction.npy", rebuilt)
        write_jpeg(folder / "reconstruction.jpg", preview(rebuilt, SHOWN_SIDE))
    of_parts = np.ravel(scored.detection.parts).tolist()
    np.save(folder / "figures.npy", np.array([scored.detection.score, scored.seconds, *of_parts]))
    write_png(folder / "heatmap.png", packed_heatmap(scored.detection.heatmap))
    write_jpeg(folder / "photo.jpg", preview(scored.photo, SHOWN_SIDE))
    write_jpeg(folder / "thumbnail.jpg", preview(scored.photo, THUMBNAIL_SIDE), quality=80)
    detection = replace(scored.detection, reconstruction=_reconstruction(folder))
    return replace(scored, detection=detection)


def _read(folder: Path, path: Path, sha256: str) -> Scored:
    score, seconds, *of_parts = np.load(folder / "figures.npy").tolist()
    heatmap = _unpacked(folder / "heatmap.png")  # first: a folder that is gone holds none
    detection = Detection(
        reconstruction=_reconstruction(folder),
        heatmap=heatmap,
        score=score,
        parts=_parts(of_parts),
    )
    return Scored(read_photo(path), detection, seconds, folder, sha256)


def _parts(figures: list[float]) -> tuple[ScoredPart, ...]:
    rows = np.reshape(figures, (-1, len(ScoredPart._fields))).tolist()
    return tuple(
        ScoredPart(int(top), int(left), int(bottom), int(right), chance)
        for top, left, bottom, right, chance in rows
    )


def _reconstruction(folder: Path) -> RgbImage | None:
    file = folder / "reconstruction.npy"
    if not file.exists():
        return None
    mapped: RgbImage = np.load(file, mmap_mode="r")
    return mapped
