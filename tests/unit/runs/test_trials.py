import json
from dataclasses import asdict

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
        {"wanted": 3, "trials": [{}], "importance": {}},
        {"wanted": 3, "trials": [], "importance": []},
        {
            "wanted": 3,
            "trials": [{"number": 1, "settings": {"depth": "4"}, "losses": [], "state": "pruned"}],
            "importance": {},
        },
        {
            "wanted": 3,
            "trials": [{"number": 1, "settings": {}, "losses": [], "state": "odd"}],
            "importance": {},
        },
    ],
)
def test_what_is_no_search_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError):
        Search.from_json(wrong)
