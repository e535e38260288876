"""What a run folder says when its fit cannot go on, or only otherwise than was asked."""

import errno
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import SafetensorError

from crackdemo.configs import parse_config
from crackdemo.errors import DatasetError, FitError
from crackdemo.runs.folder import EpochReport, RunConfig, RunFolder
from crackdemo.training.config import FitConfig
from crackdemo.training.recipe import FitData, fit_in_memory, run_fit
from crackdemo.training.trainer import fit_config

CONFIG = parse_config(
    FitConfig,
    {
        "network": {"channels": [4, 8]},
        "tile_size": 32,
        "source_size": 64,
        "batch_size": 4,
        "steps_per_epoch": 2,
        "quality_tiles": 0,
        "epochs": 2,
        "bfloat16": False,
    },
)
SavePhoto = Callable[..., Path]


class ScarceTiles(list[Any]):
    """Tiles for which memory runs out some times."""

    failures = 1

    def __getitem__(self, index: Any) -> Any:
        if self.failures:
            self.failures -= 1
            raise MemoryError
        return super().__getitem__(index)


@dataclass(frozen=True)
class BrokenRun(RunFolder):
    """A run folder in which no epoch after some can be written."""

    error: Exception = field(default_factory=ZeroDivisionError)
    epochs: int = 0

    def add_metrics(self, report: EpochReport) -> None:
        if report.epoch > self.epochs:
            raise self.error
        super().add_metrics(report)


@dataclass(frozen=True)
class LockedRun(RunFolder):
    """A run folder that can only be read."""

    def write_status(self, status: str, message: str = "") -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(self.path / "status.json"))


def created(run: RunFolder) -> RunFolder:
    run.create(RunConfig(asdict(CONFIG), []))
    return run


def tiles() -> list[Any]:
    noise = np.random.default_rng(0).normal(150, 10, (3, 64, 64)).clip(0, 255)
    return list(noise.astype(np.uint8))


def status(run: RunFolder) -> dict[str, Any]:
    return json.loads((run.path / "status.json").read_text())


@pytest.fixture
def folder(tmp_path: Path, save_photo: SavePhoto) -> Path:
    """Two photos of sound surface."""
    for number, pixels in enumerate(np.repeat(np.stack(tiles()[:2])[..., None], 3, axis=3)):
        save_photo(tmp_path / "data" / f"{number}.png", pixels)
    return tmp_path / "data"


class TestMemory:
    def test_where_it_runs_out_the_batch_is_halved_once_and_said(self, tmp_path: Path) -> None:
        run = created(RunFolder(tmp_path / "run"))
        said: list[str] = []
        data = FitData(ScarceTiles(tiles()), tiles(), [])
        reports: list[EpochReport] = []
        steps = fit_in_memory(run, CONFIG, data, workers=0, say=said.append)
        while True:
            try:
                reports.append(next(steps))
            except StopIteration as end:
                config, state = end.value
                break
        assert said == ["Memory ran out: the batch was halved to 2."]
        assert config.batch_size == fit_config(run).batch_size == 2
        assert [report.epoch for report in reports] == [1, 2]
        assert state.epoch == 2
        assert status(run)["message"] == said[0]

    def test_where_it_runs_out_again_the_fit_ends(self, tmp_path: Path) -> None:
        run = created(RunFolder(tmp_path / "run"))
        scarce = ScarceTiles(tiles())
        scarce.failures = 2
        with pytest.raises(MemoryError):
            list(fit_in_memory(run, CONFIG, FitData(scarce, tiles(), []), workers=0))


class TestDisk:
    @pytest.mark.parametrize(
        "error",
        [
            OSError(errno.ENOSPC, "No space left on device"),
            SafetensorError("Error while serializing: I/O error: No space (os error 28)"),
        ],
    )
    def test_where_it_is_full_the_run_has_failed_and_says_why(
        self, tmp_path: Path, folder: Path, error: Exception
    ) -> None:
        run = created(BrokenRun(tmp_path / "run", error))
        with pytest.raises(FitError, match="The disk is full"):
            list(run_fit(run, CONFIG, [folder], threads=1, workers=0))
        assert status(run)["status"] == "failed"
        assert "The disk is full" in status(run)["message"]

    @pytest.mark.parametrize(
        ("epochs", "told"),
        [(0, "could not be kept, so that it begins anew"), (1, "the epochs so far are kept")],
    )
    def test_epochs_are_said_to_be_kept_only_where_some_are(
        self, tmp_path: Path, folder: Path, epochs: int, told: str
    ) -> None:
        full = OSError(errno.ENOSPC, "No space left on device")
        run = created(BrokenRun(tmp_path / "run", full, epochs))
        with pytest.raises(FitError, match=told):
            list(run_fit(run, CONFIG, [folder], threads=1, workers=0))
        assert run.last_state.exists() == bool(epochs)


