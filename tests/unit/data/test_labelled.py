import hashlib
from pathlib import Path

import pytest

from crackdemo.data.folders import find_samples
from crackdemo.data.labelled import find_labelled
from crackdemo.data.splits import split_of
from crackdemo.errors import DatasetError

DATA = Path(__file__).parents[3].parent / "shared" / "data"


def touched(folder: Path, *files: str) -> Path:
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file)  # no file is a byte copy of another
    return folder


def tenth(name: str) -> int:
    """As the data's README says it."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10


def test_photos_and_masks_are_matched_by_stem_whatever_their_formats(tmp_path: Path) -> None:
    folder = touched(tmp_path, "images/a.jpg", "images/sub/b.jpg", "masks/a.png", "masks/sub/b.tif")
    photos = find_labelled(folder)
    assert [(photo.source.file, photo.mask_path) for photo in photos] == [
        ("images/a.jpg", folder / "masks/a.png"),
        ("images/sub/b.jpg", folder / "masks/sub/b.tif"),
    ]


def test_a_photo_without_its_mask_is_kept_to_be_reported(tmp_path: Path) -> None:
    folder = touched(tmp_path, "images/a.jpg", "images/b.jpg", "masks/a.png", "masks/c.png")
    photos = find_labelled(folder)
    assert [photo.mask_path for photo in photos] == [folder / "masks/a.png", folder / "masks/b.png"]
    assert not (folder / "masks/b.png").exists()


def test_clean_and_cracked_photos_are_labelled_by_their_folder(tmp_path: Path) -> None:
    folder = touched(tmp_path, "clean/a.jpg", "cracked/a.jpg", "cracked/b.jpg", "other/c.jpg")
    photos = find_labelled(folder)
    assert [(photo.source.file, photo.cracked, photo.mask_path) for photo in photos] == [
        ("clean/a.jpg", False, None),
        ("cracked/a.jpg", True, None),
        ("cracked/b.jpg", True, None),
    ]


def test_both_kinds_of_labels_may_lie_in_one_folder(tmp_path: Path) -> None:
    folder = touched(tmp_path, "images/a.jpg", "masks/a.png", "clean/a.jpg", "cracked/a.jpg")
    assert len(find_labelled(folder)) == 3


def test_the_three_splits_share_the_photos_out(tmp_path: Path) -> None:
    names = [f"{number}" for number in range(40)]
    folder = touched(
        tmp_path / "road",
        *(f"images/{name}.jpg" for name in names),
        *(f"masks/{name}.png" for name in names),
        *(f"clean/{name}.jpg" for name in names),
    )
    tenths = {
        "test": {0, 1},
        "validation": {2},
        "train": {3, 4, 5, 6, 7, 8, 9},
    }
    for split, wanted in tenths.items():
        found = {photo.source.file for photo in find_labelled(folder, split)}
        assert found == {
            *(f"images/{name}.jpg" for name in names if tenth(f"road/{name}") in wanted),
            *(f"clean/{name}.jpg" for name in names if tenth(f"road/clean/{name}") in wanted),
        }


def copied(folder: Path, file: str, copy: str) -> None:
    touched(folder, copy).joinpath(copy).write_bytes((folder / file).read_bytes())


def stems_in(prefix: str) -> dict[str, list[str]]:
    """Stems of two digits by the split that their name puts them into, in order."""
    found: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for stem in (f"{number:02}" for number in range(100)):
        found[split_of(f"{prefix}/{stem}")].append(stem)
    return found


def test_a_byte_copy_is_in_the_split_of_the_first(tmp_path: Path) -> None:
    stems = stems_in("road")
    first, copy = next((a, b) for a in stems["train"] for b in stems["test"] if a < b)
    other = next(stem for stem in stems["test"] if stem != copy)
    folder = tmp_path / "road"
    for stem in (first, other):
        touched(folder, f"images/{stem}.jpg", f"masks/{stem}.png")
    touched(folder, f"masks/{copy}.png")
    copied(folder, f"images/{first}.jpg", f"images/{copy}.jpg")
    assert [photo.source.path.stem for photo in find_labelled(folder, "test")] == [other]
    assert {photo.source.path.stem for photo in find_labelled(folder, "train")} == {first, copy}
    assert len(find_labelled(folder)) == 3


def test_a_copy_follows_the_photo_that_a_fit_takes(tmp_path: Path) -> None:
    """A fit leaves clean/ alone where there are masks, and photos without theirs."""
    name = stems_in("road")["train"][-1]
    clean = stems_in("road/clean")["test"][0]
    maskless = next(stem for stem in stems_in("road")["test"] if stem < name)
    folder = touched(tmp_path / "road", f"images/{name}.jpg", f"masks/{name}.png")
    copied(folder, f"images/{name}.jpg", f"clean/{clean}.jpg")
    copied(folder, f"images/{name}.jpg", f"images/{maskless}.jpg")
    assert [(sample.path.stem, sample.split) for sample in find_samples(folder)] == [
        (name, "train")
    ]
    assert len(find_labelled(folder, "train")) == 3
    with pytest.raises(DatasetError, match="test split"):
        find_labelled(folder, "test")


def test_the_split_goes_by_the_folders_real_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = touched(tmp_path / "road", *(f"clean/{number}.jpg" for number in range(20)))
    expected = [photo.source.file for photo in find_labelled(folder, "test")]
    monkeypatch.chdir(folder)
    assert [photo.source.file for photo in find_labelled(Path(), "test")] == expected


@pytest.mark.parametrize(
    "files", [[], ["a.jpg"], ["images/a.jpg"], ["masks/a.png"], ["images/a.txt", "masks/a.png"]]
)
def test_a_folder_without_labelled_photos_is_refused(tmp_path: Path, files: list[str]) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(DatasetError, match="“data” holds no labelled photos") as caught:
        find_labelled(touched(tmp_path / "data", *files))
    assert str(tmp_path) not in str(caught.value)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder “gone”"):
        find_labelled(tmp_path / "gone")


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    name = next(str(n) for n in range(100) if tenth(f"road/clean/{n}") > 2)
    folder = touched(tmp_path / "road", f"clean/{name}.jpg")
    with pytest.raises(DatasetError, match="test split"):
        find_labelled(folder, "test")


@pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not beside the project")
def test_the_test_split_of_the_real_photos_is_that_of_their_readme() -> None:
    stems = [path.stem for path in (DATA / "sut_crack" / "images").iterdir()]
    expected = sorted(stem for stem in stems if tenth(f"sut_crack/{stem}") < 2)
    photos = find_labelled(DATA / "sut_crack", "test")
    assert sorted(photo.source.path.stem for photo in photos) == expected
    assert all(photo.mask_path and photo.mask_path.is_file() for photo in photos)
