import csv
import errno
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackdemo.arrays import RgbImage
from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.detection.detector import Detection
from crackdemo.errors import FolderError, PredictError
from crackdemo.inspection.batch import BatchConfig, Kept, _Batch, _Room, predict
from crackdemo.inspection.output import OutputFolder
from crackdemo.inspection.predict import Failed, Inspected, Outcome
from crackdemo.masks.presets import Preset
from crackdemo.photos.sources import find_sources
from crackdemo.photos.views import VIEWS
from tests.fakes import FakeDetector, one_crack
from tests.plain import plain_mask

SavePhoto = Callable[..., Path]
PRESET = Preset(plain_mask(), weights="w")
RESUMED = BatchConfig(resume=True, fingerprint="f")
FIRST = BatchConfig(fingerprint="f")


class Threshold(FakeDetector):
    """Finds crack where a photo is dark; waits on photos whose first pixel is 1 until told."""

    def __init__(self) -> None:
        super().__init__(one_crack())
        self.gate = threading.Event()
        self.waits = threading.Event()
        self.healed: list[bool] = []

    def detect(self, photo: RgbImage, should_stop=None, heal=True) -> Detection:
        self.photos += 1
        self.healed.append(heal)
        if photo[0, 0, 0] == 1:
            self.waits.set()
            assert self.gate.wait(20)
        heatmap = np.where(photo[..., 0] < 50, 60_000, 10).astype(np.uint16)
        return Detection(255 - photo, heatmap, float(photo[0, 0, 0]) / 255)


@pytest.fixture
def folder(tmp_path: Path, save_photo: SavePhoto) -> Path:
    """Eight photos, 0.png to 7.png, of which no two are equal; 3 is broken."""
    for number in range(8):
        pixels = np.full((20, 24, 3), 100 + number, np.uint8)
        pixels[5:7, 3:20] = 10
        save_photo(tmp_path / "in" / f"{number}.png", pixels)
    (tmp_path / "in" / "3.png").write_bytes(b"\x89PNG no more")
    return tmp_path / "in"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(out: Path) -> list[str]:
    return [row["file"] for row in rows(out / "results.csv")]


def run(
    folder: Path, out: Path, config: BatchConfig = FIRST, preset: Preset = PRESET
) -> tuple[Threshold, list[Outcome | Kept]]:
    detector = Threshold()
    return detector, list(predict(find_sources([folder]), detector, preset, out, config))


def test_the_table_is_the_same_however_many_threads_there_are(folder: Path, tmp_path: Path):
    tables = []
    for name, threads in (("one", 1), ("many", 4)):
        config = replace(FIRST, at_once=threads, helpers=threads)
        _, outcomes = run(folder, tmp_path / name, config)
        assert [o.source.file for o in outcomes] == [f"{n}.png" for n in range(8)]
        assert isinstance(outcomes[3], Failed)
        assert [row["file"] for row in rows(tmp_path / name / "errors.csv")] == ["3.png"]
        tables.append([{**row, "seconds": ""} for row in rows(tmp_path / name / "results.csv")])
    assert tables[0] == tables[1] and len(tables[0]) == 7


def test_photos_are_read_and_written_while_the_network_is_busy(folder: Path, tmp_path: Path):
    """The photo after next is looked at before the first one is let go: nobody waits for it."""
    Image.fromarray(np.full((20, 24, 3), 1, np.uint8)).save(folder / "0.png")
    detector = Threshold()
    config = replace(FIRST, at_once=2)
    outcomes = predict(find_sources([folder]), detector, PRESET, tmp_path / "out", config)
    seen: list[str] = []
    consumer = threading.Thread(target=lambda: seen.extend(o.source.file for o in outcomes))
    consumer.start()
    assert detector.waits.wait(20)
    while detector.photos < 2:
        assert consumer.is_alive()
    detector.gate.set()
    consumer.join(20)
    assert seen == [f"{n}.png" for n in range(8)]