class TestFolder:
    def test_that_can_only_be_read_is_named(self, tmp_path: Path, folder: Path) -> None:
        run = created(LockedRun(tmp_path / "street"))
        with pytest.raises(FitError) as refused:
            list(run_fit(run, CONFIG, [folder], threads=1, workers=0))
        assert str(refused.value) == (
            "Nothing can be written to the folder of the run “street” (Read-only file system): see "
            "who may write there, or copy it to where you may, then resume it."
        )

    @pytest.mark.parametrize(
        ("name", "harm"),
        [
            ("samples", lambda path: path.write_text("no folder")),
            ("metrics.jsonl", lambda path: path.mkdir()),
            ("data.json", lambda path: path.mkdir()),
        ],
    )
    def test_in_which_something_is_of_another_kind_is_damaged(
        self, tmp_path: Path, folder: Path, name: str, harm: Callable[[Path], Any]
    ) -> None:
        run = created(RunFolder(tmp_path / "street"))
        harm(run.path / name)
        with pytest.raises(FitError) as refused:
            list(run_fit(run, CONFIG, [folder], threads=1, workers=0))
        assert str(refused.value) == status(run)["message"]
        assert str(refused.value) == (
            f"The run “street” is damaged, “{name}” in its folder is not what a fit makes there: "
            "move it away, then resume the run."
        )

    def test_whose_state_is_a_folder_is_damaged(self, tmp_path: Path, folder: Path) -> None:
        run = created(RunFolder(tmp_path / "street"))
        run.last_state.mkdir()
        with pytest.raises(FitError, match=r"last\.safetensors is damaged.*start a new run"):
            list(run_fit(run, CONFIG, [folder], threads=1, workers=0))

    def test_that_cannot_be_read_elsewhere_says_nothing_of_the_run(
        self, tmp_path: Path, folder: Path
    ) -> None:
        error = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "elsewhere"))
        run = created(BrokenRun(tmp_path / "street", error))
        with pytest.raises(FitError, match="nobody foresaw"):
            list(run_fit(run, CONFIG, [folder], threads=1, workers=0))


def test_an_error_that_nobody_foresaw_is_one_sentence_without_a_path(
    tmp_path: Path, folder: Path
) -> None:
    run = created(BrokenRun(tmp_path / "run", ZeroDivisionError(f"in {tmp_path}")))
    with pytest.raises(FitError, match="ZeroDivisionError") as refused:
        list(run_fit(run, CONFIG, [folder], threads=1, workers=0))
    assert status(run)["status"] == "failed"
    assert status(run)["message"] == str(refused.value)
    assert str(tmp_path) not in str(refused.value)
    assert "Traceback" in (run.path / "error.txt").read_text()


def test_photos_that_cannot_be_used_are_said_and_kept_in_the_run(
    tmp_path: Path, folder: Path
) -> None:
    (folder / "00.jpg").write_bytes(b"no photo")
    run = created(RunFolder(tmp_path / "run"))
    said: list[str] = []
    list(run_fit(run, CONFIG, [folder], threads=1, workers=0, say=said.append))
    kept = json.loads((run.path / "data.json").read_text())
    assert len(said) == 1 and "00.jpg" in said[0]
    assert kept["problems"] == said
    assert (kept["train_tiles"], kept["validation_tiles"]) == (1, 1)
    assert status(run)["status"] == "done"
    assert status(run)["message"] == f"1 photo was left out: {said[0]}"


def test_where_no_photo_can_be_read_the_first_reason_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in range(3):
        (tmp_path / "data" / f"{number}.jpg").write_bytes(bytes(number + 1))
    run = created(RunFolder(tmp_path / "run"))
    with pytest.raises(DatasetError, match=r"photos were left out; the first: \d\.jpg") as refused:
        list(run_fit(run, CONFIG, [tmp_path / "data"], threads=1, workers=0))
    assert status(run) == {**status(run), "status": "failed", "message": str(refused.value)}
    assert str(tmp_path) not in str(refused.value)


def test_photos_smaller_than_a_tile_are_continued(tmp_path: Path, save_photo: SavePhoto) -> None:
    for number, pixels in enumerate(np.repeat(np.stack(tiles())[..., None], 3, axis=3)):
        save_photo(tmp_path / "data" / f"{number}.png", pixels[:20, :17])
    run = created(RunFolder(tmp_path / "run"))
    assert len(list(run_fit(run, CONFIG, [tmp_path / "data"], threads=1, workers=0))) == 2
    assert status(run)["status"] == "done"


def test_a_folder_that_is_deleted_during_the_calibration_is_not_made_anew(
    tmp_path: Path, folder: Path
) -> None:
    run = created(RunFolder(tmp_path / "run"))
    with pytest.raises(FitError, match="folder is gone"):
        for report in run_fit(run, CONFIG, [folder], threads=1, workers=0):
            if report.epoch == CONFIG.epochs:  # only the calibration is still to come
                shutil.rmtree(run.path)
    assert not run.path.exists()
