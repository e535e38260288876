"""The settings of a fit as widgets."""

import re

import pytest

from crackdemo.ui.train import form, settings
from crackdemo.ui.train.settings import going_on_from, starts
from tests.unit.ui.train.runs import job


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ("vae-concrete", ("vae", "vae-concrete")),
        ("segmenter-asphalt", ("segmenter", "segmenter-asphalt")),
        ("classifier-concrete", ("classifier", "classifier-concrete")),
        ("owner/cracks", ("cae", "cae-asphalt")),
    ],
)
def test_weights_go_on_with_their_own_family_and_from_themselves_where_they_can(
    weights: str, expected: tuple[str, str]
) -> None:
    assert going_on_from(weights) == expected


def test_own_runs_that_are_done_are_started_from_too() -> None:
    runs = [job("street", family="vae"), job("lane", family="segmenter")]
    runs += [job("wall", state="failed", family="cae"), job("odd", family="gan")]
    assert [name for _, name in starts("vae", runs)][-1] == "street"
    assert [name for _, name in starts("segmenter", runs)][-2:] == ["street", "lane"]
    assert "wall" not in dict(starts("cae", runs))
    assert going_on_from("street", runs) == ("vae", "street")
    assert going_on_from("lane", runs) == ("segmenter", "lane")
    assert going_on_from("odd", runs) == going_on_from("wall", runs) == ("cae", "cae-asphalt")


def test_what_is_said_before_a_family_is_chosen_holds_for_all() -> None:
    """A classifier takes a minute from nothing, and draws no cracks."""
    hints = settings.start()["start"].info, form._length()["length"].info
    assert not re.search("hour|takes? minutes|pavement|fainter", " ".join(hints))
