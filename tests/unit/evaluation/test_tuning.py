import json
from pathlib import Path

import numpy as np
import pytest

from crackdemo.checkpoints.names import Weights
from crackdemo.data.labelled import find_labelled
from crackdemo.errors import DatasetError
from crackdemo.evaluation.gain import count_each
from crackdemo.evaluation.heat import HeatCache
from crackdemo.evaluation.tune import Search
from crackdemo.evaluation.tuning import SearchFile, conclude, tuning_parts, write_tuning
from crackdemo.masks.presets import read_preset
from tests.fakes import FakeDetector, one_crack
from tests.plain import plain_mask
from tests.unit.evaluation.test_tune import OWN, PHOTOS, SPACE, cracked

WEIGHTS = Weights(Path("anywhere"), "tiny", commit="a" * 40)


def touched(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(file)
    return folder


def test_the_parts_share_no_photo_and_are_said_in_words(tmp_path: Path) -> None:
    names = [str(number) for number in range(40)]
    folder = touched(
        tmp_path / "road",
        *(f"images/{name}.jpg" for name in names),
        *(f"masks/{name}.png" for name in names),
    )
    parts = tuning_parts(folder)
    choosing = {photo.source.file for photo in parts.choosing}
    reporting = {photo.source.file for photo in parts.reporting}
    assert choosing == {photo.source.file for photo in find_labelled(folder, "validation")}
    assert reporting == {photo.source.file for photo in find_labelled(folder, "test")}
    assert f"{len(choosing)} photos of the validation part choose" in parts.sentence
    assert f"{len(reporting)} photos of the test part, which" in parts.sentence
    named = tuning_parts(folder, "test")
    assert (named.choosing_split, named.reporting_split) == ("test", "validation")


def test_too_few_photos_for_two_parts_are_refused(tmp_path: Path) -> None:
    folder = touched(tmp_path / "road", "images/a.jpg", "masks/a.png")
    with pytest.raises(DatasetError, match="None of the 1 photos with masks falls into"):
        tuning_parts(folder)


@pytest.mark.parametrize("files", [["clean/a.jpg", "cracked/b.jpg"], ["a.jpg"]])
def test_a_folder_without_masks_is_refused(tmp_path: Path, files: list[str]) -> None:
    with pytest.raises(DatasetError, match="no photos with masks"):
        tuning_parts(touched(tmp_path / "road", *files))
    with pytest.raises(DatasetError, match="no folder “gone”"):
        tuning_parts(tmp_path / "gone")


def search_over(photos) -> Search:
    search = Search(photos, OWN, "pixel_f1", SPACE)
    list(search.run())
    return search


def test_a_search_is_kept_and_taken_up_again(tmp_path: Path, save_photo) -> None:
    save_photo(tmp_path / "w" / "images" / "a.png", np.zeros((10, 12, 3), np.uint8))
    save_photo(tmp_path / "w" / "masks" / "a.png", np.eye(10, 12, dtype=np.uint8) * 255)
    cache = HeatCache(tmp_path / "heat")
    photos = list(cache.score(find_labelled(tmp_path / "w"), WEIGHTS, FakeDetector(one_crack())))
    done = search_over(photos)
    SearchFile(tmp_path / "s.npz", photos, "these").save(done)
    same, other = (Search(photos, OWN, "pixel_f1", SPACE) for _ in range(2))
    SearchFile(tmp_path / "s.npz", photos, "these").restore(same)
    SearchFile(tmp_path / "s.npz", photos, "others").restore(other)
    assert (same.done, other.done) == (same.steps, 0)
    assert same.chosen() == done.chosen()
    (tmp_path / "s.npz").write_bytes(b"broken")
    SearchFile(tmp_path / "s.npz", photos, "these").restore(other)
    assert other.done == 0


def test_the_files_say_which_photos_chose_what(tmp_path: Path) -> None:
    names = [str(number) for number in range(40)]
    folder = touched(
        tmp_path / "road",
        *(f"images/{name}.jpg" for name in names),
        *(f"masks/{name}.png" for name in names),
    )
    chosen = search_over(PHOTOS).chosen()
    unseen = [cracked(number) for number in range(11, 16)]
    counts = [
        list(count_each(photos, (chosen.mask, OWN), lambda _: True)) for photos in (PHOTOS, unseen)
    ]
    tuning = conclude("pixel_f1", chosen, OWN, *counts)
    write_tuning(tmp_path, tuning, tuning_parts(folder), WEIGHTS, "road")
    preset = read_preset(tmp_path / "preset.json", plain_mask())
    assert (preset.mask, preset.weights, preset.commit) == (chosen.mask, "tiny", "a" * 40)
    values = json.loads((tmp_path / "tuning.json").read_text())
    chose = values["validation (chose the settings: too good)"]
    assert chose["tuned"]["pixel_f1"] == pytest.approx(chosen.figure)
    reports = values["test (reports them)"]
    gain = reports["tuned"]["pixel_f1"] - reports["calibrated"]["pixel_f1"]
    assert values["gain"]["gain"] == pytest.approx(gain)
    assert values["gain"]["finding"] == "better"
    assert "the tuned settings are better" in values["in words"]
    assert "95 % interval" in values["in words"]
    few = conclude("pixel_f1", chosen, OWN, counts[0], counts[1][:4])
    assert "too few photos report" in few.sentence and "interval" not in few.sentence
