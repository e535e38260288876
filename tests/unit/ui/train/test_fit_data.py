"""Photos for a new fit: from where a person says, for as long as they are needed."""

import errno
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import psutil
import pytest

from crackdemo.data.check import check
from crackdemo.data.folders import find_samples
from crackdemo.data.intake import open_new, take_in
from crackdemo.errors import DatasetError, FitError, RunError
from crackdemo.runs.jobs import Jobs
from crackdemo.synthesis.examples import make_pavement
from crackdemo.training.classifier.config import ClassifierFitConfig
from crackdemo.training.config import FitConfig
from crackdemo.training.segmentation.config import SegmentConfig
from crackdemo.training.trainer import FitSettings
from crackdemo.ui.train import fit_data
from crackdemo.ui.train.settings import starts
from crackdemo.ui.tune.sets import Desk
from crackdemo.ui.workbench import Workbench

NETWORK = {"network.channels": "4, 8"}


def gathered(*given: Any) -> None:
    """Only to see whether it is refused."""
    with fit_data.gathered(*given):
        pass


def left_behind(bench: Workbench) -> list[Path]:
    return [path for path in bench.scratch.rglob("*") if path != bench.scratch / "intake"]


class TestData:
    def test_uploads_are_described(
        self, bench: Workbench, tmp_path: Path, save_photo: Callable[..., Path]
    ) -> None:
        photo = save_photo(tmp_path / "a.png")
        copy = save_photo(tmp_path / "b.png")
        (tmp_path / "c.jpg").write_bytes(b"")
        (tmp_path / "d.txt").write_text("")
        uploads = [str(photo), str(copy), str(tmp_path / "c.jpg"), str(tmp_path / "d.txt")]
        with fit_data.gathered(bench, fit_data.UPLOAD, uploads, "") as data:
            text = fit_data.describe_data(data, check(data.folder, 192, "luma"), 128)
        for part in ("1 photo**", "128 × 96", "smaller than a tile of 128 px"):
            assert part in text
        for part in ("1 exact copy is left out: b.png", "c.jpg", "d.txt"):
            assert part in text
        assert str(tmp_path) not in text

    @pytest.mark.parametrize("config", [FitConfig(), SegmentConfig()])
    def test_names_are_shown_as_they_stand(
        self, tmp_path: Path, save_photo: Callable[..., Path], config: FitSettings
    ) -> None:
        for name in ("<img src=x onerror=alert(8)>", "**a**", "z"):
            save_photo(tmp_path / "images" / f"{name}.png")
            save_photo(tmp_path / "masks" / f"{name}.png", np.eye(9, dtype=np.uint8) * 255)
        data = fit_data.Data(tmp_path, is_ours=True, left_out=("1. [b](http://c) was left out.",))
        text = next(fit_data.look_at(nullcontext(data), config, 5))[0]
        assert "onerror" in text and "<" not in text
        assert "**a**" not in text and "](" not in text and "- 1." not in text

    def test_an_upload_falls_into_the_same_parts_as_in_tune(
        self, bench: Workbench, tmp_path: Path, save_photo: Callable[..., Path]
    ) -> None:
        packed = tmp_path / "road.zip"
        with zipfile.ZipFile(packed, "w") as archive:
            for i in range(8):
                photo = save_photo(tmp_path / f"{i}.png", np.full((64, 64, 3), 40 + i, np.uint8))
                archive.write(photo, f"images/{i}.png")
                archive.write(photo, f"masks/{i}.png")
        desk = Desk(bench)
        found = desk.get(desk.bring([str(packed)], []))
        parts = dict(zip((p.source.path.stem for p in found.photos), found.splits, strict=True))
        with fit_data.gathered(bench, fit_data.UPLOAD, [str(packed)], "") as data:
            assert {s.path.stem: s.split for s in find_samples(data.folder)} == parts
        assert len(set(parts.values())) > 1

    def test_procedural_pavement_is_made(self, bench: Workbench) -> None:
        with fit_data.gathered(bench, fit_data.PAVEMENT, [], "") as data:
            assert check(data.folder, 192, "luma").photos > 10

    def test_folders_are_read_only_where_it_is_allowed(
        self, bench: Workbench, tmp_path: Path, save_photo: Callable[..., Path]
    ) -> None:
        inside = save_photo(tmp_path / "allowed" / "road" / "a.png").parent
        outside = save_photo(tmp_path / "secret" / "a.png").parent
        with fit_data.gathered(bench, fit_data.FOLDER, [], str(inside)) as data:
            assert data.folder == inside
        assert inside.is_dir()
        (tmp_path / "allowed" / "link").symlink_to(outside)
        odd = ["", "\0", "\ud800", str(inside / ("x" * 300))]
        secret = [str(outside), str(inside / ".." / ".." / "secret"), str(inside.parent / "link")]
        for text in [*odd, *secret]:
            with pytest.raises(DatasetError, match="may not read it"):
                gathered(bench, fit_data.FOLDER, [], text)

    def test_an_upload_without_files_is_refused(self, bench: Workbench) -> None:
        with pytest.raises(DatasetError, match="no photos yet"):
            gathered(bench, fit_data.UPLOAD, [], "")

    def test_time_is_estimated_from_real_steps(self, bench: Workbench) -> None:
        small = {"tile_size": 32, "source_size": 64, "batch_size": 2, "steps_per_epoch": 2}
        config = fit_data.settings_of({"family": "cae", **small, **NETWORK})
        with fit_data.gathered(bench, fit_data.PAVEMENT, [], "") as data:
            assert " 20 epochs at most " in told(fit_data.estimate(config, data, None))

    def test_an_estimate_that_nobody_waits_for_ends_its_process(self, bench: Workbench) -> None:
        children = set(psutil.Process().children(recursive=True))
        with fit_data.gathered(bench, fit_data.PAVEMENT, [], "") as data:
            steps = fit_data.estimate(FitConfig(), data, None)
            next(steps)
            (process,) = set(psutil.Process().children()) - children
            steps.close()
            assert not process.is_running()


