from pathlib import Path

import cv2
import numpy as np
import pytest

from crackdemo.photos.images import read_photo
from crackdemo.synthesis.examples import concrete, make_examples, pavement

SHIPPED = Path(__file__).parents[3] / "crackdemo" / "ui" / "examples"


def test_the_shipped_examples_are_the_ones_that_are_made() -> None:
    made = make_examples()
    assert {path.stem for path in SHIPPED.glob("*.jpg")} == made.keys()
    for stem, photo in made.items():
        shipped = read_photo(SHIPPED / f"{stem}.jpg")
        assert shipped.shape == photo.shape
        difference = cv2.absdiff(shipped, photo)
        assert difference.mean() < 6, f"{stem} differs by more than its JPEG"


@pytest.mark.parametrize("surface", [pavement, concrete])
@pytest.mark.parametrize("height, width", [(1, 1), (7, 300), (128, 96)])
def test_made_surfaces_have_any_size_and_follow_their_seed(surface, height, width) -> None:
    first, again, other = (
        surface(height, width, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert first.shape == (height, width)
    assert first.min() > 0 and first.max() <= 1
    assert np.array_equal(first, again)
    assert height * width == 1 or (first != other).any()
