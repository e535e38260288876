import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import SHIPPED, shipped_names
from crackdemo.detection import engine
from crackdemo.detection.detector import ResidualDetector
from crackdemo.detection.engine import Engine
from crackdemo.detection.openvino_core import CORE
from crackdemo.detection.probability import ProbabilityDetector
from crackdemo.models.family import Network, Prediction, build_network
from crackdemo.models.folded import folded
from crackdemo.models.vae import VaeConfig
from crackdemo.photos.images import read_photo

EXAMPLES = Path(__file__).parents[3] / "crackdemo" / "ui" / "examples"
CPU = torch.device("cpu")


def image(height: int = 96, width: int = 144) -> np.ndarray:
    return np.random.default_rng(1).random((height, width), np.float32)


def has_bfloat16() -> bool:
    return "BF16" in CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class Odd(Network):
    """A network whose graph would only hold for the size that it was traced with."""

    stride, tile_size = 1, None

    def predict(self, image: Tensor) -> Prediction:
        return Prediction(image + float(image.shape[-1]), None, torch.zeros(()))


@pytest.mark.parametrize(
    "weights",
    [name for family in ("cae", "vae", "segmenter") for name in shipped_names(family=family)],
)
def test_heatmaps_of_both_engines_agree(weights: str) -> None:
    checkpoint = load_checkpoint(SHIPPED / weights)
    photo = read_photo(EXAMPLES / "asphalt-crack.jpg")[100:260, 100:340]
    fast, plain = (checkpoint.detector(CPU) for _ in range(2))
    assert isinstance(fast, ResidualDetector | ProbabilityDetector)
    assert isinstance(plain, ResidualDetector | ProbabilityDetector)
    fast._engine._engine = engine._by_openvino(checkpoint.network, 1, engine._FULL)
    plain._engine._engine = engine._with_torch(checkpoint.network, CPU)
    one, other = fast.detect(photo), plain.detect(photo)
    assert one.heatmap.max() > 30_000
    difference = np.abs(one.heatmap.astype(np.int64) - other.heatmap)
    assert difference.max() <= 64
    assert abs(one.score - other.score) < 1e-3


LETS_GO_ELSEWHERE = """
import faulthandler, gc, signal, subprocess, threading
import numpy as np, torch
from crackdemo.detection.engine import Engine
from crackdemo.models.family import build_network
from crackdemo.models.vae import VaeConfig

faulthandler.enable()  # a signal stack, as pytest and Ray have it
signal.signal(signal.SIGCHLD, lambda *_: None)  # as torch's loaders do
config = VaeConfig((4, 8), skips=False, crack_head=False, latent_size=8, tile_size=32)
held = [Engine(build_network("vae", config), torch.device("cpu"))]
held[0].predict([np.zeros((32, 32), np.float32)])
print(held[0].name)

def let_go():
    held.clear()
    gc.collect()

thread = threading.Thread(target=let_go)
thread.start()
thread.join()
for _ in range(5):
    subprocess.run(["true"], check=True)
"""


