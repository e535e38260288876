"""What large photos are worth: labelled ones and METU's, enlarged, with the coarser scales that
large photos are looked at on and without.

python tests/bench/enlarged.py [--weights NAME ...] [--data ../shared/data] [--split test]
    [--photos 8] [--factors 1 2 3 4 6]

A row for each set, a column for each factor. Cells: pixel F1 at 0.5, exact to the pixel, with /
without. Of METU's cracked photos what is marked at their own size is the truth; of its clean ones a
cell says how much of the pixels is marked.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.arrays import CrackMask, RgbImage
from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.checkpoints.names import SHIPPED, shipped_names
from crackdemo.data.folders import find_samples
from crackdemo.data.labelled import find_labelled
from crackdemo.data.splits import split_of
from crackdemo.masks.cut import cut_mask
from crackdemo.photos.images import read_mask, read_photo

LABELLED = ("sut_crack", "cracksc", "uav")


@dataclass(frozen=True)
class Known:
    """A photo (H, W, 3) and its cracks (H, W)."""

    photo: RgbImage
    cracks: CrackMask

    def enlarged(self, factor: float) -> "Known":
        """By a whole or broken factor."""
        cracks = _resized(self.cracks.view(np.uint8), factor, cv2.INTER_NEAREST) > 0
        return Known(_resized(self.photo, factor, cv2.INTER_CUBIC), cracks)


def _resized(image: np.ndarray, factor: float, method: int) -> np.ndarray:
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=method)


def main() -> None:
    """A table for each of the weights."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--weights", nargs="+", default=["cae-asphalt"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--split", choices=["validation", "test"], default="test")
    parser.add_argument("--photos", type=int, default=8)
    parser.add_argument("--factors", type=float, nargs="+", default=[1, 2, 3, 4, 6])
    args = parser.parse_args()
    for name in args.weights:
        folder = SHIPPED / name if name in shipped_names() else Path(name)
        with_them = load_checkpoint(folder)
        heatmap = replace(with_them.config.heatmap, coarser_weight=None)
        without = replace(with_them, config=replace(with_them.config, heatmap=heatmap))
        print(f"\n| {name} | " + " | ".join(f"x {factor:g}" for factor in args.factors) + " |")
        print("|---" * (1 + len(args.factors)) + "|")
        for row, photos in sets(args.data, args.split, args.photos, without).items():
            cells = [
                " / ".join(
                    cell(one, [p.enlarged(f) for p in photos]) for one in (with_them, without)
                )
                for f in args.factors
            ]
            print(f"| {row} | " + " | ".join(cells) + " |", flush=True)


def sets(data: Path, split: str, count: int, truth: Checkpoint) -> dict[str, list[Known]]:
    """Some photos of each, evenly chosen. truth: what says it of METU's."""
    found = {}
    for name in LABELLED:
        # of uav, on which nothing is fitted, all but its test photos are for choosing
        of_split = [
            photo
            for photo in find_labelled(data / name, None)
            if (_split(name, photo.source.path) == "test") == (split == "test")
            and (name == "uav" or _split(name, photo.source.path) == split)
        ]
        found[name] = [
            Known(read_photo(photo.source.path), read_mask(photo.mask_path) > 0)
            for photo in _some(of_split, count)
        ]
    detector = truth.detector()
    metu = [sample for sample in find_samples(data / "metu") if sample.split == split]
    clean = [read_photo(sample.path) for sample in _some(metu, count)]
    cracked = sorted((data / "metu" / "cracked").iterdir())
    cracked = [path for path in cracked if split_of(f"metu/cracked/{path.stem}") == split]
    found["METU, cracked"] = [
        Known(photo, cut_mask(detector.detect(photo, heal=False).heatmap, truth.config.mask))
        for photo in map(read_photo, _some(cracked, count))
    ]
    found["METU, clean"] = [Known(photo, np.zeros(photo.shape[:2], np.bool_)) for photo in clean]
    return found


def _split(name: str, path: Path) -> str:
    return split_of(f"{name}/{path.stem}")


def _some(everything: Sequence, count: int) -> Sequence:
    return everything[:: max(1, len(everything) // count)][:count]


def cell(checkpoint: Checkpoint, photos: Sequence[Known]) -> str:
    """Pooled over the photos."""
    detector = checkpoint.detector()
    right = marked = true = pixels = 0
    for known in photos:
        heatmap = detector.detect(known.photo, heal=False).heatmap
        mask = cut_mask(heatmap, checkpoint.config.mask)
        right += int(np.count_nonzero(mask & known.cracks))
        marked += int(np.count_nonzero(mask))
        true += int(np.count_nonzero(known.cracks))
        pixels += mask.size
    if true == 0:
        return f"{100 * marked / pixels:.2f} %"
    return f"{2 * right / (marked + true):.3f}".removeprefix("0")


if __name__ == "__main__":
    main()
