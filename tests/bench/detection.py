"""How well cracks are found by baselines, ablations and weights, on test photos.

    python tests/bench/detection.py [--data ../shared/data] [--runs runs/ablations] [--limit N]

prints Markdown tables: pixel figures for sut_crack, cracksc and uav (the last is zero-shot, and
once more at 360 px), for made photos of each kind, image figures for metu, what is marked on
crack-free tiles, a summary for the README, and published figures. Every row but those is measured
in this run, with the same morphology for F1, ODS and OIS. Baselines and other heatmaps are
calibrated as the weights are: on cracks painted on crack-free validation tiles.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage.filters import frangi, sato

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.arrays import GrayImage, RegionMask, Residual, RgbImage
from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, SHIPPED, shipped_names
from crackdemo.data.folders import find_samples
from crackdemo.data.labelled import LabelledPhoto, find_labelled
from crackdemo.data.tiles import readable_tiles
from crackdemo.detection.calibrate import LABEL_MARGIN_PX, calibrate, find_scale
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import Detection, Detector
from crackdemo.detection.engine import Engine
from crackdemo.detection.heatmaps import HeatmapConfig, to_heatmap
from crackdemo.detection.illumination import FlattenConfig, measure_illumination, to_gray
from crackdemo.detection.score import photo_score
from crackdemo.evaluation.evaluate import Evaluation
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.grow import dilate
from crackdemo.photos.images import read_mask, read_photo, write_png
from crackdemo.synthesis.kinds import KINDS, Scenes, scenes
from crackdemo.training.config import FitConfig
from crackdemo.training.loop import GrayTiles

FIT = FitConfig()
FLATTEN, BEST, MASK = FIT.flatten, FIT.heatmap, FIT.mask
LUMA = replace(FLATTEN, channel="luma")
SOUND = ("sut_crack", "metu")
"""Whose tiles without a labelled crack are crack-free. Of those of cracksc 8 of 11 validation ones,
both test ones and a dozen of the 53 to learn from show cracks that nobody labelled."""
PIXEL_SETS = (("sut_crack", "test"), ("cracksc", "test"), ("uav", None))
PIXEL_FIGURES = {
    "F1 0 px": "pixel_f1",
    "2 px": "pixel_f1_2px",
    "5 px": "pixel_f1_5px",
    "ODS 0 px": "pixel_ods_with_morphology",
    " 2 px": "pixel_ods_with_morphology_2px",
    " 5 px": "pixel_ods_with_morphology_5px",
    "OIS 0 px": "pixel_ois_with_morphology",
    "  2 px": "pixel_ois_with_morphology_2px",
    "  5 px": "pixel_ois_with_morphology_5px",
    "IoU": "pixel_iou",
    "AP": "pixel_average_precision",
    "s / MP": "seconds_per_megapixel",
}
RESIDUAL_ALONE = replace(BEST, sharpened=False, confirmed=False)
HEATMAPS = {
    "no density gate": replace(BEST, gate=None),
    "not confirmed": replace(BEST, confirmed=False),
    "not sharpened": replace(BEST, sharpened=False),
    "residual alone": RESIDUAL_ALONE,
    "residual alone, three scales alike, blur 1 px": replace(
        RESIDUAL_ALONE, scales=BEST.scales[:3], weights=(), blur_sigma=1.0
    ),
    "absolute residual alone": replace(RESIDUAL_ALONE, residual="absolute"),
    "gradient residual alone": replace(RESIDUAL_ALONE, residual="gradient"),
    "thin cracks first, 4:2:1:1": replace(BEST, weights=(4.0, 2.0, 1.0, 1.0)),
    "scales alike": replace(BEST, weights=()),
    "full size only": replace(BEST, scales=(1.0,), weights=(1.0,)),
    "without 1/8": replace(BEST, scales=BEST.scales[:3], weights=BEST.weights[:3]),
}
"""Other ways from the default weights' residuals to a heatmap."""
PUBLISHED = """
Published, pixel F1 at 0 px, trained on other data than tested on; no photo of these sets is here

| method | labels | DeepCrack test | Crack500 | CFD | protocol and source |
|---|---|---|---|---|---|
| UP-CrackNet | none | .758 | .570 | .499 | zero-shot, arXiv 2401.15647, cross-dataset tables |
| RIAD | none | .28 | .21 | .21 | the same tables |
| SCADN | none | .26 | .23 | .23 | the same tables |
| best supervised | others' | .734 | .557 | .559 | the same tables |
| autoencoder, gradient residual | none | .447 | - | .213 | AG-DSCAE study (unreviewed) |

uav, 63 test photos at 360 px (jakki-Guan/ground-to-uav-crack-segmentation): without labels of that
domain U-Net .224, SegFormer-B2 .248, domain adaptation .308, hard-negative bank .547; with all
labels .737. The table "uav at 360 px" above is of the photos at hand, which are others.
"""


