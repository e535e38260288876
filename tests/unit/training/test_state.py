"""The state of a fit, in a file and back."""

import hashlib
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import SHIPPED
from crackdemo.errors import FitError
from crackdemo.models.cae import CaeConfig
from crackdemo.models.vae import VaeConfig
from crackdemo.training.config import FitConfig
from crackdemo.training.loop import fit, use_threads
from crackdemo.training.state import (
    TrainingState,
    averaged_with_start,
    load_state,
    new_state,
    save_state,
)

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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a state will be saved, in the folder “a run”."""
    use_threads(1)
    (tmp_path / "a run").mkdir()
    return tmp_path / "a run" / "last.safetensors"


def go_on(file: Path, config: FitConfig, epochs: int | None = None) -> TrainingState:
    state = load_state(file, config)
    for _ in islice(fit(config, state, TILES, TILES[:2], 0), epochs):
        save_state(file, state)
    return state


def digest(tensors: dict[str, torch.Tensor]) -> str:
    total = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        total.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return total.hexdigest()


def test_a_run_that_never_finished_an_epoch_begins_anew(file):
    state = load_state(file, TINY)
    assert (state.epoch, state.stale_epochs, state.best_loss) == (0, 0, float("inf"))
    assert state.best_weights == {}


@pytest.mark.parametrize("config", [TINY, VAE], ids=["cae", "vae"])
def test_a_resumed_fit_equals_an_uninterrupted_one(tmp_path, config):
    use_threads(1)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    at_once = go_on(whole, config)
    for _ in range(config.epochs):
        in_parts = go_on(parts, config, epochs=1)  # each time from the file alone
    assert in_parts.epoch == at_once.epoch == config.epochs
    assert digest(in_parts.network.state_dict()) == digest(at_once.network.state_dict())
    assert digest(in_parts.best_weights) == digest(at_once.best_weights)
    assert in_parts.best_loss == at_once.best_loss
    assert whole.read_bytes() == parts.read_bytes()


def test_a_state_survives_the_file(file):
    saved = go_on(file, TINY, epochs=2)
    loaded = load_state(file, TINY)
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
def test_a_damaged_state_is_refused_by_the_runs_name(file, length):
    go_on(file, TINY, epochs=1)
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(FitError, match="“a run” cannot go on"):
        load_state(file, TINY)


def test_a_state_of_another_network_is_refused(file):
    go_on(file, TINY, epochs=1)
    with pytest.raises(FitError, match="another network"):
        load_state(file, replace(TINY, network=CaeConfig((4, 16))))


def test_nothing_half_written_is_left(file):
    go_on(file, TINY, epochs=1)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("missing", ["best_loss", "epoch"])
def test_a_state_that_lacks_a_counter_is_refused(file, missing):
    go_on(file, TINY, epochs=1)
    counters = file.read_bytes().replace(missing.encode(), b"x" * len(missing))
    file.write_bytes(counters)
    with pytest.raises(FitError, match="“a run” cannot go on"):
        load_state(file, TINY)


@pytest.mark.parametrize(
    "counters",
    [
        '"epoch": -5',
        '"epoch": 1e999',
        '"stale_epochs": 1e999',
        '"stale_epochs": -1',
        '"stale_epochs": 99',
        '"plateaus": -1',
        '"best_loss": NaN',
    ],
)
def test_a_state_whose_counters_cannot_be_is_refused(file, counters):
    go_on(file, TINY, epochs=1)
    with safe_open(file, "pt") as saved:
        tensors = {name: saved.get_tensor(name) for name in saved.keys()}  # noqa: SIM118
    told = json.dumps({"epoch": 1, "stale_epochs": 0, "best_loss": 0.5})
    save_file(tensors, file, {"counters": f"{told[:-1]}, {counters}}}"})
    with pytest.raises(FitError, match="“a run” cannot go on"):
        load_state(file, TINY)


def test_a_fit_starts_from_shipped_weights_with_a_fresh_optimizer():
    config = FitConfig(start="cae-asphalt")
    state = new_state(config)
    shipped = load_checkpoint(SHIPPED / "cae-asphalt").network.state_dict()
    assert all(torch.equal(v, shipped[k]) for k, v in state.network.state_dict().items())
    assert not state.optimizer.state and state.epoch == 0


@pytest.mark.parametrize(
    "config, reason",
    [
        (replace(TINY, start="cae-asphalt"), "another family or network"),
        (replace(VAE, start="cae-asphalt"), "another family or network"),
        (FitConfig(start="no-such-weights"), "There are no weights"),
        (FitConfig(start=str(SHIPPED / "cae-asphalt")), "There are no weights"),
    ],
)
def test_weights_that_cannot_be_started_from_are_named(config, reason):
    with pytest.raises(FitError, match=f"cannot start from “{config.start}”.*{reason}"):
        new_state(config)


def test_what_was_learnt_is_averaged_with_what_the_fit_started_from():
    knew = load_checkpoint(SHIPPED / "cae-asphalt").network.state_dict()
    learnt = {name: value + 1 for name, value in knew.items()}
    for share in (0, 0.25, 1):
        config = FitConfig(start="cae-asphalt", start_share=share)
        for name, value in averaged_with_start(config, learnt).items():
            counted = not value.is_floating_point()
            expected = learnt[name] if counted else knew[name] + (1 - share)
            assert torch.allclose(value, expected, atol=1e-5)
    assert averaged_with_start(FitConfig(), learnt) is learnt


def saved_and_loaded(state: TrainingState, folder: Path) -> TrainingState:
    """After a step, since before one the optimizer has nothing to be kept."""
    for parameter in state.network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    state.optimizer.step()
    save_state(folder / "last.safetensors", state)
    return load_state(folder / "last.safetensors", TINY)


def test_plateaus_and_what_decided_are_kept(tmp_path: Path) -> None:
    state = new_state(TINY)
    for loss in (0.5, 0.6, 0.6, 0.6, 0.4, 0.5, 0.5, 0.5):
        state.end_epoch(loss, 0.25)
    assert state.plateaus == 2
    loaded = saved_and_loaded(state, tmp_path)
    assert (loaded.plateaus, loaded.best_second) == (2, 0.25)


def test_while_what_decides_still_falls_no_epoch_is_stale(tmp_path: Path) -> None:
    state = new_state(TINY)
    stale = []
    for loss, second in ((0.5, 0.9), (0.6, 0.8), (0.5, 0.7), (0.7, 0.75), (0.7, 0.75)):
        state.end_epoch(loss, second)
        stale.append(state.stale_epochs)
    assert stale == [0, 0, 0, 1, 2]
    assert (state.best_loss, state.best_second, state.lowest_second) == (0.5, 0.7, 0.7)
    assert state.end_epoch(0.4, 0.9) and state.stale_epochs == 0
    loaded = saved_and_loaded(state, tmp_path)
    assert (loaded.best_second, loaded.lowest_second) == (0.9, 0.7)


def test_a_fit_never_starts_from_a_folder(tmp_path: Path) -> None:
    for start in (str(SHIPPED / "cae-asphalt"), str(tmp_path), "nobody"):
        with pytest.raises(
            FitError, match=r"There are no weights “.* never from a folder"
        ) as refused:
            new_state(replace(TINY, start=start))
        assert "allowed to read" not in str(refused.value)
