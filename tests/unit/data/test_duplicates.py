from dataclasses import dataclass
from pathlib import Path

import pytest

from crackdemo.data.duplicates import drop_repeats, first_copies, merge, refuse_leaks
from crackdemo.data.splits import Split
from crackdemo.errors import DatasetError


@dataclass(frozen=True)
class Photo:
    path: Path
    split: Split = "train"


def photos(folder: Path, **contents: str) -> list[Photo]:
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_text(content)
    return [Photo(folder / name) for name in contents]


def names(found: list[Photo]) -> list[str]:
    return [photo.path.name for photo in found]


def test_the_first_copy_is_the_first_in_the_order_given(tmp_path: Path) -> None:
    b, a, c = (photo.path for photo in photos(tmp_path, b="same", a="same", c="other"))
    assert first_copies([b, a, c]) == {b: b, a: b, c: c}
    assert first_copies([a, b]) == {a: a, b: a}


def test_files_that_cannot_be_read_are_nobodys_copies(tmp_path: Path) -> None:
    gone = [tmp_path / "gone", tmp_path / "gone too"]
    assert first_copies(gone) == {path: path for path in gone}


def test_of_copies_one_is_kept(tmp_path: Path) -> None:
    assert names(merge(photos(tmp_path, a="same", b="other", c="same"))) == ["a", "b"]


def test_a_photo_stays_only_in_the_first_of_several_folders(tmp_path: Path) -> None:
    one = photos(tmp_path / "1", a="1", b="2", c="2")
    two = photos(tmp_path / "2", d="2", e="3")
    three = photos(tmp_path / "3", f="3", g="1", h="4")
    kept = [names(found) for found in drop_repeats([one, two, three])]
    assert kept == [["a", "b", "c"], ["e"], ["h"]]


def test_copies_in_two_splits_are_refused_and_those_in_one_are_not(tmp_path: Path) -> None:
    one, again, _ = photos(tmp_path, one="same", again="same", other="other")
    refuse_leaks([one, again])
    with pytest.raises(DatasetError, match=r"“again” in test is the same photo as “one” in train"):
        refuse_leaks([one, Photo(again.path, "test")])
