"""Fits of several processes, on processors: what a launcher starts, as graphics cards have it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from crackdemo.cli.arguments import main
from crackdemo.errors import FitError
from crackdemo.runs.folder import RunFolder
from crackdemo.training.team import CPU_ALONE, Team, assembled

ROOT = Path(__file__).parents[3]
SETTINGS = {
    "family": "cae",
    "network": {"channels": [4, 8]},
    "tile_size": 32,
    "source_size": 64,
    "batch_size": 16,
    "steps_per_epoch": 8,
    "epochs": 6,
    "bfloat16": False,
}
PATIENCE = 300.0
"""Seconds until a test gives up: the machine may be busy."""


def test_one_process_is_a_team() -> None:
    with assembled("cpu") as team:
        assert team == CPU_ALONE
    assert team.leads and team.name == "cpu"
    assert team.share_of(16) == 16
    assert team.mean(0.5) == 0.5 and team.shared("a") == "a"


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    team = Team(torch.device("cpu"), 0, 3)
    assert team.share_of(15) == 5
    with pytest.raises(FitError, match="multiple"):
        team.share_of(16)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card")
def test_a_card_that_is_not_there_is_refused(
    data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["fit", "--family", "cae", "--data", *data, "--out", str(tmp_path / "run")]
    assert main([*command, "--device", "cuda"]) == 2
    assert "There is no CUDA device" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def losses(tmp_path: Path, name: str, data: str, *arguments: object, launcher: bool) -> np.ndarray:
    """Training loss of each epoch of a fit."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(SETTINGS))
    command = ["fit", "--config", config, "--data", data, "--out", tmp_path / name]
    command += ["--threads", 1, "--device", "cpu", *arguments]
    start = [sys.executable, "-m", "crackdemo"]
    if launcher:
        launch = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2")
        plain = ("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no")
        port = ("--main_process_port", "0", "--module", "crackdemo")
        start = [sys.executable, *launch, *plain, *port]
    done = subprocess.run(
        [*start, *map(str, command)], cwd=ROOT, timeout=PATIENCE, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    if launcher:
        assert "Computing on: 2 x cpu." in done.stderr
        assert done.stderr.count("epoch 1/") == 1  # one of the two speaks
    return np.array([report.train_loss for report in RunFolder(tmp_path / name).metrics()])


@pytest.mark.slow
@pytest.mark.processes
def test_two_processes_learn_as_one_does(data: list[str], tmp_path: Path) -> None:
    pytest.importorskip("accelerate")
    alone = losses(tmp_path, "alone", data[0], launcher=False)
    noise = losses(tmp_path, "noise", data[0], "--seed", 1, launcher=False)
    both = losses(tmp_path, "both", data[0], launcher=True)
    assert len(both) == len(alone) == SETTINGS["epochs"]
    assert alone[-1] < 0.8 * alone[0]
    # each normalises by the statistics of its own half of the batch; another seed differs more
    assert np.abs(both - alone).mean() < np.abs(noise - alone).mean()
    assert (tmp_path / "both" / "checkpoint" / "model.safetensors").exists()
