from pathlib import Path

import pytest

from crackdemo.errors import FolderError
from crackdemo.files import make_folder, write_text


def test_text_is_written_whole_in_the_place_of_an_older_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for text in ("first, and longer\n", "zweite ✓\n"):
        write_text(path, text)
    assert path.read_bytes() == "zweite ✓\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "older")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\udcff")
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_made_with_its_parents_and_left_empty(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_folder(folder)
    make_folder(folder)
    assert list(folder.iterdir()) == []


def test_a_folder_in_the_place_of_a_file_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    for folder in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(FolderError, match=f"“{folder.name}”") as caught:
            make_folder(folder)
        assert str(tmp_path) not in str(caught.value)
