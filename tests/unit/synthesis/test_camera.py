from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from crackdemo.synthesis.camera import Camera, CameraConfig, draw_camera

SHARP = Camera(blur_sigma=0, noise=None, jpeg_quality=None)


def surface(height: int = 64, width: int = 80) -> np.ndarray:
    return np.random.default_rng(0).uniform(0.2, 0.8, (height, width)).astype(np.float32)


def noise() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.05, (64, 80)).astype(np.float32)


@pytest.mark.parametrize("height, width", [(64, 80), (1, 1), (3, 200)])
def test_a_picture_is_an_image_of_the_surfaces_size(height, width):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        picture = draw_camera(height, width, CameraConfig(), rng).shoot(surface(height, width))
        assert picture.shape == (height, width)
        assert picture.dtype == np.float32
        assert 0 <= picture.min() <= picture.max() <= 1


def test_the_surface_itself_is_not_touched():
    original = surface()
    Camera(1.0, noise(), 50).shoot(original)
    assert np.array_equal(original, surface())


def test_a_camera_that_adds_nothing_gives_the_surface_back():
    assert np.array_equal(SHARP.shoot(surface()), surface())


def test_blur_is_a_gaussian_before_the_sensors_noise():
    picture = replace(SHARP, blur_sigma=0.8, noise=noise()).shoot(surface())
    expected = cv2.GaussianBlur(surface(), (0, 0), 0.8) + noise()
    assert np.allclose(picture, expected.clip(0, 1))


def test_low_quality_loses_more_than_high():
    lost = [
        np.abs(replace(SHARP, jpeg_quality=quality).shoot(surface()) - surface()).mean()
        for quality in (95, 40)
    ]
    assert 0 < lost[0] < lost[1]


def test_one_camera_adds_the_same_with_a_crack_and_without():
    cracked = surface()
    cracked[:, 40:44] = 0.1
    for seed in range(20):
        config = CameraConfig(jpeg_probability=0)
        camera = draw_camera(64, 80, config, np.random.default_rng(seed))
        far = np.s_[:, :30]
        assert np.array_equal(camera.shoot(cracked)[far], camera.shoot(surface())[far])


def test_each_flaw_comes_as_often_as_the_config_says():
    rng = np.random.default_rng(0)
    config = CameraConfig(blur_probability=0.2, noise_probability=0.5, jpeg_probability=0.8)
    cameras = [draw_camera(8, 8, config, rng) for _ in range(500)]
    assert np.mean([c.blur_sigma > 0 for c in cameras]) == pytest.approx(0.2, abs=0.07)
    assert np.mean([c.noise is not None for c in cameras]) == pytest.approx(0.5, abs=0.07)
    assert np.mean([c.jpeg_quality is not None for c in cameras]) == pytest.approx(0.8, abs=0.07)


@pytest.mark.parametrize("name", [field.name for field in fields(CameraConfig)])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(name, value):
    with pytest.raises(ValueError, match="probability"):
        CameraConfig(**{name: value})
