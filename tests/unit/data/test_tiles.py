from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from crackdemo.data.folders import Sample
from crackdemo.data.tiles import MASK_MARGIN, clean_tiles, readable_tiles


def write_photo(path: Path, seed: int, height: int = 40, width: int = 60) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def write_mask(path: Path, mask: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)
    return path


def test_tiles_cover_a_photo_in_steps(tmp_path):
    path = write_photo(tmp_path / "a.png", 0, height=100, width=70)
    tiles = list(clean_tiles(Sample(path, "a", "train"), 32, 16, "luma"))
    gray = cv2.cvtColor(np.array(Image.open(path)), cv2.COLOR_RGB2GRAY)
    expected = [gray[y : y + 32, x : x + 32] for y in (0, 16, 32, 48, 64) for x in (0, 16, 32)]
    assert len(tiles) == len(expected)
    assert all(np.array_equal(tile, part) for tile, part in zip(tiles, expected, strict=True))


@pytest.mark.parametrize("height, width", [(1, 1), (20, 20), (20, 100), (100, 7)])
def test_a_photo_smaller_than_a_tile_is_a_tile(tmp_path, height, width):
    path = write_photo(tmp_path / "a.png", 0, height, width)
    tiles = list(clean_tiles(Sample(path, "a", "train"), 32, 32, "luma"))
    assert tiles[0].shape == (min(height, 32), min(width, 32))


def test_tiles_keep_away_from_cracks_by_the_margin(tmp_path):
    photo = write_photo(tmp_path / "a.png", 0, height=120, width=200)
    mask = np.zeros((120, 200), np.uint8)
    mask[60, 100] = 1
    sample = Sample(photo, "a", "train", write_mask(tmp_path / "masks" / "a.png", mask))
    gray = cv2.cvtColor(np.array(Image.open(photo)), cv2.COLOR_RGB2GRAY)
    kept = {tile.tobytes() for tile in clean_tiles(sample, 16, 1, "luma")}
    for top in range(0, 105, 3):
        for left in range(0, 185, 3):
            tile = np.ascontiguousarray(gray[top : top + 16, left : left + 16])
            gap_y = max(top - 60, 60 - (top + 15), 0)
            gap_x = max(left - 100, 100 - (left + 15), 0)
            distance = np.hypot(gap_y, gap_x)
            if abs(distance - MASK_MARGIN) > 1:  # the disk's outline is a matter of taste
                assert (tile.tobytes() in kept) == (distance > MASK_MARGIN)


def test_a_photo_without_cracks_in_its_mask_gives_all_tiles(tmp_path):
    photo = write_photo(tmp_path / "a.png", 0, height=64, width=64)
    mask = write_mask(tmp_path / "m.png", np.zeros((64, 64)))
    assert len(list(clean_tiles(Sample(photo, "a", "train", mask), 32, 32, "luma"))) == 4


def test_unusable_photos_are_named_and_the_others_used(tmp_path):
    good = write_photo(tmp_path / "good.png", 0, height=32, width=32)
    text = tmp_path / "text.jpg"
    text.write_text("no photo")
    small_mask = write_mask(tmp_path / "m.png", np.zeros((10, 10)))
    other = write_photo(tmp_path / "other.png", 1, height=32, width=32)
    samples = [
        Sample(text, "text", "train"),
        Sample(good, "good", "train"),
        Sample(other, "other", "train", small_mask),
        Sample(tmp_path / "gone.png", "gone", "train"),
    ]
    tiles, problems = readable_tiles(samples, 32, 32, "luma")
    assert len(tiles) == 1
    for problem, name in zip(problems, ("text.jpg", "other.png", "gone.png"), strict=True):
        assert name in problem
        assert str(tmp_path) not in problem
