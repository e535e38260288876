"""Scored photos, kept so that no network runs twice: the latest in memory, more on disk."""

import hashlib
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import Heatmap, RgbImage
from crackdemo.detection.detector import Detection, Detector, ScoredPart
from crackdemo.files import sha256_of
from crackdemo.inspection.line import Line
from crackdemo.photos.images import read_photo, write_jpeg, write_png
from crackdemo.photos.overlays import preview

SHOWN_SIDE = 4096
"""Longest side of the pictures that a page gets; heatmap and mask are always full size."""
THUMBNAIL_SIDE = 220
"""Longest side of a thumbnail."""
KEPT_FREE = 2**30
"""Bytes of the disk that the cache leaves to others."""
_READERS = 2
"""Photos that are read again from the disk at once: each takes memory while it is decoded."""
_IDENTITIES = 10_000
"""Files whose hash is remembered."""


@dataclass(frozen=True)
class Visitor:
    """Who asks: its detections are kept apart, and it waits for its own turn."""

    name: str = ""
    """Nobody else's."""
    group: str = ""
    """Takes turns with other groups."""


NOBODY = Visitor()
"""Where there are no visitors to be kept apart."""


def free_bytes(folder: Path) -> int:
    """What is left on a folder's disk."""
    return shutil.disk_usage(folder).free


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
    """Holds what a page shows, each by `shown_file`: photo.jpg, thumbnail.jpg and heatmap.png (16
    bits, the high byte in red and the low one in green), that of each of several classes
    (`heatmap_file`), and where there is one reconstruction.jpg; for downloads reconstruction.npy.
    Nobody can guess its name."""
    sha256: str
    """The photo's identity: of its file."""


