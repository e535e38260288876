import json
import os
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from crackdemo.errors import PresetError
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset, preset_json, read_preset
from tests.plain import plain_mask

TRIANGLE = ((0.0, 0.0), (1.0, 0.0), (0.5, 1.0))
FULL = Preset(
    mask=MaskParams(threshold=0.4, opening=3, closing=5, kernel="rect", min_area=20),
    region=(TRIANGLE, ((0.1, 0.1), (0.2, 0.1), (0.2, 0.3), (0.1, 0.3))),
    mm_per_px=0.25,
    dropped={"ab" * 32: ((3, 4), (50, 60))},
    weights="cae-asphalt",
    commit="0" * 40,
)
OWN = MaskParams(threshold=0.6, opening=5, closing=0, kernel="cross", min_area=7)


def saved(folder: Path, text: str | bytes) -> Path:
    path = folder / "mine.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


OWN_REGIONS = replace(FULL, regions={"ab" * 32: (), "cd" * 32: (TRIANGLE,)})


@pytest.mark.parametrize(
    "preset", [FULL, OWN_REGIONS, Preset(MaskParams()), replace(FULL, only="joint")]
)
def test_a_preset_comes_back_as_it_was_saved(tmp_path: Path, preset: Preset) -> None:
    assert read_preset(saved(tmp_path, preset_json(preset)), OWN) == preset


@pytest.mark.parametrize("text", ['{"version": 2}', '{"version": 2, "mask": {}}'])
def test_what_is_missing_is_the_checkpoints_own(tmp_path: Path, text: str) -> None:
    assert read_preset(saved(tmp_path, text), OWN) == Preset(OWN)


def test_a_mask_setting_that_is_there_goes_before_the_checkpoints_own(tmp_path: Path) -> None:
    path = saved(tmp_path, '{"version": 2, "mask": {"closing": 9}}')
    assert read_preset(path, OWN).mask == replace(OWN, closing=9)


def test_the_file_is_plain_json_with_the_words_of_the_design() -> None:
    values = json.loads(preset_json(FULL))
    assert set(values) == {"version", "weights", "commit", "mask", "region", "mm_per_px", "photos"}
    assert values["version"] == 2
    assert values["mask"]["threshold"] == 0.4
    assert values["region"][0] == [[0, 0], [1, 0], [0.5, 1]]
    assert values["photos"] == {"ab" * 32: {"dropped": [[3, 4], [50, 60]]}}


def test_a_photos_own_region_goes_before_that_of_all() -> None:
    assert OWN_REGIONS.on("ab" * 32).region == ()
    assert OWN_REGIONS.on("cd" * 32).region == (TRIANGLE,)
    assert OWN_REGIONS.on("ef" * 32).region == FULL.region


class TestVersion1:
    """Presets without a version: false alarms by bare file name, absent settings off."""

    def test_the_page_of_then_saved_this(self, tmp_path: Path) -> None:
        text = json.dumps(
            {
                "mask": asdict(FULL.mask),
                "region": FULL.region,
                "mm_per_px": 0.25,
                "dropped": {"a b.jpg": [[3, 4], [50, 60]]},
            }
        )
        preset = read_preset(saved(tmp_path, text), OWN)
        assert (preset.mask, preset.region, preset.mm_per_px) == (FULL.mask, FULL.region, 0.25)
        assert preset.dropped == {}
        assert preset.dropped_by_name == {"a b.jpg": ((3, 4), (50, 60))}

    def test_all_but_the_mask_may_be_left_out(self, tmp_path: Path) -> None:
        path = saved(tmp_path, '{"mask": {"threshold": 0.3}}')
        assert read_preset(path, OWN) == Preset(plain_mask(threshold=0.3))


def test_the_file_itself_goes_before_its_name() -> None:
    preset = Preset(OWN, dropped={"1" * 64: ((1, 1),)}, dropped_by_name={"a.jpg": ((2, 2),)})
    assert preset.dropped_on("1" * 64, "a.jpg") == ((1, 1),)
    assert preset.dropped_on("2" * 64, "a.jpg") == ((2, 2),)
    assert preset.dropped_on("2" * 64, "b.jpg") == ()


