import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from crackdemo.arrays import RgbImage
from crackdemo.detection.detector import Detection, ScoredPart
from crackdemo.errors import PhotoError, Stopped
from crackdemo.inspection.store import (
    KEPT_FREE,
    ScoredPhotos,
    Visitor,
    heatmap_file,
    packed_heatmap,
    shown_file,
)
from crackdemo.photos.images import read_photo
from tests.fakes import FakeDetector, one_crack

SIDE = 40
BYTES_EACH = 5 * SIDE * SIDE


class FirstPixel(FakeDetector):
    """Says of a photo what its first pixel says; can be held up."""

    def __init__(self) -> None:
        super().__init__(one_crack())
        self.gate = threading.Event()
        self.gate.set()

    def detect(self, photo: RgbImage, should_stop=None, heal=True) -> Detection:
        self.photos += 1
        self.gate.wait(10)
        value = int(photo[0, 0, 0])
        heatmap = np.full(photo.shape[:2], 257 * value, np.uint16)
        parts = (ScoredPart(0, 0, 4, 5, 0.25), ScoredPart(2, 0, SIDE, SIDE, value / 255))
        return Detection(255 - photo, heatmap, value / 255, parts)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = []
    for value in (10, 20, 30):
        paths.append(tmp_path / f"{value}.png")
        cv2.imwrite(str(paths[-1]), np.full((SIDE, SIDE, 3), value, np.uint8))
    return paths


def test_what_could_not_be_kept_leaves_nothing_behind(tmp_path, photos):
    class Unkept(FirstPixel):
        def detect(self, photo: RgbImage, should_stop=None, heal=True) -> Detection:
            found = super().detect(photo, should_stop, heal)
            return replace(found, heatmap=np.zeros((0, 0), np.uint16))  # no PNG holds it

    store = ScoredPhotos(tmp_path / "cache")
    with pytest.raises((cv2.error, OSError)):
        store.score(photos[0], "one", Unkept)
    assert list((tmp_path / "cache").iterdir()) == []
    store.score(photos[0], "one", FirstPixel)


def test_a_photo_is_scored_once_for_each_weights(tmp_path, photos):
    store, detector = ScoredPhotos(tmp_path / "cache"), FirstPixel()
    for weights in ("one", "other", "one"):
        for path in photos:
            store.score(path, weights, lambda: detector)
    assert store.passes == 6


def test_what_left_memory_comes_back_from_disk_as_it_was(tmp_path, photos):
    store, detector = ScoredPhotos(tmp_path / "cache", memory_bytes=BYTES_EACH), FirstPixel()
    first = store.score(photos[0], "w", lambda: detector)
    for path in photos[1:]:
        store.score(path, "w", lambda: detector)
    again = store.score(photos[0], "w", lambda: pytest.fail("scored anew"))
    assert again is not first
    assert np.array_equal(again.detection.heatmap, first.detection.heatmap)
    assert again.detection.parts == first.detection.parts
    assert np.array_equal(again.detection.reconstruction, first.detection.reconstruction)
    assert np.array_equal(again.photo, first.photo)
    assert again.detection.score == first.detection.score
    assert store.passes == 3


def test_the_heatmaps_of_classes_come_back_too(tmp_path, photos):
    names = ("pot-hole", "crack", "joint 2")
    heatmaps = {name: np.full((SIDE, SIDE), 999 * n, np.uint16) for n, name in enumerate(names)}
    detector = FakeDetector(replace(one_crack(), classes=heatmaps))
    store = ScoredPhotos(tmp_path / "cache", memory_bytes=BYTES_EACH)
    first, _ = (store.score(path, "w", lambda: detector) for path in photos[:2])
    again = store.score(photos[0], "w", lambda: pytest.fail("scored anew"))
    assert again is not first and list(again.detection.classes) == list(names)
    for name, heatmap in heatmaps.items():
        assert np.array_equal(again.detection.classes[name], heatmap)
    packed = cv2.imread(str(heatmap_file(first, "joint 2")))
    assert np.array_equal(packed[..., ::-1], packed_heatmap(heatmaps["joint 2"]))
    for unknown in ("stain", None):
        assert heatmap_file(first, unknown) == shown_file(first.folder, "heatmap.png")


def test_a_photo_of_12_megapixels_takes_60_mb_of_memory(tmp_path):
    tracemalloc.start()
    try:
        path = tmp_path / "large.png"
        cv2.imwrite(str(path), np.full((3000, 4000, 3), 9, np.uint8))
        before = tracemalloc.get_traced_memory()[0]
        scored = ScoredPhotos(tmp_path / "cache").score(path, "w", FirstPixel)
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert scored.detection.heatmap.shape == (3000, 4000)
    assert held <= 60.5e6  # and what Python keeps beside


def test_nothing_is_on_the_disk_twice(tmp_path, photos):
    folder = ScoredPhotos(tmp_path / "cache").score(photos[0], "w", FirstPixel).folder
    names = ("photo.jpg", "thumbnail.jpg", "reconstruction.jpg", "heatmap.png")
    views = {shown_file(folder, name).name for name in names}
    assert {path.name for path in folder.iterdir()} == {*views, "reconstruction.npy", "figures.npy"}


