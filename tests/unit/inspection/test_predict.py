import csv
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.detection.classes import ClassDetector
from crackdemo.detection.detector import Detector
from crackdemo.errors import FolderError, PhotoError, PredictError, SourceError, Stopped
from crackdemo.files import sha256_of
from crackdemo.inspection.batch import predict
from crackdemo.inspection.predict import (
    Failed,
    Inspected,
    Outcome,
    errors_csv,
    inspect_photos,
    result_row,
    results_csv,
    unclear_names,
)
from crackdemo.masks.measure import measure
from crackdemo.masks.presets import Preset
from crackdemo.masks.region import region_mask
from crackdemo.photos.images import read_mask, read_photo, write_jpeg
from crackdemo.photos.overlays import mask_overlay
from crackdemo.photos.sources import Source, find_sources
from crackdemo.photos.views import VIEWS
from tests.fakes import FakeDetector, one_crack
from tests.plain import plain_mask

SavePhoto = Callable[..., Path]

COLUMNS = ["file", "sha256", "score", "crack", "state", "crack_percent"]
COLUMNS += ["length_px", "max_width_px", "mean_width_px", "components", "seconds"]
COLUMNS += ["weights", "commit"]
MM_COLUMNS = ["length_mm", "max_width_mm", "mean_width_mm"]


@pytest.fixture(scope="module")
def detector(tiny_checkpoint: Path) -> Detector:
    return load_checkpoint(tiny_checkpoint).detector(torch.device("cpu"))


@pytest.fixture
def preset(tiny_checkpoint: Path) -> Preset:
    return Preset(load_checkpoint(tiny_checkpoint).config.mask)


@pytest.fixture
def survey(tmp_path: Path, save_photo: SavePhoto) -> Path:
    """Three good photos and two bad files."""
    folder = tmp_path / "survey"
    save_photo(folder / "a.jpg")
    save_photo(folder / "km 12" / 'ünï "q" \'s.png')
    save_photo(folder / "clean.png", np.full((70, 90, 3), 140, np.uint8))
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("not a photo")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(folder: Path, detector: Detector, preset: Preset, out: Path) -> list[Outcome]:
    return list(predict(find_sources([folder]), detector, preset, out))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


