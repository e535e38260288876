"""What a run says about its fit, and whether that fit's process still lives."""

from dataclasses import dataclass, replace
from typing import Any, Self

from crackdemo.runs.processes import birth_of

LIVE_STATES = ("queued", "running")
STATES = (*LIVE_STATES, "done", "failed", "cancelled", "interrupted")
_LONGEST = 2000
"""Letters of a text for people: a fit says a few sentences, by hand anything may be written."""


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
    """When that process started, as `birth_of` tells it: a pid alone may be another's by now."""
    doing: str = ""
    """What a running fit is at, for people: reading photos, say."""
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

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """What cannot be understood counts as interrupted."""
        words = ("status", "message", "born", "doing")
        kinds: dict[str, type] = {**dict.fromkeys(words, str), "pid": int, "since": float}
        if isinstance(values, dict) and values.get("status") in STATES:
            known = {name: values[name] for name in kinds if name in values}
            if all(isinstance(known[name], kinds[name]) for name in known):
                status = cls(**known)
                message, doing = _beginning(status.message), _beginning(status.doing)
                return replace(status, message=message, doing=doing)
        return cls("interrupted")


def _beginning(text: str) -> str:
    """All of it, unless it is longer than a page can show."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
