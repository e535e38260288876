"""What is said of a preset that was loaded."""

from dataclasses import replace
from pathlib import Path

from crackdemo.checkpoints.names import Weights
from crackdemo.masks.presets import Preset
from crackdemo.ui.inspect.scoring import Roll
from crackdemo.ui.inspect.takeaway import note_on
from tests.plain import plain_mask

PRESET = Preset(plain_mask(), weights="own", only="joint")


def test_a_class_that_is_not_known_is_said() -> None:
    roll = Roll(Weights(Path("own"), "own"))
    assert note_on(PRESET, roll, ("crack", "joint")) == ""
    assert "no class “joint”" in note_on(PRESET, roll, ("crack", "stain"))
    assert note_on(replace(PRESET, only=None), roll, ("crack", "stain")) == ""


def test_before_a_photo_is_scored_no_class_is_chosen() -> None:
    assert "class “joint” is not chosen" in note_on(PRESET, Roll(), ())
