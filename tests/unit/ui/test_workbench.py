import os
import shutil
from pathlib import Path

import pytest

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, SHIPPED, shipped_names
from crackdemo.errors import WeightsError
from crackdemo.masks.params import MaskParams
from crackdemo.ui.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path / "scratch", runs=tmp_path / "runs")


def finished_run(bench: Workbench, name: str) -> Path:
    """A run folder whose fit is done, with shipped weights in it."""
    assert bench.runs is not None
    run = bench.runs / name
    shutil.copytree(SHIPPED / DEFAULT_WEIGHTS, run / "checkpoint")
    (run / "config.json").write_text("{}")
    (run / "status.json").write_text('{"status": "done"}')
    return run


def test_shipped_weights_and_finished_fits_stand_in_one_list(bench: Workbench) -> None:
    assert bench.weights_names() == shipped_names()
    finished_run(bench, "my-street")
    assert bench.weights_names() == [*shipped_names(), "my-street"]
    assert bench.resolve(" my-street ").name == "my-street"


def test_without_a_folder_of_runs_there_is_no_training(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    assert bench.jobs is None
    assert bench.weights_names() == shipped_names()


def test_weights_bring_their_own_mask_settings(bench: Workbench) -> None:
    own = bench.config(bench.resolve(DEFAULT_WEIGHTS)).mask
    assert bench.own_mask(DEFAULT_WEIGHTS) == own
    assert bench.own_mask("/no/such/folder") == MaskParams()
    with pytest.raises(WeightsError):
        bench.resolve("/no/such/folder")


def test_a_network_is_loaded_once(bench: Workbench) -> None:
    weights = bench.resolve(DEFAULT_WEIGHTS)
    assert bench.detector(weights) is bench.detector(weights)


def test_a_fit_of_the_same_name_that_was_fitted_again_is_loaded_anew(bench: Workbench) -> None:
    run = finished_run(bench, "my-street")
    before = bench.detector(bench.resolve("my-street"))
    os.utime(run / "checkpoint" / "model.safetensors", ns=(0, 1))
    assert bench.detector(bench.resolve("my-street")) is not before


def test_the_oldest_export_folder_makes_room(bench: Workbench) -> None:
    folders = [bench.new_export_folder() for _ in range(40)]
    there = [folder.is_dir() for folder in folders]
    assert there == sorted(there)
    assert sum(there) == 32
