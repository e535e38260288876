"""A survey's folder: nothing twice, nothing lost, nobody else's overwritten."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray")

import pyarrow.parquet as pq

from crackdemo.errors import SurveyError
from crackdemo.survey import parts as module
from crackdemo.survey.parts import key_of, opened

SETTINGS = {"network": "n"}


def row(number: int, reason: str | None = None) -> dict[str, Any]:
    return {"file": f"{number}.jpg", "sha256": f"{number:064}", "reason": reason}


def files_in(out: Path) -> list[str]:
    return sorted(pq.read_table(out)["file"].to_pylist())


def test_rows_are_there_when_they_are_due_and_at_the_end(tmp_path: Path) -> None:
    now = 0.0
    with opened(tmp_path, SETTINGS) as parts:
        parts._clock = lambda: now
        parts._written = 0.0
        parts.add(row(1))
        assert parts.files() == []
        now = 10.0
        parts.add(row(2))
        assert files_in(tmp_path) == ["1.jpg", "2.jpg"]
        parts.add(row(3))
    assert files_in(tmp_path) == ["1.jpg", "2.jpg", "3.jpg"]
    assert len(parts.files()) == 1


def test_a_full_part_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FULL_ROWS", 2)
    with opened(tmp_path, SETTINGS) as parts:
        for number in range(5):
            parts.add(row(number))
    assert [pq.read_table(file).num_rows for file in parts.files()] == [2, 2, 1]
    with opened(tmp_path, SETTINGS) as parts:
        parts.add(row(5))
    assert files_in(tmp_path) == [f"{number}.jpg" for number in range(6)]


def test_what_was_done_is_known_and_what_failed_is_tried_again(tmp_path: Path) -> None:
    with opened(tmp_path, SETTINGS) as parts:
        for one in (row(1), row(2, "2.jpg is no photo."), row(3)):
            parts.add(one)
    with opened(tmp_path, SETTINGS) as parts:
        keys = parts.take_up()
        assert set(keys) == {
            key_of("1.jpg", f"{1:064}").rstrip(b"\0"),
            key_of("3.jpg", f"{3:064}").rstrip(b"\0"),
        }
        assert list(keys) == sorted(keys)
    assert files_in(tmp_path) == ["1.jpg", "3.jpg"]


def test_of_a_photo_that_has_changed_the_newest_row_stays(tmp_path: Path) -> None:
    with opened(tmp_path, SETTINGS) as parts:
        for number in (1, 2, 3):
            parts.add(row(number))
    changed = {**row(2), "sha256": "b" * 64}
    cut = row(3, "3.jpg is damaged.")
    with opened(tmp_path, SETTINGS) as parts:
        parts.take_up()
        parts.add(changed)
        parts.add(cut)
    assert parts.replaced == 1
    rows = pq.read_table(tmp_path).to_pylist()
    assert [one["sha256"] for one in rows if one["file"] == "2.jpg"] == ["b" * 64]
    # what fails now, a store that is away say, takes nothing from what was done
    assert [bool(one["reason"]) for one in rows if one["file"] == "3.jpg"] == [False, True]
    with opened(tmp_path, SETTINGS) as parts:
        assert len(parts.take_up()) == 3
    assert files_in(tmp_path) == ["1.jpg", "2.jpg", "3.jpg"]


def test_a_part_whose_other_columns_are_damaged_is_named(tmp_path: Path) -> None:
    with opened(tmp_path, SETTINGS) as parts:
        parts.add({**row(1), "mask_rle": " ".join(map(str, range(20_000)))})
        parts.add(row(2))
    path = tmp_path / "part-000001.parquet"
    place = pq.ParquetFile(path).metadata.row_group(0).column(19).data_page_offset
    data = bytearray(path.read_bytes())
    data[place + 60 : place + 200] = bytes(140)
    path.write_bytes(data)
    with (
        pytest.raises(SurveyError, match=r"part-000001\.parquet of the survey is damaged"),
        opened(tmp_path, SETTINGS) as parts,
    ):
        parts.take_up()
        parts.add({**row(2), "sha256": "b" * 64})


def test_files_that_are_no_part_are_left_alone(tmp_path: Path) -> None:
    with opened(tmp_path, SETTINGS) as parts:
        parts.add(row(1))
    (tmp_path / "part-000001 (copy).parquet").write_bytes(b"mine")
    with opened(tmp_path, SETTINGS) as parts:
        assert len(parts.take_up()) == 1


def test_a_kill_before_the_older_row_went_leaves_no_doubles(tmp_path: Path) -> None:
    with opened(tmp_path, SETTINGS) as parts:
        parts.add(row(1))
        parts.add(row(2))
    with opened(tmp_path, SETTINGS) as parts:
        parts.take_up()
        parts.add({**row(1), "sha256": "b" * 64})
        parts.flush()
        parts._goes_on = False  # as a process that is killed here leaves it
    assert files_in(tmp_path) == ["1.jpg", "1.jpg", "2.jpg"]
    with opened(tmp_path, SETTINGS) as parts:
        assert len(parts.take_up()) == 2
    assert files_in(tmp_path) == ["1.jpg", "2.jpg"]
    assert "b" * 64 in pq.read_table(tmp_path)["sha256"].to_pylist()


def test_a_part_of_failures_alone_goes(tmp_path: Path) -> None:
    with opened(tmp_path, SETTINGS) as parts:
        parts.add(row(1, "1.jpg is no photo."))
    with opened(tmp_path, SETTINGS) as parts:
        assert len(parts.take_up()) == 0
        assert parts.files() == []


def test_other_settings_are_refused_and_change_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, SETTINGS) as parts:
        parts.add(row(1))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(SurveyError, match="other weights or settings"), opened(tmp_path, {}):
        pass
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("mine")
    with pytest.raises(SurveyError, match="is not empty"), opened(tmp_path, SETTINGS):
        pass
    assert (tmp_path / "labels.csv").read_text() == "mine"
    assert not list(tmp_path.glob("_survey*"))


def test_two_surveys_cannot_write_to_one_folder(tmp_path: Path) -> None:
    with (
        opened(tmp_path, SETTINGS),
        pytest.raises(SurveyError, match="Another survey"),
        opened(tmp_path, SETTINGS),
    ):
        pass


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    with opened(tmp_path, SETTINGS) as parts:
        parts.add(row(1))
    parts.files()[0].write_bytes(b"cut")
    with opened(tmp_path, SETTINGS) as parts, pytest.raises(SurveyError, match="part-000001"):
        parts.take_up()


def test_a_full_disk_is_one_sentence_and_keeps_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(SurveyError, match="No space left"), opened(tmp_path, SETTINGS):
            pass
    with opened(tmp_path, SETTINGS) as parts:
        parts.add(row(1))
        parts.flush()
        with monkeypatch.context() as patch:
            patch.setattr(pq, "write_table", full)
            parts.add(row(2))
            with pytest.raises(SurveyError, match="No space left on device"):
                parts.flush()
        assert files_in(tmp_path) == ["1.jpg"]
    assert files_in(tmp_path) == ["1.jpg", "2.jpg"]
    assert not list(tmp_path.glob(".*.tmp"))
