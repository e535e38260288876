"""Gives fitted weights today's heatmap and score: networks stay, the scale is found anew.

    python tests/bench/recalibrate.py runs/*/checkpoint [--data ../shared/data]

What a fit with today's defaults would have calibrated: the heatmap has no part in the training.
But for `faint`, which each of the weights has as its own validation photos had it.
"""

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.checkpoints.card import model_card
from crackdemo.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from crackdemo.configs import parse_config
from crackdemo.training.config import FitConfig
from crackdemo.training.recipe import calibrated, read_data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    args = parser.parse_args()
    for folder in args.checkpoints:
        old = load_checkpoint(folder)
        training, metrics = old.config.training, old.config.metrics
        config = parse_config(FitConfig, training["fit"])
        config = replace(
            config,
            heatmap=replace(FitConfig().heatmap, faint=config.heatmap.faint),
            score_top_share=FitConfig().score_top_share,
        )
        folders = [args.data / name for name in training["data"]]
        data = read_data(folders, config.source_size, config.flatten.channel)
        training = {**training, "fit": asdict(config)}
        kept = {"validation_loss": metrics["validation_loss"]}
        new = calibrated(config, old.network, data.validation, training, kept)
        save_checkpoint(folder, new, model_card(new.config))
        print(folder, new.config.calibration, flush=True)


if __name__ == "__main__":
    main()