class TestResume:
    def test_what_was_done_is_not_done_again(self, folder: Path, tmp_path: Path):
        out = tmp_path / "out"
        run(folder, out)
        before = (out / "results.csv").read_bytes()
        detector, outcomes = run(folder, out, RESUMED)
        assert detector.photos == 0
        assert sum(isinstance(o, Kept) for o in outcomes) == 7
        assert isinstance(outcomes[3], Failed)
        assert (out / "results.csv").read_bytes() == before

    def test_after_a_stop_the_rest_is_done_and_nothing_twice(self, folder: Path, tmp_path: Path):
        out = tmp_path / "out"
        outcomes = predict(find_sources([folder]), Threshold(), PRESET, out, FIRST)
        next(outcomes), next(outcomes)
        outcomes.close()
        done = files(out)
        assert 2 <= len(done) < 7
        detector, _ = run(folder, out, RESUMED)
        assert detector.photos == 7 - len(done)
        assert files(out) == [f"{n}.png" for n in range(8) if n != 3]

    @pytest.mark.parametrize(
        "config, preset",
        [
            (replace(RESUMED, fingerprint="other"), PRESET),
            (RESUMED, replace(PRESET, mask=plain_mask(threshold=0.7))),
            (RESUMED, replace(PRESET, mm_per_px=0.5)),
        ],
        ids=["weights", "threshold", "scale"],
    )
    def test_other_settings_do_all_anew(
        self, folder: Path, tmp_path: Path, config: BatchConfig, preset: Preset
    ):
        run(folder, tmp_path / "out")
        detector, _ = run(folder, tmp_path / "out", config, preset)
        assert detector.photos == 7

    def test_rows_never_stand_beside_settings_they_were_not_made_with(
        self, folder: Path, tmp_path: Path
    ):
        out = tmp_path / "out"
        run(folder, out)
        other = replace(PRESET, mm_per_px=0.5)
        outcomes = predict(find_sources([folder]), Threshold(), other, out, RESUMED)
        next(outcomes)
        outcomes.close()
        done = len(files(out))
        assert 1 <= done < 7 and all(row["length_mm"] for row in rows(out / "results.csv"))
        detector, _ = run(folder, out, RESUMED, other)
        assert detector.photos == 7 - done

    def test_a_photo_that_changed_or_whose_view_is_gone_is_done_again(
        self, folder: Path, tmp_path: Path, save_photo: SavePhoto
    ):
        out = tmp_path / "out"
        run(folder, out)
        save_photo(folder / "1.png", np.full((20, 24, 3), 7, np.uint8))
        (out / "masks" / "5.png").unlink()
        detector, _ = run(folder, out, RESUMED)
        assert detector.photos == 2
        assert len(set(files(out))) == len(files(out)) == 7

    def test_rows_of_photos_elsewhere_stay(self, folder: Path, tmp_path: Path):
        for half, numbers in (("a", "0124"), ("b", "567")):
            (tmp_path / half).mkdir()
            for number in numbers:
                shutil.copy(folder / f"{number}.png", tmp_path / half / f"{number}.png")
        run(tmp_path / "a", tmp_path / "out")
        run(tmp_path / "b", tmp_path / "out", RESUMED)
        assert files(tmp_path / "out") == [f"{n}.png" for n in (0, 1, 2, 4, 5, 6, 7)]

    def test_a_table_that_somebody_spoilt_only_costs_time(self, folder: Path, tmp_path: Path):
        out = tmp_path / "out"
        run(folder, out)
        lines = (out / "results.csv").read_text().splitlines()
        (out / "results.csv").write_text(
            "\n".join([*lines[:3], "4.png,x,,,,,,,,,,,,,,,", ";;", ""])
        )
        detector, _ = run(folder, out, RESUMED)
        assert detector.photos == 5
        assert len(files(out)) == 7

    def test_an_empty_picture_and_a_row_that_says_nothing_are_not_taken_for_done(
        self, folder: Path, tmp_path: Path
    ):
        out = tmp_path / "out"
        run(folder, out)
        (out / "masks" / "1.png").write_bytes(b"")
        table = (out / "results.csv").read_text()
        score = rows(out / "results.csv")[0]["score"]
        (out / "results.csv").write_text(table.replace(f",{score},", ",hello,", 1))
        assert run(folder, out, RESUMED)[0].photos == 2
        assert (out / "masks" / "1.png").stat().st_size
        assert "hello" not in (out / "results.csv").read_text()

    def test_what_a_kill_left_half_written_goes_and_nothing_else(
        self, folder: Path, tmp_path: Path
    ):
        out = tmp_path / "out"
        run(folder, out)
        half = f".{'0' * 31}a.tmp"
        for name in (half, ".mine.tmp"):
            for place in (out, out / "masks", out / "masks" / "below"):
                place.mkdir(exist_ok=True)
                (place / name).touch()
        run(folder, out, RESUMED)
        left = {path.relative_to(out).as_posix() for path in out.rglob(".*")}
        assert left == {".mine.tmp", "masks/.mine.tmp", "masks/below/.mine.tmp"}

    @pytest.mark.parametrize("spoilt", ["x" * 200_000, '"' + "y\n" * 90_000])
    def test_what_is_written_under_a_table_costs_nothing(
        self, folder: Path, tmp_path: Path, spoilt: str
    ):
        out = tmp_path / "out"
        run(folder, out)
        with (out / "results.csv").open("a") as table:
            table.write(spoilt)
        assert run(folder, out, RESUMED)[0].photos == 0
        assert len(files(out)) == 7

    def test_a_lock_that_cannot_be_opened_is_said(self, folder: Path, tmp_path: Path):
        (tmp_path / "out" / ".predict.lock").mkdir(parents=True)
        with pytest.raises(FolderError, match=r"\.predict\.lock in “out” cannot be opened"):
            run(folder, tmp_path / "out")

    def test_without_it_all_is_done(self, folder: Path, tmp_path: Path):
        run(folder, tmp_path / "out")
        assert run(folder, tmp_path / "out")[0].photos == 7


