import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackdemo.errors import DatasetError, Stopped
from crackdemo.evaluation.heat import KnownPhoto, UnknownPhoto
from crackdemo.ui.tune.sets import _KEPT_EACH, _KEPT_SETS, Desk
from crackdemo.ui.workbench import Workbench


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def road(folder: Path, count: int = 3) -> Path:
    for number in range(count):
        noise = np.random.default_rng(number).integers(100, 200, (40, 50, 3), np.uint8)
        save(folder / "images" / f"{number}.png", noise)
        save(folder / "masks" / f"{number}.png", np.eye(40, 50, dtype=np.uint8) * 255)
    return folder


def files(folder: Path) -> list[str]:
    return [str(path) for path in sorted(folder.iterdir())]


def zipped(folder: Path, path: Path) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, Path("inner") / file.relative_to(folder))
    return str(path)


@pytest.fixture
def desk(tmp_path: Path, tiny_checkpoint: Path) -> Desk:
    return Desk(
        Workbench(tmp_path / "scratch", allowed=(tmp_path / "may",), shipped=tiny_checkpoint.parent)
    )


def test_photos_and_masks_are_matched_by_stem_and_the_rest_is_named(
    desk: Desk, tmp_path: Path
) -> None:
    folder = road(tmp_path / "given")
    save(folder / "masks" / "lonely.png", np.zeros((4, 4), np.uint8))
    (folder / "images" / "notes.txt").write_text("none")
    found = desk.get(desk.bring(files(folder / "images"), files(folder / "masks")))
    assert [photo.source.file for photo in found.photos] == [f"images/{n}.png" for n in range(3)]
    assert any("“lonely.png” belongs to no photo" in note for note in found.notes)
    assert any("notes.txt" in note for note in found.notes)


def test_a_zip_with_folders_needs_no_masks_beside_it(desk: Desk, tmp_path: Path) -> None:
    archive = zipped(road(tmp_path / "given"), tmp_path / "all.zip")
    assert len(desk.get(desk.bring([archive], [])).photos) == 3
    wall = tmp_path / "wall"
    save(wall / "clean" / "a.png", np.zeros((4, 4, 3), np.uint8))
    save(wall / "cracked" / "b.png", np.ones((4, 4, 3), np.uint8))
    found = desk.get(desk.bring([zipped(wall, tmp_path / "wall.zip")], []))
    assert [photo.cracked for photo in found.photos] == [False, True]


def test_what_has_no_truth_is_refused_and_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    folder = road(tmp_path / "given")
    with pytest.raises(DatasetError, match="No photo here has a truth"):
        desk.bring(files(folder / "images"), [])
    with pytest.raises(DatasetError, match="no photos yet"):
        desk.bring([], files(folder / "masks"))
    assert list((tmp_path / "scratch" / "tune").iterdir()) == []


def test_a_disk_that_fails_is_told_and_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    def full(given, folder: Path) -> list[str]:
        folder.mkdir()
        raise OSError(28, "No space left on device")

    folder = road(tmp_path / "given")
    with pytest.raises(DatasetError, match="No space left on device"):
        desk.bring(files(folder / "images"), [], full)
    assert list((tmp_path / "scratch" / "tune").iterdir()) == []


def test_only_folders_that_were_allowed_are_read(desk: Desk, tmp_path: Path) -> None:
    inside = road(tmp_path / "may" / "road")
    outside = road(tmp_path / "other")
    assert len(desk.get(desk.name(str(inside))).photos) == 3
    for text in (str(outside), "", f"{inside}/../../other", "\0", str(tmp_path / "may" / "gone")):
        with pytest.raises(DatasetError, match="may not read it") as refusal:
            desk.name(text)
        assert str(tmp_path) not in str(refusal.value)


def brought(desk: Desk, folder: Path, visitor: str) -> str:
    return desk.bring(files(folder / "images"), files(folder / "masks"), visitor=visitor)


def is_here(desk: Desk, number: str) -> bool:
    try:
        desk.get(number)
    except DatasetError as gone:
        assert "no longer here" in str(gone)
        return False
    return True


def test_a_visitors_many_starts_push_out_nobody_elses_set(desk: Desk, tmp_path: Path) -> None:
    folder = road(tmp_path / "given", 1)
    other = brought(desk, folder, "other")
    greedy = [brought(desk, folder, "greedy") for _ in range(_KEPT_SETS + 1)]
    assert is_here(desk, other)
    assert [is_here(desk, number) for number in greedy[-3:]] == [False, True, True]
    assert len(list((tmp_path / "scratch" / "tune").iterdir())) == 1 + _KEPT_EACH


def test_the_set_longest_not_used_makes_room_but_none_in_use(desk: Desk, tmp_path: Path) -> None:
    folder = road(tmp_path / "given", 1)
    held, looked_at, idle = (brought(desk, folder, f"early {n}") for n in range(3))
    with desk.holding(held):
        crowd = [brought(desk, folder, f"{n}") for n in range(_KEPT_SETS - 3)]
        assert is_here(desk, looked_at)
        brought(desk, folder, "one more")
        assert [is_here(desk, each) for each in (held, looked_at, idle)] == [True, True, False]
        for n in range(_KEPT_SETS):
            brought(desk, folder, f"late {n}")
        list(desk.score(held, desk.bench.resolve("tiny"), lambda: False))
    assert not is_here(desk, crowd[-1])
    assert desk.result(held, "tiny").photos
    assert len(list((tmp_path / "scratch" / "tune").iterdir())) == _KEPT_SETS


def test_a_set_in_use_outlives_its_visitors_newer_ones(desk: Desk, tmp_path: Path) -> None:
    folder = road(tmp_path / "given", 1)
    first = brought(desk, folder, "one")
    with desk.holding(first):
        for _ in range(3):
            last = brought(desk, folder, "one")
        assert desk.sets.keys() == {first, last}


def test_scores_are_kept_by_set_and_weights(desk: Desk, tmp_path: Path) -> None:
    folder = road(tmp_path / "given")
    (folder / "images" / "1.png").write_text("no photo")
    number = desk.bring(files(folder / "images"), files(folder / "masks"))
    weights = desk.bench.resolve("tiny")
    with pytest.raises(DatasetError, match="not scored the photos yet"):
        desk.result(number, "tiny")
    outcomes = list(desk.score(number, weights, lambda: False))
    assert [type(outcome) for outcome in outcomes] == [KnownPhoto, UnknownPhoto, KnownPhoto]
    scored = desk.result(number, "tiny")
    assert [photo.photo.source.file for photo in scored.photos] == ["images/0.png", "images/2.png"]
    assert len(scored.splits) == 2


def test_a_stop_keeps_no_half_a_set(desk: Desk, tmp_path: Path) -> None:
    folder = road(tmp_path / "given")
    number = desk.bring(files(folder / "images"), files(folder / "masks"))
    with pytest.raises(Stopped):
        list(desk.score(number, desk.bench.resolve("tiny"), lambda: True))
    with pytest.raises(DatasetError, match="not scored"):
        desk.result(number, "tiny")
