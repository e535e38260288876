"""How well cracks are found: baselines and weights, on the test photos of the sets at hand.

    python tests/bench/detection.py [--data ../shared/data] [--weights NAME...] [--limit N]

prints one Markdown table. Every row is measured in this run, with the same morphology for F1, ODS
and OIS. Baselines are calibrated as the weights are: on cracks painted on crack-free validation
tiles of sut_crack.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage.filters import frangi, sato

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.arrays import GrayImage, Residual, RgbImage
from crackdemo.calibration import SCORE_QUANTILE, as_outlined, best_f1_residual
from crackdemo.checkpoints import Calibration, Checkpoint, CheckpointConfig, load_checkpoint
from crackdemo.cracks import CrackConfig, paint_cracks
from crackdemo.datasets import find_samples, readable_tiles
from crackdemo.detector import Detection, Detector
from crackdemo.evaluation import Evaluation
from crackdemo.heatmaps import HeatmapConfig, photo_score, to_heatmap
from crackdemo.illumination import FlattenConfig, measure_illumination, to_gray
from crackdemo.labelled import LabelledPhoto, find_labelled
from crackdemo.masks import MaskParams
from crackdemo.models import CaeConfig
from crackdemo.weights import SHIPPED, shipped_names

FLATTEN = FlattenConfig()
PIXEL_SETS = (("sut_crack", "test"), ("cracksc", "test"), ("uav", None))
TOP_SHARE = 0.01


def flattened(photo: RgbImage) -> GrayImage:
    """Local mean and contrast evened out, 0..1."""
    gray = to_gray(photo)
    return measure_illumination(gray, FLATTEN).flatten(gray)


def flattened_darkness(photo: RgbImage) -> Residual:
    """No network: how much darker than its surroundings, blurred 1.5 px."""
    return cv2.GaussianBlur(np.maximum(FLATTEN.level - flattened(photo), 0), (0, 0), 1.5)


def sato_ridges(photo: RgbImage) -> Residual:
    """Dark ridges of 1 to 3 px (Sato et al. 1998)."""
    return sato(flattened(photo), sigmas=range(1, 4)).astype(np.float32)


def frangi_ridges(photo: RgbImage) -> Residual:
    """Dark ridges of 1 to 3 px (Frangi et al. 1998)."""
    return frangi(flattened(photo), sigmas=range(1, 4)).astype(np.float32)


@dataclass(frozen=True)
class Baseline:
    """A method without weights, in the shape of a Detector."""

    residual: Callable[[RgbImage], Residual]
    checkpoint: Checkpoint

    def detect(self, photo: RgbImage) -> Detection:
        calibration = self.checkpoint.config.calibration
        heatmap = to_heatmap(self.residual(photo), calibration.r0)
        return Detection(photo, heatmap, photo_score(heatmap, calibration.score_top_share))


def calibrated(residual: Callable[[RgbImage], Residual], data: Path, mask: MaskParams) -> Baseline:
    """A baseline whose threshold is found as that of the weights."""
    validation = [s for s in find_samples(data / "sut_crack") if s.split == "validation"]
    tiles = readable_tiles(validation, 192, 96)[0][::4]
    rng = np.random.default_rng(0)
    painted = [paint_cracks(tile.astype(np.float32) / 255, CrackConfig(), rng) for tile in tiles]
    found = [residual(_photo(np.round(255 * p.image).astype(np.uint8))) for p in painted]
    r0 = best_f1_residual(found, [as_outlined(p.mask) for p in painted])
    scores = [photo_score(to_heatmap(residual(_photo(tile)), r0), TOP_SHARE) for tile in tiles]
    calibration = Calibration(r0, float(np.quantile(scores, SCORE_QUANTILE)), TOP_SHARE, {})
    config = CheckpointConfig("cae", CaeConfig(), FLATTEN, HeatmapConfig(), calibration, mask)
    return Baseline(residual, Checkpoint(config, torch.nn.Identity()))


def _photo(gray: NDArray[np.uint8]) -> RgbImage:
    return cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)


def row(name: str, detector: Detector | Baseline, photos: list[LabelledPhoto]) -> str:
    """One line of the table."""
    evaluation = Evaluation(detector)
    for _ in evaluation.run(photos):
        pass
    figures = evaluation.metrics()
    cells = [f"{figures[f'pixel_f1{px}']:.3f}" for px in ("", "_2px", "_5px")]
    for kind in ("pixel_ods_with_morphology", "pixel_ois_with_morphology"):
        cells += [f"{figures[f'{kind}{px}']:.3f}" for px in ("", "_2px", "_5px")]
    cells += [f"{figures[key]:.3f}" for key in ("pixel_iou", "pixel_average_precision")]
    cells.append(f"{figures['seconds_per_megapixel']:.2f}")
    return f"| {name} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--weights", nargs="*", default=shipped_names())
    parser.add_argument("--limit", type=int, help="photos of each set, for a quick look")
    parser.add_argument("--split", default="test", help="validation while anything is tuned")
    args = parser.parse_args()
    mask = load_checkpoint(SHIPPED / args.weights[0]).config.mask
    methods: dict[str, Detector | Baseline] = {
        name: calibrated(residual, args.data, mask)
        for name, residual in (
            ("flattened darkness", flattened_darkness),
            ("Sato ridges", sato_ridges),
            ("Frangi ridges", frangi_ridges),
        )
    }
    for name in args.weights:
        checkpoint = load_checkpoint(SHIPPED / name)
        methods[name] = Detector(replace(checkpoint, config=replace(checkpoint.config, mask=mask)))
    head = [f"{kind} {px}" for kind in ("F1", "ODS", "OIS") for px in ("0 px", "2 px", "5 px")]
    for folder, split in PIXEL_SETS:
        if split is None and args.split != "test":
            continue
        photos = find_labelled(args.data / folder, args.split if split else None)[: args.limit]
        print(f"\n{folder}, {len(photos)} {args.split} photos\n", flush=True)
        print("| method | " + " | ".join(head) + " | IoU | AP | s / MP |")
        print("|---" * (len(head) + 4) + "|")
        for name, detector in methods.items():
            print(row(name, detector, photos), flush=True)


if __name__ == "__main__":
    main()
