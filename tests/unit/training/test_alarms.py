"""What is still marked where a person said that there is no crack."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.runs.quality import Alarms
from crackdemo.training.alarms import MOST, alarms_of, corrected_photos, false_alarms
from tests.plain import plain_mask

Save = Callable[[Path, np.ndarray], Path]


@pytest.fixture
def checkpoint(tiny_checkpoint: Path) -> Checkpoint:
    """Takes all that is dark for crack."""
    loaded = load_checkpoint(tiny_checkpoint)
    return replace(loaded, config=replace(loaded.config, mask=plain_mask(threshold=0.5)))


@pytest.fixture
def road(tmp_path: Path, save_photo: Save) -> Path:
    """A photo with two dark bars, of which one is a crack."""
    photo = np.full((96, 128, 3), 200, np.uint8)
    photo[20:28, 10:120] = photo[60:68, 10:120] = 20
    mask = np.zeros((96, 128), np.uint8)
    mask[22:26, 10:120] = 255
    save_photo(tmp_path / "road" / "images" / "a.corrected.png", photo)
    save_photo(tmp_path / "road" / "masks" / "a.corrected.png", mask)
    return tmp_path / "road"


def test_marks_beside_the_crack_are_false_alarms(checkpoint: Checkpoint, road: Path) -> None:
    [pair] = corrected_photos([road])
    # a bar, and what the heatmap blurs around it
    assert 8 * 110 <= (marked := false_alarms(checkpoint, [pair])) < 1.4 * 8 * 110
    blind = replace(checkpoint, config=replace(checkpoint.config, mask=plain_mask(threshold=1.0)))
    assert false_alarms(blind, [pair]) == 0
    compared = (("new", blind), ("old", checkpoint))
    assert alarms_of(compared, [road], {pair[0]}) == [
        Alarms("new", 0, 1, 0, 0),
        Alarms("old", marked, 1, 0, 0),
    ]
    assert alarms_of(compared, [road], ()) == [
        Alarms("new", 0, 0, 0, 1),
        Alarms("old", 0, 0, marked, 1),
    ]


def test_what_cannot_be_read_counts_as_none(
    checkpoint: Checkpoint, road: Path, save_photo: Save
) -> None:
    save_photo(road / "masks" / "a.corrected.png", np.zeros((9, 9), np.uint8))
    assert false_alarms(checkpoint, corrected_photos([road])) == 0
    (road / "masks" / "a.corrected.png").write_bytes(b"none")
    assert (
        false_alarms(
            checkpoint, [(road / "images" / "a.corrected.png", road / "masks" / "a.corrected.png")]
        )
        == 0
    )


def test_photos_with_masks_that_nobody_corrected_are_no_corrections(
    checkpoint: Checkpoint, road: Path, save_photo: Save
) -> None:
    save_photo(road / "images" / "b.png", np.full((96, 128, 3), 99, np.uint8))
    save_photo(road / "masks" / "b.png", np.zeros((96, 128), np.uint8))
    assert [path.name for path, _ in corrected_photos([road])] == ["a.corrected.png"]
    (road / "images" / "a.corrected.png").unlink()
    assert corrected_photos([road]) == []
    assert alarms_of([("new", checkpoint)], [road], ()) == []


def test_of_many_nothing_is_said(road: Path, save_photo: Save) -> None:
    for number in range(MOST):
        save_photo(
            road / "images" / f"{number}.corrected.png", np.full((9, 9, 3), number, np.uint8)
        )
        save_photo(road / "masks" / f"{number}.corrected.png", np.zeros((9, 9), np.uint8))
    assert corrected_photos([road]) == []