def told(estimate: fit_data.Estimate) -> str:
    while True:
        try:
            next(estimate)
        except StopIteration as end:
            return str(end.value)


class TestStart:
    def test_a_fit_that_cannot_start_from_what_it_names_is_not_queued(
        self, bench: Workbench, tmp_path: Path
    ) -> None:
        jobs = Jobs(tmp_path / "runs")
        values = {"family": "cae", "start": "cae-asphalt", **NETWORK}
        config = fit_data.settings_of(values)
        with (
            fit_data.gathered(bench, fit_data.PAVEMENT, [], "") as data,
            pytest.raises(FitError, match="“cae-asphalt”, which is of another family or network"),
        ):
            fit_data.start(jobs, "street", config, None, data)
        assert jobs.names() == []

    def test_one_photo_is_too_few_before_there_is_a_run(
        self, tmp_path: Path, save_photo: Callable[..., Path]
    ) -> None:
        save_photo(tmp_path / "data" / "a.png")
        with pytest.raises(DatasetError, match="needs 2 photos at least"):
            fit_data.check_enough(fit_data.Data(tmp_path / "data", is_ours=False), FitConfig())
        for i in range(8):
            save_photo(tmp_path / "data" / f"{i}.png", np.full((96, 128, 3), 99 + i, np.uint8))
        fit_data.check_enough(fit_data.Data(tmp_path / "data", is_ours=False), FitConfig())

    def test_too_few_corrections_are_told_how_to_become_more(
        self, tmp_path: Path, save_photo: Callable[..., Path]
    ) -> None:
        for name, told in (
            ("a.corrected.png", "or drop false alarms in more"),
            ("a.png", "more\\.$"),
        ):
            folder = tmp_path / name
            save_photo(folder / "images" / name)
            save_photo(folder / "masks" / name, np.zeros((96, 128), np.uint8))
            with pytest.raises(DatasetError, match=told):
                data = fit_data.Data(folder, is_ours=True)
                fit_data.check_enough(data, FitConfig(start="cae-asphalt"))

    def test_corrections_without_sound_surface_are_refused_before_there_is_a_run(
        self, tmp_path: Path, save_photo: Callable[..., Path]
    ) -> None:
        for i in range(3):
            save_photo(tmp_path / "images" / f"{i}.png", np.full((96, 128, 3), 90 + i, np.uint8))
            save_photo(tmp_path / "masks" / f"{i}.png", np.full((96, 128), 255, np.uint8))
        data = fit_data.Data(tmp_path, is_ours=True)
        with pytest.raises(DatasetError, match="Too little sound surface"):
            fit_data.check_enough(data, FitConfig())
        with pytest.raises(DatasetError, match="marks the whole photo"):
            fit_data.check_enough(data, SegmentConfig())

    @pytest.mark.parametrize(("kind", "wanted"), [("cae", "needs 2"), ("segmenter", "needs 3")])
    def test_copies_of_one_photo_are_one_photo(
        self, tmp_path: Path, save_photo: Callable[..., Path], kind: str, wanted: str
    ) -> None:
        for i in range(12):
            save_photo(tmp_path / "images" / f"{i:02}.png")
            save_photo(tmp_path / "masks" / f"{i:02}.png", np.eye(96, 128).astype(np.uint8) * 255)
        data = fit_data.Data(tmp_path, is_ours=True)
        config = fit_data.settings_of({"family": kind})
        told = "11 exact copies were left out, “01.png” of “00.png” first"
        with pytest.raises(DatasetError, match=f"{wanted}.*{told}") as refused:
            fit_data.check_enough(data, config)
        assert "false alarms" not in str(refused.value)
        if kind == "segmenter":
            ((text, _, _),) = fit_data.look_at(nullcontext(data), config, 5)
            assert "**1 photo with a mask**" in text and told in text

    @pytest.mark.parametrize("photos", [6, 60])
    def test_photos_of_one_kind_are_refused_before_there_is_a_run(
        self, tmp_path: Path, save_photo: Callable[..., Path], photos: int
    ) -> None:
        for i in range(photos):
            photo = np.full((40, 40, 3), 90 + i, np.uint8)
            save_photo(tmp_path / "walls" / "clean" / f"{i}.png", photo)
        data = fit_data.Data(tmp_path / "walls", is_ours=True)
        with pytest.raises(DatasetError, match="too few photos with cracks"):
            fit_data.check_enough(data, ClassifierFitConfig())

    def test_broken_names_of_classes_are_refused_before_there_is_a_run(
        self, tmp_path: Path, save_photo: Callable[..., Path]
    ) -> None:
        for i in range(60):
            save_photo(tmp_path / "images" / f"{i}.png", np.full((8, 8, 3), 90 + i, np.uint8))
            save_photo(tmp_path / "masks" / f"{i}.png", np.full((8, 8), 255, np.uint8))
        data = fit_data.Data(tmp_path, is_ours=True)
        fit_data.check_enough(data, SegmentConfig())  # so many are not read
        (tmp_path / "classes.json").write_text("[")
        with pytest.raises(DatasetError, match="no JSON"):
            fit_data.check_enough(data, SegmentConfig())

    def test_what_a_fit_may_start_from_is_of_its_family(self) -> None:
        assert starts("vae") == [
            ("untrained weights", ""),
            ("vae-asphalt", "vae-asphalt"),
            ("vae-concrete", "vae-concrete"),
        ]


