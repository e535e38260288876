"""A survey's rows say what results.csv says."""

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

from crackdemo.detection.classes import ClassDetector
from crackdemo.detection.detector import Detector
from crackdemo.inspection.predict import inspect_photo
from crackdemo.masks.presets import Preset
from crackdemo.photos.exif import Taken
from crackdemo.photos.sources import Source
from crackdemo.survey.rows import SCHEMA, row_of, table_of
from tests.fakes import FakeDetector, one_crack
from tests.plain import plain_mask


@pytest.mark.parametrize("only", [None, "joint"])
def test_a_row_names_the_class_that_was_chosen_of_several(only: str | None) -> None:
    found = one_crack()
    several = replace(found, classes={"crack": found.heatmap, "joint": found.heatmap[::-1]})
    every: Detector = FakeDetector(several)
    preset = Preset(plain_mask(), only=only)
    outcome = inspect_photo(
        Source(Path("a.png"), "a.png", "a"),
        lambda: (found.reconstruction, "0"),
        every if only is None else ClassDetector(every, only),
        preset,
    )
    row = row_of(outcome, preset, "0", Taken())
    [read] = table_of([row]).to_pylist()
    assert read["class"] == only
    assert SCHEMA.names[4:6] == ["state", "class"]
