from pathlib import Path

import cv2

from crackdemo.photos.images import read_photo
from crackdemo.synthesis.examples import make_examples, make_pavement

SHIPPED = Path(__file__).parents[3] / "crackdemo" / "ui" / "examples"


def test_the_shipped_examples_are_the_ones_that_are_made() -> None:
    made = make_examples()
    assert {path.stem for path in SHIPPED.glob("*.jpg")} == made.keys()
    for stem, example in made.items():
        shipped = read_photo(SHIPPED / f"{stem}.jpg")
        assert shipped.shape == example.photo.shape
        difference = cv2.absdiff(shipped, example.photo)
        assert difference.mean() < 6, f"{stem} differs by more than its JPEG"


def test_procedural_pavement_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_pavement(tmp_path / name, seed)
    first, again, other = (
        [file.read_bytes() for file in sorted((tmp_path / name).iterdir())] for name in "abc"
    )
    assert first == again
    assert first != other
    assert len(set(first)) == len(first)
