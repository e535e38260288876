"""A run folder: everything that is known about one fit, on disk. Only here its layout is known."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from crackdemo.checkpoints.finished import family_in
from crackdemo.errors import RunError, is_legible, legible
from crackdemo.files import content_of, content_sha256, write_text
from crackdemo.runs.numbers import amount, count, number, share
from crackdemo.runs.processes import birth_of
from crackdemo.runs.quality import Alarms, Figures, Quality
from crackdemo.runs.status import Status
from crackdemo.runs.trials import Search

MOST_MINUTES = 7 * 24 * 60
_MOST_BYTES = 8_000_000
"""Of a file that a run says of itself; the trials of a long search take some hundred thousand. The
page reads all of them every two seconds."""
_UPLOADS = "uploads_sha256"
_LONGEST_NAME = 100
"""Letters of a metric's or device's name."""
_MOST_WEIGHTS = 16
"""That figures are compared of; a fit compares two or three."""
_Kind = TypeVar("_Kind", bound=Figures)


@dataclass(frozen=True)
class EpochReport:
    """What one epoch came to: a line of `metrics.jsonl`."""

    epoch: int
    """Epochs done, from 1."""
    epochs: int
    """Epochs there will be."""
    train_loss: float
    """Mean over the epoch's steps; lower is better."""
    validation_loss: float
    """On the same painted validation tiles every epoch; lower is better."""
    learning_rate: float
    """At the epoch's last step."""
    seconds: float
    """Time of this epoch, validation included."""
    best: bool
    """Whether this epoch is the best so far on the validation photos: by their loss, or by the
    metric where there is one."""
    metric: str = ""
    """What else was measured on the validation photos, and chooses the epoch; empty: nothing."""
    value: float = 0.0
    """What the metric came to; higher is better."""
    device: str = ""
    """What computed it, for people; older runs do not say."""

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Raises ValueError where a value is missing, of another kind, or no possible number."""
        if not isinstance(values, dict) or not isinstance(values.get("best"), bool):
            raise ValueError("it is no epoch")
        return cls(
            epoch=count(values.get("epoch")),
            epochs=count(values.get("epochs")),
            train_loss=number(values.get("train_loss")),
            validation_loss=number(values.get("validation_loss")),
            learning_rate=amount(values.get("learning_rate")),
            seconds=amount(values.get("seconds")),
            best=values["best"],
            metric=str(values.get("metric", ""))[:_LONGEST_NAME],
            value=share(values.get("value", 0.0)),
            device=str(values.get("device", ""))[:_LONGEST_NAME],
        )


@dataclass(frozen=True)
class RunConfig:
    """What a fit was asked for, in JSON values: the content of `config.json`."""

    fit: dict[str, Any]
    """The fit's settings."""
    data: list[str]
    """Folders of photos; one inside the run is kept by its relative path, since runs are
    renamed."""
    minutes: float | None = None
    """What the fit was given, as long as they have not become epochs."""

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Raises ValueError."""
        if not isinstance(values, dict) or not isinstance(values.get("fit"), dict):
            raise ValueError("it holds no settings")
        data, minutes = values.get("data"), values.get("minutes")
        if not isinstance(data, list) or not all(isinstance(folder, str) for folder in data):
            raise ValueError("data must be a list of folders")
        if any("\0" in folder for folder in data):
            raise ValueError("data names what can be no folder")
        if minutes is not None and not 0 < number(minutes) <= MOST_MINUTES:
            raise ValueError(f"minutes must be above 0 and at most {MOST_MINUTES:,}, a week")
        return cls(values["fit"], data, minutes)


@dataclass(frozen=True)
class RunFolder:
    """`runs/<name>/`; every file is written whole, then renamed."""

    path: Path
    """The folder."""

    @property
    def name(self) -> str:
        """What a person calls the run."""
        return legible(self.path.name)

    @property
    def exists(self) -> bool:
        """Whether there is a run."""
        return self._config_file.is_file()

    @property
    def made(self) -> float:
        """When it was made, seconds since 1970."""
        with suppress(OSError):
            return self._config_file.stat().st_mtime
        return 0.0

    @property
    def last_state(self) -> Path:
        """The state after the last epoch, to go on from."""
        return self.path / "last.safetensors"

    @property
    def checkpoint(self) -> Path:
        """Where the finished weights lie."""
        return self.path / "checkpoint"

    @property
    def start(self) -> Path:
        """A copy of an own run's weights that it starts from, where it does."""
        return self.path / "start"

    @property
    def has_weights(self) -> bool:
        """Whether there is a finished checkpoint."""
        return family_in(self.checkpoint) is not None

    @property
    def samples(self) -> Path:
        """The folder of the pictures that are made after every epoch."""
        return self.path / "samples"

    def sample(self, epoch: int) -> Path:
        """`samples/epoch-0007.jpg`."""
        return self.samples / f"epoch-{epoch:04}.jpg"

    @property
    def log(self) -> Path:
        """What a background fit printed."""
        return self.path / "fit.log"

    @property
    def _config_file(self) -> Path:
        return self.path / "config.json"

    @property
    def _status_file(self) -> Path:
        return self.path / "status.json"

    @property
    def _metrics_file(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def _trials_file(self) -> Path:
        return self.path / "trials.json"

    @property
    def _quality_file(self) -> Path:
        return self.path / "quality.json"

    @property
    def _data_file(self) -> Path:
        return self.path / "data.json"

    @property
    def _alarms_file(self) -> Path:
        return self.path / "alarms.json"

    def create(self, config: RunConfig) -> None:
        """A new run, in a folder that may be there already.

        Raises RunError where one is already, even if it was made a moment ago, and OSError.
        """
        parts = (self.last_state, self.checkpoint, self._status_file, self._metrics_file)
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            if any(part.exists() for part in parts):
                raise FileExistsError
            self._config_file.open("x").close()
        except FileExistsError:
            raise RunError(
                f"There is a run in “{self.name}” already: take another name, or resume it."
            ) from None
        try:
            self._write_config(config)
        except BaseException:
            self._config_file.unlink()  # the empty one that was made above
            raise

    def config(self) -> RunConfig:
        """Of a run. Raises RunError where there is none, or where it was edited wrongly."""
        try:
            return RunConfig.from_json(_read_json(self._config_file))
        except FileNotFoundError:
            raise RunError(f"There is no run in “{self.name}” to resume: start one.") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise RunError(
                f"The config of run “{self.name}” is wrong ({reason}): mend config.json in its "
                "folder, or start a new run."
            ) from None

    def data(self) -> list[Path]:
        """The folders of photos. Raises RunError."""
        return [self.path.resolve() / folder for folder in self.config().data]

    def settle(self, fit: dict[str, Any], minutes: float | None = None) -> None:
        """These settings hold from now on, in epochs unless minutes are still to be made epochs.
        Raises RunError."""
        made = self.made
        self._write_config(RunConfig(fit, self.config().data, minutes))
        os.utime(self._config_file, (made, made))  # a list of runs keeps its order

    def _write_config(self, config: RunConfig) -> None:
        _write_json(self._config_file, asdict(config))

    def status(self) -> Status:
        """A missing or unreadable one counts as interrupted."""
        try:
            return Status.from_json(_read_json(self._status_file))
        except (OSError, ValueError):
            return Status("interrupted")

    @property
    def has_status(self) -> bool:
        """Whether a fit has begun, or was said to have failed to."""
        return self._status_file.exists()

    def write_status(self, status: str, message: str = "") -> None:
        """queued, running, done, failed, cancelled or interrupted, and why; of this process."""
        pid = os.getpid()
        told = legible(message)
        self._write_status(Status(status, told, pid, birth_of(pid), since=time.time()))

    def _write_status(self, status: Status) -> None:
        values = asdict(status)
        try:
            _write_json(self._status_file, values)
        except OSError:
            if not self.has_status:
                raise
            with self._status_file.open("r+", encoding="utf-8") as file:
                file.write(_text(values))  # a full disk still has this file's place
                file.truncate()

    def at(self, doing: str) -> None:
        """What the running fit is at now; what was noted stays."""
        self._write_status(replace(self.status(), doing=doing))

    def note(self, sentence: str) -> None:
        """What a person should know of a fit that goes on; stays when it is done."""
        status = self.status()
        told = legible(f"{status.message} {sentence}".strip())
        self._write_status(replace(status, message=told))

    def finish(self) -> None:
        """Done; what was noted stays."""
        self.write_status("done", self.status().message)

    def add_metrics(self, report: EpochReport) -> None:
        """One more line."""
        with self._metrics_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(report)) + "\n")

    def keep_metrics(self, epochs: int) -> None:
        """Only the first lines: a fit that was killed may have written one more than its state."""
        if self._metrics_file.exists():
            lines = [json.dumps(asdict(report)) + "\n" for report in self.metrics()[:epochs]]
            write_text(self._metrics_file, "".join(lines))

    def metrics(self) -> list[EpochReport]:
        """The epochs so far, first to last, up to the first line that is none: a fit that was
        killed may have left half of one."""
        reports = []
        with suppress(OSError, ValueError):
            for line in content_of(self._metrics_file, _MOST_BYTES).splitlines():
                reports.append(EpochReport.from_json(_parsed(line)))
        return reports

    def write_data_summary(self, values: dict[str, Any]) -> None:
        """What the fit found in its folders of photos, with a hash of those that lie in the run."""
        own, uploads = self.path.resolve(), []
        with suppress(OSError):  # a file may go meanwhile: the fit goes on, and compares with none
            uploads = [content_sha256(each) for each in self.data() if each.is_relative_to(own)]
        _write_json(self._data_file, {**values, _UPLOADS: uploads})

    def uploads(self) -> list[str]:
        """Hashes of the folders of photos that lie in it; empty before a fit has read them."""
        try:
            found = _read_json(self._data_file)[_UPLOADS]
        except (OSError, KeyError, TypeError, ValueError):  # or made before they were noted
            return []
        return found if isinstance(found, list) else []

    def write_quality(self, qualities: Sequence[Quality]) -> None:
        """Of the finished weights first, then of those that they are compared with."""
        _write_json(self._quality_file, [asdict(quality) for quality in qualities])

    def quality(self) -> list[Quality]:
        """As it was written; empty where it was not measured, or cannot be read."""
        return _figures(Quality, self._quality_file)

    def write_alarms(self, alarms: Sequence[Alarms]) -> None:
        """Of the finished weights first, then of those that the fit started from."""
        _write_json(self._alarms_file, [asdict(each) for each in alarms])

    def alarms(self) -> list[Alarms]:
        """As it was written; empty where nothing was corrected, or it cannot be read."""
        return _figures(Alarms, self._alarms_file)

    def write_search(self, search: Search) -> None:
        """How the search before the fit stands."""
        _write_json(self._trials_file, asdict(search))

    @property
    def has_search(self) -> bool:
        """Whether a search was begun, be its record readable or not."""
        return self._trials_file.exists()

    def search(self) -> Search | None:
        """As it was written; None where nothing is searched, or it cannot be read."""
        try:
            return Search.from_json(_read_json(self._trials_file))
        except (OSError, ValueError):
            return None

    def write_error(self, text: str) -> None:
        """For whoever is to find out what nobody foresaw."""
        write_text(self.path / "error.txt", legible(text))


def runs_in(folder: Path) -> Iterator[RunFolder]:
    """The runs of a folder, in no order; hidden ones are being made or deleted."""
    with suppress(OSError):
        for path in folder.iterdir():
            run = RunFolder(path)
            if not path.name.startswith(".") and is_legible(path.name) and run.exists:
                yield run


def _figures(kind: type[_Kind], file: Path) -> list[_Kind]:
    """As they were written; empty where they were not, or cannot be read."""
    try:
        return [kind.from_json(each) for each in _read_json(file)[:_MOST_WEIGHTS]]
    except (OSError, KeyError, TypeError, ValueError):
        return []


def _read_json(path: Path) -> Any:
    return _parsed(content_of(path, _MOST_BYTES))


def _parsed(text: bytes) -> Any:
    """Raises ValueError."""
    try:
        values = json.loads(text.decode("utf-8"))
        if is_legible(values):
            return values
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    raise ValueError("it holds half a letter")


def _write_json(path: Path, values: Any) -> None:
    write_text(path, _text(values))


def _text(values: Any) -> str:
    return json.dumps(values, indent=2) + "\n"