def flattened(photo: RgbImage, config: FlattenConfig = FLATTEN) -> GrayImage:
    """Local mean and contrast evened out, 0..1."""
    gray = to_gray(photo, config.channel)
    return measure_illumination(gray, config).flatten(gray)


def flattened_darkness(photo: RgbImage, config: FlattenConfig = LUMA) -> Residual:
    """No network: how much darker than its surroundings, blurred 1.5 px."""
    dark = np.maximum(config.level - flattened(photo, config), 0)
    return cv2.GaussianBlur(dark, (0, 0), 1.5)


def sato_ridges(photo: RgbImage) -> Residual:
    """Dark ridges of 1 to 3 px (Sato et al. 1998)."""
    return sato(flattened(photo), sigmas=range(1, 4)).astype(np.float32)


def frangi_ridges(photo: RgbImage) -> Residual:
    """Dark ridges of 1 to 3 px (Frangi et al. 1998)."""
    return frangi(flattened(photo), sigmas=range(1, 4)).astype(np.float32)


@dataclass(frozen=True)
class Baseline:
    """A method without weights: a Detector too."""

    residual: Callable[[RgbImage], Residual]
    calibration: Calibration
    engine_name: str | None = None
    rebuilds: bool = False
    classes: tuple[str, ...] = ("crack",)

    def detect(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None, heal: bool = True
    ) -> Detection:
        heatmap = to_heatmap(self.residual(photo), self.calibration.r0)
        return Detection(None, heatmap, photo_score(heatmap, self.calibration.score_top_share))

    def score(self, detection: Detection, region: RegionMask | None = None) -> float:
        return detection.score


def calibrated(residual: Callable[[RgbImage], Residual], tiles: GrayTiles) -> Baseline:
    """A baseline whose threshold is found as that of the weights."""
    r0 = find_scale(lambda tile: residual(_photo(tile)), tiles, seed=0).r0
    scores = [photo_score(to_heatmap(residual(_photo(t)), r0), FIT.score_top_share) for t in tiles]
    threshold = float(np.quantile(scores, FIT.score_quantile))
    return Baseline(residual, Calibration(r0, threshold, FIT.score_top_share, {}))


def with_heatmap(checkpoint: Checkpoint, heatmap: HeatmapConfig, tiles: GrayTiles) -> Detector:
    """The same weights with another heatmap, calibrated anew."""
    engine = Engine(checkpoint.network, torch.device("cpu"))
    config = checkpoint.config
    share, quantile = config.calibration.score_top_share, FIT.score_quantile
    calibration, _ = calibrate(engine, tiles, config.flatten, heatmap, share, quantile, FIT.seed)
    config = replace(config, heatmap=heatmap, calibration=calibration)
    return replace(checkpoint, config=config).detector()


def validation_tiles(data: Path) -> GrayTiles:
    """As many crack-free tiles of each set that the asphalt weights were fitted on."""
    tiles = []
    for folder in SOUND:
        samples = [s for s in find_samples(data / folder) if s.split == "validation"]
        found = readable_tiles(samples[:200], 192, 96, FLATTEN.channel)[0]
        tiles += list(islice(cycle(found), 40))
    return tiles


def _levels(surfaces: list[GrayImage]) -> GrayTiles:
    return [np.round(255 * surface).astype(np.uint8) for surface in surfaces]


def _photo(gray: NDArray[np.uint8]) -> RgbImage:
    return cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)


def shrunk(folder: Path, side: int, into: Path) -> Path:
    """A copy of images/ and masks/ at side x side pixels, as a published protocol has them."""
    for photo in find_labelled(folder):
        name = f"{photo.source.path.stem}.png"
        mask = read_mask(photo.mask_path).astype(np.uint8)
        small = cv2.resize(mask, (side, side), interpolation=cv2.INTER_NEAREST)
        pixels = cv2.resize(
            read_photo(photo.source.path), (side, side), interpolation=cv2.INTER_AREA
        )
        for kind, image in (("images", pixels), ("masks", 255 * small)):
            (into / kind).mkdir(exist_ok=True)
            write_png(into / kind / name, image)
    return into


