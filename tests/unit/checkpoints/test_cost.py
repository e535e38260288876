"""What weights cost, from their config alone."""

import json
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from crackdemo.checkpoints.checkpoint import load_checkpoint, read_config
from crackdemo.checkpoints.cost import check_cost, macs_per_pixel
from crackdemo.checkpoints.names import SHIPPED, shipped_names
from crackdemo.errors import CheckpointError
from crackdemo.models.cae import CaeConfig


def test_multiply_adds_are_those_of_the_layers(tiny_checkpoint: Path) -> None:
    config = read_config(tiny_checkpoint)
    at_one_scale = replace(config, heatmap=replace(config.heatmap, scales=(1.0,), weights=()))
    cost = macs_per_pixel(at_one_scale)
    assert macs_per_pixel(config) == pytest.approx(1.25 * cost)  # half the side once more
    wide = replace(at_one_scale, network=CaeConfig(channels=(8, 16), skips=False))
    assert 2 * cost < macs_per_pixel(wide) < 4.5 * cost


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_weights_stay_well_below_the_bound(name: str) -> None:
    check_cost(SHIPPED / name, 400_000 // 2, name)


def test_what_would_take_minutes_is_refused_before_it_is_loaded(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_checkpoint, tmp_path / "wide")
    config = json.loads((tmp_path / "wide" / "config.json").read_text())
    config["network"]["channels"] = [1024, 1024, 1024]
    (tmp_path / "wide" / "config.json").write_text(json.dumps(config))
    (tmp_path / "wide" / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"“a/b” would take [\d,]+ multiply-adds .*at most"):
        check_cost(tmp_path / "wide", 400_000, "a/b")


def test_a_config_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="“a/b” cannot be used"):
        check_cost(tmp_path, 400_000, "a/b")


@pytest.mark.parametrize(
    ("name", "told"),
    [("config.json", "config.json is no file"), ("model.safetensors", "are damaged")],
)
def test_a_pipe_in_place_of_a_file_is_not_waited_for(
    tiny_checkpoint: Path, tmp_path: Path, name: str, told: str
) -> None:
    folder = tmp_path / "piped"
    shutil.copytree(tiny_checkpoint, folder)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    refused: list[str] = []

    def load() -> None:
        try:
            load_checkpoint(folder)
        except CheckpointError as error:
            refused.append(str(error))

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(20)
    assert refused and told in refused[0]