class TestPredict:
    def test_every_good_photo_leaves_a_row_and_four_views(
        self, survey: Path, detector: Detector, preset: Preset, tmp_path: Path
    ) -> None:
        out = tmp_path / "out"
        run(survey, detector, preset, out)
        stems = ["a", "clean", 'km 12/ünï "q" \'s']
        views = {"masks": "png", "heatmaps": "png", "reconstructions": "png", "overlays": "jpg"}
        expected = {f"{view}/{stem}.{suffix}" for view, suffix in views.items() for stem in stems}
        assert set(contents(out)) == expected | {"results.csv", "errors.csv", "settings.json"}
        results = rows(out / "results.csv")
        assert list(results[0]) == COLUMNS
        assert [row["file"] for row in results] == ["a.jpg", "clean.png", 'km 12/ünï "q" \'s.png']

    def test_bad_photos_are_listed_with_their_reason(
        self, survey: Path, detector: Detector, preset: Preset, tmp_path: Path
    ) -> None:
        outcomes = run(survey, detector, preset, tmp_path / "out")
        errors = rows(tmp_path / "out" / "errors.csv")
        assert [row["file"] for row in errors] == ["empty.jpg", "text.jpg"]
        assert "is an empty file" in errors[0]["reason"]
        assert "is not a photo" in errors[1]["reason"]
        assert [o.source.file for o in outcomes if isinstance(o, Failed)] == [
            "empty.jpg",
            "text.jpg",
        ]

    def test_the_files_hold_what_the_detector_and_the_settings_say(
        self, save_photo: SavePhoto, detector: Detector, preset: Preset, tmp_path: Path
    ) -> None:
        path = save_photo(tmp_path / "in" / "a.png")
        out = tmp_path / "out"
        run(path.parent, detector, preset, out)
        photo = read_photo(path)
        detection = detector.detect(photo)
        heatmap = cv2.imread(str(out / "heatmaps" / "a.png"), cv2.IMREAD_UNCHANGED)
        assert heatmap.dtype == np.uint16
        assert np.array_equal(heatmap, detection.heatmap)
        assert np.array_equal(
            read_photo(out / "reconstructions" / "a.png"), detection.reconstruction
        )
        raw_mask = cv2.imread(str(out / "masks" / "a.png"), cv2.IMREAD_UNCHANGED)
        assert set(np.unique(raw_mask)) == {0, 255}
        mask = read_mask(out / "masks" / "a.png")
        write_jpeg(tmp_path / "expected.jpg", mask_overlay(photo, mask))
        expected = (tmp_path / "expected.jpg").read_bytes()
        assert (out / "overlays" / "a.jpg").read_bytes() == expected
        [row] = rows(out / "results.csv")
        report = measure(mask)
        assert float(row["crack_percent"]) == pytest.approx(report.crack_percent, abs=1e-4)
        assert float(row["length_px"]) == pytest.approx(report.length_px, abs=0.01)
        assert float(row["max_width_px"]) == pytest.approx(report.max_width_px, abs=0.01)
        assert float(row["mean_width_px"]) == pytest.approx(report.mean_width_px, abs=0.01)
        assert int(row["components"]) == report.components
        assert float(row["score"]) == pytest.approx(detection.score, abs=1e-6)
        assert row["crack"] == "true"

    def test_a_sound_photo_is_called_sound(
        self, survey: Path, detector: Detector, preset: Preset, tmp_path: Path
    ) -> None:
        run(survey, detector, preset, tmp_path / "out")
        crack = {row["file"]: row["crack"] for row in rows(tmp_path / "out" / "results.csv")}
        assert (crack["a.jpg"], crack["clean.png"]) == ("true", "false")

    def test_a_second_run_writes_the_same_bytes_but_for_the_seconds(
        self, survey: Path, detector: Detector, preset: Preset, tmp_path: Path
    ) -> None:
        runs = []
        for name in ("one", "two", "two"):
            run(survey, detector, preset, tmp_path / name)
            files = contents(tmp_path / name)
            table = rows(tmp_path / name / "results.csv")
            del files["results.csv"]
            runs.append((files, [{**row, "seconds": ""} for row in table]))
        assert runs[0] == runs[1] == runs[2]

    def test_views_of_an_earlier_run_inside_the_folder_are_no_photos(
        self, survey: Path, detector: Detector, preset: Preset
    ) -> None:
        for _ in range(2):
            sources = find_sources([survey], [survey / view for view in VIEWS])
            list(predict(sources, detector, preset, survey))
        assert len(rows(survey / "results.csv")) == 3

    def test_views_of_earlier_runs_into_other_folders_are_no_photos(
        self, survey: Path, detector: Detector, preset: Preset
    ) -> None:
        out = survey / "deep" / "out 2"
        for folder in (survey / "out", out):
            run(survey, detector, preset, folder)
        assert len(rows(out / "results.csv")) == 3
        assert len(find_sources([out / "masks"])) == 3  # whoever asks for them has them
        with pytest.raises(SourceError, match="no photos but what predict made of others"):
            find_sources([out])
        assert len(find_sources([survey / "clean.png", out])) == 1
        (out / "results.csv").write_text("id,v")  # masks that anybody may have made
        assert len(find_sources([out])) > 3

    def test_somebodys_masks_are_never_written_over(
        self, survey: Path, save_photo: SavePhoto, detector: Detector, preset: Preset
    ) -> None:
        label = save_photo(survey / "masks" / "a.png")
        before = label.read_bytes()
        with pytest.raises(PredictError, match="“survey” holds masks"):
            run(survey, detector, preset, survey)
        assert label.read_bytes() == before
        assert not (survey / "results.csv").exists()

    def test_an_output_folder_that_is_a_file_is_refused(
        self, survey: Path, detector: Detector, preset: Preset, tmp_path: Path
    ) -> None:
        (tmp_path / "out").write_text("")
        with pytest.raises(FolderError, match="“out”"):
            run(survey, detector, preset, tmp_path / "out")

    def test_a_batch_that_is_stopped_leaves_whole_tables(
        self, survey: Path, detector: Detector, preset: Preset, tmp_path: Path
    ) -> None:
        outcomes = predict(find_sources([survey]), detector, preset, tmp_path / "out")
        assert isinstance(outcomes, Generator)
        next(outcomes)
        outcomes.close()
        done = [row["file"] for row in rows(tmp_path / "out" / "results.csv")]
        assert done[0] == "a.jpg"  # a photo that was being saved beside it may be there too
        saved = (tmp_path / "out" / "masks").iterdir()
        assert sorted(Path(name).stem for name in done) == sorted(path.stem for path in saved)
        assert rows(tmp_path / "out" / "errors.csv") == []

    def test_a_photo_whose_views_cannot_be_saved_fails_alone(
        self, survey: Path, detector: Detector, preset: Preset, tmp_path: Path
    ) -> None:
        out = tmp_path / "out"
        run(survey, detector, preset, out)
        (out / "masks" / "a.png").unlink()
        (out / "masks" / "a.png").mkdir()
        run(survey, detector, preset, out)
        assert len(rows(out / "results.csv")) == 2
        reasons = {row["file"]: row["reason"] for row in rows(out / "errors.csv")}
        assert "could not be saved" in reasons["a.jpg"]
        assert str(tmp_path) not in reasons["a.jpg"]

    def test_with_a_scale_lengths_come_in_mm_too(
        self, survey: Path, detector: Detector, preset: Preset, tmp_path: Path
    ) -> None:
        run(survey, detector, replace(preset, mm_per_px=0.5), tmp_path / "out")
        results = rows(tmp_path / "out" / "results.csv")
        assert list(results[0]) == COLUMNS + MM_COLUMNS
        assert float(results[0]["length_px"]) > 0
        for row in results:
            for name in ("length", "max_width", "mean_width"):
                assert float(row[f"{name}_mm"]) == pytest.approx(
                    float(row[f"{name}_px"]) / 2, abs=0.01
                )

    def test_the_presets_region_holds_for_photos_of_every_size(
        self, survey: Path, detector: Detector, preset: Preset, tmp_path: Path
    ) -> None:
        left = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
        settings = replace(preset, mask=plain_mask(threshold=0), region=(left,))
        run(survey, detector, settings, tmp_path / "out")
        for stem in ("a", "clean"):
            mask = read_mask(tmp_path / "out" / "masks" / f"{stem}.png")
            assert np.array_equal(mask, region_mask([left], *mask.shape))

    def test_a_name_like_a_formula_is_made_harmless_in_the_table_alone(
        self, save_photo: SavePhoto, detector: Detector, preset: Preset, tmp_path: Path
    ) -> None:
        save_photo(tmp_path / "in" / "=cmd.png")
        (tmp_path / "in" / "+1.jpg").touch()
        out = tmp_path / "out"
        run(tmp_path / "in", detector, preset, out)
        assert rows(out / "results.csv")[0]["file"] == "'=cmd.png"
        assert rows(out / "errors.csv")[0] == {
            "file": "'+1.jpg",
            "reason": "'+1.jpg is an empty file; copy it again from the camera.",
        }
        assert (out / "masks" / "=cmd.png").is_file()


