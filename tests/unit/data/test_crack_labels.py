from pathlib import Path

import cv2
import numpy as np
import pytest

from crackdemo.data.crack_labels import find_crack_labels
from crackdemo.data.splits import split_of
from crackdemo.errors import DatasetError

METU = Path(__file__).parents[3].parent / "shared" / "data" / "metu"


def touched(folder: Path, *files: str, content: str | None = None) -> Path:
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file if content is None else content)
    return folder


def by_file(*folders: Path) -> dict[str, bool]:
    return {label.file: label.cracked for label in find_crack_labels(folders).photos}


def test_the_folder_says_what_a_photo_shows(tmp_path: Path) -> None:
    touched(tmp_path, "clean/a.jpg", "cracked/b.jpg", "cracked/sub/c.jpg", "other/d.jpg")
    assert by_file(tmp_path) == {
        "clean/a.jpg": False,
        "cracked/b.jpg": True,
        "cracked/sub/c.jpg": True,
    }


def test_a_mask_says_what_its_photo_shows(tmp_path: Path) -> None:
    touched(tmp_path, "images/a.png", "images/b.png", "images/c.png")
    (tmp_path / "masks").mkdir()
    for name, value in (("a", 0), ("b", 255)):
        mask = np.zeros((4, 4), np.uint8)
        mask[1, 1] = value
        cv2.imwrite(str(tmp_path / "masks" / f"{name}.png"), mask)
    assert by_file(tmp_path) == {"images/a.png": False, "images/b.png": True}
    assert "c.png" in find_crack_labels([tmp_path]).problems[0]


def test_splits_are_those_of_every_figure(tmp_path: Path) -> None:
    folder = touched(tmp_path / "set", *(f"clean/{i}.jpg" for i in range(30)), "cracked/0.jpg")
    for label in find_crack_labels([folder]).photos:
        assert label.split == split_of(f"set/{Path(label.file).with_suffix('').as_posix()}")
    found = find_crack_labels([folder])
    assert sum(len(found.of(split)) for split in ("train", "validation", "test")) == 31


def test_the_users_own_splits_hold(tmp_path: Path) -> None:
    touched(tmp_path, "train/clean/a.jpg", "validation/clean/b.jpg", "test/cracked/c.jpg")
    splits = {label.path.stem: label.split for label in find_crack_labels([tmp_path]).photos}
    assert splits == {"a": "train", "b": "validation", "c": "test"}


def test_of_byte_copies_one_is_taken_in_a_folder_and_between_folders(tmp_path: Path) -> None:
    touched(tmp_path / "one", "clean/a.jpg", "clean/b.jpg", content="the same")
    touched(tmp_path / "two", "clean/c.jpg", content="the same")
    touched(tmp_path / "two", "cracked/d.jpg")
    assert by_file(tmp_path / "one", tmp_path / "two") == {
        "clean/a.jpg": False,
        "cracked/d.jpg": True,
    }


def test_a_photo_with_two_labels_is_left_out_with_a_sentence(tmp_path: Path) -> None:
    touched(tmp_path, "clean/a.jpg", "cracked/b.jpg", content="the same")
    touched(tmp_path, "clean/c.jpg")
    found = find_crack_labels([tmp_path])
    assert [label.file for label in found.photos] == ["clean/c.jpg"]
    assert found.problems == [
        "“clean/a.jpg” and “cracked/b.jpg” are the same photo with two labels: both were left out; "
        "remove the wrong one."
    ]


def test_one_photo_in_two_of_the_users_splits_is_refused(tmp_path: Path) -> None:
    touched(tmp_path, "train/clean/a.jpg", "validation/clean/b.jpg", content="the same")
    with pytest.raises(DatasetError, match="figures would be too good"):
        find_crack_labels([tmp_path])


def test_what_holds_no_labelled_photo_is_refused(tmp_path: Path) -> None:
    touched(tmp_path / "plain", "a.jpg")
    with pytest.raises(DatasetError, match=r"^What you gave holds .* clean/ and cracked/.* CSV"):
        find_crack_labels([tmp_path / "plain"])
    with pytest.raises(DatasetError, match="The folder “plain” holds"):
        find_crack_labels([tmp_path / "plain", tmp_path / "plain"])
    touched(tmp_path / "set" / "images", "a.jpg")
    (tmp_path / "set" / "masks").mkdir()
    with pytest.raises(DatasetError, match="No photo in images/"):
        find_crack_labels([tmp_path / "set"])
    with pytest.raises(DatasetError, match="no folder “gone”"):
        find_crack_labels([tmp_path / "gone"])


@pytest.mark.slow
@pytest.mark.skipif(not METU.is_dir(), reason="the shared data are not here")
def test_the_shared_photos_are_split_as_their_readme_says() -> None:
    found = find_crack_labels([METU])
    assert len(found.photos) == 11_000
    assert (len(found.of("train")), len(found.of("validation")), len(found.of("test"))) == (
        7_628,
        1_126,
        2_246,
    )
