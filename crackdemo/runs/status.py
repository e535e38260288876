"""What a run folder says about its fit, and whether that fit's process still lives."""

import json
import os
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LIVE_STATES = ("queued", "running")
STATES = (*LIVE_STATES, "done", "failed", "cancelled", "interrupted")


@dataclass(frozen=True)
class Status:
    """The content of `status.json`."""

    status: str
    """One of STATES as it was written; `state` is what holds now."""
    message: str = ""
    """Why, where there is something to say."""
    pid: int = 0
    """The process that the fit is, or was."""
    born: str = ""
    """When that process started, as the system tells it: a pid alone may be another's by now."""
    since: float = 0.0
    """When this status was first written, seconds since 1970; decides the place in the queue."""

    @property
    def is_live(self) -> bool:
        """Whether the fit's own process is waiting or running."""
        return self.status in LIVE_STATES and bool(self.born) and birth_of(self.pid) == self.born

    @property
    def state(self) -> str:
        """As written, but `interrupted` where the process is gone."""
        return self.status if self.status not in LIVE_STATES or self.is_live else "interrupted"


def read_status(run: Path) -> Status:
    """Of a run folder; a missing or unreadable one counts as interrupted."""
    try:
        values = json.loads((run / "status.json").read_text(encoding="utf-8"))
        status = Status(**values)
        return status if status.status in STATES else Status("interrupted")
    except (OSError, ValueError, TypeError):
        return Status("interrupted")


def write_status(run: Path, status: str, message: str = "", pid: int | None = None) -> None:
    """Whole, then renamed; `pid` is this process unless it is given."""
    pid = os.getpid() if pid is None else pid
    path = run / "status.json"
    values = asdict(Status(status, message, pid, birth_of(pid), time.time()))
    try:
        write_json(path, values)
    except OSError:
        with path.open("r+", encoding="utf-8") as file:  # a full disk still has this file's place
            file.write(_text(values))
            file.truncate()


def write_json(path: Path, values: Any) -> None:
    """Whole, under a hidden name first."""
    building = path.with_name(f".{path.name}")
    building.write_text(_text(values), encoding="utf-8")
    building.replace(path)


def _text(values: Any) -> str:
    return json.dumps(values, indent=2) + "\n"


def birth_of(pid: int) -> str:
    """When a process started; empty for one that has ended, even if nobody has waited for it."""
    stat = Path("/proc") / str(pid) / "stat"
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] in "ZX" else fields[19]
    asked = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    state, _, birth = (
        subprocess.run(asked, capture_output=True, text=True, check=False)
        .stdout.strip()
        .partition(" ")
    )
    return "" if state.startswith("Z") else birth.strip()
