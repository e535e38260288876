"""How long `predict` takes beside the bare passes of its engine, and beside another checkout.

python tests/bench/predict_speed.py [--threads 2] [--rounds 3] [--photos 300] [--against FOLDER]

A photo of 12 megapixels and many of 512 x 512 are put together from the example photo. The bare
passes are the engine's over the photo's own pixels at all scales (rounded to its stride), by the
faster of one stream and two. Seconds and processor seconds stand side by side, for on a busy
machine only the latter are of the program alone. FOLDER is a checkout of another commit (`git
worktree add FOLDER 676fbb7`): its command is a process, less what a photo of 96 x 96 takes it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.arrays import RgbImage
from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, SHIPPED
from crackdemo.detection.engine import Engine
from crackdemo.detection.tiling import TILE
from crackdemo.inspection.batch import BatchConfig, predict
from crackdemo.inspection.predict import Inspected
from crackdemo.masks.presets import Preset
from crackdemo.parallel import in_order
from crackdemo.photos.images import read_photo, write_jpeg
from crackdemo.photos.sources import find_sources
from crackdemo.photos.views import VIEWS

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "crackdemo" / "ui" / "examples" / "asphalt-crack.jpg"
LARGE, SMALL = (3000, 4000), (512, 512)
BAR_LARGE, BAR_SMALL, BAR_AGAINST = 1.6, 2.0, 5.0
CPU = torch.device("cpu")


class Taken(NamedTuple):
    """What something took."""

    seconds: float
    """By the clock."""
    processor: float
    """Of all threads together."""


def main() -> None:
    """Prints seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--photos", type=int, default=300, help="of 512 x 512")
    parser.add_argument("--against", type=Path, help="checkout of another commit")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    checkpoint = load_checkpoint(SHIPPED / DEFAULT_WEIGHTS)
    streams = min(2, args.threads)
    print(f"{DEFAULT_WEIGHTS}, {args.threads} threads, medians of {args.rounds} rounds in turn")
    with tempfile.TemporaryDirectory() as scratch:
        large, small = Path(scratch) / "large", Path(scratch) / "small"
        write_photos(large, LARGE, 1)
        write_photos(small, SMALL, args.photos)
        bare = {n: Bare(checkpoint, n) for n in {1, streams}}
        ours = Ours(checkpoint, streams, Path(scratch))
        for name, folder, size, number, bar in (
            ("12 megapixels", large, LARGE, 1, BAR_LARGE),
            (f"{args.photos} of 512 x 512", small, SMALL, args.photos, BAR_SMALL),
        ):
            times = rounds(
                args.rounds,
                {
                    "--only masks": lambda f=folder: ours.run(f, ("masks",)),
                    **{
                        f"bare passes, {n} at once": lambda b=b, s=size, k=number: b.run(s, k)
                        for n, b in bare.items()
                    },
                },
            )
            masks = times.pop("--only masks")
            show(f"{name}: bare passes", best := min(times.values()))
            compare(f"{name}: --only masks", masks, best, f"at most {bar} times")
        if args.against:
            compare_with(args, ours, large, Path(scratch))


def compare_with(args: argparse.Namespace, ours: "Ours", large: Path, scratch: Path) -> None:
    """Everything written, beside another checkout's command."""
    tiny = scratch / "tiny"
    write_photos(tiny, (96, 96), 1)
    times = rounds(
        args.rounds,
        {
            "now": lambda: ours.run(large, VIEWS),
            "then": lambda: command(args.against, large, scratch, args.threads),
            "its start": lambda: command(args.against, tiny, scratch, args.threads),
        },
    )
    then = Taken(*(a - b for a, b in zip(times["then"], times["its start"], strict=True)))
    show("12 megapixels: everything written", times["now"])
    compare("12 megapixels: the other checkout", then, times["now"], f"at least {BAR_AGAINST}")