def test_signals_are_outlived_when_another_thread_lets_go_of_an_engine() -> None:
    ran = subprocess.run([sys.executable, "-c", LETS_GO_ELSEWHERE], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "OpenVINO" in ran.stdout


LOOKS_WHERE_THREADS_MAY_RUN = """
import os, threading
from contextlib import suppress
import numpy as np, torch
from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import SHIPPED
from crackdemo.detection.engine import Engine

torch.set_num_threads(1)
free = Engine(load_checkpoint(SHIPPED / "cae-asphalt").network, torch.device("cpu"))
free.predict([np.zeros((64, 64), np.float32)])
large = np.zeros((1000, 1000), np.float32)
computing = threading.Thread(target=lambda: free.predict([large]))
computing.start()
seen = set()
while computing.is_alive():
    for thread in os.listdir("/proc/self/task"):
        with suppress(OSError):  # it has just ended
            seen.add(frozenset(os.sched_getaffinity(int(thread))))
print(free.name, seen == {frozenset(os.sched_getaffinity(0))})
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no cores are told apart here")
def test_no_thread_is_bound_to_a_core() -> None:
    """Processes side by side, as a survey's workers are, would share that core."""
    ran = subprocess.run(
        [sys.executable, "-c", LOOKS_WHERE_THREADS_MAY_RUN], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert "OpenVINO" in ran.stdout and ran.stdout.endswith(" True\n")


def test_several_engines_start_at_once() -> None:
    config = VaeConfig((4, 8), skips=False, crack_head=False, latent_size=8, tile_size=32)
    engines = [Engine(build_network("vae", config), CPU) for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda each: each.predict([image(32, 32)]), engines))
    assert all("OpenVINO" in (each.name or "") for each in engines)


def test_a_network_of_one_size_goes_through_the_same_door() -> None:
    config = VaeConfig((4, 8), skips=False, crack_head=False, latent_size=8, tile_size=32)
    network = build_network("vae", config).eval()
    fast = Engine(network, CPU)
    plain = Engine(network, CPU)
    plain._engine = engine._with_torch(network, CPU)
    (one,), (other,) = (each.predict([image(50, 70)]) for each in (fast, plain))
    assert one.crack is None and other.crack is None
    assert np.allclose(one.change[:], other.change[:], atol=1e-3)


@pytest.mark.parametrize("streams, batch", [(2, 1), (1, 3), (2, 8)])
@pytest.mark.parametrize("tile_size", [32, None])
def test_streams_and_batches_give_the_same(streams: int, batch: int, tile_size: int | None) -> None:
    """As a graphics card takes its tiles, with the processor in its place."""
    config = VaeConfig((4, 8), skips=False, latent_size=8, tile_size=tile_size)
    network = build_network("vae", config).eval()
    wide = 300 if tile_size else 3000
    images = [image(70, wide), image(35, wide // 2), image(1, 9)]
    plain, other = Engine(network, CPU), Engine(network, CPU, streams)
    plain._engine = engine._with_torch(network, CPU)
    sizes: list[int] = []

    def run(tiles: np.ndarray) -> np.ndarray:
        sizes.append(len(tiles))
        return plain._engine.run(tiles)

    other._engine = plain._engine._replace(run=run, batch=batch)
    for one, expected in zip(other.predict(images), plain.predict(images), strict=True):
        assert np.allclose(one.change[:], expected.change[:], atol=1e-3)
        assert one.crack is not None and expected.crack is not None
        assert np.allclose(one.crack[:], expected.crack[:], atol=1e-3)
    assert max(sizes) <= batch and (batch == 1 or max(sizes) > 1)


@pytest.mark.skipif(not has_bfloat16(), reason="the processor does not compute in bfloat16")
@pytest.mark.parametrize("weights", shipped_names(family="cae"))
def test_bfloat16_stays_close(weights: str) -> None:
    checkpoint = load_checkpoint(SHIPPED / weights)
    photo = read_photo(EXAMPLES / "asphalt-crack.jpg")[100:260, 100:340]
    fast, full = (checkpoint.detector(CPU) for _ in range(2))
    assert isinstance(full, ResidualDetector)
    full._engine._engine = engine._by_openvino(checkpoint.network, 1, engine._FULL)
    one, other = (each.detect(photo) for each in (fast, full))
    assert fast.engine_name and "bfloat16" in fast.engine_name
    difference = np.abs(one.heatmap.astype(np.int64) - other.heatmap)
    assert np.median(difference) <= 64 and 0 < difference.max() <= 2048
    assert abs(one.score - other.score) < 5e-3


@pytest.mark.skipif(not has_bfloat16(), reason="the processor does not compute in bfloat16")
def test_a_network_that_does_not_bear_bfloat16_is_computed_in_full() -> None:
    """Its answer is the small difference of two large numbers."""

    class Delicate(Network):
        stride, tile_size = 1, None

        def predict(self, image: Tensor) -> Prediction:
            large = nn.functional.conv2d(image, torch.full((1, 1, 1, 1), 1000.0)) + 1000
            small = nn.functional.conv2d(large, torch.ones(1, 1, 1, 1)) - 1000
            return Prediction(small - 999 * image, None, torch.zeros(()))

    delicate = Engine(Delicate(), CPU)
    (answer,) = delicate.predict([image(40, 50)])
    assert delicate.name and "full precision" in delicate.name
    assert np.abs(answer.change[:]).max() < 1e-3


def test_half_precision_stays_close() -> None:
    """What a graphics card computes, by the processor."""
    checkpoint = load_checkpoint(SHIPPED / "cae-asphalt")
    photo = read_photo(EXAMPLES / "asphalt-crack.jpg")[100:260, 100:340]
    half, full = (
        ResidualDetector(checkpoint.network, checkpoint.config.detector, CPU) for _ in range(2)
    )
    run = engine._run_by_torch(folded(checkpoint.network), CPU, torch.float16)
    half._engine._engine = engine._with_torch(checkpoint.network, CPU)._replace(run=run)
    one, other = (each.detect(photo).heatmap.astype(np.int64) for each in (half, full))
    assert other.max() > 30_000
    assert np.median(np.abs(one - other)) <= 64
    crack, expected = one >= 32768, other >= 32768
    assert (crack != expected).sum() <= 0.01 * expected.sum()


def test_a_graph_that_says_something_else_is_not_used() -> None:
    (answer,) = Engine(Odd(), CPU).predict([image(40, 50)])
    padded = 50 + 2 * 32
    assert np.allclose(answer.change[:], padded)


def test_nothing_is_compiled_before_the_first_image() -> None:
    fresh = Engine(build_network("vae", VaeConfig((4, 8))), CPU)
    assert fresh.name is None
    fresh.predict([image(32, 32)])
    assert fresh.name is not None and fresh.name.startswith("OpenVINO")


def test_threads_share_an_engine() -> None:
    shared = Engine(load_checkpoint(SHIPPED / "cae-asphalt").network, CPU)
    images = [image(48, 48 + 16 * n) for n in range(4)]
    expected = [shared.predict([each])[0].change[:] for each in images]
    found: dict[int, np.ndarray] = {}

    def work(number: int) -> None:
        for _ in range(3):
            found[number] = shared.predict([images[number]])[0].change[:]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, answer in enumerate(expected):
        assert np.array_equal(found[number], answer)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no graphics card")
@pytest.mark.parametrize("weights", shipped_names())
def test_a_graphics_card_says_the_same_in_half_precision(weights: str) -> None:
    checkpoint = load_checkpoint(SHIPPED / weights)
    photo = read_photo(EXAMPLES / "asphalt-crack.jpg")[100:260, 100:340]
    here, there = (
        checkpoint.detector(torch.device(name)).detect(photo) for name in ("cpu", "cuda")
    )
    one, other = (detection.heatmap >= 32768 for detection in (here, there))
    assert one.any()
    assert (one != other).mean() < 1e-3


@pytest.mark.parametrize(("side", "rests"), [(64, 0), (2100, 1)])
def test_only_a_large_pass_gives_its_memory_back(side: int, rests: int) -> None:
    fresh = Engine(build_network("vae", VaeConfig((4, 8))), CPU)
    fresh._engine = engine._Engine(
        lambda tiles: np.zeros((len(tiles), 2, *tiles.shape[2:]), np.float32),
        "a fake",
        1,
        lambda: rested.append(True),
    )
    rested: list[bool] = []
    fresh.predict([np.zeros((side, side), np.float32)])
    assert len(rested) == rests
