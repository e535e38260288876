"""How long figures of a whole set take, against the network that made its heatmaps.

    python tests/bench/tune_speed.py [--photos 200] [--many 1000]

prints the time of a sweep of 100 thresholds over cached heatmaps of 512 x 512, without and with the
weights' own morphology, beside 20 forward passes of the same network in plain torch; and how much
memory a search takes more for many photos than for a tenth of them.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.arrays import GrayImage
from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import SHIPPED, weights_in
from crackdemo.data.labelled import find_labelled
from crackdemo.detection.engine import Answer
from crackdemo.detection.scales import predict_at_scales
from crackdemo.evaluation.heat import HeatCache, KnownPhoto
from crackdemo.evaluation.tune import Search, SearchSpace
from crackdemo.masks.levels import cut_levels, level_histogram, passing
from crackdemo.masks.params import MaskParams
from crackdemo.models.family import Network
from crackdemo.photos.images import read_photo, write_png
from crackdemo.synthesis.cracks import CrackConfig, paint_cracks
from crackdemo.synthesis.grounds import pavement

SIDE = 512
SWEEP = [step / 100 for step in range(1, 101)]
PASSES = 20
DISTINCT = 8
"""Photos that are really scored; the others are theirs, shifted."""


class PlainTorch:
    """The network as it is, without an engine."""

    def __init__(self, network: Network) -> None:
        self._network = network.eval()

    def predict(self, images: Sequence[GrayImage], should_stop: object = None) -> list[Answer]:
        return [self._answer(image[:]) for image in images]

    def _answer(self, image: GrayImage) -> Answer:
        with torch.no_grad():
            answer = self._network.predict(torch.from_numpy(image)[None, None])
        logits = answer.crack_logits
        crack = None if logits is None else torch.sigmoid(logits[0, 0]).numpy()
        return Answer(answer.reconstruction[0, 0].numpy() - image, crack)


def made_photos(folder: Path) -> None:
    for number in range(DISTINCT):
        rng = np.random.default_rng(number)
        painted = paint_cracks(pavement(SIDE, SIDE, rng), CrackConfig(), rng)
        (folder / "images").mkdir(parents=True, exist_ok=True)
        (folder / "masks").mkdir(exist_ok=True)
        gray = np.round(255 * np.clip(painted.image, 0, 1)).astype(np.uint8)
        write_png(folder / "images" / f"{number}.png", gray)
        write_png(folder / "masks" / f"{number}.png", painted.mask)


def shifted(known: Sequence[KnownPhoto], count: int, folder: Path) -> list[KnownPhoto]:
    """As many photos, each with a file of its own."""
    photos = []
    for number in range(count):
        photo = known[number % len(known)]
        heatmap, truth = photo.read()
        moved = [np.roll(each, 7 * number, axis=(0, 1)) for each in (heatmap, truth)]
        path = folder / f"{number}.npz"
        np.savez(path, heatmap=moved[0], truth=np.packbits(moved[1]), score=photo.score)
        photos.append(replace(photo, heat=path))
    return photos


def sweep(photos: Sequence[KnownPhoto], params: MaskParams) -> float:
    """Seconds of processor time for pixels right and predicted of the set at every threshold."""
    started = time.process_time()
    right, predicted = np.zeros(len(SWEEP), np.int64), np.zeros(len(SWEEP), np.int64)
    for photo in photos:
        heatmap, truth = photo.read()
        levels = cut_levels(heatmap, params, SWEEP)
        right += passing(level_histogram(levels, truth), len(SWEEP))
        predicted += passing(level_histogram(levels), len(SWEEP))
    return time.process_time() - started


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--many", type=int, default=1000)
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)  # one thread for both, and its own time: other programs change nothing
    checkpoint = load_checkpoint(SHIPPED / "cae-asphalt")
    weights = weights_in(SHIPPED / "cae-asphalt", "cae-asphalt")
    own = checkpoint.config.mask
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        made_photos(folder / "road")
        labelled = find_labelled(folder / "road")
        cache = HeatCache(folder / "heat")
        scored = list(cache.score(labelled, weights, checkpoint.detector()))
        known = [each for each in scored if isinstance(each, KnownPhoto)]
        photos = shifted(known, args.photos, folder)
        engine, config = PlainTorch(checkpoint.network), checkpoint.config
        photo = read_photo(labelled[0].source.path)
        started = time.process_time()
        for _ in range(PASSES):
            predict_at_scales(photo, engine, config.flatten, config.heatmap)
        passes = time.process_time() - started
        plain = replace(own, opening=0, closing=0, grow=0, min_area=0)
        print(f"{PASSES} forward passes in plain torch, 1 thread, {SIDE} x {SIDE}: {passes:.1f} s")
        for name, params in (
            ("morphology off", plain),
            ("closing 3", replace(plain, closing=3)),
            ("the weights' own morphology", own),
        ):
            seconds = sweep(photos, params)
            print(
                f"sweep of {len(SWEEP)} thresholds over {len(photos)} heatmaps, {name}: "
                f"{seconds:.1f} s, {seconds / passes * PASSES:.1f} passes"
            )
        space = SearchSpace((0,), (0, 3), ("ellipse",), (0,), (0, 40))
        for count in (args.many // 10, args.many):
            search = Search([photos[n % len(photos)] for n in range(count)], own, "pixel_f1", space)
            before = peak_mb()
            for _ in search.run():
                pass
            print(f"search over {count} photos: peak memory {before:.0f} -> {peak_mb():.0f} MB")


if __name__ == "__main__":
    main()
