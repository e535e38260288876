"""What a survey costs: workers against one, and the constants that decide how far it scales.

python tests/bench/survey.py [--weights cae-asphalt] [--photos 16] [--megapixels 3] [--rows 20000]

Prints photos per second of one worker and of two, one thread each, counted from when every worker
has done its first photo, and their ratio; what a photo's row takes on disk; how many rows a second
one driver hands out, takes back and writes when the inspection itself costs nothing; seconds from
the start to the first row; and the machine's load before each.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.arrays import RgbImage
from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import SHIPPED
from crackdemo.detection.detector import Detection
from crackdemo.masks.presets import Preset
from crackdemo.photos.images import write_jpeg
from crackdemo.survey.cluster import connected
from crackdemo.survey.parts import opened
from crackdemo.survey.sources import Photo, find_photos_of
from crackdemo.survey.survey import survey


class Free:
    """A checkpoint whose detector finds nothing, in no time."""

    def __init__(self, checkpoint: Any) -> None:
        self.config = checkpoint.config
        self.calibration = checkpoint.config.calibration

    def detector(self, only: str | None = None) -> "Free":
        return self

    def detect(
        self,
        photo: RgbImage,
        should_stop: Callable[[], bool] | None = None,
        heal: bool = True,
    ) -> Detection:
        return Detection(photo, np.zeros(photo.shape[:2], np.uint16), 0.1)

    def score(self, detection: Detection, region: Any = None) -> float:
        return detection.score


def pavement(path: Path, megapixels: float, seed: int) -> None:
    """Noise with a few dark lines."""
    height, width = round((megapixels * 0.75e6) ** 0.5), round((megapixels / 0.75 * 1e6) ** 0.5)
    rng = np.random.default_rng(seed)
    gray = cv2.GaussianBlur(rng.normal(150, 40, (height, width)).astype(np.float32), (0, 0), 1)
    for x in rng.integers(0, width, 3):
        cv2.line(gray, (int(x), 0), (int(rng.integers(width)), height), 60, 5)
    write_jpeg(path, cv2.merge([gray.clip(0, 255).astype(np.uint8)] * 3))


class Measured(NamedTuple):
    """A survey, counted from when every worker has done a photo."""

    start: float
    """Seconds to the first row."""
    rate: float
    """Photos per second."""
    seconds: float
    """Of processor time in the workers, for each photo: what else runs hardly changes it."""
    size: float
    """Bytes of a row on disk."""


def measured(photos: list[Photo], checkpoint: Any, workers: int) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        started = time.perf_counter()
        with opened(out, {}) as parts, connected(None, workers) as cluster:
            preset = Preset(checkpoint.config.mask)
            moments, work = [], []
            for _ in survey(photos, checkpoint, preset, cluster, parts):
                moments.append(time.perf_counter())
                if len(moments) in (workers, len(photos)):
                    work.append(processor_seconds())
        size = sum(path.stat().st_size for path in out.glob("*.parquet"))
    count = len(photos) - workers
    rate = count / (moments[-1] - moments[workers - 1])
    return Measured(moments[0] - started, rate, (work[1] - work[0]) / count, size / len(photos))


def processor_seconds() -> float:
    """Of all workers so far; Ray names its processes for what they do."""
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "MapWorker" in " ".join(child.cmdline()):
                total += sum(child.cpu_times()[:2])
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--weights", default="cae-asphalt")
    parser.add_argument("--photos", type=int, default=16)
    parser.add_argument("--megapixels", type=float, default=3)
    parser.add_argument("--rows", type=int, default=20_000)
    args = parser.parse_args()
    checkpoint = load_checkpoint(SHIPPED / args.weights)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(args.photos):
            pavement(Path(folder) / f"{number}.jpg", args.megapixels, number)
        photos = find_photos_of([folder])
        found: dict[int, Measured] = {}
        for workers in (1, 2):
            load = os.getloadavg()[0]
            found[workers] = one = measured(photos, checkpoint, workers)
            print(
                f"{workers} worker(s), {args.megapixels:g} megapixels: {one.rate:.3f} photos/s, "
                f"{one.seconds:.2f} s of processor time a photo, first row after "
                f"{one.start:.1f} s, {one.size / 1000:.1f} kB a row; load before: {load:.1f} on "
                f"{os.cpu_count()} cores",
                flush=True,
            )
        by_work = 2 * found[1].seconds / found[2].seconds
        print(
            f"two workers against one: {found[2].rate / found[1].rate:.2f} times by the clock, "
            f"{by_work:.2f} by processor time alone"
        )
        small = Path(folder) / "small.jpg"
        pavement(small, 0.01, 0)
        many = [Photo(str(small), f"{number}.jpg") for number in range(args.rows)]
        free = measured(many, Free(checkpoint), 2)
        print(f"one driver, two workers, inspection free: {free.rate:.0f} rows/s")


if __name__ == "__main__":
    main()
