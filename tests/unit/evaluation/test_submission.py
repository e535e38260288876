"""What is submitted, read by a decoder that knows nothing of the one that checks it."""

import json
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from crackdemo.detection.detector import Detection
from crackdemo.errors import FolderError, SubmissionError
from crackdemo.evaluation.sample import Rows, plan_rows
from crackdemo.evaluation.submission import RowFormat, Submission, Summary
from crackdemo.inspection.predict import Failed
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.presets import Preset
from crackdemo.photos.sources import find_sources
from tests.fakes import FakeDetector, one_crack
from tests.plain import plain_mask

PRESET = Preset(plain_mask(threshold=0.5))


def read_rows(path: Path, separator: str = ",") -> dict[str, str]:
    """Line by line, without the csv module."""
    assert b"\r" not in path.read_bytes()
    _, *lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    return {line.split(separator)[0]: line.split(separator)[1] for line in lines}


def drawn(runs: str, height: int, width: int, by_row: bool = False, base: int = 1) -> np.ndarray:
    """Pixel by pixel, as a competition's own page describes it."""
    mask = np.zeros((height, width), bool)
    numbers = [int(number) for number in runs.split()]
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        for pixel in range(start - base, start - base + length):
            if by_row:
                mask[pixel // width, pixel % width] = True
            else:
                mask[pixel % height, pixel // height] = True
    return mask


class Cycling(FakeDetector):
    """Another crack on each photo, none on the third; told apart by the photo's gray."""

    def detect(self, photo, should_stop=None, heal=True) -> Detection:
        super().detect(photo, should_stop)
        return seen(int(photo[0, 0, 0]))


def seen(number: int) -> Detection:
    heatmap = np.zeros((10, 12), np.uint16)
    if number != 2:
        rng = np.random.default_rng(number)
        heatmap[rng.random((10, 12)) > 0.6] = 50_000
    return Detection(np.zeros((10, 12, 3), np.uint8), heatmap, 0.9 if number % 2 else 0.1)


@pytest.fixture
def photos(tmp_path: Path, save_photo) -> Path:
    """Five photos (10, 12), each of its own gray."""
    for number in range(5):
        save_photo(tmp_path / "in" / f"{number}.png", np.full((10, 12, 3), number, np.uint8))
    return tmp_path / "in"


def rows_of(photos: Path) -> Rows:
    return plan_rows(find_sources([photos]))


def submitted(
    out: Path,
    rows: Rows,
    form: RowFormat | None = None,
    gate: bool = False,
    preset: Preset = PRESET,
) -> Summary:
    submission = Submission(out, rows, form or RowFormat(), preset, gate)
    list(submission.run(Cycling(one_crack())))
    return submission.finish()


@pytest.mark.parametrize("order", ["column", "row"])
@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("empty", ["", "-1", "none"])
def test_an_independent_decoder_reads_the_masks(
    photos: Path, tmp_path: Path, order, base: int, empty: str
) -> None:
    out = tmp_path / "out.csv"
    submitted(out, rows_of(photos), RowFormat(order, base, empty))
    rows = read_rows(out)
    assert list(rows) == [f"{number}.png" for number in range(5)]
    for number in range(5):
        text = rows[f"{number}.png"]
        expected = cut_mask(seen(number).heatmap, PRESET.mask)
        assert expected.any() or text == empty
        runs = "" if text == empty else text
        assert np.array_equal(drawn(runs, 10, 12, order == "row", base), expected)
    assert out.read_text().startswith("file,crack\n")


def test_the_gate_empties_what_is_not_called_cracked(photos: Path, tmp_path: Path) -> None:
    summary = submitted(tmp_path / "out.csv", rows_of(photos), gate=True)
    rows = read_rows(tmp_path / "out.csv")
    assert [bool(rows[f"{number}.png"]) for number in range(5)] == [0, 1, 0, 1, 0]
    assert (summary.rows, summary.empty) == (5, 3)


def test_the_summary_says_what_is_submitted(photos: Path, tmp_path: Path) -> None:
    summary = submitted(tmp_path / "out.csv", rows_of(photos))
    shares = [cut_mask(seen(number).heatmap, PRESET.mask).mean() for number in range(5)]
    assert summary.mean_share == pytest.approx(np.mean(shares))
    assert summary.most == (f"{int(np.argmax(shares))}.png", pytest.approx(max(shares)))
    assert summary.sentence.startswith("5 rows: 1 empty (20.0 %)")
    assert summary.warnings == []
    whole = replace(PRESET, mask=replace(PRESET.mask, threshold=0.0))
    (warning,) = submitted(tmp_path / "whole.csv", rows_of(photos), preset=whole).warnings
    assert warning.startswith("5 photos are marked on 60 % of their pixels or more, “0.png” on 100")


def test_what_stands_out_is_told() -> None:
    plain = Summary(30, 5, 0.02, ("a.jpg", 0.2), 0)
    assert plain.warnings == []
    assert "All rows are empty" in replace(plain, empty=30).warnings[0]
    assert "No row is empty" in replace(plain, empty=0).warnings[0]
    assert "“a.jpg” is marked on 61 %" in replace(plain, most=("a.jpg", 0.61)).warnings[0]
    one = replace(plain, most=("a.jpg", 0.61), much=1)
    assert one.warnings == ["“a.jpg” is marked on 61 % of its pixels: look at it."]
    several = replace(plain, most=("a.jpg", 1.0), much=9).warnings
    assert several == [
        "9 photos are marked on 60 % of their pixels or more, “a.jpg” on 100 %: look at them."
    ]
    assert "2 photos could not be scored" in replace(plain, failed=2).warnings[0]
    assert "1 photo could not be scored: its row" in replace(plain, failed=1).warnings[0]
    assert replace(plain, rows=1).sentence.startswith("1 row:")


def test_a_photo_that_cannot_be_read_keeps_its_row(photos: Path, tmp_path: Path) -> None:
    (photos / "1.png").write_text("no photo")
    rows = rows_of(photos)
    submission = Submission(tmp_path / "out.csv", rows, RowFormat(), PRESET, False)
    outcomes = list(submission.run(Cycling(one_crack())))
    assert [isinstance(outcome, Failed) for outcome in outcomes] == [0, 1, 0, 0, 0]
    assert submission.finish().failed == 1
    assert read_rows(tmp_path / "out.csv")["1.png"] == ""
    assert len(read_rows(tmp_path / "out.csv")) == 5


@pytest.mark.parametrize("cut_short", [False, True])
def test_a_submission_that_was_stopped_goes_on(
    photos: Path, tmp_path: Path, cut_short: bool
) -> None:
    out, rows = tmp_path / "out.csv", rows_of(photos)
    submitted(tmp_path / "whole.csv", rows)
    stopped = Submission(out, rows, RowFormat(), PRESET, False)
    with closing(stopped.run(Cycling(one_crack()))) as running:
        assert len(list(islice(running, 3))) == 3
    assert not out.exists()
    journal = tmp_path / ".out.csv.part"
    if cut_short:
        journal.write_bytes(journal.read_bytes()[:-20])
    again = Submission(out, rows, RowFormat(), PRESET, False)
    detector = Cycling(one_crack())
    assert again.done == 3 - cut_short
    list(again.run(detector))
    assert detector.photos == 2 + cut_short
    again.finish()
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_a_photo_that_was_replaced_meanwhile_is_scored_anew(
    photos: Path, tmp_path: Path, save_photo
) -> None:
    out, rows = tmp_path / "out.csv", rows_of(photos)
    list(Submission(out, rows, RowFormat(), PRESET, False).run(Cycling(one_crack())))
    save_photo(photos / "1.png", np.full((10, 12, 3), 2, np.uint8))
    again = Submission(out, rows, RowFormat(), PRESET, False)
    assert again.done == 4
    list(again.run(Cycling(one_crack())))
    again.finish()
    assert read_rows(out)["1.png"] == ""


@pytest.mark.parametrize(
    ("form", "preset", "gate", "version"),
    [
        (RowFormat(base=0), PRESET, False, ""),
        (RowFormat(), Preset(plain_mask(threshold=0.6)), False, ""),
        (RowFormat(), PRESET, True, ""),
        (RowFormat(), PRESET, False, "2"),
    ],
)
def test_rows_of_other_settings_are_not_taken_over(
    photos: Path, tmp_path: Path, form, preset, gate: bool, version: str
) -> None:
    first = Submission(tmp_path / "out.csv", rows_of(photos), RowFormat(), PRESET, False)
    list(first.run(Cycling(one_crack())))
    other = Submission(tmp_path / "out.csv", rows_of(photos), form, preset, gate, version)
    assert (first.done, other.done) == (5, 0)
    list(other.run(Cycling(one_crack())))
    assert other.finish().rows == 5


def test_what_does_not_read_back_is_not_offered(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("older")
    submission = Submission(out, rows_of(photos), RowFormat(), PRESET, False)
    list(submission.run(Cycling(one_crack())))
    journal = tmp_path / ".out.csv.part"
    lines = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
    runs = lines[3]["runs"]
    changed = runs[:-1] + ("2" if runs[-1] == "1" else "1")
    journal.write_text(journal.read_text().replace(runs, changed))
    with pytest.raises(SubmissionError, match=r"the row of “3[.]png” did not read back"):
        submission.finish()
    assert out.read_text() == "older"


def test_two_runs_never_make_one_file_at_once(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    first = Submission(out, rows_of(photos), RowFormat(), PRESET, False)
    going = first.run(Cycling(one_crack()))
    next(going)
    second = Submission(out, rows_of(photos), RowFormat(empty="-1"), PRESET, False)
    with pytest.raises(SubmissionError, match=r"Another run is making “out[.]csv”"):
        next(second.run(Cycling(one_crack())))
    list(going)
    assert first.finish().rows == 5
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out.csv"}


def test_a_disk_that_is_full_in_the_middle_is_said(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    submission = Submission(out, rows_of(photos), RowFormat(), PRESET, False)
    (tmp_path / ".out.csv.part").symlink_to("/dev/full")  # whose content never ends
    with pytest.raises(FolderError, match=r"cannot be written .*free some space"):
        list(submission.run(Cycling(one_crack())))
    assert not out.exists()


def test_names_and_texts_are_written_as_they_are(tmp_path: Path, save_photo) -> None:
    """A spreadsheet's apostrophe before -1 or = would be a wrong submission."""
    for name in ("=1+1.png", "-a.png"):
        save_photo(tmp_path / "in" / name, np.full((10, 12, 3), 2, np.uint8))
    submitted(tmp_path / "out.csv", rows_of(tmp_path / "in"), RowFormat(empty="-1"))
    assert read_rows(tmp_path / "out.csv") == {"-a.png": "-1", "=1+1.png": "-1"}


def test_an_empty_text_that_reads_as_a_mask_is_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="would read as a mask"):
        Submission(tmp_path / "out.csv", rows_of(photos), RowFormat(empty="1 0"), PRESET, False)


def test_a_disk_that_fails_is_told_and_nothing_half_written_is_left(
    photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    submission = Submission(out, rows_of(photos), RowFormat(), PRESET, False)
    list(submission.run(Cycling(one_crack())))
    out.mkdir()  # what no file can replace
    with pytest.raises(FolderError, match=r"cannot be written [(]Is a directory[)]: free"):
        submission.finish()
    assert not list(out.iterdir())
    assert len(list(tmp_path.glob(".*"))) == 1
    out.rmdir()
    assert submission.finish().rows == 5


def test_a_mask_longer_than_a_cells_default_is_read_back(tmp_path: Path, save_photo) -> None:
    """The csv module refuses cells of over 131,072 characters unless it is told otherwise."""
    save_photo(tmp_path / "in" / "a.png", np.zeros((400, 400, 3), np.uint8))
    heatmap = np.zeros((400, 400), np.uint16)
    heatmap[::2, ::2] = 50_000
    detector = FakeDetector(Detection(np.zeros((400, 400, 3), np.uint8), heatmap, 0.9))
    submission = Submission(
        tmp_path / "out.csv", rows_of(tmp_path / "in"), RowFormat(), PRESET, False
    )
    list(submission.run(detector))
    submission.finish()
    text = read_rows(tmp_path / "out.csv")["a.png"]
    assert len(text) > 131_072
    assert np.array_equal(drawn(text, 400, 400), heatmap > 0)
