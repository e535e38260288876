"""What a survey is given, as a list of photos."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("ray")

from crackdemo.errors import SurveyError
from crackdemo.survey.sources import Photo, find_photos_of


@pytest.fixture
def archive(tmp_path: Path, save_photo: Callable[..., Path]) -> Path:
    for name in ("a.png", "deep/b.png", "deep/deeper/c.png"):
        save_photo(tmp_path / "archive" / name)
    (tmp_path / "archive" / "notes.md").write_text("no photo")
    return tmp_path / "archive"


def files(*sources: object) -> list[str]:
    return [photo.file for photo in find_photos_of([str(source) for source in sources])]


def test_a_folder_is_read_recursively(archive: Path) -> None:
    assert files(archive) == ["a.png", "deep/b.png", "deep/deeper/c.png"]
    assert find_photos_of([str(archive)])[1].place == str(archive / "deep" / "b.png")


def test_a_glob_begins_at_its_last_whole_folder(archive: Path) -> None:
    assert files(f"{archive}/*") == ["a.png"]
    assert files(f"{archive}/deep/**/*.png") == ["b.png", "deeper/c.png"]


def test_a_list_names_files_beside_it_and_addresses(archive: Path) -> None:
    listing = archive / "photos.txt"
    listing.write_text(
        "\ufeff# of today\n\ndeep/b.png\n  https://host/way/d.jpg?token=secret  \ngone.jpg\n"
    )
    assert find_photos_of([str(listing)]) == [
        Photo(str(archive / "deep/b.png"), "deep/b.png"),
        Photo("https://host/way/d.jpg?token=secret", "way/d.jpg"),
        Photo(str(archive / "gone.jpg"), "gone.jpg"),
    ]


def test_what_leads_out_of_a_list_has_a_name_without_the_way(archive: Path) -> None:
    listing = archive / "deep" / "photos.txt"
    listing.write_text(f"../a.png\n{archive}/deep/b.png\n")
    found = find_photos_of([str(listing)])
    assert found[0].file == "a.png"
    assert not found[1].file.startswith("/")


def test_a_photo_counts_once_and_its_name_stays_unique(archive: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.png").write_bytes((archive / "a.png").read_bytes())
    assert files(archive / "a.png", archive / "a.png", other) == ["a.png", "a (2).png"]


def test_an_address_of_the_web_is_one_photo() -> None:
    assert files("http://host/a%20b.jpg?key=1") == ["a b.jpg"]


@pytest.mark.parametrize("name", ["missing", "missing.txt", "missing/*.jpg", "empty", "broken.txt"])
def test_a_source_without_photos_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(SurveyError) as refusal:
        files(tmp_path / name)
    assert str(tmp_path) not in str(refusal.value)
