import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.errors import CrackdemoError
from crackdemo.inspection.predict import Inspected
from crackdemo.inspection.verdict import judge
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.presets import Preset
from crackdemo.masks.rle import decode
from crackdemo.photos.images import read_photo
from crackdemo.photos.sources import Source
from crackdemo.ui.submit.sheet import MOST, Sheet
from crackdemo.ui.submit.tab import FOLDER, UPLOAD, Made, Wish, steps
from crackdemo.ui.workbench import Workbench
from tests.fakes import FakeDetector, one_crack
from tests.plain import plain_mask

WISH = Wish(UPLOAD, None, "", "tiny", None, None, False, "", "column", 1, "")


@pytest.fixture
def bench(tmp_path: Path, tiny_checkpoint: Path) -> Workbench:
    allowed = (tmp_path / "may",)
    return Workbench(tmp_path / "scratch", allowed=allowed, shipped=tiny_checkpoint.parent)


@pytest.fixture
def photos(tmp_path: Path, save_photo) -> list[str]:
    """Four photos of a dark line on noise, each its own."""
    paths = []
    for number in range(4):
        noise = np.random.default_rng(number).normal(150, 12, (40, 50, 3)).clip(0, 255)
        noise[20:23, 5 : 20 + 5 * number] = 40
        path = tmp_path / "may" / "photos" / f"{number}.png"
        paths.append(str(save_photo(path, noise.astype(np.uint8))))
    return paths


def made(bench: Workbench, wish: Wish) -> Made:
    *_, last = steps(bench, wish, "ann", lambda: False)
    assert isinstance(last, Made)
    return last


def test_the_file_holds_the_masks_of_all_photos(
    bench: Workbench, photos: list[str], tiny_checkpoint: Path
) -> None:
    result = made(bench, replace(WISH, photos=photos))
    header, *lines = result.file.read_text().splitlines()
    assert header == "file,crack"
    checkpoint = load_checkpoint(tiny_checkpoint)
    for path, line in zip(photos, lines, strict=True):
        name, _, runs = line.partition(",")
        heatmap = checkpoint.detector().detect(read_photo(Path(path))).heatmap
        assert name == Path(path).name
        assert np.array_equal(decode(runs, (40, 50)), cut_mask(heatmap, checkpoint.config.mask))
    assert result.summary.startswith("4 rows")
    assert len(result.pictures) == 4
    assert list((bench.scratch / "intake").iterdir()) == []


def test_a_zip_and_a_folder_give_the_same_rows(
    bench: Workbench, photos: list[str], tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in photos:
            archive.write(path, Path(path).name)
        archive.writestr("../out.png", b"x")
    from_zip = made(bench, replace(WISH, photos=[str(tmp_path / "all.zip")]))
    named = replace(WISH, source=FOLDER, folder=str(tmp_path / "may" / "photos"))
    assert from_zip.file.read_text() == made(bench, named).file.read_text()
    assert any("leads out of the ZIP" in note for note in from_zip.notes)


def test_a_stop_is_told_and_the_next_start_goes_on(bench: Workbench, photos: list[str]) -> None:
    wish = replace(WISH, photos=photos)
    asked = iter([False, True])
    *_, last = steps(bench, wish, "ann", lambda: next(asked))
    assert last == "Stopped after 2 of 4 photos; the next start goes on from here."
    result = made(bench, wish)
    assert len(result.pictures) == 2  # those that were scored now
    assert result.title.endswith(
        ": 2 photos, the most marked first; without 2 scored before the stop"
    )
    assert result.summary.startswith("4 rows")


def test_another_visitor_begins_anew(bench: Workbench, photos: list[str]) -> None:
    wish = replace(WISH, photos=photos)
    asked = iter([False, True])
    list(steps(bench, wish, "bob", lambda: next(asked)))
    assert len(made(bench, wish).pictures) == 4


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "There are no photos yet"),
        ({"source": FOLDER, "folder": "/"}, "may not read it"),
        ({"source": FOLDER, "folder": ""}, "may not read it"),
        ({"columns": "one"}, "two column names"),
        ({"weights": "none"}, "no weights"),
        ({"empty": "1 1"}, "would read as a mask"),
    ],
)
def test_what_cannot_be_met_is_refused(
    bench: Workbench, photos: list[str], change: dict, reason: str
) -> None:
    given = photos if change and "source" not in change else None
    with pytest.raises(CrackdemoError, match=reason):
        made(bench, replace(WISH, photos=given, **change))


