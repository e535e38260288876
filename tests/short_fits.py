"""Fits that take seconds, and how to wait for them."""

import time
from collections.abc import Callable
from typing import Any

from crackdemo.files import sha256_of
from crackdemo.runs.job import Job
from crackdemo.runs.jobs import Jobs

PATIENCE = 100.0
"""Seconds until a test gives up: the machine may be busy."""
SETTINGS: dict[str, Any] = {
    "family": "cae",
    "network": {"channels": [4, 8]},
    "tile_size": 32,
    "source_size": 64,
    "batch_size": 2,
    "steps_per_epoch": 2,
    "epochs": 2,
    "bfloat16": False,
    "quality_tiles": 0,
}
ENDLESS = {**SETTINGS, "epochs": 100_000, "patience": 100_000}


def wait_for(jobs: Jobs, name: str, is_there: Callable[[Job], bool]) -> Job:
    end = time.monotonic() + PATIENCE
    while not is_there(job := jobs.job(name)):
        log = jobs.folder / name / "fit.log"
        assert time.monotonic() < end, f"{job.state}: {log.read_text()}"
        time.sleep(0.05)
    return job


def weights(jobs: Jobs, name: str) -> str:
    return sha256_of(jobs.folder / name / "checkpoint" / "model.safetensors")


def has_epochs(count: int) -> Callable[[Job], bool]:
    return lambda job: len(job.history) >= count


def is_over(job: Job) -> bool:
    return not job.status.is_live
