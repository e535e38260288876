"""The detector as one graph sees what the detector itself sees."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.checkpoints.export import SIDE
from crackdemo.checkpoints.names import SHIPPED, shipped_names
from crackdemo.detection import engine
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import DetectorConfig, ResidualDetector
from crackdemo.detection.heatmaps import DensityGate
from crackdemo.detection.probability import ProbabilityConfig, ProbabilityDetector
from crackdemo.detection.whole import WholeDetector, WholeSegmenter
from crackdemo.models.cae import CaeConfig
from crackdemo.models.family import Network, build_network
from crackdemo.models.vae import VaeConfig
from crackdemo.photos.images import read_photo
from tests.plain import plain_flatten, plain_heat

EXAMPLES = Path(__file__).parents[3] / "crackdemo" / "ui" / "examples"
CPU = torch.device("cpu")
PLAIN = DetectorConfig(
    flatten=plain_flatten(),
    heatmap=plain_heat(),
    calibration=Calibration(
        r0=0.08, score_threshold=0.5, score_top_share=0.01, clean_quantiles={"0.5": 0.1}
    ),
)


def tile(side: int) -> np.ndarray:
    photo = read_photo(EXAMPLES / "asphalt-crack.jpg")[60:, 100:]
    larger = max(1, -(-side // min(photo.shape[:2])))
    whole = cv2.resize(photo, None, fx=larger, fy=larger, interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(whole[:side, :side])


def whole(network: Network, config: DetectorConfig, *tiles: np.ndarray) -> np.ndarray:
    images = np.stack(tiles).transpose(0, 3, 1, 2).astype(np.float32) / 255
    with torch.inference_mode():
        detector = WholeDetector(network, config, images.shape[2]).eval()
        shares = detector(torch.from_numpy(images))
    return (65536 * shares[:, 0]).numpy().astype(np.int64)


def levels_apart(network: Network, config: DetectorConfig, side: int) -> int:
    """Of the detector in full precision, as the graph is, and with all that is faint or alone."""
    config = replace(config, heatmap=replace(config.heatmap, faint=None, lone=None))
    photo, detector = tile(side), ResidualDetector(network, config, CPU)
    detector._engine._engine = engine._by_openvino(network, 1, engine._FULL)
    expected = detector.detect(photo).heatmap.astype(np.int64)
    assert expected.max() > 1000
    return int(np.abs(whole(network, config, photo)[0] - expected).max())


@pytest.mark.parametrize(
    "weights", [name for family in ("cae", "vae") for name in shipped_names(family=family)]
)
def test_a_tile_gets_the_heatmap_that_the_detector_gives(weights: str) -> None:
    checkpoint = load_checkpoint(SHIPPED / weights)
    assert levels_apart(checkpoint.network, checkpoint.config.detector, 192) <= 64


def test_a_large_tile_is_looked_at_on_coarser_scales_too() -> None:
    checkpoint = load_checkpoint(SHIPPED / "cae-asphalt")
    heat = replace(checkpoint.config.heatmap, scales=(0.125,), weights=(), coarser_weight=2.0)
    config = replace(checkpoint.config.detector, heatmap=heat)
    assert list(heat.coarser_at(SIDE, SIDE)) == [0.0625]
    assert levels_apart(checkpoint.network, config, SIDE) <= 64


@pytest.mark.parametrize("residual", ["dark", "absolute", "gradient"])
@pytest.mark.parametrize("scales", [(1.0,), (1.0, 0.3)])
def test_other_settings_are_followed_too(residual: str, scales: tuple[float, ...]) -> None:
    torch.manual_seed(0)
    network = build_network("cae", CaeConfig(channels=(4, 8), skips=False)).eval()
    heat = plain_heat(residual=residual, scales=scales)
    assert levels_apart(network, replace(PLAIN, heatmap=heat), 100) <= 64


@pytest.mark.parametrize("gate", [DensityGate(), DensityGate(coarse_limit=0.05)])
def test_the_density_gate_is_followed_at_every_scale(gate: DensityGate) -> None:
    checkpoint = load_checkpoint(SHIPPED / "cae-asphalt")
    config = checkpoint.config.detector
    gated = replace(config, heatmap=replace(config.heatmap, gate=gate))
    assert levels_apart(checkpoint.network, gated, 128) <= 64


def levels_of_segmenter(checkpoint: Checkpoint, side: int) -> tuple[np.ndarray, np.ndarray]:
    """What the graph sees in a tile, and the detector in full precision: (classes, side, side)."""
    network, config, photo = checkpoint.network, checkpoint.config, tile(side)
    heat = config.heatmap
    assert isinstance(heat, ProbabilityConfig)
    detector = ProbabilityDetector(network, config.flatten, heat, config.calibration, CPU)
    for each in (detector, detector._healer):
        if each is not None:
            inner = network.get_submodule("healer") if each is detector._healer else network
            each._engine._engine = engine._by_openvino(inner, 1, engine._FULL)
    found = detector.detect(photo)
    expected = np.stack(list(found.classes.values()) or [found.heatmap]).astype(np.int64)
    graph = WholeSegmenter(
        network, config.flatten, heat, config.calibration, config.mask.threshold, side
    ).eval()
    image = torch.from_numpy(photo.transpose(2, 0, 1)[None].astype(np.float32) / 255)
    with torch.inference_mode():
        return (65536 * graph(image)[0]).numpy().astype(np.int64), expected


def test_a_segmenter_that_sees_a_heatmap_is_one_graph_too() -> None:
    seen, expected = levels_of_segmenter(load_checkpoint(SHIPPED / "segmenter-asphalt"), 192)
    assert expected.max() > 40_000 > expected.min()
    assert np.abs(seen - expected).max() <= 64


@pytest.mark.parametrize("scales", [(1.0,), (1.0, 0.5)])
def test_several_classes_stand_behind_their_background(
    classes_checkpoint: Path, scales: tuple[float, ...]
) -> None:
    checkpoint = load_checkpoint(classes_checkpoint)
    config = replace(checkpoint.config, heatmap=ProbabilityConfig(scales))
    seen, expected = levels_of_segmenter(replace(checkpoint, config=config), 96)
    assert expected.shape == (2, 96, 96)
    assert np.abs(seen[1:] - expected).max() <= 64
    assert set(np.unique(seen[0])) == {int(65536 * config.mask.threshold)}


def test_tiles_of_a_batch_are_seen_one_by_one() -> None:
    network = build_network("cae", CaeConfig(channels=(4, 8), skips=False)).eval()
    one, other = tile(64), tile(128)[64:, 64:]
    together = whole(network, PLAIN, one, other)
    assert np.abs(together[0] - whole(network, PLAIN, one)[0]).max() <= 1
    assert np.abs(together[1] - whole(network, PLAIN, other)[0]).max() <= 1


def test_a_network_of_one_size_sees_its_tiles() -> None:
    torch.manual_seed(0)
    config = VaeConfig((4, 8), skips=False, crack_head=False, latent_size=8, tile_size=32)
    network = build_network("vae", config).eval()
    photos = tile(96), tile(192)[96:, 96:]
    expected = ResidualDetector(network, PLAIN, CPU).detect(photos[1]).heatmap.astype(np.int64)
    # its tiles are blended in another way
    assert np.abs(whole(network, PLAIN, *photos)[1] - expected).mean() < 500