class TestOnly:
    @pytest.mark.parametrize("views", [("masks",), ("overlays", "heatmaps"), ("reconstructions",)])
    def test_only_what_is_wanted_is_written_and_the_tables(
        self, folder: Path, tmp_path: Path, views: tuple[str, ...]
    ):
        out = tmp_path / "out"
        detector, _ = run(folder, out, replace(FIRST, views=views))
        assert {path.name for path in out.iterdir() if path.is_dir()} == set(views)
        assert len(files(out)) == 7
        assert set(detector.healed) == {"reconstructions" in views}

    def test_views_that_an_earlier_run_left_out_are_made_when_it_goes_on(
        self, folder: Path, tmp_path: Path
    ):
        out = tmp_path / "out"
        run(folder, out, replace(FIRST, views=("masks",)))
        assert run(folder, out, replace(RESUMED, views=("masks",)))[0].photos == 0
        assert run(folder, out, RESUMED)[0].photos == 7
        assert {path.name for path in out.iterdir() if path.is_dir()} == set(VIEWS) - {"classes"}

    def test_pictures_of_other_settings_do_not_stay_beside_new_ones(
        self, folder: Path, tmp_path: Path
    ):
        out, other = tmp_path / "out", replace(PRESET, mask=plain_mask(threshold=0.7))
        run(folder, out)
        (out / "overlays" / "mine.jpg").touch()
        run(folder, out, replace(FIRST, views=("masks",)), other)
        assert [path.name for path in (out / "overlays").iterdir()] == ["mine.jpg"]
        assert not any((out / "heatmaps").iterdir()) and len(files(out)) == 7
        assert run(folder, out, RESUMED, other)[0].photos == 7
        assert len(list((out / "overlays").iterdir())) == 8

    def test_that_all_is_done_anew_is_said(self, folder: Path, tmp_path: Path):
        told: list[str] = []
        for preset in (PRESET, PRESET, replace(PRESET, mask=plain_mask(threshold=0.7))):
            sources = find_sources([folder])
            list(predict(sources, Threshold(), preset, tmp_path / "out", RESUMED, say=told.append))
        [sentence] = told
        assert "“out” held of 7 photos was made with other settings or weights" in sentence

    def test_that_the_table_begins_anew_is_said(self, folder: Path, tmp_path: Path):
        told: list[str] = []
        for config in (FIRST, RESUMED, FIRST):
            sources = find_sources([folder])
            list(predict(sources, Threshold(), PRESET, tmp_path / "out", config, say=told.append))
        [sentence] = told
        assert sentence.startswith("results.csv listed 7 photos of an earlier run, and begins anew")

    def test_what_predict_did_not_write_stays_whatever_the_tables_say(
        self, folder: Path, tmp_path: Path
    ):
        out, other = tmp_path / "out", replace(PRESET, mask=plain_mask(threshold=0.7))
        only = replace(FIRST, views=("overlays",))
        run(folder, out, only)
        labels = tmp_path / "labels"
        for place in (labels, out / "masks", out / "classes" / "mine"):  # somebody's own
            place.mkdir(parents=True)
            (place / "0.png").touch()
        (out / "heatmaps").symlink_to(labels)
        (tmp_path / "0.jpg").touch()
        settings = json.loads((out / "settings.json").read_text())
        settings["views"] += ["heatmaps", "classes/../..", ".."]
        (out / "settings.json").write_text(json.dumps(settings))
        table = (out / "results.csv").read_text()
        (out / "results.csv").write_text(table + table.splitlines()[1].replace("0.png", "../0.png"))
        run(folder, out, only, other)
        for place in (labels, out / "masks", out / "classes" / "mine"):
            assert [path.name for path in place.iterdir()] == ["0.png"]
        assert (tmp_path / "0.jpg").exists()

    def test_pictures_of_a_photo_that_fails_now_do_not_stay(self, folder: Path, tmp_path: Path):
        out, other = tmp_path / "out", replace(PRESET, mask=plain_mask(threshold=0.7))
        run(folder, out)
        (folder / "5.png").write_bytes(b"no photo any more")
        (folder / "6.png").unlink()
        run(folder, out, FIRST, other)
        assert not list(out.rglob("[56].*"))

    def test_pictures_of_the_same_settings_stay_beside_new_ones(self, folder: Path, tmp_path: Path):
        out = tmp_path / "out"
        run(folder, out, replace(FIRST, views=("masks",)))
        run(folder, out, replace(FIRST, views=("heatmaps",)))
        assert len(list((out / "masks").iterdir())) == len(list((out / "heatmaps").iterdir())) == 7


