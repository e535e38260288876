"""Background fits as real processes: short ones, on small photos, with a tiny network."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from crackdemo.errors import RunError
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.runs.jobs import Jobs
from crackdemo.runs.processes import birth_of
from tests.short_fits import (
    ENDLESS,
    PATIENCE,
    SETTINGS,
    has_epochs,
    is_over,
    wait_for,
    weights,
)

pytestmark = pytest.mark.processes


class TestOneFit:
    def test_runs_to_the_end_and_leaves_weights_history_and_samples(
        self, jobs: Jobs, data: list[str]
    ) -> None:
        assert jobs.start("first", SETTINGS, data).state in ("queued", "running")
        job = wait_for(jobs, "first", is_over)
        assert (job.state, job.status.message) == ("done", "")
        assert job.has_weights and jobs.finished() == ["first"]
        assert [report.epoch for report in job.history] == [1, 2]
        samples = sorted(path.name for path in (jobs.folder / "first" / "samples").iterdir())
        assert samples == ["epoch-0001.jpg", "epoch-0002.jpg"]

    def test_goes_on_from_an_own_run_that_may_go_meanwhile(
        self, jobs: Jobs, data: list[str]
    ) -> None:
        jobs.start("first", SETTINGS, data)
        assert jobs.weights("first") is None
        wait_for(jobs, "first", is_over)
        own, digest = jobs.weights("first"), weights(jobs, "first")
        settings = {**SETTINGS, "start": "first", "start_share": 1.0, "quality_tiles": 2}
        jobs.start("second", settings, data, start=own)
        jobs.delete("first")
        job = wait_for(jobs, "second", is_over)
        assert (job.state, job.status.message) == ("done", "")
        made = (jobs.folder / "second" / "checkpoint" / "config.json").read_text()
        training = json.loads(made)["training"]
        assert training["start_sha256"] == digest and training["start_data"] == training["data"]
        assert str(jobs.folder) not in made
        assert [quality.weights for quality in job.quality] == ["second", "first"]

    def test_from_a_run_that_is_gone_is_refused_and_leaves_nothing(
        self, jobs: Jobs, data: list[str]
    ) -> None:
        with pytest.raises(RunError, match="renamed or deleted meanwhile"):
            jobs.start("second", SETTINGS, data, start=jobs.folder / "first" / "checkpoint")
        assert jobs.names() == [] and not list(jobs.folder.glob(".new-*"))

    def test_minutes_become_epochs_before_the_first(self, jobs: Jobs, data: list[str]) -> None:
        jobs.start("short", ENDLESS, data, minutes=0.0001)
        job = wait_for(jobs, "short", is_over)
        assert (job.state, job.epochs, job.minutes) == ("done", 1, None)

    def test_fails_with_its_reason_where_the_data_are_gone(
        self, jobs: Jobs, tmp_path: Path
    ) -> None:
        jobs.start("lost", SETTINGS, [str(tmp_path / "nothing")])
        job = wait_for(jobs, "lost", is_over)
        assert job.state == "failed"
        assert "There is no folder “nothing”" in job.status.message

    def test_fails_with_its_reason_where_the_config_was_edited_wrongly(
        self, jobs: Jobs, data: list[str]
    ) -> None:
        jobs.start("edited", {**SETTINGS, "epochs": -3}, data)
        job = wait_for(jobs, "edited", is_over)
        assert job.state == "failed"
        assert "epochs must be at least 1" in job.status.message

    def test_keeps_uploaded_photos_and_finds_them_after_a_rename(
        self, jobs: Jobs, data: list[str]
    ) -> None:
        jobs.start("mine", SETTINGS, ["data"], move_in=Path(data[0]))
        wait_for(jobs, "mine", is_over)
        assert not Path(data[0]).exists()
        jobs.rename("mine", "ours")
        assert jobs.finished() == ["ours"]
        # one of a family of tomorrow is kept, and offered to nobody
        config = jobs.folder / "ours" / "checkpoint" / "config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"family": "diffusion"}))
        assert jobs.finished() == [] and not jobs.job("ours").has_weights
        assert len(list((jobs.folder / "ours" / "data").iterdir())) == 4


class TestCancel:
    def test_ends_every_process_and_says_so(self, jobs: Jobs, data: list[str]) -> None:
        jobs.start("long", ENDLESS, data)
        pid = wait_for(jobs, "long", has_epochs(1)).status.pid
        below = [child.pid for child in psutil.Process(pid).children(recursive=True)]
        assert below
        assert jobs.cancel("long").state == "cancelled"
        assert [birth_of(each) for each in (pid, *below)] == [""] * (1 + len(below))

    def test_of_a_fit_that_is_done_leaves_it_done(self, jobs: Jobs, data: list[str]) -> None:
        jobs.start("first", SETTINGS, data)
        wait_for(jobs, "first", is_over)
        assert jobs.cancel("first").state == "done"

    def test_never_hits_a_process_that_has_taken_over_the_pid(self, jobs: Jobs) -> None:
        run = RunFolder(jobs.folder / "old")
        run.create(RunConfig(SETTINGS, []))
        status = {"status": "running", "pid": os.getpid(), "born": "1"}
        (run.path / "status.json").write_text(json.dumps(status))
        assert jobs.job("old").state == "interrupted"
        assert jobs.cancel("old").state == "interrupted"


class TestInterrupted:
    @pytest.mark.slow
    def test_a_killed_fit_is_resumed_to_the_weights_of_an_uninterrupted_one(
        self, jobs: Jobs, data: list[str]
    ) -> None:
        settings = {**SETTINGS, "epochs": 40, "patience": 1000}
        jobs.start("killed", settings, data)
        pid = wait_for(jobs, "killed", has_epochs(2)).status.pid
        os.kill(pid, signal.SIGKILL)
        stopped = wait_for(jobs, "killed", is_over)
        assert stopped.state == "interrupted"
        assert len(stopped.history) < 40
        jobs.resume("killed")
        jobs.start("whole", settings, data)
        assert wait_for(jobs, "killed", is_over).state == "done"
        assert wait_for(jobs, "whole", is_over).state == "done"
        assert weights(jobs, "killed") == weights(jobs, "whole")

    def test_the_command_line_refuses_to_resume_a_run_that_is_alive(
        self, jobs: Jobs, data: list[str]
    ) -> None:
        jobs.start("long", ENDLESS, data)
        wait_for(jobs, "long", has_epochs(1))
        command = ["-m", "crackdemo", "fit", "--resume", "--out", str(jobs.folder / "long")]
        told = subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, timeout=90
        )
        assert told.returncode == 2
        assert "is still running" in told.stderr

    def test_a_fit_whose_folder_is_deleted_ends_by_itself(
        self, jobs: Jobs, data: list[str], tmp_path: Path
    ) -> None:
        jobs.start("gone", ENDLESS, data)
        status = wait_for(jobs, "gone", has_epochs(1)).status
        (jobs.folder / "gone").rename(tmp_path / "elsewhere")
        end = time.monotonic() + PATIENCE
        while status.is_live:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert "folder is gone" in (tmp_path / "elsewhere" / "fit.log").read_text()
        assert jobs.names() == []


class Vanishing(RunFolder):
    """Somebody deletes the run just before its fit would start."""

    @property
    def log(self) -> Path:
        shutil.rmtree(self.path)
        return super().log


class VanishingLater(Vanishing):
    """The same, but the fit's process can begin, and has to find that out."""

    @property
    def log(self) -> Path:
        return super().log.parent.with_name("fit.log")


