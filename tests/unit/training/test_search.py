"""The search, with short fits that need no network."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest
from optuna.distributions import IntDistribution

from crackdemo.errors import FitError, LossError
from crackdemo.runs.trials import Search
from crackdemo.training.search import SPACE, Attempt, Settings, search


def attempt(settings: Settings) -> Iterator[float]:
    """Best without dropout and with a middling learning rate."""
    for epoch in (1, 2, 3):
        yield settings["dropout"] + abs(settings["learning_rate"] - 2e-3) * 100 + 1 / epoch


def searched(wanted: int, seed: int = 0, attempt: Attempt = attempt) -> Search:
    return list(search(Search(wanted), seed, attempt))[-1]


def test_the_best_settings_are_those_of_the_lowest_loss() -> None:
    found = searched(10)
    assert len(found.trials) == found.wanted == 10
    assert found.best is not None
    assert found.best.loss == min(min(trial.losses) for trial in found.trials)
    assert set(found.best.settings) == set(SPACE)


def test_hopeless_trials_are_given_up_early() -> None:
    trials = searched(14).trials
    assert {trial.state for trial in trials} == {"complete", "pruned"}
    assert all(len(trial.losses) < 3 for trial in trials if trial.state == "pruned")


def test_what_mattered_is_told_once_there_are_enough_trials() -> None:
    assert searched(3).importance == {}
    importance = searched(14).importance
    assert set(importance) == set(SPACE)
    assert sum(importance.values()) == pytest.approx(1)
    assert importance["dropout"] > importance["depth"]


def test_a_search_that_ended_within_a_trial_tries_the_same_as_an_uninterrupted_one() -> None:
    *_, killed = islice(search(Search(12), 3, attempt), 25)
    assert killed.trials[-1].state == "running"
    assert list(search(killed, 3, attempt))[-1] == searched(12, seed=3)


def test_more_trials_may_be_asked_of_a_finished_search() -> None:
    more = list(search(replace(searched(4), wanted=9), 0, attempt))[-1]
    assert more == searched(9)


def test_settings_that_diverge_count_as_given_up() -> None:
    def diverging(settings: Settings) -> Iterator[float]:
        if settings["learning_rate"] > 1e-3:
            raise LossError("The loss became infinite.")
        yield from attempt(settings)

    found = searched(6, attempt=diverging)
    assert {trial.state for trial in found.trials if not trial.losses} == {"pruned"}
    assert found.best is not None
    assert found.best.settings["learning_rate"] <= 1e-3


def test_trials_of_another_space_are_refused() -> None:
    begun = replace(searched(2), wanted=3)
    with pytest.raises(FitError, match="other settings or ranges"):
        list(search(begun, 0, attempt, {**SPACE, "depth": IntDistribution(30, 40)}))
    with pytest.raises(FitError, match="other settings or ranges"):
        list(search(begun, 0, attempt, {**SPACE, "rank": IntDistribution(1, 4)}))
