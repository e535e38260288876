"""What the film strip asks of the server, and what anybody else may ask it."""

import pytest

from crackdemo.errors import ConfigError
from crackdemo.ui.inspect import film


@pytest.mark.parametrize("number", [0, 7, 2**53 - 1])
def test_a_question_comes_back_with_its_answer(number: int) -> None:
    question = {"number": number, "settings": "threshold 0.5", "names": ["road.png"]}
    assert film._about(question) == {"number": number, "settings": "threshold 0.5"}


@pytest.mark.parametrize("number", [-1, 2**53, 10**99, True, 1.5, "7", None, [7]])
def test_what_is_no_number_of_a_page_is_refused(number: object) -> None:
    """JSON writes numbers of any length, and none that long is read again."""
    with pytest.raises(ConfigError, match="none of the page's"):
        film._about({"number": number, "settings": ""})


def test_settings_that_no_page_has_are_refused() -> None:
    with pytest.raises(ConfigError, match="none of the page's"):
        film._about({"number": 1, "settings": "x" * 2_001})
