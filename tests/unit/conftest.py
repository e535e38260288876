"""A folder for background fits."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crackdemo.runs.jobs import Jobs


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    """An empty folder of runs; whatever still lives at the end is cancelled."""
    jobs = Jobs(tmp_path / "runs", reserved=["cae-asphalt"])
    yield jobs
    for job in jobs.jobs():
        jobs.cancel(job.name)
