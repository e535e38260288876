import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from crackdemo.data.folders import (
    MASK_MARGIN,
    Sample,
    clean_tiles,
    drop_repeats,
    find_samples,
    readable_tiles,
    split_of,
)
from crackdemo.errors import DatasetError

DATA = Path(__file__).parents[3].parent / "shared" / "data"


def write_photo(path: Path, seed: int, height: int = 40, width: int = 60) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def write_mask(path: Path, mask: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)
    return path


def write_photos(folder: Path, count: int, seed: int = 0) -> None:
    for i in range(count):
        write_photo(folder / f"photo {i}.png", seed + i)


def name_in(split: str, stems: range = range(100)) -> str:
    """A stem that chance puts into a split of the folder `set`."""
    return next(str(stem) for stem in stems if split_of(f"set/{stem}") == split)


def test_the_split_is_the_formula_of_the_data_sets():
    for name in [*(f"sut_crack/{i}" for i in range(300)), "metu/clean/00001", "ü/ä b"]:
        tenth = int(hashlib.sha256(f"{name}".encode()).hexdigest(), 16) % 10
        expected = {0: "test", 1: "test", 2: "validation"}.get(tenth, "train")
        assert split_of(name) == expected


def test_a_tenth_is_validation_and_two_are_test():
    splits = [split_of(f"set/{i}") for i in range(5000)]
    assert splits.count("test") == pytest.approx(1000, rel=0.1)
    assert splits.count("validation") == pytest.approx(500, rel=0.15)


def test_plain_photos_are_named_by_folder_and_stem(tmp_path):
    write_photos(tmp_path / "set", 3)
    write_photo(tmp_path / "set" / "sub folder" / "x.y.jpg", 9)
    samples = find_samples(tmp_path / "set")
    assert {sample.name for sample in samples} == {
        "set/photo 0",
        "set/photo 1",
        "set/photo 2",
        "set/sub folder/x.y",
    }
    assert all(sample.split == split_of(sample.name) for sample in samples)
    assert all(sample.mask_path is None for sample in samples)


def test_clean_photos_are_taken_and_cracked_ones_left(tmp_path):
    write_photos(tmp_path / "set" / "clean", 3)
    write_photos(tmp_path / "set" / "cracked", 3, seed=50)
    by_parent = {sample.name for sample in find_samples(tmp_path / "set")}
    by_itself = {sample.name for sample in find_samples(tmp_path / "set" / "clean")}
    assert by_parent == {f"set/clean/photo {i}" for i in range(3)}
    assert by_itself == by_parent


def test_images_come_with_their_masks(tmp_path):
    folder = tmp_path / "set"
    for stem in ("a", "b"):
        write_photo(folder / "images" / f"{stem}.jpg", ord(stem))
        write_mask(folder / "masks" / f"{stem}.png", np.zeros((40, 60)))
    write_photo(folder / "images" / "without a mask.jpg", 5)
    samples = {sample.name: sample for sample in find_samples(folder)}
    assert set(samples) == {"set/a", "set/b"}
    assert samples["set/a"].path == folder / "images" / "a.jpg"
    assert samples["set/a"].mask_path == folder / "masks" / "a.png"


def test_a_folder_is_known_by_its_name_however_its_path_is_written(tmp_path):
    write_photos(tmp_path / "set", 2)
    (tmp_path / "set" / "empty").mkdir()
    assert find_samples(tmp_path / "set" / "empty" / "..") == find_samples(tmp_path / "set")


def test_splits_that_are_given_are_kept(tmp_path):
    folder = tmp_path / "set"
    for i, split in enumerate(("train", "validation", "test")):
        write_photos(folder / split / "clean", 2, seed=10 * i)
    splits = [sample.split for sample in find_samples(folder)]
    assert splits == ["train", "train", "validation", "validation", "test", "test"]


def test_a_photo_in_two_given_splits_is_refused_by_name(tmp_path):
    folder = tmp_path / "set"
    write_photos(folder / "train", 2)
    write_photos(folder / "validation", 2, seed=10)
    (folder / "validation" / "copy.png").write_bytes(
        (folder / "train" / "photo 1.png").read_bytes()
    )
    with pytest.raises(DatasetError) as refusal:
        find_samples(folder)
    assert "“copy.png” in validation" in str(refusal.value)
    assert "“photo 1.png” in train" in str(refusal.value)
    assert str(tmp_path) not in str(refusal.value)


def test_a_photo_twice_in_one_given_split_is_no_leak(tmp_path):
    folder = tmp_path / "set"
    write_photos(folder / "train", 1)
    write_photo(folder / "train" / "again.png", 0)
    write_photos(folder / "validation", 1, seed=10)
    assert len(find_samples(folder)) == 3


def test_exact_duplicates_fall_into_one_split(tmp_path):
    folder = tmp_path / "set"
    original, copies = name_in("train"), [name_in("test"), name_in("validation")]
    for stem in (original, *copies):
        write_photo(folder / f"{stem}.png", 1)
    write_photo(folder / "other.png", 2)
    samples = find_samples(folder)
    assert len(samples) == 2
    first = min(original, *copies)
    assert f"set/{first}" in {sample.name for sample in samples}


def test_a_photo_stays_only_in_the_first_of_several_folders(tmp_path):
    write_photos(tmp_path / "a", 3)
    write_photos(tmp_path / "b", 2, seed=50)
    write_photo(tmp_path / "b" / "copy.png", 1)
    first, second = drop_repeats(find_samples(tmp_path / name) for name in "ab")
    assert len(first) == 3
    assert {sample.path.name for sample in second} == {"photo 0.png", "photo 1.png"}


def test_a_folder_that_is_missing_or_empty_is_refused_without_its_path(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "no masks" / "images").mkdir(parents=True)
    (tmp_path / "no masks" / "masks").mkdir()
    write_photo(tmp_path / "no masks" / "images" / "a.png", 0)
    for name in ("missing", "empty", "no masks"):
        with pytest.raises(DatasetError, match=f"“{name}”") as refusal:
            find_samples(tmp_path / name)
        assert str(tmp_path) not in str(refusal.value)


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


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared photos are not here")
def test_real_folders_are_split_as_their_readme_says():
    counts = {"sut_crack": 130, "cracksc": 197}
    for name, count in counts.items():
        samples = find_samples(DATA / name)
        assert len(samples) == count
        assert all(sample.name == f"{name}/{sample.path.stem}" for sample in samples)
        assert all(sample.mask_path is not None for sample in samples)
