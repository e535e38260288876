from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from crackdemo.photos.png import write_pixels


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (37, 53), (1500, 1100)])
@pytest.mark.parametrize("kind", ["gray", "rgb", "mask", "deep"])
def test_readers_find_every_pixel(tmp_path: Path, size: tuple[int, int], kind: str) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (*size, 3)).astype(np.uint16)
    array = {
        "gray": (values[..., 0] >> 8).astype(np.uint8),
        "rgb": (values >> 8).astype(np.uint8),
        "mask": values[..., 0] > 40_000,
        "deep": values[..., 0],
    }[kind]
    write_pixels(tmp_path / "a.png", array)
    expected = array.astype(np.uint8) * np.uint8(255) if kind == "mask" else array
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.asarray(image), expected)
    read = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read[..., ::-1] if kind == "rgb" else read, expected)


def test_rows_that_do_not_lie_side_by_side_are_written_too(tmp_path: Path) -> None:
    array = np.arange(600, dtype=np.uint16).reshape(20, 30)[::2, ::3]
    write_pixels(tmp_path / "a.png", array)
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.asarray(image), array)