def test_the_oldest_make_room_on_a_bounded_disk(tmp_path, photos):
    folder, detector = tmp_path / "cache", FirstPixel()
    one = ScoredPhotos(tmp_path / "measure").score(photos[0], "w", lambda: detector).folder
    size = sum(file.stat().st_size for file in one.iterdir())
    store = ScoredPhotos(folder, disk_bytes=2 * size + size // 2)
    folders = [store.score(path, "w", lambda: detector).folder for path in photos]
    assert [folder.is_dir() for folder in folders] == [False, True, True]
    store.score(photos[0], "w", lambda: detector)
    assert store.passes == 4


def test_two_who_ask_at_once_share_one_pass(tmp_path, photos):
    store, detector = ScoredPhotos(tmp_path / "cache"), FirstPixel()
    detector.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(store.score, photos[0], "w", lambda: detector) for _ in range(2)]
        detector.gate.set()
        heatmaps = [one.result(20).detection.heatmap for one in asked]
    assert np.array_equal(*heatmaps)
    assert store.passes == 1


def test_who_waits_for_another_pass_can_still_stop(tmp_path, photos):
    store, detector = ScoredPhotos(tmp_path / "cache"), FirstPixel()
    detector.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(store.score, photos[0], "w", lambda: detector)
        while detector.photos == 0:
            pass
        with pytest.raises(Stopped):
            store.score(photos[1], "w", lambda: detector, lambda: True)
        detector.gate.set()
        busy.result(20)
    assert store.passes == 1


def test_a_photo_that_cannot_be_read_costs_no_pass(tmp_path):
    store = ScoredPhotos(tmp_path / "cache")
    with pytest.raises(PhotoError):
        store.score(tmp_path / "missing.png", "w", FakeDetector)
    assert store.passes == 0


def test_a_packed_heatmap_holds_all_sixteen_bits():
    heatmap = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    packed = packed_heatmap(heatmap).astype(np.uint16)
    assert np.array_equal(packed[..., 0] * 256 + packed[..., 1], heatmap)
    assert not packed[..., 2].any()


def test_who_scores_while_another_makes_room_meets_no_missing_folder(tmp_path, photos):
    """Each photo throws the others out: what one thread has just written, another removes."""
    store, detector = ScoredPhotos(tmp_path / "cache", disk_bytes=1, memory_bytes=1), FirstPixel()
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(store.score, photos[i % 3], "w", lambda: detector) for i in range(60)]
        assert all(one.result(60).detection.score >= 0 for one in asked)


def test_a_photo_is_known_by_its_content(tmp_path, photos):
    store, detector = ScoredPhotos(tmp_path / "cache"), FirstPixel()
    first = store.score(photos[0], "w", lambda: detector)
    copy = photos[0].with_name("copy.png")
    copy.write_bytes(photos[0].read_bytes())
    assert store.score(copy, "w", lambda: detector).sha256 == first.sha256
    assert store.passes == 1
    copy.write_bytes(photos[1].read_bytes())
    assert store.score(copy, "w", lambda: detector).sha256 != first.sha256
    assert store.passes == 2


def test_a_thumbnail_is_made_with_the_score(tmp_path, photos):
    scored = ScoredPhotos(tmp_path / "cache").score(photos[0], "w", FirstPixel)
    assert shown_file(scored.folder, "thumbnail.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_a_photo_is_decoded_in_its_turn_alone(tmp_path, photos):
    """Else sixteen that wait hold sixteen photos in memory."""
    detector, read = FirstPixel(), []

    def reader(path: Path) -> RgbImage:
        read.append(path)
        return read_photo(path)

    store = ScoredPhotos(tmp_path / "cache", read=reader)
    detector.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(store.score, path, "w", lambda: detector) for path in photos]
        while store.line.waiting() < 2:
            pass
        assert len(read) == 1
        detector.gate.set()
        for one in asked:
            one.result(20)
    assert len(read) == 3


def test_a_strangers_detection_is_not_found(tmp_path, photos):
    store, detector = ScoredPhotos(tmp_path / "cache"), FirstPixel()
    ann, bob = Visitor("ann"), Visitor("bob")
    first = store.score(photos[0], "w", lambda: detector, visitor=ann)
    other = store.score(photos[0], "w", lambda: detector, visitor=bob)
    assert store.passes == 2 and first.folder != other.folder
    assert store.score(photos[0], "w", FirstPixel, visitor=ann) is first


def test_the_cache_leaves_the_disk_room_for_others(tmp_path, photos):
    detector, free = FirstPixel(), [KEPT_FREE + 10**9]
    store = ScoredPhotos(tmp_path / "cache", free=lambda folder: free[0])
    first = store.score(photos[0], "w", lambda: detector).folder
    second = store.score(photos[1], "w", lambda: detector).folder
    assert first.is_dir() and second.is_dir()
    free[0] = KEPT_FREE - 1
    third = store.score(photos[2], "w", lambda: detector).folder
    assert not first.exists() and third.is_dir()


def test_what_a_visitor_left_is_forgotten_and_nothing_of_others(tmp_path, photos):
    store, detector = ScoredPhotos(tmp_path / "cache"), FirstPixel()
    ann = store.score(photos[0], "w", lambda: detector, visitor=Visitor("ann")).folder
    bob = store.score(photos[0], "w", lambda: detector, visitor=Visitor("bob")).folder
    store.forget(lambda name: name == "ann")
    assert not ann.exists() and bob.is_dir()
    store.score(photos[0], "w", lambda: detector, visitor=Visitor("bob"))
    store.score(photos[0], "w", lambda: detector, visitor=Visitor("ann"))
    assert store.passes == 3
