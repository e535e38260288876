from dataclasses import replace

import cv2
import numpy as np
import pytest

from crackdemo.models.blocks import AUTOENCODER_OBJECTIVES
from crackdemo.synthesis.camera import CameraConfig
from crackdemo.synthesis.cracks import CrackConfig
from crackdemo.training.objectives import AugmentConfig, TrainingPair, make_pair
from tests.plain import plain_flatten

FLATTEN = plain_flatten()
AUGMENT = AugmentConfig()
SHARP = CameraConfig(blur_probability=0, noise_probability=0, jpeg_probability=0)
AS_IT_IS = AugmentConfig(scale=(1, 1), gain=(1, 1), offset=0, clean_probability=0, camera=SHARP)
CRACKS = CrackConfig(width_min=3, depth_min=4)


def tile(height: int = 150, width: int = 150) -> np.ndarray:
    noise = np.random.default_rng(0).normal(140, 25, (height, width)).clip(0, 255)
    return cv2.GaussianBlur(noise, (0, 0), 1).astype(np.uint8)


def pair(
    seed: int,
    objective: str = "healing",
    augment: AugmentConfig = AUGMENT,
    pixels: np.ndarray | None = None,
    size: int = 64,
) -> TrainingPair:
    pixels = tile() if pixels is None else pixels
    rng = np.random.default_rng(seed)
    return make_pair(pixels, size, objective, augment, CRACKS, FLATTEN, rng)


@pytest.mark.parametrize("objective", AUTOENCODER_OBJECTIVES)
@pytest.mark.parametrize("pixels", [tile(), tile(1, 1), tile(3, 90), tile(20, 20), tile(400, 300)])
def test_a_pair_has_the_asked_size_whatever_the_tiles(objective, pixels):
    for seed in range(8):
        made = pair(seed, objective, pixels=pixels)
        for image in (made.image, made.target):
            assert image.shape == (64, 64)
            assert image.dtype == np.float32
            assert image.min() >= 0
            assert image.max() <= 1
        assert made.mask.shape == (64, 64)
        assert made.mask.dtype == np.bool_


@pytest.mark.parametrize("objective", AUTOENCODER_OBJECTIVES)
def test_the_same_seed_makes_the_same_pair(objective):
    first, again, other = (pair(seed, objective) for seed in (2, 2, 3))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.target, again.target)
    assert np.array_equal(first.mask, again.mask)
    assert not np.array_equal(first.target, other.target)


@pytest.mark.parametrize("objective", AUTOENCODER_OBJECTIVES)
def test_the_tile_itself_is_not_touched(objective):
    pixels = tile()
    before = pixels.copy()
    pair(0, objective, pixels=pixels)
    assert np.array_equal(pixels, before)


def test_healing_paints_cracks_that_the_target_lacks():
    darker = []
    for seed in range(30):
        made = pair(seed, augment=AS_IT_IS)
        if made.mask.any():
            darker.append((made.target - made.image)[made.mask].mean())
    assert len(darker) > 20
    assert min(darker) > 0


def test_healing_changes_nothing_far_from_the_cracks():
    for seed in range(30):
        made = pair(seed, augment=AS_IT_IS, size=128)
        changed = np.abs(made.image - made.target) > 0
        near = cv2.dilate(made.mask.astype(np.uint8), np.ones((41, 41))).astype(bool)
        assert (changed & ~near).mean() < 0.02  # thin ends below the mask's threshold


def test_the_healed_target_keeps_shadows_stains_and_specks():
    even = np.full((128, 128), 140, np.uint8)
    held = []
    for seed in range(40):
        made = pair(seed, augment=AS_IT_IS, pixels=even, size=128)
        far = cv2.dilate(made.mask.astype(np.uint8), np.ones((41, 41))) == 0
        if far.mean() > 0.3 and made.target[far].std() > 0.05:  # even, but for distractions
            held.append(np.array_equal(made.image[far], made.target[far]))
    assert len(held) > 5
    assert np.mean(held) > 0.8


def test_clean_pairs_come_as_often_as_the_config_says():
    always = replace(AUGMENT, clean_probability=1)
    for seed in range(10):
        made = pair(seed, augment=always)
        assert np.array_equal(made.image, made.target)
        assert not made.mask.any()
    sometimes = replace(AUGMENT, clean_probability=0.5)
    clean = [np.array_equal(*_ends(pair(seed, augment=sometimes))) for seed in range(200)]
    assert np.mean(clean) == pytest.approx(0.5, abs=0.12)


def _ends(made: TrainingPair) -> tuple[np.ndarray, np.ndarray]:
    return made.image, made.target


def test_inpainting_blanks_a_quarter_to_half_of_the_tile():
    for seed in range(20):
        made = pair(seed, "inpainting", size=128)
        assert 0.1 < made.mask.mean() < 0.7
        assert (made.image[made.mask] == np.float32(FLATTEN.level)).all()
        assert np.array_equal(made.image[~made.mask], made.target[~made.mask])


def test_reconstruction_asks_for_the_tile_itself():
    for seed in range(10):
        made = pair(seed, "reconstruction")
        assert np.array_equal(made.image, made.target)
        assert not made.mask.any()


def test_tiles_are_seen_from_all_sides_and_at_several_scales():
    corner = np.full((64, 64), 120, np.uint8)
    corner[:32, :32] = np.random.default_rng(0).integers(0, 255, (32, 32))
    upright = replace(AS_IT_IS, clean_probability=1)
    textured = set()
    for seed in range(40):
        target = pair(seed, "reconstruction", upright, corner).target
        quarters = [target[y : y + 32, x : x + 32].std() for y in (0, 32) for x in (0, 32)]
        textured.add(int(np.argmax(quarters)))
    assert textured == {0, 1, 2, 3}


@pytest.mark.parametrize(
    "wrong",
    [
        {"scale": (0, 1)},
        {"scale": (2, 1)},
        {"gain": (1.2, 0.8)},
        {"offset": float("nan")},
        {"clean_probability": -1},
    ],
)
def test_an_augmentation_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AugmentConfig(**wrong)
