"""What the Train tab works with."""

from pathlib import Path

import pytest

from crackdemo.ui.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    shipped = tmp_path / "checkpoints"
    shipped.mkdir()
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    return Workbench(tmp_path / "scratch", (allowed,), shipped=shipped, runs=tmp_path / "runs")
