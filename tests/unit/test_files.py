import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from crackdemo.errors import FolderError, legible
from crackdemo.files import (
    make_folder,
    numbered,
    sha256_of,
    write_text,
    written_together,
    written_whole,
)


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


def test_what_is_written_whole_is_seen_at_the_end_only(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"older")
    with written_whole(path) as building:
        building.write_bytes(b"newer")
        assert path.read_bytes() == b"older"
        assert building.name.startswith(".")
    assert path.read_bytes() == b"newer"
    with pytest.raises(OSError, match="full"), written_whole(path) as building:
        building.write_bytes(b"half")
        raise OSError("full")
    assert path.read_bytes() == b"newer"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_written_together_is_seen_at_the_end_only(tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    for name in ("a.txt", "plots/b.txt", "own.txt"):
        (tmp_path / name).write_text("older")

    def write(end: str) -> None:
        with written_together(tmp_path) as building:
            (building / "a.txt").write_text(end)
            for name in ("plots", "more"):
                (building / name).mkdir()
                (building / name / "b.txt").write_text(end)
            if end == "half":
                raise OSError("full")

    def content() -> dict[str, str]:
        files = (path for path in tmp_path.rglob("*") if path.is_file())
        return {str(path.relative_to(tmp_path)): path.read_text() for path in files}

    with pytest.raises(OSError, match="full"):
        write("half")
    assert content() == dict.fromkeys(("a.txt", "plots/b.txt", "own.txt"), "older")
    write("newer")
    newer = dict.fromkeys(("a.txt", "plots/b.txt", "more/b.txt"), "newer")
    assert content() == newer | {"own.txt": "older"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "more", "own.txt", "plots"]


def test_a_file_is_hashed_by_its_content(tmp_path: Path) -> None:
    for content in (b"", b"a" * 3_000_000):
        (tmp_path / "a").write_bytes(content)
        assert sha256_of(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_equal_names_are_numbered_where_a_number_is_free() -> None:
    given = ["a.jpg", "b/a.jpg", "a (2).jpg", "a.jpg", "a.jpg", "b/a.jpg", "a (2).jpg", "x", "x"]
    assert numbered(given) == [
        "a.jpg", "b/a.jpg", "a (2).jpg", "a (3).jpg", "a (4).jpg", "b/a (2).jpg",
        "a (2) (2).jpg", "x", "x (2)",
    ]  # fmt: skip


class CountedName(str):
    """Counts how often any name of the batch is looked up: names are hashed for that."""

    lookups = 0

    def __hash__(self) -> int:
        CountedName.lookups += 1
        return super().__hash__()


def test_many_equal_names_are_numbered_in_few_steps() -> None:
    def names() -> Iterator[str]:
        yield from (CountedName("a.jpg") for _ in range(10_000))

    found = numbered(names())
    assert found[-1] == "a (10000).jpg"
    assert len(set(found)) == 10_000
    assert CountedName.lookups < 100_000


def test_half_characters_are_made_legible_and_all_others_stay() -> None:
    assert legible("a\ud800b\udcff") == "a\ufffdb\ufffd"
    assert legible("ü 😀.jpg") == "ü 😀.jpg"
