"""Runs as the Train tab is told of them."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crackdemo.runs.folder import EpochReport, RunConfig, RunFolder
from crackdemo.runs.job import Job
from crackdemo.runs.jobs import Jobs
from crackdemo.runs.status import Status
from crackdemo.training.config import FitConfig
from crackdemo.ui.workbench import Workbench


def report(epoch: int, loss: float = 0.5) -> EpochReport:
    return EpochReport(
        epoch=epoch,
        epochs=10,
        train_loss=loss + 0.1,
        validation_loss=loss,
        learning_rate=0.001,
        seconds=30.0,
        best=True,
    )


def job(name: str = "street", state: str = "done", epochs: int = 2, **settings: Any) -> Job:
    history = tuple(report(epoch + 1, 1 / (epoch + 1)) for epoch in range(epochs))
    values = {"epochs": 10, **settings}
    family = values.get("family", "cae") if state == "done" else None
    return Job(name, Status(state, "why <b>"), 0, values, (), None, history, family)


def finish(bench: Workbench, name: str, weights: Path) -> Jobs:
    """The bench's runs, with one that came to these weights."""
    assert bench.jobs is not None
    run = RunFolder(bench.jobs.folder / name)
    run.create(RunConfig(asdict(FitConfig()), []))
    shutil.copytree(weights, run.checkpoint)
    run.write_status("done")
    return bench.jobs
