import json
from pathlib import Path

import pytest

from crackdemo.checkpoints.names import Weights
from crackdemo.errors import ConfigError
from crackdemo.masks.params import MaskParams
from crackdemo.ui.tune.by_hand import preset_file, settings_of
from crackdemo.ui.workbench import Workbench


def test_settings_are_whole_numbers_and_what_cannot_be_is_refused() -> None:
    assert settings_of([0.5, 3.0, 0, "rect", -1.0, 40.0]) == MaskParams(0.5, 3, 0, "rect", -1, 40)
    for wrong in ([1.5, 0, 0, "rect", 0, 0], [0.5, 4, 0, "rect", 0, 0]):
        with pytest.raises(ConfigError):
            settings_of(wrong)


def test_a_preset_holds_the_settings_and_what_they_are_for(tmp_path: Path) -> None:
    mask = MaskParams(0.4, 3, 5, "rect", 1, 77)
    file = preset_file(Workbench(tmp_path / "scratch"), mask, Weights(tmp_path, "tiny"))
    preset = json.loads(Path(file).read_text())
    assert preset["mask"]["min_area"] == 77
    assert preset["weights"] == "tiny"