class TestInspectPhotos:
    @pytest.fixture
    def sources(self, save_photo: SavePhoto, tmp_path: Path) -> list[Source]:
        """Three photos, of which no two are equal."""
        found = []
        for number, name in enumerate("abc"):
            pixels = np.full((10, 12, 3), 50 * number, np.uint8)
            path = save_photo(tmp_path / f"{name}.png", pixels)
            found.append(Source(path, f"{name}.png", name))
        return found

    @staticmethod
    def inspect(sources: list[Source], failure: BaseException) -> Iterator[Outcome]:
        """Three photos of which the second ends in `failure`."""
        detector = FakeDetector(one_crack(), [None, failure])
        return inspect_photos(sources, detector, Preset(plain_mask()))

    @pytest.mark.parametrize(
        "failure",
        [
            MemoryError(),
            RuntimeError("[enforce fail at alloc_cpu.cpp:124] can't allocate memory"),
            torch.OutOfMemoryError("CUDA out of memory"),
            cv2.error("Insufficient memory"),
        ],
        ids=lambda failure: type(failure).__name__,
    )
    def test_a_photo_too_large_for_memory_holds_nothing_up(
        self, failure: Exception, sources: list[Source]
    ) -> None:
        first, second, third = self.inspect(sources, failure)
        assert isinstance(first, Inspected) and isinstance(third, Inspected)
        assert isinstance(second, Failed)
        assert second.reason.startswith("b.png could not be scored")
        assert second.reason.endswith(".") and "alloc" not in second.reason

    def test_a_photo_error_is_the_reason(self, sources: list[Source]) -> None:
        _, second, _ = self.inspect(sources, PhotoError("b.png is odd."))
        assert second == Failed(sources[1], "b.png is odd.")

    def test_a_stop_ends_the_batch_with_what_is_done(self, sources: list[Source]) -> None:
        assert [o.source.stem for o in self.inspect(sources, Stopped())] == ["a"]

    def test_a_mistake_in_the_program_is_not_hidden(self, sources: list[Source]) -> None:
        with pytest.raises(ZeroDivisionError):
            list(self.inspect(sources, ZeroDivisionError()))

    def test_an_outcome_comes_as_soon_as_its_photo_is_done(self, sources: list[Source]) -> None:
        detector = FakeDetector(one_crack())
        outcomes = inspect_photos(sources, detector, Preset(plain_mask()))
        next(outcomes)
        assert detector.photos == 1

    def test_seconds_are_those_of_the_detection_alone(self, sources: list[Source]) -> None:
        class Clock:
            """Every look at it costs a second; so does reading the file, which is not counted."""

            seconds = 0.0

            def __call__(self) -> float:
                self.seconds += 1
                return self.seconds

        detector = FakeDetector(one_crack())
        [outcome] = inspect_photos(sources[:1], detector, Preset(plain_mask()), Clock())
        assert isinstance(outcome, Inspected) and outcome.seconds == 1

    def test_a_row_by_hand(self, sources: list[Source]) -> None:
        preset = Preset(plain_mask(), mm_per_px=2, weights="ours/road", commit="c0ffee")
        [outcome] = inspect_photos(sources[:1], FakeDetector(one_crack()), preset)
        assert isinstance(outcome, Inspected)
        row = {**result_row(outcome), "seconds": "0.001"}
        assert results_csv([row], preset) == (
            ",".join(COLUMNS + MM_COLUMNS)
            + f"\na.png,{sha256_of(sources[0].path)},0.400000,false,check,5.8333,"
            "7.00,2.00,2.00,1,0.001,ours/road,c0ffee,14.00,4.00,4.00\n"
        )

    def test_what_was_dropped_by_hand_has_a_column_of_its_own(self, sources: list[Source]) -> None:
        preset = Preset(plain_mask(), dropped={sha256_of(sources[1].path): ((3, 5),)})
        outcomes = list(inspect_photos(sources, FakeDetector(one_crack()), preset))
        done = [result_row(outcome) for outcome in outcomes if isinstance(outcome, Inspected)]
        table = list(csv.DictReader(results_csv(done, preset).splitlines()))
        assert list(table[0]) == [*COLUMNS, "dropped_percent"]
        assert [row["components"] for row in table] == ["1", "0", "1"]
        assert [row["dropped_percent"] for row in table] == ["0.0000", "5.8333", "0.0000"]

    def test_a_class_that_was_chosen_of_several_has_a_column_after_the_state(
        self, sources: list[Source]
    ) -> None:
        heatmap = one_crack().heatmap
        several = replace(one_crack(), classes={"crack": heatmap, "joint": heatmap[::-1]})
        preset = Preset(plain_mask(), only="joint")
        alone = ClassDetector(FakeDetector(several), "joint")
        rows = [result_row(each) for each in inspect_photos(sources, alone, preset)]
        older = {name: cell for name, cell in rows[0].items() if name != "class"}
        table = list(csv.DictReader(results_csv([older, *rows[1:]], preset).splitlines()))
        after = COLUMNS.index("state") + 1
        assert list(table[0]) == [*COLUMNS[:after], "class", *COLUMNS[after:]]
        assert [row["class"] for row in table] == ["joint"] * 3

    def test_the_only_class_that_there_is_has_none(self, sources: list[Source]) -> None:
        alone = ClassDetector(FakeDetector(one_crack()), "crack")
        preset = Preset(plain_mask(), only="crack")
        rows = [result_row(each) for each in inspect_photos(sources, alone, preset)]
        assert results_csv(rows, preset).startswith(",".join(COLUMNS) + "\n")

    def test_tables_without_photos_still_say_their_columns(self) -> None:
        assert results_csv([], Preset(plain_mask())) == ",".join(COLUMNS) + "\n"
        assert errors_csv([]) == "file,reason\n"


