"""What a checkpoint says of the fit that made it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crackdemo.checkpoints.checkpoint import read_config
from crackdemo.checkpoints.layout import WEIGHTS
from crackdemo.files import sha256_of
from crackdemo.runs.folder import RunFolder
from crackdemo.training.state import TrainingState, weights_to_start_from
from crackdemo.training.team import Team

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def record_of(
    run: RunFolder,
    config: "DataclassInstance",
    folders: list[Path],
    summary: dict[str, Any],
    state: TrainingState,
    threads: int,
    team: Team,
) -> dict[str, Any]:
    """With the data, enough to make the same weights again. summary: of the data."""
    epochs = list(run.metrics())
    on = [report.device for report in epochs if report.device]
    record = {
        "fit": asdict(config),
        "data": [folder.resolve().name for folder in folders],
        **{name: value for name, value in summary.items() if name != "problems"},
        "epochs_done": state.epoch,
        "minutes": round(sum(report.seconds for report in epochs) / 60, 1),
        "threads": threads,
        "device": " and ".join(dict.fromkeys(on)) or team.name,
    }
    start: str = record["fit"]["start"]
    if start:
        folder = weights_to_start_from(start, run.start).folder
        knew = read_config(folder).training
        record["start_sha256"] = sha256_of(folder / WEIGHTS)
        # whose photos they were goes on to hold
        record["start_data"] = list(
            dict.fromkeys(knew.get("data", []) + knew.get("start_data", []))
        )
    return record
