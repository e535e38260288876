"""Pictures that the server draws."""

from pathlib import Path

import numpy as np

from crackdemo.photos.images import read_photo
from crackdemo.ui.drawing import picture_file


def test_a_picture_that_is_drawn_again_leaves_the_one_before_alone(tmp_path: Path) -> None:
    picture = np.full((20, 30, 3), 90, np.uint8)
    first = picture_file(tmp_path / "cache", picture)
    before = first.stat().st_mtime_ns
    second = picture_file(tmp_path / "cache", picture)
    assert first != second and first.stat().st_mtime_ns == before
    assert np.array_equal(read_photo(first), read_photo(second))
    assert sorted(first.parent.iterdir()) == sorted([first, second])
