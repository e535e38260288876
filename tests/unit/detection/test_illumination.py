import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from crackdemo.detection.illumination import (
    FlattenConfig,
    gray_levels,
    gray_of,
    measure_illumination,
    to_gray,
)
from tests.plain import plain_flatten

CONFIG = plain_flatten()


def pavement(height: int = 160, width: int = 200, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.5, 0.08, (height, width)).clip(0, 1).astype("f4")


def flattened(gray: np.ndarray, config: FlattenConfig = CONFIG) -> np.ndarray:
    return measure_illumination(gray, config).flatten(gray.astype(np.float32))


def test_gray_is_the_luma_of_itu_601():
    photo = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert to_gray(photo, "luma")[0] == pytest.approx([0.299, 0.587, 0.114, 1], abs=0.003)


ASPHALT, SOIL, YELLOW_PAINT = (110, 110, 110), (105, 95, 75), (205, 175, 60)


def test_blue_makes_soil_darker_than_luma_does_but_not_yellow_paint():
    photo = np.array([[ASPHALT, SOIL, YELLOW_PAINT]], np.uint8)
    luma, blue = gray_levels(photo, "luma")[0], gray_levels(photo, "blue")[0]
    assert blue.tolist() == [110, 75, luma[2] - 32]
    assert luma[1] > 90
    assert blue[2] > blue[0]


@pytest.mark.parametrize("channel", ["luma", "blue"])
def test_channels_of_a_gray_photo_are_alike(channel):
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(gray_levels(np.dstack([gray] * 3), channel), gray)


def test_a_channel_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r"luma.*blue"):
        FlattenConfig("red")


def test_flattening_brings_mean_and_contrast_to_the_configs():
    flat = flattened(pavement() * 0.5 + 0.2)
    assert flat.mean() == pytest.approx(CONFIG.level, abs=0.02)
    expected = CONFIG.contrast * 0.04 / (0.04 + CONFIG.deviation_floor)
    assert flat.std() == pytest.approx(expected, abs=0.02)


def test_flattening_takes_out_shade_and_exposure():
    gray = pavement(160, 400)
    light = np.linspace(0.4, 0.9, gray.shape[1], dtype=np.float32)
    even, shaded = flattened(gray * 0.9), flattened(gray * light)
    assert np.abs(even - shaded).mean() < 0.05

    def imbalance(image: np.ndarray) -> float:
        return float(abs(image[:, :200].mean() - image[:, 200:].mean()) / image.std())

    assert imbalance(shaded) < imbalance(gray * light) / 10


def test_the_local_mean_is_a_gaussian_of_the_configs_sigma():
    gray = cv2.GaussianBlur(pavement(), (0, 0), 3) + np.linspace(0, 0.3, 200, dtype=np.float32)
    expected = gaussian_filter(gray.astype(np.float64), CONFIG.mean_sigma, mode="reflect")
    assert np.abs(measure_illumination(gray, CONFIG).mean[:] - expected).max() < 0.01


def test_a_difference_is_given_back_in_gray_levels():
    gray = pavement()
    light = measure_illumination(gray, CONFIG)
    darker = gray.copy()
    darker[50:60, 50:60] -= 0.05
    difference = light.flatten(gray) - light.flatten(darker)
    assert light.unflatten(difference)[50:60, 50:60] == pytest.approx(0.05, abs=0.002)
    assert not light.unflatten(difference)[100:].any()


@pytest.mark.parametrize("height, width", [(1, 1), (1, 500), (3, 2), (501, 7)])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_even_photos_of_any_size_become_the_level(height, width, value):
    flat = flattened(np.full((height, width), value, np.float32))
    assert flat.shape == (height, width)
    assert flat.dtype == np.float32
    assert flat == pytest.approx(CONFIG.level, abs=0.01)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mean_sigma": 0},
        {"mean_sigma": float("nan")},
        {"deviation_sigma": 1e9},
        {"deviation_floor": 0},
        {"contrast": float("inf")},
        {"level": -0.1},
    ],
)
def test_a_config_that_cannot_flatten_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        FlattenConfig(**wrong)


@pytest.mark.parametrize("channel", ["luma", "blue"])
def test_rows_are_flattened_as_the_whole_photo_is(channel):
    photo = np.random.default_rng(0).integers(0, 256, (150, 90, 3)).astype(np.uint8)
    gray = gray_of(photo, channel)
    assert np.array_equal(gray[20:31], to_gray(photo, channel)[20:31])
    light = measure_illumination(gray, CONFIG)
    whole = light.flatten(gray[:])
    assert light.flattened(gray)[20:31] == pytest.approx(whole[20:31], abs=1e-6)
    back = light.unflatten(whole[20:31], slice(20, 31))
    assert back == pytest.approx(light.unflatten(whole)[20:31], abs=1e-6)


def test_the_light_of_a_larger_photo_is_the_same_enlarged():
    light = measure_illumination(pavement(), CONFIG)
    larger = light.enlarged((320, 400))
    for part, small in ((larger.mean, light.mean), (larger.deviation, light.deviation)):
        assert part[:] == pytest.approx(cv2.resize(small[:], (400, 320)), abs=1e-5)