class Bare:
    """The network alone, on photos' own pixels."""

    def __init__(self, checkpoint: Checkpoint, streams: int) -> None:
        engine = Engine(checkpoint.network, CPU, streams)
        engine.predict([np.zeros((64, 64), np.float32)])
        self._run = engine._started().run
        self._streams, self._stride = streams, checkpoint.network.stride
        self._scales = checkpoint.config.heatmap.scales

    def run(self, size: tuple[int, int], number: int) -> None:
        """As many pixels as so many photos have at all scales."""
        parts = [part for scale in self._scales for part in self._parts(size, scale)] * number
        # a large part must not hold up the small ones behind it
        for _ in in_order(self._run, parts, self._streams, 8 * self._streams):
            pass

    def _parts(self, size: tuple[int, int], scale: float) -> list[np.ndarray]:
        """An image cut into equal parts, none of them larger than a tile, without any overlap."""
        lengths = [round(length * scale) for length in size]
        counts = [-(-length // TILE) for length in lengths]
        sides = [
            self._stride * round(length / count / self._stride)
            for length, count in zip(lengths, counts, strict=True)
        ]
        return [np.full((1, 1, *sides), 0.6, np.float32)] * (counts[0] * counts[1])


class Ours:
    """`predict` in this process, started already."""

    def __init__(self, checkpoint: Checkpoint, streams: int, scratch: Path) -> None:
        self._detector = checkpoint.detector(CPU, streams)
        self._detector.detect(np.zeros((64, 64, 3), np.uint8))
        self._preset, self._streams = Preset(checkpoint.config.mask), streams
        self._scratch = scratch

    def run(self, folder: Path, views: tuple[str, ...]) -> None:
        """All photos of a folder."""
        config = BatchConfig(views=views, at_once=self._streams)
        out = Path(tempfile.mkdtemp(dir=self._scratch))
        outcomes = predict(find_sources([folder]), self._detector, self._preset, out, config)
        assert all(isinstance(outcome, Inspected) for outcome in outcomes)


def command(checkout: Path, folder: Path, scratch: Path, threads: int) -> None:
    """Another checkout's `predict`."""
    subprocess.run(
        [sys.executable, "-m", "crackdemo", "predict", folder, "--out", scratch / "then"],
        cwd=checkout,
        env={**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": ""},
        check=True,
        capture_output=True,
    )


def rounds(number: int, works: dict[str, Callable[[], None]]) -> dict[str, Taken]:
    """Medians of what each took; they take turns, so that all meet the same neighbours."""
    times: dict[str, list[Taken]] = {name: [] for name in works}
    for _ in range(number):
        for name, work in works.items():
            started, before = time.perf_counter(), os.times()
            work()
            after = os.times()
            processor = sum(after[:4]) - sum(before[:4])
            times[name].append(Taken(time.perf_counter() - started, processor))
    return {
        name: Taken(*(median(each) for each in zip(*taken, strict=True)))
        for name, taken in times.items()
    }


def show(name: str, taken: Taken) -> None:
    """One line."""
    print(
        f"{name:38} {taken.seconds:7.2f} s, of the processor {taken.processor:7.2f} s", flush=True
    )


def compare(name: str, taken: Taken, other: Taken, bar: str) -> None:
    """The same with how many times the other's it is."""
    show(name, taken)
    by_clock, by_work = (a / b for a, b in zip(taken, other, strict=True))
    print(f"{'':38} {by_clock:7.2f} times {by_work:19.2f} times   (bar: {bar})", flush=True)


def write_photos(folder: Path, size: tuple[int, int], number: int) -> None:
    """Mosaics of the example, each shifted, as JPEGs."""
    folder.mkdir()
    example: RgbImage = read_photo(EXAMPLE)
    for index in range(number):
        height, width = size
        times = (-(-height // example.shape[0]), -(-width // example.shape[1]), 1)
        photo = np.roll(np.tile(example, times), 37 * index, axis=(0, 1))[:height, :width]
        write_jpeg(folder / f"{index:04}.jpg", np.ascontiguousarray(photo), quality=92)


if __name__ == "__main__":
    main()
