from pathlib import Path

import numpy as np
import pytest

from crackdemo.data.classes import read_classes, read_key
from crackdemo.photos.images import read_photo
from crackdemo.synthesis import damages
from crackdemo.synthesis.damages import DAMAGES, paint_damages, write_damages


def surface(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.6, 0.05, (96, 128)).clip(0, 1).astype(np.float32)


@pytest.mark.parametrize("name", DAMAGES)
def test_the_truth_is_where_the_surface_was_changed(name: str) -> None:
    plain = surface()
    shown = 0
    for seed in range(8):
        image, mask = getattr(damages, name)(plain, np.random.default_rng(seed))
        assert image.shape == mask.shape == plain.shape and image.dtype == np.float32
        if not mask.any():
            continue
        shown += 1
        brighter = (image - plain)[mask].mean()
        assert brighter > 0.1 if name == "marking" else brighter < -0.05
        beyond = np.abs(image - plain)[~mask].mean()
        assert beyond < 0.2 * np.abs(brighter)
    assert shown >= 4


def test_the_same_seed_paints_the_same() -> None:
    one, other = (paint_damages(surface(), np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_folder_is_as_a_fit_wants_it(tmp_path: Path) -> None:
    tiles = [np.round(255 * surface(seed)).astype(np.uint8) for seed in range(12)]
    write_damages(tmp_path / "made", tiles, seed=1)
    key = read_key(tmp_path / "made" / "classes.json")
    assert key.names == DAMAGES
    found = set()
    for number in range(12):
        labels = read_classes(tmp_path / "made" / "masks" / f"{number:04}.png", key, DAMAGES)
        photo = read_photo(tmp_path / "made" / "images" / f"{number:04}.png")
        assert photo.shape == (*labels.shape, 3)
        found |= set(np.unique(labels))
    assert found == set(range(6))
