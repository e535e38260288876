from dataclasses import asdict, field, replace
from typing import Annotated

import pytest
from pydantic import Field
from pydantic.dataclasses import dataclass

from crackdemo.configs import SETTINGS, explained, help_of, parse_config
from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.errors import ConfigError
from crackdemo.models.cae import CaeConfig


@dataclass(frozen=True, config=SETTINGS)
class Recipe:
    """Made for these tests."""

    steps: Annotated[int, Field(ge=1)] = 3
    """How many
    there are."""
    rate: float = 0.5
    range: tuple[float, float] = (0, 1)
    heatmap: HeatmapConfig = field(default_factory=HeatmapConfig)

    def __post_init__(self) -> None:
        if self.range[0] > self.range[1]:
            raise ConfigError("The range must begin before it ends: turn it round.")


def test_absent_fields_keep_their_default():
    assert parse_config(Recipe, {}) == Recipe()
    changed = parse_config(Recipe, {"heatmap": {"blur_sigma": 2}})
    assert changed == Recipe(heatmap=HeatmapConfig(blur_sigma=2))


@pytest.mark.parametrize(
    "config", [Recipe(5, 0.1, (2, 3), HeatmapConfig(blur_sigma=0)), CaeConfig((4, 8))]
)
def test_a_config_survives_its_json(config):
    assert parse_config(type(config), asdict(config)) == config


def test_lists_become_tuples_as_json_has_none():
    assert parse_config(Recipe, {"range": [2, 3]}).range == (2, 3)


@pytest.mark.parametrize(
    "values, reason",
    [
        (None, "it must be an object of settings, but is None."),
        ([], "it must be an object of settings, but is []."),
        ({"step": 3}, "step is not known as a setting: check its spelling, or remove it."),
        ({"heatmap": {"scale": 1}}, "heatmap.scale is not known as a setting"),
        ({"heatmap": [1]}, "heatmap must be an object of settings"),
        ({"steps": "many"}, "steps must be a whole number, but is 'many'."),
        ({"steps": 1.5}, "steps must be a whole number, but is 1.5."),
        ({"steps": 0}, "steps must be at least 1, but is 0."),
        ({"rate": float("inf")}, "rate must be a finite number, but is inf."),
        ({"rate": float("nan")}, "rate must be a finite number, but is nan."),
        ({"rate": []}, "rate must be a number, but is []."),
        ({"range": [1, 2, 3]}, "range must"),
        ({"range": [2, 1]}, "The range must begin before it ends: turn it round."),
        ({"heatmap": {"blur_sigma": -1}}, "heatmap.blur_sigma must be at least 0, but is -1."),
        ({"heatmap": {"residual": "x" * 99}}, "heatmap.residual must be 'dark', 'absolute' or"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(values, reason):
    with pytest.raises(ConfigError) as refused:
        parse_config(Recipe, values)
    assert str(refused.value).startswith(reason)
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_settings_that_are_changed_are_checked_like_settings_that_are_read():
    with pytest.raises(ConfigError, match="steps must be at least 1"), explained():
        replace(Recipe(), steps=0)


def test_the_sentence_under_a_field_is_its_help():
    assert help_of(Recipe)["steps"] == "How many there are."
