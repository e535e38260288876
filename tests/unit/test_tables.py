import csv
from io import StringIO

import pytest

from crackdemo.tables import csv_text, harmless


def test_rows_come_back_in_the_given_order_of_columns() -> None:
    rows = [{"b": "2", "a": "1"}, {"a": 'quo"te, comma', "c": "not asked for"}]
    text = csv_text(("a", "b"), rows)
    assert list(csv.reader(StringIO(text))) == [["a", "b"], ["1", "2"], ['quo"te, comma', ""]]
    assert "\r" not in text


def test_without_rows_there_is_still_a_header() -> None:
    assert csv_text(("a", "b"), []) == "a,b\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_what_a_spreadsheet_would_run_is_made_text(start: str) -> None:
    assert harmless(f"{start}HYPERLINK()") == f"'{start}HYPERLINK()"


@pytest.mark.parametrize("text", ["", "a=b.jpg", "1.5", "Straße 1.jpg", "路面.jpg"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_a_name_of_broken_bytes_can_be_saved() -> None:
    assert harmless("a\udcff.jpg").encode() == b"a?.jpg"
