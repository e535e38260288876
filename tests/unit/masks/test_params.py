import json
from dataclasses import asdict

import pytest

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, SHIPPED
from crackdemo.configs import parse_config
from crackdemo.errors import ConfigError
from crackdemo.masks.params import MaskParams


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("threshold", -0.1),
        ("threshold", 1.1),
        ("grow", -8),
        ("grow", 8),
        ("threshold", float("nan")),
        ("threshold", "0.5"),
        ("threshold", True),
        ("opening", 4),
        ("opening", 1),
        ("opening", 3.0),
        ("closing", 17),
        ("closing", -3),
        ("kernel", "disc"),
        ("kernel", None),
        ("min_area", -1),
        ("min_area", 2.5),
    ],
)
def test_an_invalid_setting_is_refused_by_name(setting: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"^{setting} must .*{value}"):
        parse_config(MaskParams, {setting: value})


def test_settings_survive_json() -> None:
    params = MaskParams(0.37, 3, 15, "cross", -2, 40)
    assert parse_config(MaskParams, json.loads(json.dumps(asdict(params)))) == params


def test_missing_settings_keep_their_default_and_unknown_ones_are_refused() -> None:
    assert parse_config(MaskParams, {"opening": 3}) == MaskParams(opening=3)
    with pytest.raises(ConfigError, match="openning is not known"):
        parse_config(MaskParams, {"openning": 3})


@pytest.mark.parametrize("area", [10**300, 10**5000], ids=["large", "larger"])
def test_an_area_larger_than_any_photo_is_refused(area: int) -> None:
    with pytest.raises(ConfigError, match="min_area must be at most 1000000000"):
        parse_config(MaskParams, {"min_area": area})


def test_the_defaults_are_those_of_the_default_weights() -> None:
    path = SHIPPED / DEFAULT_WEIGHTS / "config.json"
    assert json.loads(path.read_text(encoding="utf-8"))["mask"] == asdict(MaskParams())


def test_a_kernel_of_thousands_of_digits_is_cut_short() -> None:
    with pytest.raises(ConfigError, match="opening must be 0") as refused:
        parse_config(MaskParams, {"opening": 10**4000})
    assert len(str(refused.value)) < 200
