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
    found = check(data, 32, "luma")
    assert (found.photos, found.smallest, found.largest) == (2, (10, 50), (96, 128))
    assert found.duplicates == ("b.png",)
    assert len(found.unreadable) == 1 and "broken.jpg" in found.unreadable[0]
    assert (found.tiles, found.masked) == (3 * 4 + 1, 0)
    assert found.sheet is not None and found.sheet.shape == (128, 256, 3)


def test_check_leaves_masks_alone(tmp_path: Path, save_photo: SavePhoto) -> None:
    save_photo(tmp_path / "images" / "a.png")
    save_photo(tmp_path / "masks" / "a.png", np.zeros((96, 128), np.uint8))
    assert check(tmp_path, 32, "luma").photos == 1


def test_of_photos_with_masks_only_crack_free_pieces_count_and_are_shown(
    tmp_path: Path, save_photo: SavePhoto
) -> None:
    photo = np.full((96, 128, 3), 150, np.uint8)
    mask = np.zeros((96, 128), np.uint8)
    photo[:, :32], mask[:, :32] = 10, 255
    save_photo(tmp_path / "images" / "a.png", photo)
    save_photo(tmp_path / "masks" / "a.png", mask)
    found = check(tmp_path, 32, "luma")
    assert (found.masked, found.tiles) == (1, 3 * 2)  # a margin beside the crack is left out too
    assert found.sheet is not None and found.sheet.min() == 150


def test_a_mask_of_another_size_is_said(tmp_path: Path, save_photo: SavePhoto) -> None:
    save_photo(tmp_path / "images" / "a.png")
    save_photo(tmp_path / "masks" / "a.png", np.zeros((20, 20), np.uint8))
    found = check(tmp_path, 32, "luma")
    assert found.tiles == 0 and found.sheet is None
    assert "differ in size" in found.unreadable[0]


def test_check_of_an_empty_folder_finds_nothing(tmp_path: Path) -> None:
    assert (check(tmp_path, 32, "luma").photos, check(tmp_path, 32, "luma").sheet) == (0, None)
