"""What is said where there is no Ray, or no cluster."""

import importlib
import sys

import pytest

pytest.importorskip("ray.data")

from crackdemo import survey
from crackdemo.errors import SurveyError
from crackdemo.survey.cluster import connected


def refusal(address: str | None) -> str:
    with pytest.raises(SurveyError) as error, connected(address, 1):
        pass
    return str(error.value)


def test_without_ray_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SurveyError, match="pip install"):
        importlib.reload(survey)


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9"])
def test_an_address_where_nobody_listens_is_one_sentence(address: str) -> None:
    said = refusal(address)
    assert said.startswith(f"There is no Ray cluster at {address} (")


def test_what_is_no_address_is_refused() -> None:
    assert "is no address" in refusal("host:port")
