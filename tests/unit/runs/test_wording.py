import pytest

from crackdemo.runs.wording import count, duration, percent, spoken


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "0.5 s"),
        (42, "42 s"),
        (99.4, "99 s"),
        (180, "3 min"),
        (3900, "1 h 5 min"),
        (7200, "2 h"),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_numbers_and_names_are_said_as_people_say_them() -> None:
    assert [count(1, "photo"), count(1.5, "minute")] == ["1 photo", "1.5 minutes"]
    assert [percent(0.004), percent(0.84)] == ["0.4 %", "84 %"]
    assert [spoken("pixel_ods"), spoken("mean_iou")] == ["pixel ODS", "mean IoU"]
    assert spoken("learning_rate") == "learning rate"
