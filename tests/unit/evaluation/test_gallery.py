from pathlib import Path

import numpy as np
from PIL import Image

from crackdemo.evaluation.gallery import MOST, Gallery
from crackdemo.inspection.predict import Inspected
from crackdemo.inspection.verdict import judge
from crackdemo.masks.presets import Preset
from crackdemo.photos.sources import Source
from tests.fakes import FakeDetector, one_crack
from tests.plain import plain_mask


def inspected(gray: int) -> Inspected:
    detection = one_crack()
    verdict = judge(detection, FakeDetector(detection), Preset(plain_mask()))
    photo = np.full((10, 12, 3), gray, np.uint8)
    return Inspected(Source(Path("a.png"), "a.png", "a"), photo, "0" * 64, detection, verdict, 0.1)


def grays(path: Path) -> list[int]:
    """Of the photos on a sheet, from top to bottom."""
    pixels = np.asarray(Image.open(path).convert("L"))
    height = (pixels.shape[0] - 28) // (MOST if pixels.shape[0] > 2500 else 1)
    column = [int(pixels[28 + row * height + 200, 20]) for row in range(pixels.shape[0] // height)]
    return column


def test_the_worst_and_the_best_are_kept_in_order(tmp_path: Path) -> None:
    gallery = Gallery()
    order = np.random.default_rng(0).permutation(30)
    for number in order:
        gallery.add(number / 30, "plain", inspected(int(number) * 7), None)
    gallery.write(tmp_path, "w")
    worst, best = (grays(tmp_path / f"w-{kind}.jpg") for kind in ("worst", "best"))
    assert np.allclose(worst[:MOST], [7 * number for number in range(MOST)], atol=3)
    assert np.allclose(best[:MOST], [7 * number for number in range(29, 29 - MOST, -1)], atol=3)


def test_right_wrong_and_missed_pixels_have_their_colours(tmp_path: Path) -> None:
    truth = np.zeros((10, 12), bool)
    truth[5, 5:12] = True
    gallery = Gallery()
    gallery.add(0.5, "Dice 0.5  a.png", inspected(120), truth)
    gallery.write(tmp_path, "w")
    sheet = np.asarray(Image.open(tmp_path / "w-worst.jpg")).astype(int)
    side, top = 30, 28 + 28 + 5 * 30 + 15
    marked = [sheet[top, 2 * (360 + 4) + side * x + 15] for x in (3, 6, 10)]
    colours = [(213, 94, 0), (86, 180, 233), (240, 228, 66)]
    assert np.abs(np.array(marked) - np.array(colours)).max() < 30


def test_without_photos_there_is_no_picture(tmp_path: Path) -> None:
    Gallery().write(tmp_path, "w")
    assert not list(tmp_path.iterdir())
