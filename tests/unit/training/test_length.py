from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from crackdemo.training.config import FitConfig
from crackdemo.training.length import learning_rate, scheduled, within

CONFIG = FitConfig()


def test_the_learning_rate_is_one_cycle():
    config = replace(CONFIG, epochs=10, steps_per_epoch=10, learning_rate=0.01)
    rates = [learning_rate(config, step) for step in range(100)]
    peak = int(np.argmax(rates))
    assert peak == pytest.approx(30, abs=1)
    assert rates[peak] == pytest.approx(0.01)
    assert all(low <= high for low, high in pairwise(rates[: peak + 1]))
    assert all(high >= low for high, low in pairwise(rates[peak:]))
    assert 0 < rates[0] < 0.001
    assert rates[-1] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("epochs, steps", [(1, 1), (1, 2), (2, 1)])
def test_the_shortest_fits_have_a_learning_rate(epochs, steps):
    config = replace(CONFIG, epochs=epochs, steps_per_epoch=steps)
    rates = [learning_rate(config, step) for step in range(epochs * steps)]
    assert all(0 <= rate <= config.learning_rate for rate in rates)


@pytest.mark.parametrize(
    ("minutes", "epochs", "steps"),
    [(0, 1, 1), (0.1, 1, 1), (1, 5, 9), (5, 5, 57), (10, 5, 100), (60, 34, 100)],
)
def test_minutes_become_epochs_shorter_ones_where_they_would_be_few(minutes, epochs, steps):
    config = within(replace(CONFIG, steps_per_epoch=100, epochs=20), minutes, seconds=1.0)
    assert (config.epochs, config.steps_per_epoch) == (epochs, steps)


def test_other_schedules_fall_from_the_first_step_or_with_each_plateau():
    config = replace(CONFIG, epochs=10, steps_per_epoch=10, learning_rate=0.01)
    rates = [scheduled(config, "cosine", step, 0) for step in range(101)]
    assert rates[0] == 0.01 and rates[50] == pytest.approx(0.005)
    assert rates[100] == pytest.approx(0, abs=1e-12)
    assert all(high > low for high, low in pairwise(rates))
    halved = [scheduled(config, "plateau", 7, plateaus) for plateaus in (0, 1, 2)]
    assert halved == pytest.approx([0.01, 0.005, 0.0025])
    assert scheduled(config, "one cycle", 40, 3) == learning_rate(config, 40)
