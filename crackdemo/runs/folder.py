"""A run folder: everything that is known about one fit, on disk."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from crackdemo.errors import FitError
from crackdemo.checkpoints.checkpoint import made_before
from crackdemo.configs import parse_config
from crackdemo.training.config import FitConfig
from crackdemo.runs.status import (read_status, write_json, write_status)
from crackdemo.training.loop import (EpochReport, TrainingState, new_state)

_OPTIMIZER_TENSORS = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class RunFolder:
    """`runs/<id>/`; every file is written whole, then renamed."""

    path: Path
    """The folder."""

    @property
    def checkpoint(self) -> Path:
        """Where the finished weights lie."""
        return self.path / "checkpoint"

    def create(self, config: FitConfig, data: list[str], minutes: float | None = None) -> None:
        """A new run. Raises FitError where one is already.

        minutes: become a number of epochs when the fit starts.
        """
        if (self.path / "config.json").exists():
            raise FitError(
                f"There is a run in “{self.path.name}” already: take another name, or resume it."
            )
        self.path.mkdir(parents=True, exist_ok=True)
        values = {"fit": asdict(config), "data": data, "minutes": minutes}
        self.write_json("config.json", values)
        (self.path / "metrics.jsonl").unlink(missing_ok=True)

    def config(self) -> tuple[FitConfig, list[str]]:
        """The settings and data folders of a run. Raises FitError."""
        values = self._read_config()
        self.minutes()
        try:
            # a folder inside the run is kept by its relative path, since runs are renamed
            data = [str(self.path.resolve() / folder) for folder in values["data"]]
            return parse_config(FitConfig, made_before(values["fit"])), data
        except (ValueError, KeyError, TypeError) as error:
            raise FitError(f"The config of run “{self.path.name}” is wrong: {error}.") from None

    def minutes(self) -> float | None:
        """What the fit was given, as long as they have not become epochs. Raises FitError."""
        minutes = self._read_config().get("minutes")
        if minutes is not None and not (isinstance(minutes, int | float) and minutes > 0):
            raise FitError(
                f"The config of run “{self.path.name}” is wrong: minutes must be above 0."
            )
        return minutes

    def settle(self, config: FitConfig) -> None:
        """These settings hold from now on, in epochs."""
        self.write_json(
            "config.json", {**self._read_config(), "fit": asdict(config), "minutes": None}
        )

    def _read_config(self) -> dict[str, Any]:
        try:
            values = json.loads((self.path / "config.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FitError(f"There is no run in “{self.path.name}” to resume.") from None
        except (OSError, ValueError) as error:
            raise FitError(f"The config of run “{self.path.name}” is wrong: {error}.") from None
        if not isinstance(values, dict):
            raise FitError(f"The config of run “{self.path.name}” is wrong: it is no object.")
        return values

    def write_status(self, status: str, message: str = "") -> None:
        """queued, running, done, failed, cancelled or interrupted, and why."""
        write_status(self.path, status, message)

    def note(self, sentence: str) -> None:
        """What a person should know of a fit that goes on; stays when it is done."""
        self.write_status("running", f"{read_status(self.path).message} {sentence}".strip())

    def finish(self) -> None:
        """Done; what was noted stays."""
        self.write_status("done", read_status(self.path).message)

    def add_metrics(self, report: EpochReport) -> None:
        """One more line of metrics.jsonl."""
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(report)) + "\n")

    def keep_metrics(self, epochs: int) -> None:
        """Only the first lines: a fit that was killed may have written one more than its state."""
        path = self.path / "metrics.jsonl"
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            building = self.path / ".metrics.jsonl"
            building.write_text("".join(lines[:epochs]), encoding="utf-8")
            building.replace(path)

    def metrics(self) -> list[EpochReport]:
        """The epochs so far, first to last."""
        lines = (self.path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        return [EpochReport(**json.loads(line)) for line in lines]

    def write_json(self, name: str, values: Any) -> None:
        """Whole, then renamed."""
        write_json(self.path / name, values)

    def save_state(self, state: TrainingState) -> None:
        """last.safetensors: weights, best weights, optimizer tensors and counters, in one file."""
        tensors = {f"network.{k}": v for k, v in state.network.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in state.best_weights.items()}
        tensors |= dict(_optimizer_tensors(state.optimizer))
        counters = {
            "epoch": state.epoch,
            "stale_epochs": state.stale_epochs,
            "best_loss": state.best_loss,
        }
        building = self.path / ".last.safetensors"
        whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
        save_file(whole, building, {"counters": json.dumps(counters)})
        building.replace(self.path / "last.safetensors")

    def load_state(self, config: FitConfig) -> TrainingState:
        """Where the fit stopped; a fresh state if it never finished an epoch. Raises FitError."""
        state = new_state(config)
        path = self.path / "last.safetensors"
        if not path.exists():
            return state
        try:
            with safe_open(path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                counters = json.loads(file.metadata()["counters"])
            state.network.load_state_dict(_part(tensors, "network."), strict=True)
        except (SafetensorError, RuntimeError, KeyError, TypeError):
            raise FitError(
                f"The run “{self.path.name}” cannot go on, {path.name} is damaged or of another "
                "network: start a new run."
            ) from None
        state.best_weights = _part(tensors, "best.")
        for index, parameter in enumerate(state.network.parameters()):
            state.optimizer.state[parameter] = _part(tensors, f"optimizer.{index}.")
        state.epoch, state.stale_epochs = counters["epoch"], counters["stale_epochs"]
        state.best_loss = counters["best_loss"]
        return state


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _optimizer_tensors(optimizer: torch.optim.AdamW) -> Iterator[tuple[str, Tensor]]:
    for index, parameter in enumerate(optimizer.param_groups[0]["params"]):
        for name in _OPTIMIZER_TENSORS:
            yield f"optimizer.{index}.{name}", optimizer.state[parameter][name]
