"""What steps and epochs of all kinds of fits share."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset

from crackdemo.errors import LossError
from crackdemo.models.cae import CaeConfig
from crackdemo.training.config import FitConfig
from crackdemo.training.length import learning_rate
from crackdemo.training.state import TrainingState, new_state
from crackdemo.training.steps import (
    check_finite,
    loader,
    seconds_of_step,
    steps_to_measure,
    train_epoch,
)

CONFIG = FitConfig(network=CaeConfig((4, 8)), steps_per_epoch=3, epochs=2)


@pytest.fixture
def state() -> TrainingState:
    return new_state(CONFIG)


def squares(state: TrainingState) -> Callable[[float], Tensor]:
    """A loss that any weights have, times what a batch says."""
    return lambda factor: factor * sum(p.square().sum() for p in state.network.parameters())


def test_an_epoch_takes_its_steps_at_its_rates_and_gives_their_mean(state: TrainingState) -> None:
    state.epoch, batches = 1, iter([1.0, 2.0, 3.0, 4.0])
    before = float(squares(state)(1.0).detach())
    mean = train_epoch(CONFIG, state, state.network, batches, squares(state))
    assert next(batches) == 4.0
    assert state.optimizer.param_groups[0]["lr"] == learning_rate(CONFIG, 5)
    assert mean == pytest.approx(2 * before, rel=0.2)
    assert float(squares(state)(1.0).detach()) < before


def test_only_an_epoch_that_is_better_keeps_its_weights(state: TrainingState) -> None:
    assert state.end_epoch(0.5)
    kept = {name: value.clone() for name, value in state.best_weights.items()}
    with torch.no_grad():
        for parameter in state.network.parameters():
            parameter.add_(1)
    for count in (1, 2):
        assert not state.end_epoch(0.5)
        assert (state.epoch, state.stale_epochs, state.best_loss) == (1 + count, count, 0.5)
    assert all(torch.equal(state.best_weights[name], value) for name, value in kept.items())
    assert state.end_epoch(0.4) and state.stale_epochs == 0


def test_between_equal_epochs_what_comes_second_decides(state: TrainingState) -> None:
    seconds = (0.9, 0.7, 0.8, 0.7, 0.6)
    assert [state.end_epoch(0.5, second) for second in seconds] == [True, True, False, False, True]
    assert not state.end_epoch(0.6, 0.1) and state.end_epoch(0.4, 0.9)


def test_a_step_is_timed_without_what_the_workers_had_ready() -> None:
    now, steps = [0.0], list[int]()

    def step(number: int) -> Tensor:
        steps.append(number)
        # 15 workers have 30 batches ready, which cost nothing but the first one's warming up
        now[0] += 60.0 if number == 0 else 0.0 if number <= 30 else 2.0
        return torch.zeros(())

    assert seconds_of_step(step, 15, lambda: now[0]) == 2.0
    assert steps == list(range(steps_to_measure(15)))


class ThreadsOfOpenCv(Dataset[int]):
    """Samples that tell how many threads OpenCV takes where they are made."""

    def __getitem__(self, number: int) -> int:
        return cv2.getNumThreads()


def test_workers_that_paint_do_not_share_images_out() -> None:
    assert [int(threads) for threads in loader(ThreadsOfOpenCv(), [0], 1, workers=1)] == [1]


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_what_is_no_number_ends_the_fit(state: TrainingState, loss: float) -> None:
    check_finite(1.0, state)
    state.epoch = 4
    with pytest.raises(LossError, match="epoch 5"):
        check_finite(loss, replace(state))
