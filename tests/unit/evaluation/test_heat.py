from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crackdemo.checkpoints.names import Weights
from crackdemo.data.labelled import LabelledPhoto, find_labelled
from crackdemo.detection.detector import Detection
from crackdemo.errors import FolderError, Stopped
from crackdemo.evaluation.heat import HeatCache, KnownPhoto, UnknownPhoto
from tests.fakes import FakeDetector, one_crack

WEIGHTS = Weights(Path("anywhere"), "tiny", version="1")


@pytest.fixture
def folder(tmp_path: Path, save_photo) -> Path:
    """Three photos (10, 12) with masks; the last shows no crack."""
    for number in range(3):
        pixels = np.full((10, 12, 3), 100 + number, np.uint8)
        mask = np.zeros((10, 12), np.uint8)
        mask[5, 2 : 9 if number < 2 else 2] = 255
        save_photo(tmp_path / "road" / "images" / f"{number}.png", pixels)
        save_photo(tmp_path / "road" / "masks" / f"{number}.png", mask)
    return tmp_path / "road"


def scored(cache: HeatCache, photos, detector=None, weights: Weights = WEIGHTS) -> list:
    return list(cache.score(photos, weights, detector or FakeDetector(one_crack())))


def test_heatmap_truth_and_score_come_back_as_they_were(folder: Path, tmp_path: Path) -> None:
    known = scored(HeatCache(tmp_path / "heat"), find_labelled(folder))
    assert [photo.cracked for photo in known] == [True, True, False]
    heatmap, truth = known[0].read()
    assert heatmap.dtype == np.uint16
    assert np.array_equal(heatmap, one_crack().heatmap)
    assert np.array_equal(truth, np.isin(np.arange(120), range(62, 69)).reshape(10, 12))
    assert known[0].score == one_crack().score
    assert not known[2].read()[1].any()


def test_no_network_runs_twice(folder: Path, tmp_path: Path) -> None:
    photos = find_labelled(folder)
    first = HeatCache(tmp_path / "heat")
    known = scored(first, photos)
    again = HeatCache(tmp_path / "heat")
    assert scored(again, photos) == known
    assert (first.passes, again.passes) == (3, 0)
    assert len(scored(again, photos, weights=replace(WEIGHTS, version="2"))) == again.passes == 3


def test_a_mask_that_was_drawn_again_counts(folder: Path, tmp_path: Path, save_photo) -> None:
    cache = HeatCache(tmp_path / "heat")
    scored(cache, find_labelled(folder))
    save_photo(folder / "masks" / "2.png", np.full((10, 12), 255, np.uint8))
    known = scored(cache, find_labelled(folder))
    assert known[2].cracked
    assert known[2].read()[1].all()
    assert "marks 100 %" in known[2].note


def test_clean_and_cracked_photos_have_no_mask(tmp_path: Path, save_photo) -> None:
    save_photo(tmp_path / "wall" / "cracked" / "a.png", np.full((10, 12, 3), 9, np.uint8))
    [known] = scored(HeatCache(tmp_path / "heat"), find_labelled(tmp_path / "wall"))
    assert known.cracked
    assert not known.read()[1].any()


def test_a_damaged_file_is_made_again(folder: Path, tmp_path: Path) -> None:
    cache = HeatCache(tmp_path / "heat")
    photos = find_labelled(folder)
    [first, *_] = scored(cache, photos)
    first.heat.write_bytes(first.heat.read_bytes()[:50])
    [again, *_] = scored(cache, photos)
    assert np.array_equal(again.read()[0], one_crack().heatmap)
    assert cache.passes == 4


def test_photos_that_cannot_be_used_are_told_and_the_rest_goes_on(
    folder: Path, tmp_path: Path, save_photo
) -> None:
    save_photo(folder / "masks" / "0.png", np.zeros((10, 11), np.uint8))
    (folder / "masks" / "1.png").unlink()
    save_photo(folder / "images" / "2.jpg", np.zeros((10, 12, 3), np.uint8))
    photos = find_labelled(folder)
    outcomes = scored(HeatCache(tmp_path / "heat"), photos)
    reasons = {outcome.photo.source.path.name: outcome.reason for outcome in outcomes}
    assert "0.png and its mask differ in size (12 x 10 and 11 x 10 pixels)" in reasons["0.png"]
    assert "mask 1.png was not found" in reasons["1.png"]
    assert "same stem as 2.png" in reasons["2.jpg"]
    assert "same stem as 2.jpg" in reasons["2.png"]
    assert all(isinstance(outcome, UnknownPhoto) for outcome in outcomes)


def test_lack_of_memory_is_one_photos_matter(folder: Path, tmp_path: Path) -> None:
    detector = FakeDetector(one_crack(), [MemoryError()])
    first, second, _ = scored(HeatCache(tmp_path / "heat"), find_labelled(folder), detector)
    assert "lack of memory" in first.reason
    assert isinstance(second, KnownPhoto)


def test_stopping_ends_it_and_what_was_done_stays(folder: Path, tmp_path: Path) -> None:
    photos = find_labelled(folder)
    with pytest.raises(Stopped):
        scored(HeatCache(tmp_path / "heat"), photos, FakeDetector(one_crack(), [None, Stopped()]))
    again = HeatCache(tmp_path / "heat")
    assert len(scored(again, photos)) == 3
    assert again.passes == 2


def test_soft_edges_are_told(folder: Path, tmp_path: Path, save_photo) -> None:
    soft = np.zeros((10, 12), np.uint8)
    soft[4:7, 2:9] = 90
    soft[5, 2:9] = 255
    save_photo(folder / "masks" / "0.png", soft)
    [known, *_] = scored(HeatCache(tmp_path / "heat"), find_labelled(folder))
    assert "0.png has soft edges (11.7 % of its pixels)" in known.note
    assert int(known.read()[1].sum()) == 7


def test_a_disk_that_fails_is_told_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    cache = HeatCache(tmp_path / "heat")
    (tmp_path / "heat").rmdir()
    with pytest.raises(FolderError, match=r"cannot be kept [(]No such file or directory[)]: free"):
        scored(cache, find_labelled(folder))


def test_a_photo_that_vanished_is_told(folder: Path, tmp_path: Path) -> None:
    photos: list[LabelledPhoto] = find_labelled(folder)
    (folder / "images" / "0.png").unlink()
    outcomes = scored(HeatCache(tmp_path / "heat"), photos)
    assert "0.png was not found" in outcomes[0].reason


def test_memory_holds_one_photo_at_a_time(folder: Path, tmp_path: Path) -> None:
    big = Detection(np.zeros((1, 1, 3), np.uint8), np.zeros((10, 12), np.uint16), 0.1)
    cache = HeatCache(tmp_path / "heat")
    for outcome in cache.score(iter(find_labelled(folder)), WEIGHTS, FakeDetector(big)):
        assert isinstance(outcome, KnownPhoto)
        assert not any(isinstance(value, np.ndarray) for value in vars(outcome).values())
