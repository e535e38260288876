"""Photos are known again though their files differ, and others are not taken for them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from crackdemo.arrays import RgbImage
from crackdemo.data.near_copies import glance, look_alikes, near_copies
from crackdemo.photos.images import read_photo
from crackdemo.synthesis.examples import make_pavement


def stained(seed: int, side: int = 200) -> RgbImage:
    """A ground with stains of its own."""
    rng = np.random.default_rng(seed)
    stains = cv2.resize(rng.normal(0, 12, (9, 9)), (side, side), interpolation=cv2.INTER_CUBIC)
    gray = (140 + stains[..., None] + rng.normal(0, 6, (side, side, 3))).clip(0, 255)
    return gray.astype(np.uint8)


@pytest.mark.parametrize("how", ["quality", "half", "copy"])
def test_a_photo_saved_anew_is_known_again(tmp_path: Path, how: str) -> None:
    image, saved = Image.fromarray(stained(1)), tmp_path / "b.jpg"
    image.save(tmp_path / "a.png")
    given = image.resize((100, 100)) if how == "half" else image
    given.save(saved, quality=40 if how == "quality" else 95)
    photos = [glance(saved, "test"), glance(saved, "test", read_photo(saved))]
    others = [glance(Path(f"{seed}.png"), "train", stained(seed)) for seed in (2, 3)]
    assert near_copies(photos, [*others, glance(tmp_path / "a.png", "train")]) == {0: 2, 1: 2}
    assert near_copies(photos, others) == {}


def test_photos_of_one_ground_are_others(tmp_path: Path) -> None:
    make_pavement(tmp_path / "p", 0)
    photos = [glance(path, "test") for path in sorted(tmp_path.rglob("*.png"))]
    assert len(photos) > 10
    for i, photo in enumerate(photos):
        assert near_copies([photo], photos[:i] + photos[i + 1 :]) == {}


def test_even_photos_have_nothing_to_be_known_by() -> None:
    even = [glance(Path("a"), "test", np.full((9, 9, 3), 99, np.uint8))] * 2
    assert near_copies(even, even) == {} and near_copies(even, []) == {}


def test_copies_in_other_parts_are_told_in_one_sentence_tests_first() -> None:
    seeds = {"train": (1, 2, 3), "validation": (1,), "test": (2, 3, 9)}
    photos = [
        glance(Path(f"{split[0]}{seed}.jpg"), split, stained(seed))
        for split, of_split in seeds.items()
        for seed in of_split
    ]
    (told,) = look_alikes(photos)
    assert told.startswith(
        "“t2.jpg”, in test, looks like “t2.jpg”, in train, and 2 more such pairs"
    )
    assert "figures would be too good" in told
    assert look_alikes([photo for photo in photos if photo.split == "train"]) == ()


def test_copies_with_other_labels_are_told() -> None:
    photos = [
        glance(Path(name), "train", stained(seed), cracked)
        for name, seed, cracked in (("a", 1, True), ("b", 1, False), ("c", 2, True), ("d", 1, True))
    ]
    (told,) = look_alikes(photos)
    assert told == (
        "“a”, labelled as cracked, looks like “b”, labelled as clean, and 1 more such pair: one "
        "label may be wrong; look at both."
    )
