from dataclasses import asdict, dataclass, field

import pytest

from crackdemo.configs import parse_config
from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.models.cae import CaeConfig


@dataclass(frozen=True)
class Recipe:
    """Made for these tests."""

    steps: int = 3
    rate: float = 0.5
    range: tuple[float, float] = (0, 1)
    heatmap: HeatmapConfig = field(default_factory=HeatmapConfig)

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError("steps must be at least 1")


def test_absent_fields_keep_their_default():
    assert parse_config(Recipe, {}) == Recipe()
    assert parse_config(Recipe, {"heatmap": {"blur_sigma": 2}}) == Recipe(
        heatmap=HeatmapConfig(blur_sigma=2)
    )


@pytest.mark.parametrize(
    "config",
    [Recipe(5, 0.1, (2, 3), HeatmapConfig("absolute", (0.5,), (2,), 0)), CaeConfig((4, 8))],
)
def test_a_config_survives_its_json(config):
    assert parse_config(type(config), asdict(config)) == config


def test_lists_become_tuples_as_json_has_none():
    assert parse_config(Recipe, {"range": [2, 3]}).range == (2, 3)


@pytest.mark.parametrize(
    "values, reason",
    [
        (None, "Recipe must be an object"),
        ([], "Recipe must be an object"),
        ({"step": 3}, "Recipe knows no step"),
        ({"heatmap": {"scale": 1}}, "HeatmapConfig knows no scale"),
        ({"heatmap": [1]}, "heatmap: "),
        ({"steps": "many"}, "steps: "),
        ({"steps": 1.5}, "steps: "),
        ({"steps": 0}, "steps must be at least 1"),
        ({"range": [1, 2, 3]}, "range"),
        ({"heatmap": {"blur_sigma": -1}}, "heatmap: The blur must lie between 0 and 20"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(values, reason):
    with pytest.raises(ValueError) as refused:
        parse_config(Recipe, values)
    assert str(refused.value).startswith(reason)
    assert "\n" not in str(refused.value)
