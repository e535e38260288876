import hashlib
import json
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from crackdemo.errors import (FitError)
from crackdemo.training.config import (FitConfig)
from crackdemo.models.cae import (CaeConfig)
from crackdemo.models.vae import (VaeConfig)
from crackdemo.runs.folder import (RunFolder)
from crackdemo.training.loop import (EpochReport, TrainingState, fit, use_threads)

TINY = FitConfig(
    network=CaeConfig((4, 8)),
    tile_size=32,
    batch_size=4,
    steps_per_epoch=2,
    epochs=4,
    bfloat16=False,
)
VAE = replace(TINY, family="vae", network=VaeConfig((4, 8), latent_size=3))
TILES = [np.random.default_rng(i).integers(90, 170, (48, 48)).astype(np.uint8) for i in range(4)]
REPORT = EpochReport(1, 4, 0.5, 0.25, 0.001, 1.5, True)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    use_threads(1)
    folder = RunFolder(tmp_path / "a run")
    folder.create(TINY, ["/data/sut_crack"])
    return folder


def go_on(run: RunFolder, config: FitConfig, epochs: int | None = None) -> TrainingState:
    state = run.load_state(config)
    for _ in islice(fit(config, state, TILES, TILES[:2], 0), epochs):
        run.save_state(state)
    return state


def digest(tensors: dict[str, torch.Tensor]) -> str:
    total = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        total.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return total.hexdigest()


def test_a_new_run_knows_its_settings_and_data(run):
    assert run.config() == (TINY, ["/data/sut_crack"])
    assert run.checkpoint == run.path / "checkpoint"


def test_a_run_that_exists_is_not_overwritten(run):
    with pytest.raises(FitError, match="There is a run in “a run” already"):
        run.create(replace(TINY, seed=9), [])
    assert run.config()[0].seed == TINY.seed


def test_an_empty_folder_that_exists_can_become_a_run(tmp_path):
    RunFolder(tmp_path).create(TINY, [])
    assert RunFolder(tmp_path).config() == (TINY, [])


def test_where_there_is_no_run_there_is_nothing_to_resume(tmp_path):
    with pytest.raises(FitError, match="no run in “nowhere”") as refused:
        RunFolder(tmp_path / "nowhere").config()
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"fit": [], "data": []}),
        json.dumps({"fit": {"epochs": 0}, "data": []}),
        json.dumps({"fit": {"unknown": 0}, "data": []}),
    ],
)
def test_a_wrong_config_is_refused_by_the_runs_name(run, text):
    (run.path / "config.json").write_text(text)
    with pytest.raises(FitError, match="“a run” is wrong"):
        run.config()


def test_the_status_is_always_whole_and_says_whose_it_is(run):
    for status, message in (("running", ""), ("failed", "No photos.")):
        run.write_status(status, message)
        told = json.loads((run.path / "status.json").read_text())
        assert (told["status"], told["message"]) == (status, message)
        assert told["pid"] > 0


def test_metrics_are_one_line_an_epoch(run):
    reports = [replace(REPORT, epoch=epoch) for epoch in (1, 2, 3)]
    for report in reports:
        run.add_metrics(report)
    lines = (run.path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [asdict(report) for report in reports]


def test_lines_that_a_kill_left_over_are_dropped(run):
    for epoch in (1, 2):
        run.add_metrics(replace(REPORT, epoch=epoch))
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 3, "trai')
    run.keep_metrics(1)
    run.add_metrics(replace(REPORT, epoch=2))
    lines = (run.path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2]


def test_a_run_without_metrics_has_none_to_drop(run):
    run.keep_metrics(0)
    assert not (run.path / "metrics.jsonl").exists()


def test_a_run_that_never_finished_an_epoch_begins_anew(run):
    state = run.load_state(TINY)
    assert (state.epoch, state.stale_epochs, state.best_loss) == (0, 0, float("inf"))
    assert state.best_weights == {}


@pytest.mark.parametrize("config", [TINY, VAE], ids=["cae", "vae"])
def test_a_resumed_fit_equals_an_uninterrupted_one(tmp_path, config):
    use_threads(1)
    whole, parts = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "parts")
    for run in (whole, parts):
        run.create(config, [])
    at_once = go_on(whole, config)
    for _ in range(config.epochs):
        in_parts = go_on(parts, config, epochs=1)  # each time from the file alone
    assert in_parts.epoch == at_once.epoch == config.epochs
    assert digest(in_parts.network.state_dict()) == digest(at_once.network.state_dict())
    assert digest(in_parts.best_weights) == digest(at_once.best_weights)
    assert in_parts.best_loss == at_once.best_loss
    files = [(run.path / "last.safetensors").read_bytes() for run in (whole, parts)]
    assert files[0] == files[1]


def test_a_state_survives_the_file(run):
    saved = go_on(run, TINY, epochs=2)
    loaded = run.load_state(TINY)
    assert (loaded.epoch, loaded.stale_epochs, loaded.best_loss) == (
        saved.epoch,
        saved.stale_epochs,
        saved.best_loss,
    )
    assert digest(loaded.network.state_dict()) == digest(saved.network.state_dict())
    assert digest(loaded.best_weights) == digest(saved.best_weights)
    for one, other in zip(
        saved.optimizer.state.values(), loaded.optimizer.state.values(), strict=True
    ):
        assert digest(one) == digest(other)


@pytest.mark.parametrize("length", [0, 10, -1])
def test_a_damaged_state_is_refused_by_the_runs_name(run, length):
    go_on(run, TINY, epochs=1)
    path = run.path / "last.safetensors"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FitError, match="“a run” cannot go on"):
        run.load_state(TINY)


def test_a_state_of_another_network_is_refused(run):
    go_on(run, TINY, epochs=1)
    with pytest.raises(FitError, match="another network"):
        run.load_state(replace(TINY, network=CaeConfig((4, 16))))


def test_nothing_half_written_is_left(run):
    go_on(run, TINY, epochs=1)
    run.write_status("running")
    run.add_metrics(REPORT)
    names = sorted(path.name for path in run.path.iterdir())
    assert names == ["config.json", "last.safetensors", "metrics.jsonl", "status.json"]
