"""Whose a run is, and whose turn it is; fits in a queue are in `test_jobs`."""

import os
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from crackdemo.errors import RunError
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.runs.queue import alone_with, claim, threads, turn, waiting


class TestClaim:
    def test_makes_the_run_live_and_is_refused_while_it_is(self, tmp_path: Path) -> None:
        run = RunFolder(tmp_path / "street")
        run.create(RunConfig({}, []))
        claim(run)
        assert (run.status().state, run.status().pid) == ("queued", os.getpid())
        with pytest.raises(RunError, match="“street” is queued already"):
            claim(run)

    def test_of_a_run_that_is_gone_is_refused_and_makes_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(RunError, match="no run “street” any more"):
            claim(RunFolder(tmp_path / "street"))
        assert not (tmp_path / "street").exists()


def test_those_that_wait_or_run_are_listed_by_when_they_came(tmp_path: Path) -> None:
    for name, status in (("b", "running"), ("a", "queued"), ("c", "done"), ("d", "queued")):
        run = RunFolder(tmp_path / name)
        run.create(RunConfig({}, []))
        run.write_status(status)
    assert waiting(tmp_path) == [RunFolder(tmp_path / name).status() for name in "bad"]


@pytest.mark.parametrize(("context", "file"), [(turn, ".turn"), (alone_with, ".deeds")])
def test_others_are_kept_waiting_until_the_end(tmp_path: Path, context, file: str) -> None:
    with context(tmp_path), pytest.raises(Timeout):
        FileLock(tmp_path / file).acquire(timeout=0)
    FileLock(tmp_path / file).acquire(timeout=0)


def test_a_core_is_left_to_the_page() -> None:
    assert threads() == max(1, (os.cpu_count() or 1) - 1)
