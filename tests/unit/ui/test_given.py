"""Values that no page gives."""

from typing import Any

import pytest

from crackdemo.errors import ConfigError
from crackdemo.ui.given import files_given, object_given, text_given


@pytest.mark.parametrize("values", ["a.png", 5, {}, ["a.png"], [{}], [{"path": 1}]])
def test_what_is_no_list_of_files_is_refused(values: Any) -> None:
    with pytest.raises(ConfigError, match="no list of uploaded files"):
        files_given(values)


def test_files_with_and_without_a_name_are_taken_as_they_are() -> None:
    assert files_given(None) is None
    assert files_given([{"path": "/a", "orig_name": None}, {"path": "/b"}]) == [
        {"path": "/a", "orig_name": None},
        {"path": "/b"},
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("[", "[1]", "5", "null", "[" * 100_000, 5, {}),
        *('{"a": ' + "9" * 5_000 + "}", '{"settings": "\\ud800"}'),
    ],
)
def test_what_is_no_object_is_refused(text: Any) -> None:
    with pytest.raises(ConfigError, match=r"^The question must be"):
        object_given("The question", text)


def test_nothing_is_an_empty_text_or_object() -> None:
    assert text_given("It", None) == "" and object_given("It", None) == object_given("It", "") == {}
    assert object_given("It", '{"a": 1}') == {"a": 1}


def test_a_text_longer_than_any_page_keeps_is_refused() -> None:
    with pytest.raises(ConfigError, match="longer than 1,000,000 letters"):
        object_given("The region", '{"all": "' + "x" * 1_000_000 + '"}')
