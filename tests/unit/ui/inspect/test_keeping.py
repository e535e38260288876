"""Photos that a page finds again."""

from pathlib import Path

import pytest
from gradio.data_classes import FileDataDict

from crackdemo.ui.inspect.examples import example_photos, with_example
from crackdemo.ui.inspect.keeping import KeptPhotos

SECRET = "ab" * 24


def upload(path: Path) -> FileDataDict:
    path.touch()
    return {"path": str(path), "orig_name": path.name}


def test_a_page_finds_what_it_had_last_and_is_still_there(tmp_path: Path) -> None:
    kept = KeptPhotos()
    first, second = upload(tmp_path / "a.png"), upload(tmp_path / "b.png")
    kept.keep(SECRET, [first])
    kept.keep(SECRET, [first, second])
    assert kept.find(SECRET) == [first, second]
    (tmp_path / "a.png").unlink()
    assert kept.find(SECRET) == [second]
    assert kept.find("cd" * 24) == [] and kept.find(None) == []
    kept.keep(SECRET, None)
    assert kept.find(SECRET) == []


def test_who_logs_in_at_the_tab_of_another_finds_nothing_of_his(tmp_path: Path) -> None:
    kept, photo = KeptPhotos(), upload(tmp_path / "a.png")
    kept.keep(SECRET, [photo], "anna")
    assert kept.find(SECRET, "anna") == [photo]
    assert kept.find(SECRET, "bert") == [] == kept.find(SECRET)


def test_a_secret_that_could_be_guessed_keeps_nothing(tmp_path: Path) -> None:
    kept = KeptPhotos()
    for secret in ("", None, "1234"):
        kept.keep(secret, [upload(tmp_path / "a.png")])
        assert kept.find(secret) == []


def test_neither_a_long_secret_nor_many_files_fill_the_memory(tmp_path: Path) -> None:
    kept, file = KeptPhotos(), upload(tmp_path / "a.jpg")
    kept.keep("s" * 129, [file])
    assert kept.find("s" * 129) == []
    for number in range(4):
        kept.keep(f"{number:032}", [file] * 20_000)
    found = [len(kept.find(f"{number:032}")) for number in range(4)]
    assert found == [0, 0, 20_000, 20_000]


def test_the_oldest_pages_are_forgotten_first(tmp_path: Path) -> None:
    kept, file = KeptPhotos(), upload(tmp_path / "a.png")
    secrets = [f"{number:048}" for number in range(300)]
    for secret in secrets:
        kept.keep(secret, [file])
    assert kept.find(secrets[0]) == [] and kept.find(secrets[-1]) == [file]


def test_an_example_is_added_once_and_only_a_known_one(tmp_path: Path) -> None:
    mine, example = upload(tmp_path / "a.png"), example_photos()[0]
    added = with_example([mine], example.name)
    assert [file.get("orig_name") for file in added] == ["a.png", example.name]
    assert with_example(added, example.name) == added
    assert with_example([mine], "../../app.py") == [mine]
    assert len(with_example(None, example.name)) == 1
    assert len(with_example(None, example.name, tmp_path, lambda folder: 2**40)) == 1
    with pytest.raises(OSError, match="No space left"):
        with_example(None, example.name, tmp_path, lambda folder: 2**20)
