import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackdemo.data.classes import (
    ClassKey,
    all_names,
    find_key,
    read_classes,
    read_cracks,
    read_damage,
    read_key,
)
from crackdemo.errors import DatasetError, PhotoError

LABELS = np.kron(np.array([[0, 1], [2, 3]], np.uint8), np.ones((5, 5), np.uint8))
NAMES = ("crack", "joint", "stain")


def stored(path: Path, image: Image.Image) -> Path:
    image.save(path)
    return path


def key_file(folder: Path, named: object) -> Path:
    file = folder / "classes.json"
    file.write_text(json.dumps(named))
    return file


@pytest.mark.parametrize("levels", [(0, 1, 2, 3), (0, 80, 160, 255)])
def test_gray_levels_are_read_by_their_names(tmp_path: Path, levels: tuple[int, ...]) -> None:
    image = Image.fromarray(np.array(levels, np.uint8)[LABELS])
    named = dict(zip(map(str, levels[1:]), NAMES, strict=True))
    key = read_key(key_file(tmp_path, named))
    assert key.names == NAMES
    read = read_classes(stored(tmp_path / "m.png", image), key, NAMES)
    np.testing.assert_array_equal(read, LABELS)


def test_a_palette_is_read_by_its_places(tmp_path: Path) -> None:
    image = Image.fromarray(LABELS)
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 255, 255, 255])
    key = ClassKey({0: "background", 1: "crack", 2: "joint", 3: "background"})
    read = read_classes(stored(tmp_path / "m.png", image), key, ("joint", "crack"))
    np.testing.assert_array_equal(read, np.array([0, 2, 1, 0])[LABELS])


def test_colours_are_read_and_pure_blue_is_not_white(tmp_path: Path) -> None:
    colours = np.array([(0, 0, 0), (255, 0, 0), (0, 0, 255), (255, 255, 255)], np.uint8)
    path = stored(tmp_path / "m.png", Image.fromarray(colours[LABELS]))
    named = {"#FF0000": "crack", "#0000ff": "joint", "#ffffff": "stain"}
    read = read_classes(path, read_key(key_file(tmp_path, named)), NAMES)
    np.testing.assert_array_equal(read, LABELS)


def test_without_names_even_levels_are_classes(tmp_path: Path) -> None:
    masks = [
        stored(tmp_path / "a.png", Image.fromarray(np.where(LABELS == 3, 0, LABELS * 50))),
        stored(tmp_path / "b.png", Image.fromarray(LABELS * np.uint8(50))),
    ]
    key = find_key(masks, None)
    assert key is not None and key.names == ("class 1", "class 2", "class 3")
    np.testing.assert_array_equal(read_classes(masks[1], key, key.names), LABELS)


def test_soft_edges_and_plain_masks_are_no_classes(tmp_path: Path) -> None:
    plain = Image.fromarray((LABELS == 1).astype(np.uint8) * np.uint8(255))
    soft = np.zeros((20, 20), np.uint8)
    soft[8:12, 8:12], soft[9:11, 9:11] = 90, 255
    cut = np.zeros((20, 20), np.uint8)  # an edge along the border, as a mask that was halved has it
    cut[:3, :2], cut[3:8] = 128, 255
    many = Image.fromarray(np.arange(300, dtype=np.uint16).reshape(15, 20).repeat(4, 0))
    for image in (plain, Image.fromarray(soft), Image.fromarray(cut), many):
        assert find_key([stored(tmp_path / "m.png", image)], None) is None
    assert find_key([tmp_path / "gone.png"], None) is None
    assert all_names([None, ClassKey({1: "joint"})]) == ("crack", "joint")


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.full((9, 9), 7, np.uint8), "the value 7, which classes.json does not name"),
        (np.full((9, 9, 3), (9, 0, 255), np.uint8), "the value #0900ff"),
        (np.arange(300, dtype=np.uint16).reshape(15, 20), "300 values where classes were meant"),
    ],
)
def test_values_without_a_name_are_said(tmp_path: Path, image: np.ndarray, said: str) -> None:
    path = stored(tmp_path / "m.png", Image.fromarray(image))
    with pytest.raises(PhotoError, match=said):
        read_classes(path, ClassKey({0: "background", 1: "crack"}), ("crack",))


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ([1], "no object"),
        ({"one": "crack"}, "'one' is no value"),
        ({"9" * 90_000: "crack"}, "'9{59}…' is no value"),
        ({"1": "x" * 90_000}, "'x{59}…' is no name of a class"),
        ({"1": "../crack"}, "no name of a class"),
        ({"1": "crack\n"}, "no name of a class"),
        ({"1": "crack "}, "no name of a class"),
        ({"1": 2}, "no text"),
        ({"1": "nul"}, "Windows keeps the name “nul”"),
        ({"1": "Crack", "2": "crack"}, "“Crack” and “crack” differ by capital letters alone"),
        ({"1": "crack", "01": "joint"}, "“01” names a value that is named before"),
        ({"1": "crack", "#010101": "joint"}, "“#010101” names a value that is named before"),
        ({"0": "crack"}, "“0” is never a class"),
        ({"1": "Background"}, "names 0 classes"),
        ({"1": "background"}, "names 0 classes"),
        ({str(n): f"class {n}" for n in range(1, 40)}, "names 39 classes"),
    ],
)
def test_a_wrong_file_of_names_is_refused(tmp_path: Path, named: object, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        read_key(key_file(tmp_path, named))


def test_two_equal_keys_are_refused(tmp_path: Path) -> None:
    (tmp_path / "classes.json").write_text('{"1": "crack", "1": "joint"}')
    with pytest.raises(DatasetError, match="“1” names a value that is named before"):
        read_key(tmp_path / "classes.json")


def test_a_name_is_one_however_its_letters_are_composed(tmp_path: Path) -> None:
    key = read_key(key_file(tmp_path, {"0": "BACKGROUND", "1": "ri\u00df e\u0301", "2": "joint"}))
    assert key.names == ("ri\u00df \u00e9", "joint")


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "classes.json").write_text("{crack")
    with pytest.raises(DatasetError, match="no JSON"):
        read_key(tmp_path / "classes.json")


def test_fits_of_other_families_see_what_is_damaged_and_what_is_cracked(tmp_path: Path) -> None:
    """Half of the brightest value would take dark classes for sound surface."""
    path = stored(tmp_path / "m.png", Image.fromarray(LABELS * np.uint8(50)))
    named = key_file(tmp_path, {"50": "joint", "100": "crack", "150": "background"})
    np.testing.assert_array_equal(read_damage(path, named), (LABELS == 1) | (LABELS == 2))
    np.testing.assert_array_equal(read_cracks(path, named), LABELS == 2)
    others = key_file(tmp_path, {"50": "joint", "100": "stain", "150": "background"})
    np.testing.assert_array_equal(read_cracks(path, others), (LABELS == 1) | (LABELS == 2))
    plain = stored(tmp_path / "p.png", Image.fromarray((LABELS == 3) * np.uint8(255)))
    for read in (read_damage, read_cracks):
        np.testing.assert_array_equal(read(plain, None), LABELS == 3)