def kind_row(detector: Detector, made: dict[str, Scenes]) -> list[str]:
    """Of each kind: pixel F1 at 0.5, and its best with the threshold that gives it."""
    levels = np.arange(0, 65537, 512)
    cells = []
    for scenes_of_kind in made.values():
        bins = len(levels) - 1
        off, on = np.zeros(bins), np.zeros(bins)
        nothing = [(s, np.zeros(s.shape, np.bool_)) for s in scenes_of_kind.clean]
        painted = [(s.image, dilate(s.mask, LABEL_MARGIN_PX)) for s in scenes_of_kind.painted]
        for surface, truth in [*painted, *nothing]:
            heatmap = detector.detect(_photo(np.round(255 * surface).astype(np.uint8))).heatmap
            off += np.histogram(heatmap[~truth], levels)[0]
            on += np.histogram(heatmap[truth], levels)[0]
        found, alarms = on[::-1].cumsum()[::-1], off[::-1].cumsum()[::-1]
        f1 = 2 * found / np.maximum(found + alarms + on.sum(), 1)
        best = int(f1.argmax())
        cells.append(f"{f1[bins // 2]:.3f} ({f1[best]:.3f} at {levels[best] / 65536:.2f})")
    return cells


def pixel_row(detector: Detector, photos: list[LabelledPhoto]) -> list[str]:
    """Cells for PIXEL_FIGURES."""
    evaluation = Evaluation(detector, MASK)
    for _ in evaluation.run(photos):
        pass
    figures = evaluation.metrics()
    return [f"{figures[key]:.3f}" for key in PIXEL_FIGURES.values()]


def image_row(detector: Detector, photos: list[LabelledPhoto]) -> list[str]:
    """ROC-AUC, and the share of clean and of cracked photos that are called so, in %."""
    evaluation = Evaluation(detector, MASK)
    for _ in evaluation.run(photos):
        pass
    figures = evaluation.metrics()
    true_negatives, false_positives = (
        figures[f"image_{kind}"] for kind in ("true_negatives", "false_positives")
    )
    clean_right = true_negatives / (true_negatives + false_positives)
    return [
        f"{figures['image_auroc']:.4f}",
        f"{100 * clean_right:.1f} %",
        f"{100 * figures['image_recall']:.1f} %",
    ]


def clean_row(detector: Detector, tiles: GrayTiles) -> list[str]:
    """Of crack-free tiles: called cracked, with any pixel marked, and pixels marked, in %."""
    found = [detector.detect(_photo(tile)) for tile in tiles]
    called = [detector.calibration.is_cracked(detection.score) for detection in found]
    marked = [float(cut_mask(detection.heatmap, MASK).mean()) for detection in found]
    shares = (np.mean(called), np.mean(np.array(marked) > 0), np.mean(marked))
    return [f"{100 * share:.2f} %" for share in shares]


