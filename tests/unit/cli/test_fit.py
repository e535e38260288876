"""Resuming on the command line."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from crackdemo.cli.arguments import main
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.training.config import FitConfig
from tests.short_fits import SETTINGS
from tests.unit.training.classifier.conftest import SHORT

pytestmark = pytest.mark.processes  # a fit changes how the memory of its process is freed

Resume = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Without photos: a fit that goes on fails at once."""
    folder = RunFolder(tmp_path / "street")
    folder.create(RunConfig(asdict(FitConfig()), [str(tmp_path / "gone")]))
    return folder


@pytest.fixture
def finished(run: RunFolder, tiny_checkpoint: Path) -> RunFolder:
    """With weights."""
    shutil.copytree(tiny_checkpoint, run.checkpoint)
    run.write_status("done", "Of 9 photos it calls 8 rightly.")
    return run


@pytest.fixture
def resume(capsys: pytest.CaptureFixture[str]) -> Resume:
    """What comes of it, and what is said."""

    def call(run: RunFolder, *options: object) -> tuple[int, str]:
        code = main(
            ["fit", "--out", str(run.path), "--resume", "--threads", "1", *map(str, options)]
        )
        return code, capsys.readouterr().err

    return call


class TestARunThatIsDone:
    def test_is_left_as_it_is(self, finished: RunFolder, resume: Resume) -> None:
        before = finished.status()
        assert resume(finished) == (0, "The run “street” is done already.\n")
        assert finished.status() == before

    @pytest.mark.parametrize(
        ("status", "kept"), [("interrupted", "One photo was left out."), ("failed", "")]
    )
    def test_but_for_its_status_gets_that_one_and_keeps_what_it_noted(
        self, finished: RunFolder, resume: Resume, status: str, kept: str
    ) -> None:
        finished.write_status(status, "One photo was left out.")
        assert resume(finished)[0] == 0
        assert (finished.status().status, finished.status().message) == ("done", kept)


@pytest.mark.parametrize(
    "harm",
    [
        lambda checkpoint: shutil.rmtree(checkpoint),
        lambda checkpoint: (checkpoint / "model.safetensors").unlink(),
        lambda checkpoint: (checkpoint / "config.json").unlink(),
        lambda checkpoint: (checkpoint / "model.safetensors").write_bytes(b""),
    ],
)
def test_half_a_checkpoint_is_not_done(
    finished: RunFolder, resume: Resume, harm: Callable[[Path], None]
) -> None:
    harm(finished.checkpoint)
    finished.checkpoint.mkdir(exist_ok=True)
    assert not finished.has_weights
    code, said = resume(finished)
    assert code == 2
    assert "There is no folder “gone”" in said
    assert json.loads((finished.path / "status.json").read_text())["status"] == "failed"


def test_a_config_that_is_nested_too_deeply_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "deep.json").write_text("[" * 50_000 + "]" * 50_000)
    given = ["--out", str(tmp_path / "run"), "--config", str(tmp_path / "deep.json")]
    assert main(["fit", "--threads", "1", *given]) == 2
    assert "“deep.json” cannot be read: give a JSON file." in capsys.readouterr().err


def test_a_fit_ends_in_what_its_weights_find(
    tmp_path: Path, data: list[str], resume: Resume
) -> None:
    run = RunFolder(tmp_path / "yard")
    run.create(RunConfig({**SETTINGS, "epochs": 1, "quality_tiles": 2}, data))
    code, said = resume(run)
    _, _, end = said.partition("Done: the weights are in ")
    assert code == 0
    assert "of your own surface that it did not learn from, it finds" in end


def test_a_fit_ends_in_what_it_says_of_itself(
    tmp_path: Path, save_photo: Callable[..., Path], resume: Resume
) -> None:
    random = np.random.default_rng(0)
    for split in ("train", "validation"):
        for kind in ("clean", "cracked"):
            pixels = random.integers(0, 256, (48, 48, 3)).astype(np.uint8)
            save_photo(tmp_path / "walls" / split / kind / f"{split}-{kind}.png", pixels)
    run = RunFolder(tmp_path / "wall")
    run.create(RunConfig({**SHORT, "epochs": 1}, [str(tmp_path / "walls")]))
    code, said = resume(run)
    assert code == 0
    assert said.endswith(
        "No photos of both kinds were left to try it on: judge it on some it has not seen.\n"
    )


class TestOptionsBesideResume:
    def test_that_would_change_the_fit_are_said_not_to_count(
        self, finished: RunFolder, resume: Resume
    ) -> None:
        said = resume(finished, "--config", "other.json", "--trials", 8, "--seed", 0)[1]
        assert said.splitlines()[0] == (
            "Resuming “street”, whose own settings and data hold: --config, --seed, --trials do "
            "not count."
        )

    def test_that_do_not_are_not_mentioned(self, finished: RunFolder, resume: Resume) -> None:
        assert "hold" not in resume(finished, "--device", "cpu")[1]


def test_the_name_of_shipped_weights_means_those_beside_a_run_of_that_name(
    run: RunFolder, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = RunFolder(run.path.rename(run.path.with_name("cae-asphalt")))
    shutil.copytree(tiny_checkpoint, again.checkpoint)
    second, data = RunFolder(run.path.with_name("second")), run.path.with_name("photos")
    data.mkdir()
    (data / "broken.png").write_bytes(b"no photo")
    asked = ["--family", "cae", "--start", "cae-asphalt", "--data", str(data)]
    assert main(["fit", *asked, "--out", str(second.path)]) == 2
    assert "photo" in capsys.readouterr().err
    assert second.exists and not second.start.exists()
