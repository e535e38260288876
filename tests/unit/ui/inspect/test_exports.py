"""What the page hands out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.data.intake import take_in
from crackdemo.inspection.store import Scored
from crackdemo.masks.presets import Preset
from crackdemo.photos.images import read_mask
from crackdemo.training.alarms import corrected_photos
from crackdemo.ui.inspect.exports import Batch, export_corrections, inspect
from tests.plain import plain_mask


@pytest.fixture
def corrections(tmp_path: Path, tiny_checkpoint: Path) -> Path:
    """Of a photo with two dark bars, of which one was dropped."""
    photo = np.full((96, 128, 3), 200, np.uint8)
    photo[20:28, 10:120] = photo[60:68, 10:120] = 20
    detector = load_checkpoint(tiny_checkpoint).detector()
    scored = Scored(photo, detector.detect(photo), 0.1, tmp_path, "ab" * 32)
    preset = Preset(plain_mask(threshold=0.5), dropped={scored.sha256: ((60, 64),)})
    shown = inspect("km 0.jpg", scored, detector, preset)
    return export_corrections(tmp_path, Batch(shown, [shown], [], ["km 0.jpg"], preset))


def test_corrections_are_known_as_such_where_they_arrive(corrections: Path, tmp_path: Path) -> None:
    take_in([corrections], tmp_path / "run" / "upload")
    [(photo, mask)] = corrected_photos([tmp_path / "run" / "upload"])
    left = read_mask(mask)
    assert photo.name == mask.name == "km 0.corrected.png"
    assert left[24, 64] and not left[64, 64]


def test_corrections_of_photos_of_one_name_are_too(
    corrections: Path, tmp_path: Path, save_photo: Callable[..., Path]
) -> None:
    for kind in ("images", "masks"):
        save_photo(tmp_path / "again" / kind / "km 0.corrected (2).png")
    assert len(corrected_photos([tmp_path / "again"])) == 1
