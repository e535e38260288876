from collections.abc import Callable
from pathlib import Path

import numpy as np

from crackdemo.data.check import check

SavePhoto = Callable[..., Path]


def test_check_counts_photos_copies_and_what_cannot_be_read(
    tmp_path: Path, save_photo: SavePhoto
) -> None:
    data = tmp_path / "data"
    first = save_photo(data / "a.png")
    (data / "b.png").write_bytes(first.read_bytes())
    save_photo(data / "c.png", np.zeros((10, 50, 3), np.uint8))
    (data / "broken.jpg").write_bytes(b"no photo")
    found = check(data)
    assert (found.photos, found.smallest, found.largest) == (2, (10, 50), (96, 128))
    assert found.duplicates == ("b.png",)
    assert len(found.unreadable) == 1 and "broken.jpg" in found.unreadable[0]
    assert found.sheet is not None and found.sheet.shape == (128, 256, 3)


def test_check_leaves_masks_alone(tmp_path: Path, save_photo: SavePhoto) -> None:
    save_photo(tmp_path / "images" / "a.png")
    save_photo(tmp_path / "masks" / "a.png", np.zeros((96, 128), np.uint8))
    assert check(tmp_path).photos == 1


def test_check_of_an_empty_folder_finds_nothing(tmp_path: Path) -> None:
    assert (check(tmp_path).photos, check(tmp_path).sheet) == (0, None)
