from pathlib import Path

import pytest

from crackdemo.errors import SourceError
from crackdemo.photos.sources import Source, find_sources


def touched(folder: Path, *files: str) -> Path:
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def outputs(sources: list[Source]) -> dict[str, str]:
    return {source.file: source.stem for source in sources}


def test_a_folder_is_read_recursively_and_relative_paths_are_kept(tmp_path: Path) -> None:
    folder = touched(tmp_path / "in", "b.jpg", "a.PNG", "sub dir/c.tif", "notes.txt", ".hidden.jpg")
    assert outputs(find_sources([folder])) == {
        "a.PNG": "a",
        "b.jpg": "b",
        "sub dir/c.tif": "sub dir/c",
    }


def test_photos_with_one_stem_keep_their_extensions(tmp_path: Path) -> None:
    folder = touched(tmp_path, "a.jpg", "a.png", "b.jpg", "sub/a.jpg", "v1.2.jpg", "v1.3.jpg")
    assert outputs(find_sources([folder])) == {
        "a.jpg": "a.jpg",
        "a.png": "a.png",
        "b.jpg": "b",
        "sub/a.jpg": "sub/a",
        "v1.2.jpg": "v1.2",
        "v1.3.jpg": "v1.3",
    }


def test_a_stem_that_is_another_photos_whole_name_keeps_its_extension(tmp_path: Path) -> None:
    sources = find_sources([touched(tmp_path, "a.jpg", "a.png", "a.jpg.png")])
    assert len({source.stem for source in sources}) == 3


def test_files_are_taken_whatever_they_are_called(tmp_path: Path) -> None:
    touched(tmp_path, "photo", "photo.jpg", "from camera.dat")
    given = [tmp_path / name for name in ("photo", "photo.jpg", "from camera.dat")]
    assert outputs(find_sources(given)) == {
        "photo": "photo",
        "photo.jpg": "photo.jpg",
        "from camera.dat": "from camera",
    }


def test_photos_of_two_folders_with_one_relative_path_are_numbered(tmp_path: Path) -> None:
    first = touched(tmp_path / "first", "sub/a.jpg", "b.jpg")
    second = touched(tmp_path / "second", "sub/a.jpg", "sub/a (2).jpg")
    sources = find_sources([first, second])
    assert [(source.path, source.file) for source in sources] == [
        (first / "b.jpg", "b.jpg"),
        (first / "sub/a.jpg", "sub/a.jpg"),
        (second / "sub/a (2).jpg", "sub/a (2).jpg"),
        (second / "sub/a.jpg", "sub/a (3).jpg"),
    ]


def test_a_photo_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    folder = touched(tmp_path, "a.jpg", "b.jpg")
    assert outputs(find_sources([folder / "b.jpg", folder])) == {"b.jpg": "b", "a.jpg": "a"}


def test_folders_can_be_left_out(tmp_path: Path) -> None:
    folder = touched(tmp_path, "a.jpg", "out/masks/a.png", "masks/b.png")
    assert set(outputs(find_sources([folder], [folder / "out"]))) == {"a.jpg", "masks/b.png"}


def test_a_missing_photo_is_left_to_be_reported_with_the_others(tmp_path: Path) -> None:
    touched(tmp_path, "a.jpg")
    given = [tmp_path / "a.jpg", tmp_path / "gone.jpg"]
    assert [source.path for source in find_sources(given)] == given


@pytest.mark.parametrize("name", ["missing", "empty", "texts"])
def test_a_folder_that_is_missing_or_without_photos_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    touched(tmp_path / "texts", "a.txt")
    good = touched(tmp_path / "good", "a.jpg")
    with pytest.raises(SourceError, match=f"“{name}”") as caught:
        find_sources([good, tmp_path / name])
    assert str(tmp_path) not in str(caught.value)
