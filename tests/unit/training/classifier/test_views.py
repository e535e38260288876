from dataclasses import replace

import numpy as np
import pytest

from crackdemo.configs import parse_config
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.errors import ConfigError
from crackdemo.training.classifier.views import (
    AS_THEY_ARE,
    VaryConfig,
    seen,
    variation_sheet,
    vary,
)


def photo(height: int = 80, width: int = 80) -> np.ndarray:
    gray = np.random.default_rng(0).normal(150, 10, (height, width)).clip(0, 255).astype(np.uint8)
    gray[height // 2 - 2 : height // 2 + 2] = 30
    return gray


@pytest.mark.parametrize("shape", [(80, 80), (60, 200), (300, 90), (20, 20)])
def test_every_photo_becomes_a_square_picture(shape: tuple[int, int]) -> None:
    picture = vary(photo(*shape), 64, VaryConfig(), np.random.default_rng(1))
    assert picture.shape == (64, 64)
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1


def test_without_variation_it_is_the_photo_shrunk() -> None:
    picture = vary(photo(64, 64), 64, AS_THEY_ARE, np.random.default_rng(1))
    assert np.abs(picture - photo(64, 64) / 255).mean() < 0.005


def test_the_same_chance_gives_the_same_picture_and_another_another() -> None:
    one, again, other = (
        vary(photo(), 64, VaryConfig(), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_crack_through_the_middle_stays_in_sight() -> None:
    for seed in range(20):
        config = replace(VaryConfig(), shadow_probability=0, light_probability=0)
        picture = vary(photo(), 64, config, np.random.default_rng(seed))
        assert np.median(picture) - picture.min() > 0.15


def test_turns_and_flips_change_where_it_lies() -> None:
    config = replace(AS_THEY_ARE, flip=True)
    ways = {
        vary(photo(), 32, config, np.random.default_rng(seed)).mean(1).argmin() in (15, 16)
        for seed in range(12)
    }
    assert ways == {True, False}


def test_flattening_takes_the_light_away() -> None:
    dark = (photo() * 0.5).astype(np.float32) / 255
    flatten = FlattenConfig(mean_sigma=16, deviation_sigma=26)
    assert np.abs(seen(dark, flatten) - seen(2 * dark, flatten)).mean() < 0.01
    assert seen(dark, None) is dark


def test_the_sheet_shows_each_photo_and_how_it_may_be_seen() -> None:
    sheet = variation_sheet([photo(), photo()], 32, VaryConfig(), seed=0)
    assert sheet.ndim == 3
    assert sheet.shape[0] > 2 * 32
    assert sheet.shape[1] >= 6 * 32


def test_factors_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConfigError, match="smaller comes first"):
        parse_config(VaryConfig, {"scale": [2, 1]})
