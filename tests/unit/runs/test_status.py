import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crackdemo.runs.status import (Status, birth_of, read_status, write_json, write_status)


def test_a_status_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_status(tmp_path, "running", "on its way")
    status = read_status(tmp_path)
    assert (status.status, status.message, status.pid) == ("running", "on its way", os.getpid())
    assert status.is_live
    assert status.state == "running"


@pytest.mark.parametrize("content", ["", "[]", '{"status": "asleep"}', '{"mood": "good"}', "\0"])
def test_what_cannot_be_understood_counts_as_interrupted(tmp_path: Path, content: str) -> None:
    (tmp_path / "status.json").write_text(content)
    assert read_status(tmp_path).state == "interrupted"


def test_a_folder_without_a_status_counts_as_interrupted(tmp_path: Path) -> None:
    assert read_status(tmp_path / "nowhere").state == "interrupted"


def test_a_fit_whose_process_is_gone_reads_interrupted(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    write_status(tmp_path, "running", pid=process.pid)
    assert read_status(tmp_path).state == "running"
    process.communicate()
    assert read_status(tmp_path).state == "interrupted"


def test_another_process_with_the_same_number_is_not_the_fit(tmp_path: Path) -> None:
    write_status(tmp_path, "running")
    status = replace(read_status(tmp_path), born="long ago")
    assert not status.is_live


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_what_has_ended_stays_so_without_a_process(state: str) -> None:
    assert Status(state).state == state
    assert not Status(state).is_live


def test_a_process_that_nobody_waited_for_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert birth_of(process.pid) == ""
    process.wait()


def test_json_is_written_whole_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    for value in ({"long": "x" * 1000}, {"a": 1}):
        write_json(path, value)
    assert path.read_text() == '{\n  "a": 1\n}\n'
    assert [file.name for file in tmp_path.iterdir()] == ["status.json"]
