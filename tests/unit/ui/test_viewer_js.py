"""The viewer's own unit tests, run by Node where there is one."""

import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")
TESTS = sorted((Path(__file__).parents[2] / "viewer").glob("*.test.js"))


@pytest.mark.processes
@pytest.mark.skipif(NODE is None, reason="no Node on this machine")
def test_the_viewers_unit_tests_pass() -> None:
    assert NODE is not None and TESTS
    run = subprocess.run([NODE, "--test", *TESTS], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
