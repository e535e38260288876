"""What background fits need: a folder of photos, and one for runs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from crackdemo.jobs import Jobs


@pytest.fixture
def data(tmp_path: Path, save_photo: Callable[..., Path]) -> list[str]:
    """A folder of four photos of sound surface."""
    noise = np.random.default_rng(0).normal(150, 10, (4, 96, 128, 3)).clip(0, 255)
    for number, pixels in enumerate(noise.astype(np.uint8)):
        save_photo(tmp_path / "data" / f"{number}.png", pixels)
    return [str(tmp_path / "data")]


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    """An empty folder of runs; whatever still lives at the end is cancelled."""
    jobs = Jobs(tmp_path / "runs", reserved=["cae-asphalt"])
    yield jobs
    for job in jobs.jobs():
        jobs.cancel(job.name)
