import copy
from dataclasses import replace
from itertools import islice

import cv2
import numpy as np
import pytest
import torch

from crackdemo.errors import LossError
from crackdemo.models.cae import CaeConfig
from crackdemo.models.vae import VaeConfig
from crackdemo.runs.folder import EpochReport
from crackdemo.training.config import FitConfig
from crackdemo.training.length import learning_rate
from crackdemo.training.loop import (
    PairDataset,
    fit,
    seconds_per_step,
    use_threads,
)
from crackdemo.training.state import TrainingState, new_state
from crackdemo.training.steps import has_bfloat16
from crackdemo.training.team import CPU_ALONE

TINY = FitConfig(
    network=CaeConfig((4, 8)),
    tile_size=32,
    batch_size=4,
    steps_per_epoch=3,
    epochs=3,
    bfloat16=False,
)
VAE = replace(TINY, family="vae", network=VaeConfig((4, 8), latent_size=3))
DENSE = replace(
    TINY,
    family="vae",
    network=VaeConfig((4, 8), skips=False, crack_head=False, latent_size=8, tile_size=32),
    objective="reconstruction",
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    use_threads(1)
    yield
    torch.set_num_threads(before)


def tiles(count: int = 6, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    noise = [rng.normal(130, 25, (48, 48)) for _ in range(count)]
    return [cv2.GaussianBlur(n, (0, 0), 1).clip(0, 255).astype(np.uint8) for n in noise]


def fitted(config: FitConfig, workers: int = 0) -> tuple[TrainingState, list[EpochReport]]:
    state = new_state(config)
    return state, list(fit(config, state, tiles(), tiles(3, 1), workers))


def same_weights(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return list(one) == list(other) and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("config", [TINY, VAE, DENSE], ids=["cae", "vae", "dense vae"])
def test_the_loss_goes_down(config):
    longer = replace(config, epochs=6, steps_per_epoch=10, learning_rate=1e-2)
    _, reports = fitted(longer)
    assert reports[-1].train_loss < reports[0].train_loss
    assert min(report.validation_loss for report in reports) < reports[0].validation_loss


@pytest.mark.parametrize("objective", ["healing", "inpainting", "reconstruction"])
@pytest.mark.parametrize("bfloat16", [False, True])
def test_every_objective_is_fitted(objective, bfloat16):
    network = CaeConfig(
        (4, 8), skips=objective != "reconstruction", crack_head=objective == "healing"
    )
    config = replace(TINY, network=network, objective=objective, bfloat16=bfloat16, epochs=1)
    state, [report] = fitted(config)
    assert np.isfinite([report.train_loss, report.validation_loss]).all()
    assert all(value.dtype != torch.bfloat16 for value in state.best_weights.values())


def test_each_epoch_is_reported():
    _, reports = fitted(TINY)
    assert [report.epoch for report in reports] == [1, 2, 3]
    assert all(report.epochs == 3 for report in reports)
    assert all(report.seconds > 0 for report in reports)
    assert reports[-1].learning_rate == pytest.approx(0, abs=1e-12)
    losses = [report.validation_loss for report in reports]
    assert [r.best for r in reports] == [
        loss < min([*losses[:i], np.inf]) for i, loss in enumerate(losses)
    ]


def test_the_best_weights_are_those_of_the_best_epoch():
    state = new_state(replace(TINY, epochs=5))
    best = None
    for report in fit(replace(TINY, epochs=5), state, tiles(), tiles(3, 1), 0):
        if report.best:
            best = copy.deepcopy(state.network.state_dict())
            assert state.best_loss == report.validation_loss
    assert same_weights(state.best_weights, best)


@pytest.mark.parametrize("config", [TINY, VAE], ids=["cae", "vae"])
def test_the_same_seed_gives_the_same_weights(config):
    (first, _), (again, _), (other, _) = (fitted(replace(config, seed=seed)) for seed in (5, 5, 6))
    assert same_weights(first.network.state_dict(), again.network.state_dict())
    assert not same_weights(first.network.state_dict(), other.network.state_dict())


@pytest.mark.processes
def test_a_worker_process_changes_nothing():
    alone, alone_reports = fitted(replace(TINY, epochs=2))
    helped, helped_reports = fitted(replace(TINY, epochs=2), workers=1)
    assert same_weights(alone.network.state_dict(), helped.network.state_dict())
    assert [r.train_loss for r in alone_reports] == [r.train_loss for r in helped_reports]


@pytest.mark.parametrize("config", [TINY, VAE], ids=["cae", "vae"])
def test_a_fit_that_stops_and_goes_on_equals_one_that_does_not(config):
    whole, reports = fitted(config)
    state = new_state(config)
    before = list(islice(fit(config, state, tiles(), tiles(3, 1), 0), 1))
    torch.manual_seed(12345)  # whatever else draws random numbers meanwhile
    after = list(fit(config, state, tiles(), tiles(3, 1), 0))
    assert [r.train_loss for r in before + after] == [r.train_loss for r in reports]
    assert same_weights(state.network.state_dict(), whole.network.state_dict())
    assert same_weights(state.best_weights, whole.best_weights)


def test_a_fit_that_is_done_does_nothing_more():
    state, _ = fitted(TINY)
    weights = copy.deepcopy(state.network.state_dict())
    assert list(fit(TINY, state, tiles(), tiles(3, 1), 0)) == []
    assert same_weights(weights, state.network.state_dict())


def test_a_fit_stops_early_when_validation_gets_no_better():
    patient = replace(TINY, epochs=50, patience=2, learning_rate=1e-30)
    state, reports = fitted(patient)
    # without learning only the batch norm's statistics move
    assert len(reports) < 50
    assert [report.best for report in reports[-2:]] == [False, False]
    assert reports[-3].best
    assert list(fit(patient, state, tiles(), tiles(3, 1), 0)) == []


def test_a_loss_that_runs_away_stops_the_fit_and_keeps_the_last_good_weights():
    state, _ = fitted(replace(TINY, epochs=1))
    good = copy.deepcopy(state.best_weights)
    next(state.network.parameters()).data[0] = float("nan")
    with pytest.raises(LossError, match="epoch 2: try a lower learning rate"):
        list(fit(TINY, state, tiles(), tiles(3, 1), 0))
    assert state.epoch == 1
    assert same_weights(state.best_weights, good)
    assert all(torch.isfinite(value).all() for value in state.best_weights.values())


def test_what_is_painted_depends_on_the_number_alone():
    dataset = PairDataset(tiles(), TINY, 12)
    for number in (0, 11, 12, 2**31 + 5):
        one, other = dataset[number], PairDataset(tiles(), TINY, 12)[number]
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
        assert all(part.shape == (1, 32, 32) for part in one)
        assert all(part.dtype == torch.float32 for part in one)
    assert not torch.equal(dataset[0][1], dataset[12][1])  # another epoch, another pair


def test_the_optimizer_learns_at_the_schedules_rate():
    state, reports = fitted(replace(TINY, epochs=4))
    for report in reports:
        last_step = report.epoch * TINY.steps_per_epoch - 1
        assert report.learning_rate == learning_rate(replace(TINY, epochs=4), last_step)
    assert state.optimizer.param_groups[0]["lr"] == reports[-1].learning_rate


def test_a_step_is_measured():
    assert seconds_per_step(TINY, tiles(), 0) > 0


def test_fits_run_on_as_many_threads_as_they_are_given():
    use_threads(2)
    assert torch.get_num_threads() == 2
    assert cv2.getNumThreads() <= 1


@pytest.mark.skipif(has_bfloat16(CPU_ALONE.device), reason="this processor computes in bfloat16")
def test_a_processor_without_bfloat16_fits_in_full_precision():
    (one, _), (other, _) = (fitted(replace(TINY, bfloat16=wanted)) for wanted in (True, False))
    assert same_weights(one.best_weights, other.best_weights)
