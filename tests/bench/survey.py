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
from pathlib import Path
from typing import Any

import cv2
import numpy as np

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

    def detector(self) -> "Free":
        return self

    def detect(self, photo: RgbImage, should_stop: Callable[[], bool] | None = None) -> Detection:
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


def timed(photos: list[Photo], checkpoint: Any, workers: int) -> tuple[float, float, float]:
    """Seconds to the first row, photos per second after all workers began, bytes a row on disk."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        started = time.perf_counter()
        with opened(out, {}) as parts, connected(None, workers) as cluster:
            preset = Preset(checkpoint.config.mask)
            rows = survey(photos, checkpoint, preset, cluster, parts)
            moments = [time.perf_counter() for _ in rows]
        size = sum(path.stat().st_size for path in out.glob("*.parquet"))
    rest = moments[workers - 1 :]
    rate = (len(rest) - 1) / (rest[-1] - rest[0])
    return moments[0] - started, rate, size / len(photos)


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
        rates = {}
        for workers in (1, 2):
            load = os.getloadavg()[0]
            start, rates[workers], size = timed(photos, checkpoint, workers)
            print(
                f"{workers} worker(s), {args.megapixels:g} megapixels: {rates[workers]:.3f} "
                f"photos/s, first row after {start:.1f} s, {size / 1000:.1f} kB a row; load of "
                f"the machine before: {load:.1f} on {os.cpu_count()} cores"
            )
        print(f"two workers against one: {rates[2] / rates[1]:.2f} times")
        small = Path(folder) / "small.jpg"
        pavement(small, 0.01, 0)
        many = [Photo(str(small), f"{number}.jpg") for number in range(args.rows)]
        _, rate, _ = timed(many, Free(checkpoint), 2)
        print(f"one driver, two workers, inspection free: {rate:.0f} rows/s")


if __name__ == "__main__":
    main()
