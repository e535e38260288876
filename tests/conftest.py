"""A checkpoint and photos that every test can have, made in no time."""

import signal
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from crackdemo.checkpoints.checkpoint import Checkpoint, CheckpointConfig, save_checkpoint
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.probability import ProbabilityConfig
from crackdemo.models.cae import CaeConfig
from crackdemo.models.family import build_network
from crackdemo.models.segmenter import SegmenterConfig
from tests.plain import plain_flatten, plain_heat, plain_mask

torch.set_num_threads(1)  # on a busy machine the threads of small networks only wait for each other

# a script that runs the tests in the background has Ctrl-C ignored, and children inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder named `tiny`. Its network is untrained and answers with an even gray,
    so that it takes all that is dark for crack."""
    torch.manual_seed(0)
    network = build_network("cae", CaeConfig(channels=(4, 8), skips=False))
    config = CheckpointConfig(
        family="cae",
        network=network.config,
        flatten=plain_flatten(),
        heatmap=plain_heat(scales=(1.0, 0.5)),
        calibration=Calibration(
            r0=0.08,
            score_threshold=0.65,
            score_top_share=0.01,
            clean_quantiles={"0.5": 0.4, "0.99": 0.6},
        ),
        mask=plain_mask(threshold=0.3, closing=3, min_area=5),
    )
    folder = tmp_path_factory.mktemp("weights") / "tiny"
    save_checkpoint(folder, Checkpoint(config, network), "# tiny\n")
    return folder


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """Noisy pavement (96, 128, 3) with a dark line."""
    noise = np.random.default_rng(3).normal(150, 12, (96, 128, 3)).clip(0, 255).astype(np.uint8)
    return cv2.line(noise, (10, 80), (110, 20), (40, 40, 40), 3)


@pytest.fixture(scope="session")
def save_photo(photo: np.ndarray) -> Callable[[Path], Path]:
    """Writes that photo, or another array, under any name; the format follows the suffix."""

    def save(path: Path, pixels: np.ndarray | None = None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo if pixels is None else pixels).save(path)
        return path

    return save


@pytest.fixture
def data(tmp_path: Path, save_photo: Callable[..., Path]) -> list[str]:
    """A folder of four photos of sound surface."""
    noise = np.random.default_rng(0).normal(150, 10, (4, 96, 128, 3)).clip(0, 255)
    for number, pixels in enumerate(noise.astype(np.uint8)):
        save_photo(tmp_path / "data" / f"{number}.png", pixels)
    return [str(tmp_path / "data")]


@pytest.fixture(scope="session")
def classes_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder named `classes` of an untrained segmenter of crack and joint; each is
    somewhere on most photos."""
    torch.manual_seed(0)
    network = build_network("segmenter", SegmenterConfig((4, 8), classes=("crack", "joint"))).eval()
    with torch.no_grad():
        network.last.weight *= 30
        network.last.bias -= torch.tensor([0.0, 0.0, 1.6])
    config = CheckpointConfig(
        family="segmenter",
        network=network.config,
        flatten=None,
        heatmap=ProbabilityConfig(),
        calibration=Calibration(0.3, 0.5, None, {"0.5": 0.4}),
        mask=plain_mask(threshold=0.5),
    )
    folder = tmp_path_factory.mktemp("weights") / "classes"
    save_checkpoint(folder, Checkpoint(config, network), "# classes\n")
    return folder