@pytest.mark.parametrize("kind", [Vanishing, VanishingLater])
def test_a_run_that_is_deleted_while_it_is_resumed_is_said_to_be_gone(
    tmp_path: Path, kind: type[RunFolder]
) -> None:
    class Meddled(Jobs):
        def run_folder(self, name: str) -> RunFolder:
            return kind(super().run_folder(name).path)

    RunFolder(tmp_path / "street").create(RunConfig(SETTINGS, []))
    with pytest.raises(RunError, match="There is no run “street” any more: choose one"):
        Meddled(tmp_path).resume("street")


def test_a_pipe_in_the_place_of_its_log_is_not_waited_for(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "street")
    run.create(RunConfig(SETTINGS, []))
    os.mkfifo(run.log)
    with pytest.raises(RunError, match=r"“fit\.log” in its folder is not what a fit makes there"):
        Jobs(tmp_path).resume("street")


class TestQueue:
    @pytest.mark.slow
    def test_a_second_fit_waits_and_starts_when_the_first_ends(
        self, jobs: Jobs, data: list[str]
    ) -> None:
        jobs.start("first", ENDLESS, data)
        wait_for(jobs, "first", has_epochs(1))
        jobs.start("second", SETTINGS, data)
        jobs.start("third", SETTINGS, data)
        assert [jobs.job(name).state for name in ("second", "third")] == ["queued", "queued"]
        assert [jobs.job(name).place for name in ("first", "second", "third")] == [0, 1, 2]
        restarted = Jobs(jobs.folder)  # an app that comes later sees the same
        assert [job.state for job in restarted.jobs()].count("queued") == 2
        jobs.cancel("second")
        os.kill(jobs.job("first").status.pid, signal.SIGKILL)
        assert wait_for(restarted, "third", is_over).state == "done"
        assert restarted.job("second").state == "cancelled"
        assert restarted.job("first").state == "interrupted"

    def test_a_fit_that_is_killed_while_it_waits_holds_nobody_up(
        self, jobs: Jobs, data: list[str]
    ) -> None:
        jobs.start("first", ENDLESS, data)
        jobs.start("second", SETTINGS, data)
        jobs.start("third", SETTINGS, data)
        os.kill(jobs.job("second").status.pid, signal.SIGKILL)
        assert wait_for(jobs, "second", is_over).state == "interrupted"
        assert jobs.job("third").place == 1
        jobs.cancel("first")
        assert wait_for(jobs, "third", is_over).state == "done"

    def test_outlives_the_app_that_started_it(self, jobs: Jobs, data: list[str]) -> None:
        script = (
            "import json, sys; from pathlib import Path; from crackdemo.runs.jobs import Jobs\n"
            "Jobs(Path(sys.argv[1])).start('child', json.loads(sys.argv[2]), [sys.argv[3]])"
        )
        app = [sys.executable, "-c", script, str(jobs.folder), json.dumps(SETTINGS), data[0]]
        subprocess.run(app, check=True, timeout=60)
        assert wait_for(jobs, "child", is_over).state == "done"