def test_a_preset_chooses_the_class(
    tmp_path: Path, classes_checkpoint: Path, photos: list[str]
) -> None:
    bench = Workbench(tmp_path / "scratch", shipped=classes_checkpoint.parent)
    preset = tmp_path / "mine.json"
    preset.write_text('{"version": 2, "class": "joint"}')
    wish = replace(WISH, photos=photos[:1], weights=classes_checkpoint.name, preset=str(preset))
    _, line = made(bench, wish).file.read_text().splitlines()
    checkpoint = load_checkpoint(classes_checkpoint)
    found = checkpoint.detector().detect(read_photo(Path(photos[0])))
    joint = cut_mask(found.classes["joint"], checkpoint.config.mask)
    assert not np.array_equal(joint, cut_mask(found.heatmap, checkpoint.config.mask))
    assert np.array_equal(decode(line.split(",")[1], (40, 50)), joint)
    preset.write_text('{"version": 2, "class": "pothole"}')
    with pytest.raises(CrackdemoError, match="know no class “pothole”: take crack or joint"):
        made(bench, wish)


def inspected(number: int, share: float) -> Inspected:
    detection = one_crack()
    verdict = judge(detection, FakeDetector(detection), Preset(plain_mask()))
    mask = np.zeros((10, 12), bool)
    mask.ravel()[: round(share * 120)] = True
    source = Source(Path("x"), f"{number}.jpg", f"{number}")
    photo = np.full((10, 12, 3), 100, np.uint8)
    return Inspected(source, photo, "0", detection, replace(verdict, mask=mask), 0.1)


def test_the_sheet_shows_the_most_marked_photos_and_some_others() -> None:
    sheet = Sheet(gate=False)
    shares = np.random.default_rng(0).permutation(200) / 200
    for number, share in enumerate(shares):
        sheet.add(inspected(number, float(share)))
    names = [caption.partition("· ")[2].partition(".")[0] for _, caption in sheet.pictures()]
    assert len(names) == len(set(names)) == 2 * MOST
    most = sorted(range(200), key=lambda number: -round(shares[number] * 120))[:MOST]
    least_of_most = round(shares[most[-1]] * 120)
    assert all(round(shares[int(name)] * 120) >= least_of_most for name in names[:MOST])


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "no photo"),
        (1, "1 photo"),
        (9, "9 photos, the most marked first"),
        (20, "20 photos, the 12 most marked first"),
        (200, "the 12 most marked of 200 photos, then 12 of the others"),
    ],
)
def test_the_sheets_title_says_what_is_shown(count: int, said: str) -> None:
    sheet = Sheet(gate=False)
    shares = np.random.default_rng(1).permutation(count) / max(1, count)
    for number, share in enumerate(shares):
        sheet.add(inspected(number, float(share)))
    assert sheet.title(0) == f"What will be submitted: {said}"
    shown = sheet.pictures()
    assert len(shown) == min(count, 2 * MOST)
    marked = [float(caption.partition(" ")[0]) for _, caption in shown[:MOST]]
    assert marked == sorted(marked, reverse=True)


def test_the_gate_shows_what_it_empties() -> None:
    sheet = Sheet(gate=True)
    sheet.add(inspected(0, 0.5))
    [(picture, caption)] = sheet.pictures()
    assert caption == "emptied by the gate · 0.jpg"
    assert (picture == 100).all()
    assert Image.fromarray(picture).size == (12, 10)