class ScoredPhotos:
    """A bounded cache of detections. Threads may share it."""

    def __init__(
        self,
        folder: Path,
        memory_bytes: int = 2 * 2**30,
        disk_bytes: int = 16 * 2**30,
        read: Callable[[Path], RgbImage] = read_photo,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """disk_bytes: less where the disk has less to spare."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._read, self._free = folder, read, free
        self._memory_bytes, self._disk_bytes = memory_bytes, disk_bytes
        self._memory: OrderedDict[str, Scored] = OrderedDict()
        self._on_disk: OrderedDict[str, int] = OrderedDict()
        self._visitors: dict[str, str] = {}
        self._identities: OrderedDict[tuple[Path, int, int], str] = OrderedDict()
        self._lock = threading.RLock()
        self._readers = threading.BoundedSemaphore(_READERS)
        self.line = Line()
        """One pass at a time: two together take twice the memory and no less time."""
        self.passes = 0
        """Forward passes so far."""

    def score(
        self,
        path: Path,
        weights: str,
        detector: Callable[[], Detector],
        should_stop: Callable[[], bool] | None = None,
        visitor: Visitor = NOBODY,
    ) -> Scored:
        """The photo's detection, from the visitor's cache or by one forward pass in its turn; until
        then the photo is not decoded.

        weights: identifies the checkpoint. Raises PhotoError or Stopped.
        """
        sha256 = self._identity(path)
        key = _key(visitor.name, sha256, weights)
        found = self._recall(key, path, sha256)
        if found is not None:
            return found
        with self.line.turn(visitor.name, visitor.group, should_stop):
            found = self._recall(key, path, sha256)  # another thread may have scored it meanwhile
            if found is not None:
                return found
            photo = self._read(path)
            started = time.perf_counter()
            detection = detector().detect(photo, should_stop)
            self.passes += 1
            seconds = time.perf_counter() - started
            scored = Scored(photo, detection, seconds, self._folder / key, sha256)
            return self._keep(key, scored, visitor.name)

    def _identity(self, path: Path) -> str:
        """Hashed once for each state of a file. Raises PhotoError."""
        try:
            stat = path.stat()
            state = (path, stat.st_mtime_ns, stat.st_size)
            known = self._identities.get(state)
            sha256 = sha256_of(path) if known is None else known
        except OSError:
            self._read(path)  # says what is the matter with it
            raise
        with self._lock:
            self._identities[state] = sha256
            if len(self._identities) > _IDENTITIES:
                self._identities.popitem(last=False)
        return sha256

    def _keep(self, key: str, scored: Scored, visitor: str) -> Scored:
        try:
            scored = _write(scored)
        except BaseException:
            # of a full disk it would hold the room that is missing, and nothing knows of it
            shutil.rmtree(scored.folder, ignore_errors=True)
            raise
        size = sum(file.stat().st_size for file in scored.folder.iterdir())
        with self._lock:
            self._on_disk[key] = size
            self._visitors[key] = visitor
            self._remember(key, scored)
            most = self._most_on_disk()
            while len(self._on_disk) > 1 and sum(self._on_disk.values()) > most:
                self._forget(next(iter(self._on_disk)))
        return scored

    def forget(self, is_gone: Callable[[str], bool]) -> None:
        """All detections of visitors that are gone, by their names."""
        with self._lock:
            gone = {name for name in set(self._visitors.values()) if is_gone(name)}
            for key in [key for key, name in self._visitors.items() if name in gone]:
                self._forget(key)

    def _forget(self, key: str) -> None:
        del self._on_disk[key], self._visitors[key]
        self._memory.pop(key, None)
        shutil.rmtree(self._folder / key, ignore_errors=True)

    def _most_on_disk(self) -> int:
        """As much as was asked for, or as the disk bears."""
        spare = self._free(self._folder) - KEPT_FREE
        return min(self._disk_bytes, sum(self._on_disk.values()) + spare)

    def _recall(self, key: str, path: Path, sha256: str) -> Scored | None:
        with self._lock:
            if key in self._memory:
                self._memory.move_to_end(key)
                return self._memory[key]
            if key not in self._on_disk:
                return None
        try:
            with self._readers:
                scored = _read(self._folder / key, self._read(path), sha256)
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
            scored.photo.nbytes
            + scored.detection.heatmap.nbytes
            + sum(heatmap.nbytes for heatmap in scored.detection.classes.values())
            for scored in self._memory.values()
        )


def packed_heatmap(heatmap: Heatmap) -> NDArray[np.uint8]:
    """(H, W) uint16 to (H, W, 3) uint8: high byte in red, low byte in green, for an opaque PNG."""
    high, low = (heatmap >> 8).astype(np.uint8), (heatmap & 255).astype(np.uint8)
    packed: NDArray[np.uint8] = cv2.merge([high, low, np.zeros_like(low)])
    return packed


def heatmap_file(scored: Scored, only: str | None = None) -> Path:
    """A packed heatmap for a page: of a class, or the strongest of all."""
    places = {name: place for place, name in enumerate(scored.detection.classes)}
    name = "heatmap.png" if only not in places else _class_file(places[only], only)
    return shown_file(scored.folder, name)


def shown_file(folder: Path, name: str) -> Path:
    """A file of `Scored.folder` as a page is given it. Gradio serves files under their content and
    name, and who scores the same photo elsewhere has the content: the folder's name is in it."""
    stem, _, suffix = name.rpartition(".")
    return folder / f"{stem}-{folder.name}.{suffix}"


def _class_file(place: int, name: str) -> str:
    """By its names the order of the classes is known, and they themselves."""
    return f"class-{place:02}-{name}.png"


def _classes(folder: Path) -> dict[str, Heatmap]:
    files = sorted(folder.glob("class-*.png"))
    names = (file.stem.removesuffix(f"-{folder.name}").split("-", 2)[2] for file in files)
    return dict(zip(names, map(_unpacked, files), strict=True))


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
    folder.mkdir(exist_ok=True)  # never its parents: an app that ends has removed them
    rebuilt = scored.detection.reconstruction
    if rebuilt is not None:
        np.save(folder / "reconstruction.npy", rebuilt)
        write_jpeg(shown_file(folder, "reconstruction.jpg"), preview(rebuilt, SHOWN_SIDE))
    of_parts = np.ravel(scored.detection.parts).tolist()
    np.save(folder / "figures.npy", np.array([scored.detection.score, scored.seconds, *of_parts]))
    write_png(shown_file(folder, "heatmap.png"), packed_heatmap(scored.detection.heatmap))
    for place, (name, heatmap) in enumerate(scored.detection.classes.items()):
        write_png(shown_file(folder, _class_file(place, name)), packed_heatmap(heatmap))
    write_jpeg(shown_file(folder, "photo.jpg"), preview(scored.photo, SHOWN_SIDE))
    small = preview(scored.photo, THUMBNAIL_SIDE)
    write_jpeg(shown_file(folder, "thumbnail.jpg"), small, quality=80)
    detection = replace(scored.detection, reconstruction=_reconstruction(folder))
    return replace(scored, detection=detection)


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _read(folder: Path, photo: RgbImage, sha256: str) -> Scored:
    score, seconds, *of_parts = np.load(folder / "figures.npy").tolist()
    heatmap = _unpacked(
        shown_file(folder, "heatmap.png")
    )  # first: a folder that is gone holds none
    detection = Detection(
        reconstruction=_reconstruction(folder),
        heatmap=heatmap,
        score=score,
        parts=_parts(of_parts),
        classes=_classes(folder),
    )
    return Scored(photo, detection, seconds, folder, sha256)


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
