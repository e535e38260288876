"""What a graphics card does with a photo, beside what it could do.

python tests/bench/gpu.py [--megapixels 12] [--weights cae-asphalt] [--data ../shared/data]

Prints megapixels per second of the network's own kernels, of passes with what goes to the card and
back, and of whole detections; beside them what the card's fastest copy and matrix product would
allow, and the share of the kernels' time that convolutions take. Of labelled photos at hand: F1 by
the card in half precision, and by the processor in full.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.arrays import RgbImage
from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, SHIPPED
from crackdemo.data.labelled import LabelledPhoto, find_labelled
from crackdemo.detection.detector import Detector, ResidualDetector
from crackdemo.detection.engine import Engine
from crackdemo.evaluation.evaluate import Evaluation
from crackdemo.models.family import Network
from crackdemo.photos.images import read_photo

EXAMPLE = Path(__file__).parents[2] / "crackdemo" / "ui" / "examples" / "asphalt-crack.jpg"
CARD, CPU = torch.device("cuda"), torch.device("cpu")
BAR_CONVOLUTIONS, BAR_CHANGE = 80, 0.002
CONVOLUTIONS = ("fprop", "dgrad", "gemm")
"""What names of kernels that convolve hold."""


class Cost(NamedTuple):
    """Of a network, for each pixel of its image."""

    operations: float
    """Floating-point ones; a product and its sum are two."""
    bytes: float
    """That its convolutions read and write at least, in half precision."""


class Kernels(NamedTuple):
    """What a card did, in seconds."""

    convolutions: float
    others: float
    copies: float
    """From and to the card, and within it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--weights", default=DEFAULT_WEIGHTS)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    args = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("There is no graphics card that this PyTorch can use.")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {os.cpu_count()} cores")
    copied, multiplied = copy_ceiling(), matmul_ceiling()
    print(f"copy {copied / 1e9:.0f} GB/s, matrix product {multiplied / 1e12:.0f} TFLOP/s in half")
    checkpoint = load_checkpoint(SHIPPED / args.weights)
    show_passes(checkpoint, args.megapixels, copied, multiplied)
    for folder in ("sut_crack", "cracksc"):
        if (args.data / folder).is_dir():
            show_precision(checkpoint, find_labelled(args.data / folder, "test"), folder)


def show_passes(
    checkpoint: Checkpoint, megapixels: float, copied: float, multiplied: float
) -> None:
    photo = photo_of(megapixels)
    detector = checkpoint.detector(CARD)
    assert isinstance(detector, ResidualDetector)
    engine = Engine(checkpoint.network, CARD)
    gray = photo[..., 2].astype(np.float32) / np.float32(255)
    images = [gray[:: round(1 / s), :: round(1 / s)] for s in checkpoint.config.heatmap.scales]
    cost = cost_of(checkpoint.network)
    pixels = sum(image.size for image in images)
    kernels = kernels_of(lambda: engine.predict(images))
    computing = kernels.convolutions + kernels.others
    size = photo.size / 3e6
    print(f"{engine.name}: a photo of {size:.1f} megapixels, {pixels / 1e6:.1f} at all scales")
    told = {
        "kernels alone": computing,
        "of these the convolutions": kernels.convolutions,
        "passes, to the card and back": seconds(lambda: engine.predict(images)),
        "whole detection": seconds(lambda: detector.detect(photo, heal=False)),
        "with its reconstruction": seconds(lambda: detector.detect(photo)),
        "the fastest matrix product would need": cost.operations * pixels / multiplied,
        "the fastest copy would need": cost.bytes * pixels / copied,
    }
    for name, taken in told.items():
        print(f"{name:40} {1000 * taken:8.1f} ms {size / taken:8.0f} MP/s")
    share = 100 * kernels.convolutions / computing
    print(f"convolutions are {share:.0f} % of the kernels' time (bar: {BAR_CONVOLUTIONS} %)")


def show_precision(checkpoint: Checkpoint, photos: list[LabelledPhoto], name: str) -> None:
    half, full = (f1_of(checkpoint.detector(device), checkpoint, photos) for device in (CARD, CPU))
    print(
        f"{name}, {len(photos)} test photos: F1 {half:.5f} in half precision, {full:.5f} in full "
        f"(bar: a change of {BAR_CHANGE})"
    )


def f1_of(detector: Detector, checkpoint: Checkpoint, photos: list[LabelledPhoto]) -> float:
    evaluation = Evaluation(detector, checkpoint.config.mask)
    for _ in evaluation.run(photos):
        pass
    return float(evaluation.metrics()["pixel_f1"])


def copy_ceiling() -> float:
    """Bytes a second, read and written."""
    there, here = (torch.empty(2**30, dtype=torch.uint8, device=CARD) for _ in range(2))
    return 2 * 2**30 / seconds(lambda: here.copy_(there))


def matmul_ceiling() -> float:
    """Floating-point operations a second, in half precision."""
    one, other = (torch.randn(8192, 8192, device=CARD, dtype=torch.float16) for _ in range(2))
    return 2 * 8192**3 / seconds(lambda: one @ other)


def seconds(run: Callable[[], object], rounds: int = 7) -> float:
    """Median, warm."""

    def timed() -> float:
        torch.cuda.synchronize()
        started = time.perf_counter()
        run()
        torch.cuda.synchronize()
        return time.perf_counter() - started

    return median([timed() for _ in range(rounds + 2)][2:])


def kernels_of(run: Callable[[], object]) -> Kernels:
    """Of one run, warm."""
    for _ in range(2):
        run()
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        run()
        torch.cuda.synchronize()
    times = {"convolutions": 0.0, "others": 0.0, "copies": 0.0}
    for event in profiled.key_averages():
        name = event.key.lower()
        if name.startswith(("memcpy", "memset")):
            kind = "copies"
        else:
            kind = "convolutions" if any(w in name for w in CONVOLUTIONS) else "others"
        times[kind] += event.self_device_time_total / 1e6
    return Kernels(**times)


def cost_of(network: Network) -> Cost:
    """Counted on a small image."""
    moved = 0
    hooks = []

    def count(module: nn.Module, given: tuple[torch.Tensor, ...], made: torch.Tensor) -> None:
        nonlocal moved
        moved += 2 * (given[0].numel() + made.numel())

    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(count))
    side = network.tile_size or 8 * network.stride
    image = torch.zeros(1, network.inputs, side, side)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network.eval()(image)
    for hook in hooks:
        hook.remove()
    return Cost(counter.get_total_flops() / side**2, moved / side**2)


def photo_of(megapixels: float) -> RgbImage:
    """The example photo, repeated."""
    example = read_photo(EXAMPLE)
    height, width = (round((megapixels * 1e6 * share) ** 0.5) for share in (3 / 4, 4 / 3))
    times = [-(-length // had) for length, had in zip((height, width), example.shape, strict=False)]
    return np.ascontiguousarray(np.tile(example, (*times, 1))[:height, :width])


if __name__ == "__main__":
    main()