def clean_test_tiles(data: Path, limit: int) -> dict[str, GrayTiles]:
    """Crack-free tiles of test photos that no fit has seen, of 227 pixels as metu's images are."""
    tiles = {}
    for folder in SOUND:
        samples = [s for s in find_samples(data / folder) if s.split == "test"]
        chosen = samples[:: -(-len(samples) // limit)]
        tiles[folder] = readable_tiles(chosen, 227, 227, FLATTEN.channel)[0]
    return tiles


def methods(data: Path, runs: Path | None, names: list[str], alone: bool) -> dict[str, Detector]:
    """All rows of the tables by name; alone: no other methods than the weights."""
    if alone:
        return {f"**{name}**": load_checkpoint(SHIPPED / name).detector() for name in names}
    tiles = validation_tiles(data)
    rows: dict[str, Detector] = {
        "flattened darkness": calibrated(flattened_darkness, tiles),
        "flattened darkness, blue": calibrated(partial(flattened_darkness, config=FLATTEN), tiles),
        "Sato ridges": calibrated(sato_ridges, tiles),
        "Frangi ridges": calibrated(frangi_ridges, tiles),
    }
    for run in sorted(runs.glob("*/checkpoint")) if runs else ():
        rows[run.parent.name] = load_checkpoint(run).detector()
    default = load_checkpoint(SHIPPED / DEFAULT_WEIGHTS)
    for name, heatmap in HEATMAPS.items():
        rows[f"{DEFAULT_WEIGHTS}, {name}"] = with_heatmap(default, heatmap, tiles)
    for name in names:
        rows[f"**{name}**"] = load_checkpoint(SHIPPED / name).detector()
    return rows


def some(photos: list[LabelledPhoto], limit: int) -> list[LabelledPhoto]:
    """At most `limit` of them, evenly chosen."""
    return photos[:: -(-len(photos) // limit)]


def table(
    title: str, columns: list[str], cells: dict[str, Callable[[], list[str]]]
) -> dict[str, list[str]]:
    """Prints a Markdown table, each row as soon as it is measured; returns its rows."""
    print(f"\n{title}\n\n| method | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|", flush=True)
    rows = {}
    for name, measure in cells.items():
        rows[name] = measure()
        print(f"| {name} | " + " | ".join(rows[name]) + " |", flush=True)
    return rows


def summary(pixels: dict[str, dict[str, list[str]]], images: dict[str, list[str]]) -> None:
    """Prints F1 and ODS at 0 / 2 px for each set, and what was found in metu's images."""
    at = list(PIXEL_FIGURES).index
    pairs = ((at("F1 0 px"), at("2 px")), (at("ODS 0 px"), at(" 2 px")))
    columns = [f"{folder} {name}" for folder in pixels for name in ("F1", "ODS")]
    cells = {
        name: lambda name=name: [
            *(f"{rows[name][a]} / {rows[name][b]}" for rows in pixels.values() for a, b in pairs),
            images[name][0],
        ]
        for name in images
    }
    table("Summary", [*columns, "metu ROC-AUC"], cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--runs", type=Path, help="folder of run folders, see ablations.py")
    parser.add_argument("--weights", nargs="*", default=shipped_names())
    parser.add_argument("--alone", action="store_true", help="no other methods than the weights")
    parser.add_argument("--limit", type=int, default=10_000, help="photos of each set and kind")
    args = parser.parse_args()
    rows = methods(args.data, args.runs, args.weights, args.alone)
    pixels = {}
    for folder, split in PIXEL_SETS:
        photos = some(find_labelled(args.data / folder, split), args.limit)
        cells = {name: partial(pixel_row, method, photos) for name, method in rows.items()}
        pixels[folder] = table(f"{folder}, {len(photos)} test photos", list(PIXEL_FIGURES), cells)
    with tempfile.TemporaryDirectory() as scratch:
        photos = some(find_labelled(shrunk(args.data / "uav", 360, Path(scratch))), args.limit)
        cells = {name: partial(pixel_row, method, photos) for name, method in rows.items()}
        table(f"uav at 360 px, {len(photos)} test photos", list(PIXEL_FIGURES), cells)
    tiles = clean_test_tiles(args.data, args.limit)
    made = {
        kind.name: scenes(
            kind, tiles["sut_crack"], min(args.limit, 20), np.random.default_rng([7, number])
        )
        for number, kind in enumerate(KINDS)
    }
    cells = {name: partial(kind_row, method, made) for name, method in rows.items()}
    table("Made photos on test tiles: F1 0 px at 0.5 (at the kind's best)", list(made), cells)
    found = find_labelled(args.data / "metu", "test")
    photos = [
        photo
        for cracked in (False, True)
        for photo in some([photo for photo in found if photo.cracked == cracked], args.limit)
    ]
    cells = {name: partial(image_row, method, photos) for name, method in rows.items()}
    columns = ["ROC-AUC", "clean right", "cracked right"]
    images = table(f"metu, {len(photos)} test photos", columns, cells)
    sound = {name: scene.clean for name, scene in made.items()}
    for group, clean in {**tiles, **{name: _levels(sound[name]) for name in sound}}.items():
        if not clean:
            continue
        cells = {name: partial(clean_row, method, clean) for name, method in rows.items()}
        columns = ["called cracked", "with a mark", "pixels marked"]
        table(f"{group}, {len(clean)} crack-free test tiles", columns, cells)
    summary(pixels, images)
    print(PUBLISHED)


if __name__ == "__main__":
    main()
