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


PARTS = (("train", 1), ("test", 1281))


def tiles(*names: str) -> tuple[str, ...]:
    """What is said of photos that look like no other, given as split/name."""
    split_names = [name.split("/") for name in names]
    return look_alikes(
        [glance(Path(name), split, stained(9 + n)) for n, (split, name) in enumerate(split_names)]
    )


def test_tiles_of_one_photo_in_two_parts_are_told_by_their_names() -> None:
    (told,) = tiles("train/road 7_0_1.png", "test/road 7_0_2.png", "validation/road 7_1_1.png")
    assert told.startswith(
        "“road 7_0_2.png”, in test, and “road 7_1_1.png”, in validation, are named like tiles of "
        "one photo: if they are, figures would be too good"
    )
    (told,) = tiles(*(f"{split}/20160222_081011_{place}_721.jpg" for split, place in PARTS))
    assert "“20160222_081011_1281_721.jpg”, in test" in told
    (told,) = tiles(
        "train/a-x0-y64.png", "test/a-x0-y0.png", "train/b.r1.c2.png", "test/b.r1.c1.png"
    )
    assert "one photo, and tiles of 1 more photo: if" in told


@pytest.mark.parametrize(
    "pair",
    [
        ("train/IMG_0012_0_1.jpg", "test/IMG_0012_10_11.jpg"),
        ("train/road7_0x512.jpg", "test/road7_512X0.jpg"),
        ("train/a_r1c2.jpg", "test/a_r1c3.jpg"),
        ("train/a_row1_col2.jpg", "test/a-col3-row1.jpg"),
        ("train/a x0_y64.jpg", "test/a.y0x64.jpg"),
    ],
)
def test_names_of_tiles_are_known(pair: tuple[str, str]) -> None:
    assert "are named like tiles of one photo: if" in tiles(*pair)[0]


def test_long_names_take_no_longer() -> None:
    hostile = (n + "!" for n in ("a" * 125 + "-" * 125, "1_" * 125, "a1 r1c" * 41, "x0" * 125))
    photos = [glance(Path(f"{name}.jpg"), "test", stained(1)) for name in hostile]
    assert look_alikes(photos * 1000) == ()


@pytest.mark.parametrize(
    "pair",
    [
        ("train/IMG_20160222_081011.jpg", "test/IMG_20160222_081059.jpg"),
        ("train/00001.jpg", "test/00002.jpg"),
        ("train/km 1.jpg", "test/km 2.jpg"),
        ("train/2_3.jpg", "test/2_4.jpg"),
        ("train/a_0_1.png", "train/a_0_2.png"),
        ("train/a_0_1.png", "test/b_0_1.png"),
        ("train/a1_0_1.png", "test/b1_0_1.png"),
        ("train/a1_0_1.png", "test/a1__0_2.png"),
        ("train/r1c2.png", "test/r1c3.png"),
        ("train/IMG_1203-2.jpg", "test/IMG_1202-1.jpg"),
        ("train/DJI_0001_0002.jpg", "test/DJI_0001_0003.jpg"),
        ("train/wall_01_0005.jpg", "test/wall_02_0001.jpg"),
        ("train/IMG-2023-11-05.jpg", "test/IMG-2023-11-06.jpg"),
        ("train/05.11.2023.jpg", "test/05.12.2023.jpg"),
        ("train/2023-11-05 14.30.22.jpg", "test/2023-11-05 14.31.07.jpg"),
        ("train/2023-11-05 14.30.jpg", "test/2023-11-05 15.30.jpg"),
        ("train/Foto 05.11.23 14 30 22.jpg", "test/Foto 05.11.23 14 31 07.jpg"),
        (
            "train/WhatsApp Image 2023-11-02 at 14.35.21.jpeg",
            "test/WhatsApp Image 2023-11-02 at 14.37.05.jpeg",
        ),
        (
            "train/Screenshot 2024-01-02 at 10.11.12.png",
            "test/Screenshot 2024-01-02 at 10.11.45.png",
        ),
    ],
)
def test_other_names_are_no_tiles(pair: tuple[str, str]) -> None:
    assert tiles(*pair) == ()
