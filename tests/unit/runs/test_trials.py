import json
from dataclasses import asdict
from typing import Any

import pytest

from crackdemo.runs.trials import Search, Trial

FOUND = Search(
    9,
    (
        Trial(1, {"depth": 4, "dropout": 0.25}, (0.7, 0.5), "complete"),
        Trial(2, {"depth": 5, "dropout": 0.5}, (0.4,), "pruned"),
        Trial(3, {"depth": 6, "dropout": 0.0}, (0.6, 0.45), "complete"),
        Trial(4, {"depth": 3, "dropout": 0.1}, (), "running"),
    ),
    {"depth": 0.75, "dropout": 0.25},
)


def trial(**changes: Any) -> dict[str, Any]:
    """One as JSON."""
    whole = {"number": 1, "settings": {"depth": 4}, "losses": [0.5], "state": "complete"}
    return {**whole, **changes}


def found(*trials: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A search as JSON."""
    return {"wanted": 3, "trials": list(trials), "importance": {}, **changes}


def test_a_search_comes_back_from_json_as_it_was() -> None:
    again = Search.from_json(json.loads(json.dumps(asdict(FOUND))))
    assert again == FOUND
    assert isinstance(again.trials[0].settings["depth"], int)


def test_the_best_is_the_lowest_of_those_that_came_to_their_end() -> None:
    assert FOUND.best is FOUND.trials[2]
    assert Search(3).best is None


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {},
        found({}),
        found(trial(settings={str(number): 1 for number in range(33)})),
        found(trial(settings={"d" * 65: 4})),
        found(trial(), importance={"width": 0.5}),
        found(importance=[]),
        found(importance={"depth": float("nan")}),
        found(importance={"depth": 7}),
        found(wanted=float("inf")),
        found(wanted=-1),
        found(trial(number=float("inf"))),
        found(trial(losses=[10**400])),
        found(trial(losses=[float("nan")])),
        found(trial(losses=["0.5"])),
        found(trial(settings={"depth": "4"})),
        found(trial(settings={"depth": 10**400})),
        found(trial(settings={})),
        found(trial(state="odd")),
        found(trial(), trial(settings={"width": 8})),
    ],
)
def test_what_is_no_search_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError):
        Search.from_json(wrong)