class TestBadInput:
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
    def test_a_full_disk_ends_it_and_what_was_saved_is_in_the_table(
        self, folder: Path, tmp_path: Path, number: int
    ):
        class Full(OutputFolder):
            """Has room for three views of the third photo."""

            def _save(self, view: str, stem: str, pictures) -> None:
                if stem == "2" and view == "overlays":
                    raise OSError(number, "no room")
                super()._save(view, stem, pictures)

        out = tmp_path / "out"
        given = (PRESET, out, FIRST, time.monotonic, print)
        batch = _Batch(find_sources([folder]), Threshold(), *given)
        batch._output = Full(out, [view for view in VIEWS if view != "classes"])
        with pytest.raises(FolderError, match="disk is full: make room"):
            list(batch.run())
        assert files(out)[:2] == ["0.png", "1.png"] and "2.png" not in files(out)
        assert not (out / "masks" / "2.png").exists()
        assert "2.png" in {row["file"] for row in rows(out / "errors.csv")}
        done = len(files(out))
        assert run(folder, out, RESUMED)[0].photos == 7 - done

    def test_a_folder_into_which_another_writes_is_refused(self, folder: Path, tmp_path: Path):
        out = tmp_path / "out"
        first = predict(find_sources([folder]), Threshold(), PRESET, out, FIRST)
        next(first)
        with pytest.raises(PredictError, match="Another predict is writing to “out”"):
            run(folder, out)
        first.close()
        assert run(folder, out, RESUMED)[0].photos
        assert not list(out.glob(".*"))

    def test_ctrl_c_ends_the_pass_and_leaves_whole_tables(self, folder: Path, tmp_path: Path):
        class Interrupted(Threshold):
            """Ctrl-C comes while it looks at the third photo."""

            def detect(self, photo: RgbImage, should_stop=None, heal=True) -> Detection:
                if self.photos == 2:
                    raise KeyboardInterrupt
                return super().detect(photo, should_stop, heal)

        out = tmp_path / "out"
        with pytest.raises(KeyboardInterrupt):
            list(predict(find_sources([folder]), Interrupted(), PRESET, out, FIRST))
        done = files(out)
        assert done in (["0.png"], ["0.png", "1.png"])  # the second was perhaps not saved yet
        assert done == sorted(mask.name for mask in (out / "masks").iterdir())
        assert rows(out / "errors.csv") == []

    def test_the_table_is_kept_up_to_date_while_it_runs(self, folder: Path, tmp_path: Path):
        ticks = iter(range(0, 100_000, 11))
        out = tmp_path / "out"
        outcomes: Iterator[Outcome | Kept]
        outcomes = predict(
            find_sources([folder]), Threshold(), PRESET, out, FIRST, lambda: float(next(ticks))
        )
        next(outcomes), next(outcomes)
        assert files(out)[:1] == ["0.png"]

    def test_an_output_folder_that_vanishes_is_said_and_not_made_anew(
        self, folder: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "out"
        with pytest.raises(FolderError, match="“out” is gone"):
            for outcome in predict(find_sources([folder]), Threshold(), PRESET, out, FIRST):
                if outcome.source.file == "1.png":
                    out.rename(tmp_path / "elsewhere")
        assert not out.exists()

    def test_a_photo_that_vanishes_fails_alone(self, folder: Path, tmp_path: Path):
        sources = find_sources([folder])
        (folder / "2.png").unlink()
        list(predict(sources, Threshold(), PRESET, tmp_path / "out", FIRST))
        errors = {row["file"]: row["reason"] for row in rows(tmp_path / "out" / "errors.csv")}
        assert set(errors) == {"2.png", "3.png"} and "was not found" in errors["2.png"]

    def test_a_checkpoint_that_is_deleted_between_two_photos_is_not_missed(
        self, tiny_checkpoint: Path, folder: Path, tmp_path: Path
    ):
        copy = shutil.copytree(tiny_checkpoint, tmp_path / "copy")
        detector = load_checkpoint(copy).detector()
        outcomes = predict(find_sources([folder]), detector, PRESET, tmp_path / "out", FIRST)
        assert isinstance(next(outcomes), Inspected)
        shutil.rmtree(copy)
        assert sum(isinstance(o, Inspected) for o in outcomes) == 6

    def test_tables_for_which_there_is_no_room_are_said(self, folder: Path, tmp_path: Path):
        out = tmp_path / "out"
        outcomes = predict(find_sources([folder]), Threshold(), PRESET, out, FIRST)
        next(outcomes)
        (out / "results.csv").unlink()
        (out / "results.csv").mkdir()  # what cannot be replaced, even by root
        with pytest.raises(FolderError, match=r"results\.csv could not be written.*--resume"):
            list(outcomes)


def test_large_photos_are_looked_at_one_by_one(tmp_path: Path):
    room = _Room(10)
    inside, most = 0, 0
    lock = threading.Lock()

    def visit(pixels: int) -> None:
        nonlocal inside, most
        for _ in range(50):
            with room.of(pixels):
                with lock:
                    inside += pixels
                    most = max(most, inside)
                with lock:
                    inside -= pixels

    threads = [threading.Thread(target=visit, args=(pixels,)) for pixels in (4, 4, 4, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == 30 and inside == 0
