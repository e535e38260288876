"""Who may fit, rename and delete: at home everybody, on a Space its owner alone.

Visitors of a Space share one disk and one machine; only one of them is given the say.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr
from gradio.context import LocalContext

from crackdemo.errors import RunError
from crackdemo.runs.folder import RunFolder
from crackdemo.runs.job import Job
from crackdemo.runs.jobs import Jobs


def check(owner: str | None, profile: gr.OAuthProfile | None) -> None:
    """Raises RunError unless this visitor may. owner: None at home."""
    if owner is not None and (profile is None or profile.username != owner):
        raise RunError(
            f"On this Space only its owner, {owner}, may fit, rename and delete: log in as "
            f"{owner}, or duplicate the Space and log in to your own."
        )


def is_asking(owner: str) -> bool:
    """Whether the event that runs is this person's, by the login of the page it came from."""
    request = LocalContext.request.get(None)
    session = getattr(getattr(request, "request", None), "scope", {}).get("session") or {}
    login = session.get("oauth_info") or {}
    is_valid = float(login.get("expires_at") or 0) > time.time()
    return is_valid and login.get("userinfo", {}).get("preferred_username") == owner


class OwnersJobs(Jobs):
    """The runs on a Space: for everybody but their owner there are none."""

    def __init__(
        self,
        folder: Path,
        reserved: Sequence[str],
        owner: str,
        may: Callable[[str], bool] = is_asking,
    ) -> None:
        super().__init__(folder, reserved)
        self._owner, self._may = owner, may

    def names(self) -> list[str]:
        """None for strangers."""
        return super().names() if self._may(self._owner) else []

    def finished(self) -> list[str]:
        """None for strangers."""
        return super().finished() if self._may(self._owner) else []

    def jobs(self) -> list[Job]:
        """None for strangers."""
        return super().jobs() if self._may(self._owner) else []

    def run_folder(self, name: str) -> RunFolder:
        """Raises RunError for strangers too, in the same words whether there is such a run."""
        if not self._may(self._owner):
            raise RunError(f"The runs here are {self._owner}’s alone: log in as {self._owner}.")
        return super().run_folder(name)
