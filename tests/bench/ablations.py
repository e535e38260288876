"""Short fits of what the shipped recipe was chosen against, each a run folder for detection.py.

    python tests/bench/ablations.py runs/ablations [--data ../shared/data] [--epochs 8]

A row of the table is one of these: the objectives, with and without the crack head, both families,
three seeds. All see the same tiles for the same number of steps. A finished run is left as it is.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.models.cae import CaeConfig
from crackdemo.models.vae import VaeConfig
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.synthesis.camera import CameraConfig
from crackdemo.training.config import FitConfig
from crackdemo.training.objectives import AugmentConfig
from crackdemo.training.recipe import run_fit

SETS = ("sut_crack", "cracksc", "metu")
PLAIN_CAE = CaeConfig(skips=False, crack_head=False)
PLAIN_VAE = VaeConfig(skips=False, crack_head=False)
NO_CAMERA = CameraConfig(blur_probability=0, noise_probability=0, jpeg_probability=0)
ABSOLUTE = HeatmapConfig(
    residual="absolute", scales=(1.0,), weights=(), blur_sigma=1.0, sharpened=False, confirmed=False
)


def variants() -> Iterator[tuple[str, FitConfig]]:
    """Name and settings of each run; what is not said is as in the shipped recipe."""
    plain = FitConfig(network=PLAIN_CAE, objective="reconstruction", heatmap=ABSOLUTE)
    yield "plain CAE, MSE", replace(plain, ssim_weight=0)
    yield "plain CAE, MSE + SSIM", plain
    yield "plain VAE, MSE + SSIM", replace(plain, family="vae", network=PLAIN_VAE)
    yield "inpainting CAE", FitConfig(objective="inpainting", network=CaeConfig(crack_head=False))
    inpainting_vae = VaeConfig(crack_head=False)
    yield "inpainting VAE", FitConfig(family="vae", objective="inpainting", network=inpainting_vae)
    yield "healing CAE, no crack head", FitConfig(network=CaeConfig(crack_head=False))
    yield "healing CAE, no skips", FitConfig(network=CaeConfig(skips=False))
    unphotographed = replace(AugmentConfig(), camera=NO_CAMERA)
    yield "healing CAE, not photographed", FitConfig(augment=unphotographed)
    yield "healing VAE", FitConfig(family="vae", network=VaeConfig())
    for seed in range(3):
        yield f"healing CAE, seed {seed}", FitConfig(seed=seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--epochs", type=int, default=8)
    args = parser.parse_args()
    folders = [args.data / name for name in SETS]
    for name, config in variants():
        config = replace(config, epochs=args.epochs, patience=args.epochs)
        run = RunFolder(args.out / name)
        if run.checkpoint.is_dir():
            continue
        if not run.path.exists():
            run.create(RunConfig(asdict(config), [str(folder.resolve()) for folder in folders]))
        print(name, flush=True)
        for report in run_fit(run, config, folders, torch.get_num_threads()):
            print(f"  epoch {report.epoch}: validation {report.validation_loss:.4f}", flush=True)


if __name__ == "__main__":
    main()
