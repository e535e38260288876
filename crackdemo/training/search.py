"""Settings tried in short fits, by optuna, before the best are fitted to the end.

All that is remembered are the trials themselves. Each one is drawn by its own number and what those
before it came to: a search that was resumed tries what an uninterrupted one would have tried.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeAlias

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from crackdemo.errors import FitError, LossError
from crackdemo.runs.trials import Search, Trial

Space: TypeAlias = Mapping[str, BaseDistribution]
"""What is searched, by name."""
Settings: TypeAlias = dict[str, Any]
"""Of one trial, by name."""
Attempt: TypeAlias = Callable[[Settings], Iterator[float]]
"""A short fit with these settings: its validation loss after each epoch."""

SPACE: Space = {
    "depth": IntDistribution(3, 6),
    "width": CategoricalDistribution((8, 12, 16, 24)),
    "kernel": CategoricalDistribution((3, 5, 7)),
    "dropout": FloatDistribution(0, 0.5),
    "learning_rate": FloatDistribution(3e-4, 1e-2, log=True),
    "weight_decay": FloatDistribution(1e-4, 1e-1, log=True),
}
"""What is searched for a classifier."""

_AT_RANDOM = 6
"""Trials before the sampler draws conclusions and hopeless ones are given up."""


def search(begun: Search, seed: int, attempt: Attempt, space: Space = SPACE) -> Iterator[Search]:
    """Tries until `begun.wanted` trials are finished; says how it stands after every epoch.

    A trial that was running is tried anew. Raises FitError where the trials were of another space.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    finished = replace(
        begun, trials=tuple(trial for trial in begun.trials if trial.state != "running")
    )
    _study(finished, seed, space)  # the best of finished ones must be of the space, too
    while len(finished.trials) < begun.wanted:
        for now in _try(finished, seed, attempt, space):
            yield now
        finished = now


def trials_lost(why: str) -> FitError:
    """Of a search that cannot go on from what it has tried."""
    return FitError(
        f"The trials of the search before this fit, trials.json in its folder, {why}: bring the "
        "file back, or delete it to search anew."
    )


def _try(so_far: Search, seed: int, attempt: Attempt, space: Space) -> Iterator[Search]:
    """One more trial; the last that it says holds it finished."""
    number = len(so_far.trials) + 1
    study = _study(so_far, seed * 1_000_003 + number, space)
    trial = study.ask(dict(space))
    tried = Trial(number, dict(trial.params), (), "running")
    state = TrialState.COMPLETE
    try:
        for loss in attempt(dict(trial.params)):
            tried = replace(tried, losses=(*tried.losses, loss))
            yield replace(so_far, trials=(*so_far.trials, tried))
            trial.report(loss, len(tried.losses))
            if trial.should_prune():
                state = TrialState.PRUNED
                break
    except LossError:  # such a learning rate is as good as given up
        state = TrialState.PRUNED
    is_complete = state == TrialState.COMPLETE
    study.tell(trial, min(tried.losses) if is_complete else None, state)
    tried = replace(tried, state="complete" if is_complete else "pruned")
    yield replace(so_far, trials=(*so_far.trials, tried), importance=_importance(study))


def _study(so_far: Search, seed: int, space: Space) -> optuna.Study:
    study = optuna.create_study(
        sampler=TPESampler(n_startup_trials=_AT_RANDOM, seed=seed),
        pruner=MedianPruner(n_startup_trials=_AT_RANDOM, n_warmup_steps=1),
    )
    try:
        study.add_trials([_known(trial, space) for trial in so_far.trials])
    except ValueError:  # of names or values that the space does not have
        raise trials_lost("are of other settings or ranges than those of this search") from None
    return study


def _known(trial: Trial, space: Space) -> FrozenTrial:
    """Raises ValueError where it is of another space."""
    is_complete = trial.state == "complete"
    return create_trial(
        state=TrialState.COMPLETE if is_complete else TrialState.PRUNED,
        value=trial.loss if is_complete else None,
        params=dict(trial.settings),
        distributions=dict(space),
        intermediate_values=dict(enumerate(trial.losses, start=1)),
    )


def _importance(study: optuna.Study) -> dict[str, float]:
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) >= _AT_RANDOM:
        with suppress(ValueError, RuntimeError):  # of losses that are all the same
            return get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return {}
