from pathlib import Path

import pytest

from crackdemo.data.folders import find_samples
from crackdemo.data.labelled import find_labelled
from crackdemo.data.layouts import in_splits, masks_without_photo, photos_in
from crackdemo.errors import DatasetError


def touched(folder: Path, *files: str) -> Path:
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file)  # no file is a byte copy of another
    return folder


def test_each_photo_is_found_once_with_its_truth(tmp_path: Path) -> None:
    folder = touched(
        tmp_path / "road",
        *("images/a.jpg", "masks/a.png", "images/sub/b.c.jpg", "clean/a.jpg", "cracked/d.jpg"),
        *("readme.txt", "other/e.jpg"),
    )
    found = [
        (photo.file, photo.name, photo.truth, photo.is_fitted_on) for photo in photos_in(folder)
    ]
    assert found == [
        ("images/a.jpg", "road/a", "mask", True),
        ("images/sub/b.c.jpg", "road/sub/b.c", "mask", False),
        ("clean/a.jpg", "road/clean/a", "clean", False),
        ("cracked/d.jpg", "road/cracked/d", "cracked", False),
    ]
    assert photos_in(folder)[1].mask_path == folder / "masks/sub/b.c.png"


def test_plain_photos_have_no_truth(tmp_path: Path) -> None:
    [photo] = photos_in(touched(tmp_path / "road", "sub/a.jpg"))
    assert (photo.file, photo.truth, photo.is_fitted_on) == ("sub/a.jpg", "unknown", True)


def test_a_layout_may_lie_alone_in_folders_however_deep(tmp_path: Path) -> None:
    """Each further one once took twice as long."""
    touched(tmp_path, "/".join(["a"] * 60 + ["images", "b.jpg"]))
    touched(tmp_path, "/".join(["a"] * 60 + ["masks", "b.png"]))
    [photo] = photos_in(tmp_path)
    assert (photo.file, photo.truth) == ("images/b.jpg", "mask")


def test_folders_alone_in_each_other_without_a_layout_are_plain(tmp_path: Path) -> None:
    [photo] = photos_in(touched(tmp_path / "road", "a/b/c.jpg"))
    assert (photo.file, photo.truth) == ("a/b/c.jpg", "unknown")


def test_fitting_and_evaluating_see_the_same_splits(tmp_path: Path) -> None:
    stems = [str(number) for number in range(40)]
    folder = touched(
        tmp_path / "road",
        *(f"images/{stem}.jpg" for stem in stems),
        *(f"masks/{stem}.png" for stem in stems),
    )
    for split in ("train", "validation", "test"):
        fitted = {sample.path for sample in find_samples(folder) if sample.split == split}
        assert fitted == {photo.source.path for photo in find_labelled(folder, split)}


def test_splits_that_the_user_gave_hold_for_evaluating_too(tmp_path: Path) -> None:
    folder = touched(
        tmp_path / "road",
        *("train/images/a.jpg", "train/masks/a.png", "validation/images/b.jpg"),
        *("validation/masks/b.png", "test/clean/c.jpg"),
    )
    assert [photo.source.file for photo in find_labelled(folder)] == [
        *("train/images/a.jpg", "validation/images/b.jpg", "test/clean/c.jpg"),
    ]
    [photo] = find_labelled(folder, "validation")
    assert photo.mask_path == folder / "validation/masks/b.png"
    (folder / "test/clean/copy.jpg").write_bytes((folder / "train/images/a.jpg").read_bytes())
    with pytest.raises(DatasetError, match="“copy"):
        find_labelled(folder, "test")


def test_a_layout_that_lies_alone_in_a_folder_is_found(tmp_path: Path) -> None:
    folder = touched(tmp_path / "zip", "road/images/a.jpg", "road/masks/a.png")
    touched(folder, "__MACOSX/x", ".hidden/y")
    assert [photo.file for photo in photos_in(folder)] == ["images/a.jpg"]
    plain = touched(tmp_path / "plain", "road/sub/a.jpg")
    assert [photo.file for photo in photos_in(plain)] == ["road/sub/a.jpg"]


def test_what_does_not_match_is_named(tmp_path: Path) -> None:
    folder = touched(
        tmp_path / "road", "images/a.jpg", "masks/a.png", "masks/b.png", "masks/sub/c.tif"
    )
    assert masks_without_photo(folder) == ["masks/b.png", "masks/sub/c.tif"]


def test_photos_of_one_stem_are_told(tmp_path: Path) -> None:
    folder = touched(
        tmp_path / "road", "images/a.jpg", "images/a.png", "images/b.jpg", "masks/a.png"
    )
    assert [photo.twin for photo in photos_in(folder)] == ["a.png", "a.jpg", ""]


def test_nothing_is_hashed_before_a_split_is_asked_for(tmp_path: Path) -> None:
    folder = touched(tmp_path / "road", "clean/a.jpg")
    found = photos_in(folder)
    (folder / "clean/a.jpg").unlink()
    assert [placed.photo for placed in in_splits(found)] == found


def test_names_of_classes_lie_beside_masks_or_above_the_splits(tmp_path: Path, save_photo) -> None:
    for part in ("train", "validation"):
        for kind in ("images", "masks"):
            save_photo(tmp_path / part / kind / f"{part}.png")
    above, beside = tmp_path / "classes.json", tmp_path / "train" / "classes.json"
    above.write_text("{}")
    beside.write_text("{}")
    assert {photo.classes_path for photo in photos_in(tmp_path)} == {above, beside}
    assert {photo.classes_path for photo in photos_in(tmp_path / "validation")} == {above}