class TestAtTheEnd:
    """Nothing of what was made here stays, unless a run has it."""

    def test_a_check_that_is_done_leaves_nothing(
        self, bench: Workbench, tmp_path: Path, save_photo: Callable[..., Path]
    ) -> None:
        photos = [
            str(
                save_photo(tmp_path / f"{number}.png", np.full((96, 128, 3), 99 + number, np.uint8))
            )
            for number in range(5)
        ]
        seen: list[list[Path]] = []

        def estimate(
            config: FitSettings, data: fit_data.Data, minutes: float | None
        ) -> fit_data.Estimate:
            seen.append(left_behind(bench))
            yield
            return f"{minutes} minutes."

        gathering = fit_data.gathered(bench, fit_data.UPLOAD, photos, "")
        answers = list(fit_data.look_at(gathering, FitConfig(), 5, estimate))
        assert all("5 photos" in text and sheet is not None for text, _, sheet in answers)
        trying = "Trying a few steps …"
        assert [timing for _, timing, _ in answers] == [trying, trying, "5 minutes."]
        assert seen and seen[0]
        assert left_behind(bench) == []

    def test_what_is_not_enough_is_not_tried(
        self, bench: Workbench, tmp_path: Path, save_photo: Callable[..., Path]
    ) -> None:
        photo = str(save_photo(tmp_path / "a.png"))
        for config in (FitConfig(), SegmentConfig(), ClassifierFitConfig()):
            gathering = fit_data.gathered(bench, fit_data.UPLOAD, [photo], "")
            ((text, timing, _),) = fit_data.look_at(gathering, config, 5)
            assert "⚠️" in text and timing == ""

    def test_a_check_says_what_start_would_refuse(
        self, bench: Workbench, tmp_path: Path, save_photo: Callable[..., Path]
    ) -> None:
        """Two photos, of which one has no sound surface: there are pieces, but of one alone."""
        for name, level in (("a", 0), ("b", 255)):
            photo = np.full((96, 128, 3), 90 + level // 9, np.uint8)
            save_photo(tmp_path / "road" / "images" / f"{name}.png", photo)
            save_photo(
                tmp_path / "road" / "masks" / f"{name}.png", np.full((96, 128), level, np.uint8)
            )
        data = fit_data.Data(tmp_path / "road", is_ours=False)
        config = FitConfig(tile_size=32, source_size=32)
        with pytest.raises(DatasetError) as refusal:
            fit_data.check_enough(data, config)
        ((text, timing, _),) = fit_data.look_at(nullcontext(data), config, 5)
        assert "crack-free pieces** in all" in text and timing == ""
        assert "Too little sound surface" in text and "Too little" in str(refusal.value)

    def test_a_check_that_is_abandoned_leaves_nothing(self, bench: Workbench) -> None:
        gathering = fit_data.gathered(bench, fit_data.PAVEMENT, [], "")
        answers = fit_data.look_at(gathering, FitConfig(), None)
        next(answers)
        assert left_behind(bench)
        answers.close()
        assert left_behind(bench) == []

    def test_a_check_that_fails_leaves_nothing(self, bench: Workbench) -> None:
        def estimate(*given: object) -> fit_data.Estimate:
            yield
            raise RuntimeError("no such luck")

        gathering = fit_data.gathered(bench, fit_data.PAVEMENT, [], "")
        with pytest.raises(RuntimeError):
            list(fit_data.look_at(gathering, FitConfig(), None, estimate))
        assert left_behind(bench) == []

    def test_a_bad_upload_leaves_nothing(self, bench: Workbench, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("")
        with pytest.raises(DatasetError, match="no photos"):
            gathered(bench, fit_data.UPLOAD, [str(tmp_path / "a.txt")], "")
        assert left_behind(bench) == []

    def test_a_start_that_is_refused_leaves_nothing(self, bench: Workbench) -> None:
        assert bench.jobs is not None
        (bench.jobs.folder / "taken").mkdir(parents=True)
        with (
            pytest.raises(RunError, match="another name"),
            fit_data.gathered(bench, fit_data.PAVEMENT, [], "") as data,
        ):
            fit_data.start(bench.jobs, "taken", FitConfig(), None, data)
        assert left_behind(bench) == []

    def test_what_moved_into_a_run_is_there(self, bench: Workbench, tmp_path: Path) -> None:
        with fit_data.gathered(bench, fit_data.PAVEMENT, [], "") as data:
            data.folder.rename(tmp_path / "run")
        assert check(tmp_path / "run", 192, "luma").photos > 10
        assert left_behind(bench) == []

    def test_other_visitors_take_nothing_away(self, bench: Workbench, tmp_path: Path) -> None:
        packed = tmp_path / "a.zip"
        with zipfile.ZipFile(packed, "w") as archive:
            for number in range(60):
                archive.writestr(f"{number}.png", b"photo")

        def with_others(path: Path) -> BinaryIO:
            with (
                bench.export_folder(),
                fit_data.gathered(
                    bench, fit_data.PAVEMENT, [], "", take_in, lambda folder, seed: None
                ),
            ):
                return open_new(path)

        others = partial(take_in, open_new=with_others)
        with fit_data.gathered(bench, fit_data.UPLOAD, [str(packed)], "", others) as data:
            assert len(list(data.folder.iterdir())) == 60


class TestFullDisk:
    """One sentence, and nothing stays."""

    def full(self, path: Path, *given: object) -> Any:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    @pytest.mark.parametrize("kind", ["photo", "zip"])
    def test_while_uploads_are_taken_in(
        self, bench: Workbench, tmp_path: Path, save_photo: Callable[..., Path], kind: str
    ) -> None:
        given = save_photo(tmp_path / "a.png")
        if kind == "zip":
            with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
                archive.write(given, "a.png")
            given = tmp_path / "a.zip"
        into_full = partial(take_in, open_new=self.full)
        with pytest.raises(DatasetError, match=r"No space left on device\): free some space"):
            gathered(bench, fit_data.UPLOAD, [str(given)], "", into_full)
        assert left_behind(bench) == []

    def test_while_pavement_is_made(self, bench: Workbench) -> None:
        into_full = partial(make_pavement, write=self.full)
        with pytest.raises(DatasetError, match=r"No space left on device\): free some space"):
            gathered(bench, fit_data.PAVEMENT, [], "", take_in, into_full)
        assert left_behind(bench) == []

    def test_before_anything_is_taken_in(self, bench: Workbench) -> None:
        bench.scratch.mkdir(exist_ok=True)
        (bench.scratch / "intake").write_text("a file where the folder should be")
        with pytest.raises(DatasetError, match="could not be kept on the server"):
            gathered(bench, fit_data.PAVEMENT, [], "")