class TestNames:
    @pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "x" * 61, "a\nb", "a."])
    def test_that_are_no_names_are_refused(self, jobs: Jobs, name: str) -> None:
        with pytest.raises(RunError, match="A name is 1 to 60"):
            jobs.start(name, SETTINGS, [])

    @pytest.mark.parametrize("name", ["Old", "OLD", "CAE-asphalt"])
    def test_that_are_taken_are_refused(self, jobs: Jobs, name: str) -> None:
        (jobs.folder / "old").mkdir(parents=True)
        with pytest.raises(RunError, match="already: take another name"):
            jobs.start(name, SETTINGS, [])

    def test_of_no_run_are_refused(self, jobs: Jobs) -> None:
        for deed in (jobs.job, jobs.cancel, jobs.resume, jobs.delete):
            with pytest.raises(RunError, match="There is no run"):
                deed("nothing")

    def test_and_folders_of_live_fits_stay(self, jobs: Jobs, data: list[str]) -> None:
        jobs.start("long", ENDLESS, data)
        for deed in (jobs.resume, jobs.delete, lambda name: jobs.rename(name, "other")):
            with pytest.raises(RunError, match="cancel it"):
                deed("long")
        jobs.cancel("long")
        jobs.delete("long")
        assert jobs.names() == []
        assert not list(jobs.folder.glob(".deleted*"))


@pytest.mark.parametrize("minutes", [-5, 0, float("nan"), 10**300, "abc"])
def test_minutes_that_cannot_be_are_refused_and_leave_no_run(
    jobs: Jobs, data: list[str], minutes: Any
) -> None:
    with pytest.raises(RunError, match="cannot be started"):
        jobs.start("street", SETTINGS, data, minutes)
    assert jobs.names() == []


@pytest.mark.parametrize("name", [7, None, [], {}, True])
def test_what_is_no_name_names_no_run(jobs: Jobs, name: Any) -> None:
    with pytest.raises(RunError, match="There is no run"):
        jobs.job(name)
