"""Births and ends of real processes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from crackdemo.runs.processes import birth_of, end_tree, start_detached, step_back
from tests.short_fits import PATIENCE

SLEEP = "input()"
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE)
print(child.pid, flush=True)
child.wait()
input()
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(); input()"

pytestmark = pytest.mark.processes


def start(*code: str) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", *code], **pipes)


def test_a_process_has_the_same_birth_whenever_it_is_asked() -> None:
    process = start(SLEEP)
    births = {birth_of(process.pid) for _ in range(20)}
    assert len(births) == 1 and "" not in births
    process.communicate("\n")
    assert birth_of(process.pid) == ""


@pytest.mark.skipif(not psutil.LINUX, reason="reads what only Linux has")
def test_a_birth_is_what_runs_made_before_have_noted() -> None:
    stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    assert birth_of(os.getpid()) == stat[19]


@pytest.mark.parametrize("pid", [-1, 2**22 + 1, 10**30])
def test_what_is_no_process_has_no_birth(pid: int) -> None:
    assert birth_of(pid) == ""


def test_a_process_that_nobody_waited_for_has_ended() -> None:
    process = start("")
    end = time.monotonic() + PATIENCE
    while birth_of(process.pid):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    process.communicate()


@pytest.mark.parametrize("child", [SLEEP, STUBBORN])
def test_a_tree_is_ended_whole_even_where_it_does_not_want_to(child: str) -> None:
    process = start(PARENT, child)
    assert process.stdout is not None
    below = int(process.stdout.readline())
    end_tree(process.pid, birth_of(process.pid))
    assert (birth_of(process.pid), birth_of(below)) == ("", "")
    process.communicate()


def test_a_tree_of_another_birth_is_left_alone() -> None:
    process = start(SLEEP)
    end_tree(process.pid, "1")
    end_tree(process.pid, "")
    assert birth_of(process.pid)
    process.communicate("\n")


@pytest.mark.skipif(not psutil.POSIX, reason="numbers mean something else on Windows")
def test_a_process_steps_back() -> None:
    process = start(SLEEP)
    step_back(process.pid)
    assert psutil.Process(process.pid).nice() >= 10
    process.communicate("\n")


def test_what_outlives_the_page_borrows_no_card_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    tell = "import os; print(os.environ.get('SPACES_ZERO_GPU'), os.environ['PATH'])"
    process = start_detached("timeit", ["-n", "1", "-r", "1", tell], tmp_path / "log")
    assert process.wait() == 0
    assert (tmp_path / "log").read_text().startswith(f"None {os.environ['PATH']}")
