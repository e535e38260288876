"""Background fits to which something happens from outside, as real processes."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.runs.jobs import Jobs
from crackdemo.runs.processes import birth_of
from crackdemo.ui.train import fits
from tests.short_fits import ENDLESS, PATIENCE, SETTINGS, has_epochs, is_over, wait_for, weights

pytestmark = pytest.mark.processes

SAVE_AND_DIE = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from crackdemo.checkpoints.checkpoint import load_checkpoint, save_checkpoint

class Deadly:
    def __deepcopy__(self, memo):  # the config is copied after the weights are written
        os.kill(os.getpid(), signal.SIGKILL)

checkpoint = load_checkpoint(Path(sys.argv[1]))
config = replace(checkpoint.config, training={"deadly": Deadly()})
save_checkpoint(Path(sys.argv[2]), replace(checkpoint, config=config), "# card")
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a small disk here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


class TestFullDisk:
    @pytest.mark.slow
    def test_ends_the_fit_with_a_sentence_and_loses_no_epoch(
        self, small_disk: Path, data: list[str]
    ) -> None:
        jobs = Jobs(small_disk / "runs")
        settings = {**SETTINGS, "epochs": 400, "patience": 1000}
        jobs.start("tight", settings, data)
        wait_for(jobs, "tight", has_epochs(3))
        ballast = small_disk / "ballast"
        while not is_over(job := jobs.job("tight")):
            with ballast.open("ab") as file, suppress(OSError):
                file.write(bytes(shutil.disk_usage(small_disk).free))
        assert (job.state, job.has_weights) == ("failed", False)
        assert "The disk is full: free some space and resume" in job.status.message
        ballast.unlink()
        jobs.resume("tight")
        resumed = wait_for(jobs, "tight", has_epochs(len(job.history) + 2))
        jobs.cancel("tight")
        kept = len(job.history) - 1  # the last may have been written without its state
        assert kept > 0
        assert resumed.history[:kept] == job.history[:kept]


class TestConfigEditedByHand:
    @pytest.mark.parametrize(
        "config",
        [
            "{",
            "[]",
            json.dumps({"fit": {"epochs": "many"}, "data": []}),
            json.dumps({"fit": {**SETTINGS, "network": {"channels": "wide"}}, "data": []}),
            json.dumps({"fit": SETTINGS, "data": [], "minutes": "five"}),
            json.dumps({"fit": SETTINGS, "data": 3}),
        ],
    )
    def test_is_shown_refused_by_name_and_can_be_mended(
        self, jobs: Jobs, data: list[str], config: str
    ) -> None:
        run = jobs.folder / "edited"
        run.mkdir(parents=True)
        (run / "config.json").write_text(config)
        [job] = jobs.jobs()
        assert "edited · interrupted" in fits.label(job)
        assert fits.describe(job, job) and "of 0" not in fits.describe(job, None)
        if not job.settings:
            assert "config.json is damaged or too long" in fits.describe(job, None)
        jobs.resume("edited")
        job = wait_for(jobs, "edited", is_over)
        assert job.state == "failed"
        assert "The config of run “edited” is wrong" in job.status.message
        assert "\n" not in job.status.message and str(jobs.folder) not in job.status.message


class TestKilledWhileItWritesItsCheckpoint:
    @pytest.mark.slow
    def test_no_half_checkpoint_can_be_chosen_and_resume_makes_a_whole_one(
        self, jobs: Jobs, data: list[str], tiny_checkpoint: Path
    ) -> None:
        jobs.start("half", SETTINGS, data)
        wait_for(jobs, "half", is_over)
        run = jobs.folder / "half"
        whole = weights(jobs, "half")
        shutil.rmtree(run / "checkpoint")
        script = [sys.executable, "-c", SAVE_AND_DIE]
        killed = subprocess.run([*script, tiny_checkpoint, run / "checkpoint"], timeout=90)
        assert killed.returncode == -signal.SIGKILL
        [building] = run.glob(".checkpoint-*")
        assert [part.name for part in building.iterdir()] == ["model.safetensors"]
        status = json.loads((run / "status.json").read_text())
        (run / "status.json").write_text(json.dumps({**status, "status": "running", "born": "1"}))
        assert jobs.finished() == []
        assert (jobs.job("half").state, jobs.job("half").has_weights) == ("interrupted", False)
        jobs.resume("half")
        assert wait_for(jobs, "half", is_over).state == "done"
        assert weights(jobs, "half") == whole

    def test_nor_one_that_lacks_a_file(self, jobs: Jobs, tiny_checkpoint: Path) -> None:
        run = RunFolder(jobs.folder / "torn")
        run.create(RunConfig(SETTINGS, []))
        shutil.copytree(tiny_checkpoint, run.checkpoint)
        assert jobs.finished() == ["torn"]
        (run.checkpoint / "model.safetensors").unlink()
        assert jobs.finished() == []


class TestDeletedFolder:
    def test_ends_the_fit_and_is_not_made_anew(self, jobs: Jobs, data: list[str]) -> None:
        jobs.start("gone", ENDLESS, data)
        pid = wait_for(jobs, "gone", has_epochs(1)).status.pid
        while (jobs.folder / "gone").exists():  # the fit writes into it meanwhile
            shutil.rmtree(jobs.folder / "gone", ignore_errors=True)
        end = time.monotonic() + PATIENCE
        while birth_of(pid):
            assert time.monotonic() < end
            time.sleep(0.05)
        assert not (jobs.folder / "gone").exists()
        assert (jobs.names(), jobs.finished()) == ([], [])