BAD = {
    "not JSON": "threshold = 0.5",
    "bytes": b"\xff\xfe\x00\x01\x02",
    "cut short": preset_json(FULL)[:-30],
    "nested too deep": "[" * 100_000,
    "too large": '{"mask": {}, "region": [' + "[[0,0],[1,0],[1,1]]," * 60_000 + "]}",
    "a list": "[]",
    "null": "null",
    "no mask": '{"mm_per_px": 1}',
    "mask is a number": '{"mask": 3}',
    "unknown setting": '{"mask": {}, "blur": 3}',
    "misspelt mask setting": '{"mask": {"treshold": 0.3}}',
    "threshold above 1": '{"mask": {"threshold": 1.5}}',
    "threshold not a number": '{"mask": {"threshold": "high"}}',
    "threshold NaN": '{"mask": {"threshold": NaN}}',
    "even kernel": '{"mask": {"closing": 4}}',
    "unknown kernel": '{"mask": {"kernel": "star"}}',
    "negative area": '{"mask": {"min_area": -1}}',
    "scale of 0": '{"mask": {}, "mm_per_px": 0}',
    "vast scale": '{"mask": {}, "mm_per_px": 1e308}',
    "endless scale": '{"mask": {}, "mm_per_px": 1e999}',
    "two corners": '{"mask": {}, "region": [[[0, 0], [1, 1]]]}',
    "corner outside": '{"mask": {}, "region": [[[0, 0], [1, 0], [1, 2]]]}',
    "corner NaN": '{"mask": {}, "region": [[[0, 0], [1, 0], [1, NaN]]]}',
    "dropped without a photo": '{"mask": {}, "dropped": [[1, 2]]}',
    "a later version": '{"version": 3}',
    "version 2 with version 1's names": '{"version": 2, "dropped": {"a.jpg": [[1, 2]]}}',
    "a photo with unknown settings": '{"version": 2, "photos": {"a": {"drop": []}}}',
    "photos are a list": '{"version": 2, "photos": []}',
    "dropped half a pixel": '{"mask": {}, "dropped": {"a.jpg": [[1.5, 2]]}}',
    "corner in three dimensions": '{"mask": {}, "region": [[[0, 0, 0], [1, 0, 0], [1, 1, 0]]]}',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_bad_preset_is_refused_with_one_sentence(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(PresetError) as caught:
        read_preset(saved(tmp_path, text), OWN)
    sentence = str(caught.value)
    assert sentence.startswith("The preset “mine.json” cannot be used: ")
    assert sentence.endswith(".") and not sentence.endswith("..")
    assert "\n" not in sentence
    assert str(tmp_path) not in sentence


def test_a_missing_file_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(PresetError, match=r"“gone.json” .*No such file") as caught:
        read_preset(tmp_path / "gone.json", OWN)
    assert str(tmp_path) not in str(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(PresetError, match="It is no file"):
        read_preset(tmp_path / "pipe.json", MaskParams())


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(PresetError, match="treshold is not known"):
        read_preset(saved(tmp_path, BAD["misspelt mask setting"]), OWN)
    with pytest.raises(PresetError, match="closing must be 0"):
        read_preset(saved(tmp_path, BAD["even kernel"]), OWN)


def test_a_preset_cannot_be_made_with_a_bad_region_or_scale() -> None:
    with pytest.raises(ValueError, match="3 corners"):
        Preset(MaskParams(), region=(((0, 0), (1, 1)),))
    with pytest.raises(ValueError, match="mm_per_px"):
        Preset(MaskParams(), mm_per_px=-1)


@pytest.mark.parametrize(
    ("made", "commit", "said"),
    [
        (None, None, ""),
        ("cae-asphalt", None, ""),
        ("cae-concrete", None, "made with cae-concrete, but cae-asphalt is chosen"),
        ("cae-asphalt", "c0ffee", "another version of cae-asphalt [(]commit c0ffee"),
    ],
)
def test_that_a_preset_was_made_with_other_weights_is_said(
    made: str | None, commit: str | None, said: str
) -> None:
    preset = Preset(MaskParams(), weights=made, commit=commit)
    warning = preset.warning_with("cae-asphalt", None)
    assert re.search(said, warning) if said else warning == ""


@pytest.mark.parametrize("where", ["region", "photos"])
def test_a_preset_of_ten_thousand_corners_is_refused_in_a_sentence(
    tmp_path: Path, where: str
) -> None:
    polygons = [[[number / 10_000, number % 2] for number in range(10_000)]]
    values = {"region": polygons, "photos": {"ab" * 32: {"region": polygons}}}
    text = json.dumps({"version": 2, where: values[where]})
    with pytest.raises(PresetError, match=r"mine\.json.*at most 50 polygons and 1,000 corners"):
        read_preset(saved(tmp_path, text), OWN)


def test_a_class_is_called_so_in_the_file(tmp_path: Path) -> None:
    assert json.loads(preset_json(replace(FULL, only="joint")))["class"] == "joint"
    path = saved(tmp_path, '{"version": 2, "class": "joint"}')
    assert read_preset(path, OWN).only == "joint"
    with pytest.raises(PresetError, match="class must be a text"):
        read_preset(saved(tmp_path, '{"version": 2, "class": 3}'), OWN)


def test_what_was_done_before_there_were_classes_is_known_again() -> None:
    """A survey, a batch or a submission that was begun then has these names alone."""
    before = {
        "mask", "region", "mm_per_px", "dropped", "dropped_by_name", "weights", "commit", "regions"
    }  # fmt: skip
    assert FULL.identity().keys() == before
    assert replace(FULL, only="joint").identity()["only"] == "joint"