class TestDroppedFalseAlarms:
    """They belong to a photo's content: two photos of one name are two photos."""

    @pytest.fixture
    def twins(self, save_photo: SavePhoto, tmp_path: Path) -> list[Source]:
        """`a/IMG_1.png` and `b/IMG_1.png`, which differ."""
        for number, folder in enumerate("ab"):
            save_photo(tmp_path / folder / "IMG_1.png", np.full((10, 12, 3), number, np.uint8))
        return find_sources([tmp_path])

    @staticmethod
    def components(sources: list[Source], preset: Preset) -> list[int]:
        outcomes = inspect_photos(sources, FakeDetector(one_crack()), preset)
        return [o.verdict.report.components for o in outcomes if isinstance(o, Inspected)]

    def test_a_drop_on_one_leaves_the_other_of_its_name_alone(self, twins: list[Source]) -> None:
        preset = Preset(plain_mask(), dropped={sha256_of(twins[0].path): ((3, 5),)})
        assert self.components(twins, preset) == [0, 1]

    def test_a_drop_goes_with_a_photo_that_is_renamed(self, twins: list[Source]) -> None:
        preset = Preset(plain_mask(), dropped={sha256_of(twins[0].path): ((3, 5),)})
        renamed = twins[0].path.rename(twins[0].path.with_name("other.png"))
        assert self.components([Source(renamed, "other.png", "other")], preset) == [0]

    def test_a_bare_name_of_an_older_preset_holds_where_it_is_clear(
        self, twins: list[Source]
    ) -> None:
        preset = Preset(plain_mask(), dropped_by_name={"IMG_1.png": ((3, 5),)})
        assert self.components(twins[:1], preset) == [0]
        assert unclear_names(preset, twins[:1]) == []

    def test_a_bare_name_that_two_photos_have_is_not_clear(self, twins: list[Source]) -> None:
        names = {"IMG_1.png": ((3, 5),), "other.png": ((0, 0),)}
        preset = Preset(plain_mask(), dropped_by_name=names)
        assert unclear_names(preset, twins) == ["IMG_1.png"]
        clear = preset.without_names(["IMG_1.png"])
        assert list(clear.dropped_by_name) == ["other.png"]
        assert self.components(twins, clear) == [1, 1]
