from dataclasses import asdict
from typing import Any

import pytest

from crackdemo.runs.quality import Alarms, Quality

QUALITY = Quality("street", 0.8, 0.75, 0.001, 1, 40)
ALARMS = Alarms("street", 1, 4, 0, 1)


def test_figures_come_back_from_json_as_they_were() -> None:
    assert Quality.from_json(asdict(QUALITY)) == QUALITY
    assert Alarms.from_json(asdict(ALARMS)) == ALARMS


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in ("found", "f1", "marked") for value in (float("nan"), -0.1, 1.5)]
    + [(name, value) for name in ("called", "tiles") for value in (float("inf"), -1, 10**400)],
)
def test_a_quality_that_cannot_be_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError):
        Quality.from_json({**asdict(QUALITY), name: value})


@pytest.mark.parametrize("weights", [None, 3, {"a": "b"}, "a" * 201])
def test_weights_have_a_name_that_a_person_would_give(weights: Any) -> None:
    for figures in (QUALITY, ALARMS):
        with pytest.raises(ValueError):
            type(figures).from_json({**asdict(figures), "weights": weights})


def test_no_more_tiles_are_called_than_there_are() -> None:
    with pytest.raises(ValueError):
        Quality.from_json({**asdict(QUALITY), "called": 41})


def test_no_fewer_than_no_alarms_can_be() -> None:
    with pytest.raises(ValueError):
        Alarms.from_json({**asdict(ALARMS), "learnt_px": -1})


@pytest.mark.parametrize("values", [None, [], "street", {"weights": "street"}])
def test_what_lacks_a_figure_is_refused(values: Any) -> None:
    with pytest.raises(ValueError):
        Quality.from_json(values)
