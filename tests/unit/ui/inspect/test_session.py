"""What the Inspect tab makes of its widgets' values, without a browser."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from crackdemo.checkpoints.names import weights_in
from crackdemo.errors import ConfigError, DatasetError
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset
from crackdemo.ui.inspect.scoring import Entry, Roll
from crackdemo.ui.inspect.session import Session, dropped_text, export_corrections, settings_of
from crackdemo.ui.uploads import Upload
from crackdemo.ui.workbench import Workbench

HASH = "ab" * 32
ROLL = Roll(entries=(Entry(Upload(Path("IMG_1.jpg"), "IMG_1.jpg"), 0.5, True, HASH, Path("t")),))


def values(**changes: Any) -> dict[str, Any]:
    """Of the widgets, by name."""
    return {**asdict(MaskParams()), "opacity": 0.5, "mm_per_px": 0, "colours": "gray", **changes}


def test_the_widgets_are_read_by_name() -> None:
    mask = {"threshold": 0.25, "opening": 5.0, "closing": 0, "kernel": "rect", "min_area": 7.0}
    mask["grow"] = -2.0
    settings = settings_of(values(**mask, mm_per_px=0.5, opacity=0.75), "", Session(ROLL))
    assert settings.preset.mask == MaskParams(0.25, 5, 0, "rect", -2, 7)
    assert (settings.preset.mm_per_px, settings.opacity) == (0.5, 0.75)


def test_an_emptied_field_is_said_and_an_unknown_scale_is_none() -> None:
    """It used to count as 0, so that an emptied threshold marked the whole photo."""
    with pytest.raises(ConfigError, match="The field of threshold is empty"):
        settings_of(values(threshold=None), "", Session(ROLL))
    assert settings_of(values(mm_per_px=None), "", Session(ROLL)).preset.mm_per_px is None


def test_a_kernel_of_one_pixel_is_none() -> None:
    mask = settings_of(values(opening=1, closing=1.0), "", Session(ROLL)).preset.mask
    assert (mask.opening, mask.closing) == (0, 0)


@pytest.mark.parametrize("area", [1e300, 10**300, -5])
def test_an_area_that_cannot_be_is_said(area: float) -> None:
    with pytest.raises(ConfigError, match="min_area must be at"):
        settings_of(values(min_area=area), "", Session(ROLL))


def test_what_an_older_preset_says_of_a_name_becomes_its_photos() -> None:
    names: dict[str, Any] = {"IMG_1.jpg": ((3, 5),), "gone.jpg": ((1, 1),)}
    text = dropped_text(Preset(MaskParams(), dropped_by_name=names), ROLL)
    assert json.loads(text) == {HASH: [[3, 5]], "gone.jpg": [[1, 1]]}


def test_what_was_restored_by_hand_is_not_dropped_by_its_name_again() -> None:
    dropped = json.dumps({"IMG_1.jpg": [[3, 5]], HASH: []})
    preset = settings_of(values(), dropped, Session(ROLL)).preset
    assert preset.dropped_on(HASH, "IMG_1.jpg") == ()


@pytest.mark.parametrize("value", ["much", [], float("inf")])
def test_what_is_no_number_is_said(value: object) -> None:
    with pytest.raises(ConfigError, match="opening must be a number"):
        settings_of(values(opening=value), "", Session(ROLL))


def test_false_alarms_of_several_classes_teach_nothing(
    tmp_path: Path, classes_checkpoint: Path
) -> None:
    bench = Workbench(tmp_path / "scratch", shipped=classes_checkpoint.parent)
    roll = Roll(weights_in(classes_checkpoint, "classes"))
    session = Session(roll, only="joint")
    with pytest.raises(DatasetError, match="does not say of which class"):
        export_corrections(bench, session, settings_of(values(), "{}", session))
