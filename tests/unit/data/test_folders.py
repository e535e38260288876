from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackdemo.data.check import check
from crackdemo.data.crack_labels import find_crack_labels
from crackdemo.data.folders import find_samples
from crackdemo.data.layouts import masks_without_photo
from crackdemo.data.splits import split_of
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


def test_train_and_test_without_validation_are_refused(tmp_path):
    for part in ("train", "test"):
        write_photo(tmp_path / "zip" / part / "images" / "a.png", len(part))
        write_mask(tmp_path / "zip" / part / "masks" / "a.png", np.eye(40, 60))
    with pytest.raises(DatasetError, match="train/ and test/, but no validation/"):
        find_samples(tmp_path)
    with pytest.raises(DatasetError, match="train/ and test/, but no validation/"):
        find_crack_labels([tmp_path])
    assert "no validation/" in check(tmp_path, 32, "luma").unreadable[0]
    (tmp_path / "zip" / "validation").mkdir()
    assert len(find_samples(tmp_path)) == 2


@pytest.mark.parametrize("name", ["val", "valid"])
def test_a_validation_part_of_another_name_is_told_and_its_masks_are_no_strays(
    tmp_path: Path, save_photo, name: str
) -> None:
    for part in ("train", name):
        for kind in ("images", "masks"):
            save_photo(tmp_path / part / kind / "a.png")
    with pytest.raises(DatasetError, match=f"train/ and {name}/, but no validation/"):
        find_samples(tmp_path)
    assert masks_without_photo(tmp_path) == []


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


def test_a_folder_that_is_missing_or_empty_is_refused_without_its_path(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "no masks" / "images").mkdir(parents=True)
    (tmp_path / "no masks" / "masks").mkdir()
    write_photo(tmp_path / "no masks" / "images" / "a.png", 0)
    for name, said in (("missing", "“missing”"), ("empty", "“empty”"), ("no masks", "No photo in")):
        with pytest.raises(DatasetError, match=said) as refusal:
            find_samples(tmp_path / name)
        assert str(tmp_path) not in str(refusal.value)


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared photos are not here")
def test_real_folders_are_split_as_their_readme_says():
    counts = {"sut_crack": 130, "cracksc": 197}
    for name, count in counts.items():
        samples = find_samples(DATA / name)
        assert len(samples) == count
        assert all(sample.name == f"{name}/{sample.path.stem}" for sample in samples)
        assert all(sample.mask_path is not None for sample in samples)
