"""How long an epoch of `fit` takes beside a bare PyTorch loop; prints the ratio.

python tests/bench/fit_speed.py [--family cae] [--threads T] [--steps 40] [--epochs 4]

Both train the same network on the same pairs, with the same loss, optimizer and torch threads, and
validate on the same batches. `fit` also paints the pairs, in its worker process, and writes its run
folder; the bare loop has them in memory. They take turns, epoch by epoch, so that whatever else the
machine does meets both; the first epoch of each, which warms up, does not count.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.configs import parse_config
from crackdemo.models.losses import crack_loss, mean_squared_error, ssim
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.synthesis.grounds import pavement
from crackdemo.training.config import FitConfig
from crackdemo.training.loop import GrayTiles, PairDataset, TensorPair, use_threads
from crackdemo.training.memory import keep_freed_memory
from crackdemo.training.recipe import FitData, fit_in_memory
from crackdemo.training.state import new_state

BAR = 1.15


def main() -> None:
    """Prints seconds an epoch, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--family", choices=("cae", "vae"), default="cae")
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 1) - 1))
    parser.add_argument("--steps", type=int, default=40, help="of an epoch")
    parser.add_argument("--epochs", type=int, default=4)
    args = parser.parse_args()
    keep_freed_memory()
    use_threads(args.threads)
    config = parse_config(FitConfig, {"family": args.family})
    config = replace(config, steps_per_epoch=args.steps, epochs=args.epochs, patience=args.epochs)
    data = FitData(tiles(24, config.source_size, 0), tiles(16, config.source_size, 1), [])
    bare = bare_epochs(config, data)
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder) / "run")
        run.create(RunConfig(asdict(config), []))
        fitted = fit_in_memory(run, config, data, workers=1, say=print)
        pairs = [(seconds(fitted), seconds(bare)) for _ in range(args.epochs)][1:]
    ratio = median(of_fit / of_bare for of_fit, of_bare in pairs)
    for name, times in zip(("fit", "bare loop"), zip(*pairs, strict=True), strict=True):
        told = ", ".join(f"{value:.2f}" for value in times)
        print(f"{name:10} {median(times):6.2f} s an epoch of {args.steps} steps   ({told})")
    print(f"ratio      {ratio:6.2f}   (bar {BAR}; {args.family}, {args.threads} torch threads)")


def seconds(epochs: Iterator[object]) -> float:
    """Of the next epoch."""
    started = time.perf_counter()
    next(epochs)
    return time.perf_counter() - started


def tiles(count: int, side: int, seed: int) -> GrayTiles:
    """Procedural pavement."""
    rngs = [np.random.default_rng([seed, number]) for number in range(count)]
    return [np.round(255 * pavement(side, side, rng)).astype(np.uint8) for rng in rngs]


def bare_epochs(config: FitConfig, data: FitData) -> Iterator[None]:
    """The least that trains and validates this network."""
    train = batches(config, data.train, config.steps_per_epoch)
    held_out = batches(config, data.validation, 1)
    state = new_state(config)
    network, optimizer = state.network, state.optimizer
    while True:
        network.train()
        for batch in train:
            loss = loss_of(config, network, batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            loss.item()
        network.eval()
        with torch.no_grad():
            for batch in held_out:
                loss_of(config, network, batch).item()
        yield


def loss_of(config: FitConfig, network: torch.nn.Module, batch: TensorPair) -> torch.Tensor:
    """As `fit` has it."""
    image, target, mask = batch
    with torch.autocast("cpu", torch.bfloat16, enabled=config.bfloat16):
        prediction = network(image)
    reconstruction = prediction.reconstruction.float()
    loss = config.mse_weight * mean_squared_error(reconstruction, target)
    loss = loss + config.beta * prediction.kl.float()
    loss = loss + config.ssim_weight * (1 - ssim(reconstruction, target))
    return loss + config.crack_weight * crack_loss(prediction.crack_logits.float(), mask)


def batches(config: FitConfig, tiles: GrayTiles, count: int) -> list[TensorPair]:
    """Ready in memory, in the layout that the network wants."""
    pairs = PairDataset(tiles, config, config.batch_size * count)
    whole = [
        [pairs[step * config.batch_size + number] for number in range(config.batch_size)]
        for step in range(count)
    ]
    layout = torch.channels_last
    return [
        tuple(
            torch.stack([pair[part] for pair in batch]).contiguous(memory_format=layout)
            for part in range(3)
        )
        for batch in whole
    ]


if __name__ == "__main__":
    main()
