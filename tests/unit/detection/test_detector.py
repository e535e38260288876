import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import DetectorConfig, ResidualDetector
from crackdemo.detection.engine import Engine, _Engine, best_device
from crackdemo.detection.heatmaps import DensityGate, HeatmapConfig, residual_of, to_heatmap
from crackdemo.detection.illumination import FlattenConfig, measure_illumination, to_gray
from crackdemo.detection.scales import ScaledAnswer, fused_residual, predict_at_scales
from crackdemo.detection.score import photo_score
from crackdemo.errors import Stopped
from crackdemo.masks.cut import cut_mask
from crackdemo.models.cae import CaeConfig
from crackdemo.models.family import Network, Prediction
from crackdemo.models.vae import VaeConfig
from crackdemo.photos.images import read_photo
from tests.plain import network_of, plain_flatten, plain_heat

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[3]
SHIPPED = sorted(path.parent for path in (ROOT / "checkpoints").glob("*/model.safetensors"))
CLEAN = ROOT.parent / "shared" / "data" / "metu" / "clean"


class Healer(Network):
    """A network that needs no training: a closing fills everything dark that is thinner than it."""

    stride, tile_size = 1, None

    def __init__(self, size: int = 9) -> None:
        super().__init__()
        self.size = size

    def predict(self, image: Tensor) -> Prediction:
        grown = functional.max_pool2d(image, self.size, 1, self.size // 2)
        healed = -functional.max_pool2d(-grown, self.size, 1, self.size // 2)
        return Prediction(healed, None, torch.zeros(()))


class ZeroPadded(Network):
    """A network that averages its surroundings, and takes what lies beyond for black."""

    stride, tile_size = 1, None

    def predict(self, image: Tensor) -> Prediction:
        mean = functional.avg_pool2d(image, 31, 1, 15, count_include_pad=True)
        return Prediction(mean, None, torch.zeros(()))


def detector(
    network: nn.Module,
    scales: tuple[float, ...] = (1.0,),
    r0: float = 0.1,
    channel: str = "luma",
) -> ResidualDetector:
    config = DetectorConfig(
        flatten=FlattenConfig(channel),
        heatmap=plain_heat(scales=scales),
        calibration=Calibration(r0, 0.5, 0.01, {}),
    )
    return ResidualDetector(network, config, CPU)


def untrained(config: CaeConfig | VaeConfig) -> nn.Module:
    torch.manual_seed(0)
    return network_of(config)


def pavement(height: int = 120, width: int = 160, seed: int = 0, grain: float = 0.03) -> np.ndarray:
    """(H, W, 3), brownish, unevenly lit."""
    noise = np.random.default_rng(seed).normal(0.5, grain, (height, width)).astype(np.float32)
    gray = noise * np.linspace(0.7, 1.1, width, dtype=np.float32)
    return np.round(255 * gray[..., None] * (1.1, 1.0, 0.8)).clip(0, 255).astype(np.uint8)


def with_line(photo: np.ndarray, thickness: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """A dark line across the photo, and where it is."""
    height, width = photo.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    cv2.line(mask, (0, height // 3), (width, height * 2 // 3), 1, thickness)
    return np.where(mask[..., None] == 1, (photo * 0.35).astype(np.uint8), photo), mask == 1


EXAMPLES = ROOT / "crackdemo" / "ui" / "examples"
NETWORKS = {
    "cae": untrained(CaeConfig((4, 8, 8), skips=False)),
    "vae": untrained(VaeConfig((4, 8, 8), skips=False)),
    "dense vae": untrained(VaeConfig((4, 8), skips=False, latent_size=4, tile_size=32)),
    "healer": Healer(),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize(
    "height, width", [(1, 1), (1, 500), (500, 1), (2, 3), (31, 33), (64, 64), (97, 800)]
)
@pytest.mark.parametrize("fill", ["noise", "black", "white"])
def test_every_photo_gives_a_whole_detection(network, height, width, fill):
    photo = {
        "noise": np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8),
        "black": np.zeros((height, width, 3), np.uint8),
        "white": np.full((height, width, 3), 255, np.uint8),
    }[fill]
    detection = detector(network, (1.0, 0.5, 0.25)).detect(photo)
    assert detection.reconstruction.shape == photo.shape
    assert detection.reconstruction.dtype == np.uint8
    assert detection.heatmap.shape == (height, width)
    assert detection.heatmap.dtype == np.uint16
    assert 0 <= detection.score <= 1


@pytest.mark.parametrize("fill", [0, 255])
def test_an_even_photo_shows_no_crack(fill):
    detection = detector(Healer(), (1.0, 0.5)).detect(np.full((50, 70, 3), fill, np.uint8))
    assert detection.heatmap.max() <= 2  # but for rounding
    assert (detection.reconstruction == fill).all()
    assert detection.score == pytest.approx(0, abs=1e-4)


def test_where_nothing_is_changed_the_reconstruction_is_the_photo():
    photo = np.random.default_rng(0).integers(0, 256, (90, 70, 3)).astype(np.uint8)
    changes_nothing = network_of(CaeConfig((4, 8)))  # untrained, with skips
    detection = detector(changes_nothing, (1.0, 0.5, 0.25)).detect(photo)
    assert np.array_equal(detection.reconstruction, photo)
    assert not detection.heatmap.any()


@pytest.mark.parametrize("channel", ["luma", "blue"])
@pytest.mark.parametrize("colour", [(0.35, 0.35, 0.35), (0.85, 0.75, 0.45)], ids=["black", "soil"])
def test_a_crack_is_hot_and_healed_in_the_photos_own_light_and_colour(channel, colour):
    sound = pavement(grain=0.003)
    _, line = with_line(sound)
    photo = np.where(line[..., None], sound * colour, sound).astype(np.uint8)
    detection = detector(Healer(), channel=channel).detect(photo)
    far = ~cv2.dilate(line.astype(np.uint8), np.ones((21, 21))).astype(bool)
    assert detection.heatmap[line].mean() > 32768
    assert detection.heatmap[far].mean() < 0.4 * detection.heatmap[line].mean()
    error = np.abs(detection.reconstruction.astype(int) - sound)
    assert error[line].mean() < 0.4 * np.abs(photo.astype(int) - sound)[line].mean()
    changed = detection.reconstruction.astype(int) - photo
    fell = sound.astype(int) - photo
    assert changed[line].mean(axis=0) == pytest.approx(fell[line].mean(axis=0), rel=0.25, abs=3)


def test_a_wide_crack_is_found_and_healed_at_a_coarse_scale_only():
    sound = pavement(200, 200)
    photo, line = with_line(sound, thickness=16)
    fine, coarse = (detector(Healer(), scales).detect(photo) for scales in ((1.0,), (1.0, 0.25)))
    assert coarse.heatmap[line].mean() > 2 * fine.heatmap[line].mean()
    error = [
        np.abs(found.reconstruction.astype(int) - sound)[line].mean() for found in (fine, coarse)
    ]
    assert error[1] < 0.6 * error[0]


def test_the_heatmap_is_the_mean_residual_on_the_checkpoints_scale():
    photo, _ = with_line(pavement())
    config = plain_heat(scales=(1.0, 0.5))
    views = predict_at_scales(photo, Engine(Healer(), CPU), plain_flatten(), config)
    residuals = [
        residual_of(view.image[:], view.image[:] + view.change[:], config) for view in views
    ]
    larger = cv2.resize(residuals[1], (160, 120), interpolation=cv2.INTER_LINEAR)
    expected = to_heatmap((residuals[0] + larger) / 2, 0.1)
    detection = detector(Healer(), (1.0, 0.5)).detect(photo)
    assert np.abs(detection.heatmap.astype(int) - expected).max() <= 1
    assert detection.score == photo_score(detection.heatmap, 0.01)


def test_views_are_the_photo_flattened_at_each_scale():
    photo = pavement(101, 63)
    views = predict_at_scales(
        photo, Engine(Healer(), CPU), plain_flatten(), plain_heat(scales=(1.0, 0.5))
    )
    assert [view.image.shape for view in views] == [(101, 63), (50, 32)]
    gray = to_gray(photo, "luma")
    flat = measure_illumination(gray, plain_flatten()).flatten(gray)
    assert np.array_equal(views[0].image[:], flat)


def flat_view(residual: float, crack: np.ndarray | None = None) -> ScaledAnswer:
    image = np.full((8, 8), 0.5, np.float32)
    light = measure_illumination(image, plain_flatten())
    return ScaledAnswer(image, np.full_like(image, residual), crack, light)


@pytest.mark.parametrize(("weights", "expected"), [((), 0.2), ((3.0, 1.0), 0.15)])
def test_views_are_fused_by_their_weighted_mean(weights, expected):
    config = plain_heat(scales=(1.0, 1.0), weights=weights, blur_sigma=0)
    gray = np.full((8, 8), 0.5, np.float32)
    assert fused_residual([flat_view(0.1), flat_view(0.3)], config, gray)[:] == pytest.approx(
        expected
    )


def test_large_photos_are_looked_at_on_coarser_scales_too():
    config = plain_heat(scales=(1.0, 0.125), coarser_weight=2.0)
    for size, expected in (
        ((512, 2000), {}),
        ((736, 2000), {1 / 16: 0.5}),
        ((960, 2000), {1 / 16: 1.0}),
        ((1024, 1024), {1 / 16: 1.0}),
        ((1472, 1472), {1 / 16: 1.0, 1 / 32: 0.5}),
        ((9000, 9000), {1 / 16: 1.0, 1 / 32: 1.0}),
    ):
        assert config.coarser_at(*size) == expected
    assert plain_heat(scales=(1.0, 0.125)).coarser_at(9000, 9000) == {}
    for scales in ((1.0,), (1.0, 0.5, 0.25)):  # nothing between
        assert plain_heat(scales=scales, coarser_weight=2.0).coarser_at(9000, 9000) == {}
    views = predict_at_scales(pavement(960, 1200), Engine(Healer(), CPU), plain_flatten(), config)
    assert [view.image.shape for view in views] == [(960, 1200), (120, 150), (60, 75)]


def test_what_coarser_scales_answer_comes_on_top_of_the_others_mean():
    config = plain_heat(scales=(1.0, 0.125), weights=(3.0, 1.0), blur_sigma=0, coarser_weight=2.0)
    gray = np.full((960, 1000), 0.5, np.float32)
    views = [flat_view(residual) for residual in (0.1, 0.3, 0.2)]
    assert fused_residual(views, config, gray)[:] == pytest.approx(0.15 + 2 / 4 * 0.2)


def test_a_pixel_more_changes_hardly_anything():
    """What coarser scales answer fades in with the photo's size."""
    config = plain_heat(scales=(1.0, 0.125), blur_sigma=0, coarser_weight=2.0)
    views = [flat_view(0.1)] * 4

    def fused(side: int) -> float:
        gray = np.full((side, side), 0.5, np.float32)
        seen = views[: 2 + len(config.coarser_at(side, side))]
        return float(fused_residual(seen, config, gray)[0, 0])

    for side in (512, 513, 959, 960, 1024, 1025, 1919, 1920):
        assert fused(side) == pytest.approx(fused(side + 1), rel=0.01)
    assert fused(512) == pytest.approx(0.1)
    assert fused(1920) == pytest.approx(0.1 + 2 * 2 / 2 * 0.1)


def test_healing_fades_in_too():
    photo = read_photo(EXAMPLES / "asphalt-crack.jpg")[:200, :200]
    photo = cv2.resize(photo, (520, 520), interpolation=cv2.INTER_CUBIC)
    crack = np.zeros((520, 520), np.uint8)
    way = np.array([[x, 260 + 30 * (x // 100 % 2)] for x in range(0, 601, 100)], np.int32)
    cv2.polylines(crack, [way], False, 1, 60)  # wider than the usual scales heal
    photo[crack > 0] //= 3
    detector = load_checkpoint(ROOT / "checkpoints" / DEFAULT_WEIGHTS).detector()
    one, other = (
        detector.detect(np.ascontiguousarray(photo[:side, :side])).reconstruction[:512, :512]
        for side in (512, 513)
    )
    assert np.abs(one.astype(int) - other)[crack[:512, :512] > 0].mean() < 1


def test_a_crack_is_found_and_healed_on_a_photo_ten_times_as_large():
    checkpoint = load_checkpoint(ROOT / "checkpoints" / DEFAULT_WEIGHTS)

    def mask_of(heatmap: np.ndarray) -> np.ndarray:
        return cut_mask(heatmap, checkpoint.config.mask)

    photo = read_photo(EXAMPLES / "asphalt-crack.jpg")[60:260, 100:300]
    small = checkpoint.detector().detect(photo)
    marked = mask_of(small.heatmap)
    large = cv2.resize(photo, None, fx=10, fy=10, interpolation=cv2.INTER_CUBIC)
    found = checkpoint.detector().detect(large)
    expected, mask = np.kron(marked, np.ones((10, 10), np.bool_)), mask_of(found.heatmap)
    assert 2 * (mask & expected).sum() / (mask.sum() + expected.sum()) > 0.9

    def lifted(photo: np.ndarray, healed: np.ndarray, crack: np.ndarray) -> float:
        return float((healed.astype(int) - photo)[crack].mean())

    as_small = lifted(photo, small.reconstruction, marked)
    assert lifted(large, found.reconstruction, expected) > 0.8 * as_small > 8


def test_a_wide_cracks_colour_is_healed_too():
    photo = read_photo(EXAMPLES / "asphalt-crack.jpg")[:200, :200]
    large = cv2.resize(photo, (2000, 2000), interpolation=cv2.INTER_CUBIC)
    crack = np.zeros((2000, 2000), np.uint8)
    way = np.array([[x, 700 + 60 * ((x // 250) % 2)] for x in range(0, 2001, 250)], np.int32)
    cv2.polylines(crack, [way], False, 1, 80)
    inside = cv2.erode(crack, np.ones((21, 21), np.uint8)) > 0
    large[crack > 0] = large[crack > 0] // 4 + np.array([0, 6, 18], np.uint8)  # soil in shadow
    checkpoint = load_checkpoint(ROOT / "checkpoints" / DEFAULT_WEIGHTS)
    healed = checkpoint.detector().detect(large).reconstruction.astype(int)

    def blueness(image: np.ndarray) -> float:
        return float((image[..., 2].astype(int) - image[..., 0])[inside].mean())

    around = float((large[..., 2].astype(int) - large[..., 0])[crack == 0].mean())
    assert abs(blueness(healed) - around) < 0.4 * abs(blueness(large) - around)


def test_sharpened_residuals_are_tied_to_the_full_size_darkness():
    config = plain_heat(scales=(1.0,), blur_sigma=0, sharpened=True)
    gray = np.full((8, 8), 0.5, np.float32)
    gray[3] = 0.3
    light = measure_illumination(np.full((8, 8), 0.5, np.float32), plain_flatten())
    dark = plain_flatten().level - light.flatten(gray)[3]
    fused = fused_residual([flat_view(0.1)], config, gray)[:]
    assert fused[3] == pytest.approx(np.sqrt(0.1 * dark), rel=1e-3)
    assert fused[[0, 1, 2, 4, 5, 6, 7]].max() < 0.01


def test_confirmed_residuals_are_tied_to_what_the_crack_head_says():
    config = plain_heat(scales=(1.0,), blur_sigma=0, confirmed=True)
    gray = np.full((8, 8), 0.5, np.float32)
    crack = np.zeros((4, 4), np.float32)
    crack[:, 2:] = 0.9
    fused = fused_residual([flat_view(0.1, crack)], config, gray)[:]
    assert fused[:, 6:] == pytest.approx(np.sqrt(0.1 * 0.9))
    assert not fused[:, :2].any()
    assert fused_residual([flat_view(0.1)], config, gray)[:] == pytest.approx(0.1)  # no head to ask


@pytest.mark.parametrize("has_head", [True, False])
def test_the_engine_gives_what_the_network_says_in_one_pass(has_head):
    network = untrained(CaeConfig((4, 8), crack_head=has_head)).eval()
    image = np.random.default_rng(0).random((64, 96)).astype(np.float32)
    ((change, crack),) = Engine(network, CPU).predict([image])
    padded = torch.from_numpy(np.pad(image, 32, mode="symmetric"))[None, None]
    with torch.no_grad():
        said = network.predict(padded)
    inside = np.s_[0, 0, 32:-32, 32:-32]
    assert image + change[:] == pytest.approx(said.reconstruction[inside].numpy(), abs=1e-3)
    if not has_head:
        assert crack is None and said.crack_logits is None
        return
    assert crack is not None and said.crack_logits is not None
    assert crack[:] == pytest.approx(torch.sigmoid(said.crack_logits)[inside].numpy(), abs=1e-3)


def test_sharpening_takes_the_coarse_scales_smear_off_a_crack():
    photo, line = with_line(pavement(200, 200), thickness=4)
    plain, sharp = (plain_heat(scales=(0.25,), sharpened=sharpened) for sharpened in (False, True))
    views = predict_at_scales(photo, Engine(Healer(), CPU), plain_flatten(), plain)
    beside = cv2.dilate(line.astype(np.uint8), np.ones((13, 13), np.uint8)).astype(bool) & ~line
    smears = [
        residual[beside].mean() / residual[line].mean()
        for residual in (
            fused_residual(views, config, to_gray(photo, "luma"))[:] for config in (plain, sharp)
        )
    ]
    assert smears[1] < 0.6 * smears[0]


def test_the_border_of_a_clean_photo_does_not_glow():
    heatmap = detector(ZeroPadded()).detect(pavement(200, 220)).heatmap / 65536
    ring = np.ones(heatmap.shape, bool)
    ring[4:-4, 4:-4] = False
    assert heatmap[ring].mean() < heatmap[~ring].mean() + 0.02
    assert np.quantile(heatmap[ring], 0.99) < np.quantile(heatmap[~ring], 0.99) + 0.05


@pytest.mark.skipif(not CLEAN.is_dir(), reason="the shared photos are not here")
@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_the_border_of_clean_concrete_does_not_glow_under_shipped_weights(folder):
    shipped = load_checkpoint(folder).detector(CPU)
    paths = sorted(CLEAN.iterdir())[::1000]
    heats = [shipped.detect(np.array(Image.open(p).convert("RGB"))).heatmap for p in paths]
    ring = np.ones(heats[0].shape, bool)
    ring[8:-8, 8:-8] = False
    stack = np.stack(heats) / 65536
    border, inside = stack[:, ring], stack[:, ~ring]
    assert np.median(border) < np.median(inside) + 0.05
    assert (border >= 0.5).mean() < (inside >= 0.5).mean() + 0.01


def test_no_seam_shows_in_the_heatmap_of_a_photo_of_several_tiles():
    photo = cv2.GaussianBlur(pavement(64, 1300), (0, 0), 3)
    heatmap = detector(ZeroPadded(), r0=0.02).detect(photo).heatmap / 65536
    steps = np.abs(np.diff(heatmap, axis=1)).max(0)
    assert steps.max() < 2 * np.quantile(steps, 0.99)  # no column stands out
    part = detector(ZeroPadded(), r0=0.02).detect(photo[:, 300:1000]).heatmap / 65536
    assert np.abs(heatmap[:, 450:850] - part[:, 150:550]).max() < 0.1


def test_the_same_photo_gives_the_same_detection_in_any_thread():
    photos = [with_line(pavement(60, 80, seed))[0] for seed in range(6)]
    shared = detector(NETWORKS["vae"], (1.0, 0.5))
    alone = [shared.detect(photo) for photo in photos]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(shared.detect, photos))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one.heatmap, other.heatmap)
        assert np.array_equal(one.reconstruction, other.reconstruction)
        assert one.score == other.score


def test_the_photo_itself_is_not_touched():
    photo, _ = with_line(pavement())
    before = photo.copy()
    detector(Healer()).detect(photo)
    assert np.array_equal(photo, before)


def test_an_engine_leaves_the_callers_network_as_it_was():
    network = untrained(CaeConfig((4, 8))).half().train()
    Engine(network, CPU).predict([np.zeros((64, 64), np.float32)])
    assert next(network.parameters()).dtype == torch.float16
    assert network.training


@pytest.mark.parametrize("height, width", [(300, 900), (1000, 301)])
def test_a_photo_of_many_bands_is_as_one_of_a_single_band(height, width, monkeypatch):
    photo, _ = with_line(pavement(height, width))
    config = plain_heat(scales=(1.0, 0.5, 0.125), sharpened=True, gate=DensityGate())
    found = detector(Healer())
    found.config = replace(found.config, heatmap=config)
    one = found.detect(photo)
    monkeypatch.setattr("crackdemo.detection.bands._PIXELS", 2000)
    many = found.detect(photo)
    assert np.abs(one.heatmap.astype(int) - many.heatmap).max() <= 1
    assert np.abs(one.reconstruction.astype(int) - many.reconstruction).max() <= 1


def test_a_reconstruction_that_nobody_wants_is_not_made():
    photo, _ = with_line(pavement())
    whole, bare = (detector(Healer()).detect(photo, heal=heal) for heal in (True, False))
    assert bare.reconstruction is photo
    assert np.array_equal(bare.heatmap, whole.heatmap) and bare.score == whole.score
    assert not np.array_equal(whole.reconstruction, photo)


def test_a_detector_says_what_ran_its_network():
    found = detector(Healer())
    assert found.engine_name is None
    found.detect(pavement())
    assert found.engine_name and " on the processor, " in found.engine_name


def test_a_photo_can_be_stopped_between_tiles():
    asked = []

    def stop_at_the_third() -> bool:
        asked.append(1)
        return len(asked) == 3

    stopped = detector(Healer(), (1.0, 0.5))
    with pytest.raises(Stopped):
        stopped.detect(pavement(64, 1600), stop_at_the_third)
    assert len(asked) == 3


def test_the_device_that_is_chosen_can_be_used():
    assert torch.zeros(1, device=best_device()).item() == 0


def test_a_pass_holds_few_bytes_a_pixel():
    """Beside the photo; what a network itself takes is not counted. 19 it is, and was 47."""
    photo = np.random.default_rng(0).integers(0, 256, (2000, 3000, 3)).astype(np.uint8)
    config = DetectorConfig(FlattenConfig(), HeatmapConfig(), Calibration(0.1, 0.5, None, {}))
    found = ResidualDetector(Healer(), config, CPU)
    found._engine._engine = _Engine(lambda tiles: np.concatenate([tiles, tiles], 1), "a fake", 1)
    tracemalloc.start()
    try:
        detection = found.detect(photo)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert detection.heatmap.shape == photo.shape[:2]
    assert peak / detection.heatmap.size < 22
