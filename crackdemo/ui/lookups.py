"""Questions to the Hub on behalf of visitors: few at a time, and none twice in a row."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crackdemo.checkpoints.hub import FetchedRepo, parse_hub_id
from crackdemo.errors import HubError

AT_ONCE = 8
"""Visitors who may wait for the Hub; each holds a thread, for 15 seconds where it is silent."""
_SECONDS = 30.0
"""So long an answer holds, also that there is none."""
_ANSWERS = 256

Fetch = Callable[[str, Path | None, str | None, str | None], FetchedRepo]
"""As `hub.fetch`."""


@dataclass(frozen=True)
class _Answer:
    """What the Hub said."""

    at: float
    repo: FetchedRepo | None
    refusal: HubError | None


class Lookups:
    """Threads may share it."""

    def __init__(
        self,
        fetch: Fetch,
        only: tuple[str, ...] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """only: models that may be had, None for any."""
        self._fetch, self._only, self._clock = fetch, only, clock
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._lock = threading.Lock()

    def fetch(
        self, hub_id: str, cache: Path | None, endpoint: str | None, token: str | None
    ) -> FetchedRepo:
        """As `hub.fetch`. Raises HubError, also for a model that may not be had here."""
        name, _ = parse_hub_id(hub_id)
        if self._only is not None and name not in self._only:
            choice = " or ".join(self._only) or "none"
            raise HubError(f"“{name}” may not be had here; of the Hub's models, {choice} may.")
        answer = self._known(hub_id)
        if answer is None:
            if not self._free.acquire(blocking=False):
                raise HubError(
                    f"{AT_ONCE} others wait for the Hub already: try again in a few seconds."
                )
            try:
                answer = self._known(hub_id) or self._ask(hub_id, cache, endpoint, token)
            finally:
                self._free.release()
        if answer.repo is None:
            raise answer.refusal or HubError(f"{hub_id} could not be fetched.")
        return answer.repo

    def _known(self, hub_id: str) -> _Answer | None:
        with self._lock:
            answer = self._answers.get(hub_id)
        is_fresh = answer is not None and answer.at > self._clock() - _SECONDS
        return answer if is_fresh else None

    def _ask(
        self, hub_id: str, cache: Path | None, endpoint: str | None, token: str | None
    ) -> _Answer:
        repo, refusal = None, None
        try:
            repo = self._fetch(hub_id, cache, endpoint, token)
        except HubError as error:
            refusal = error
        answer = _Answer(self._clock(), repo, refusal)
        with self._lock:
            self._answers[hub_id] = answer
            self._answers.move_to_end(hub_id)
            if len(self._answers) > _ANSWERS:
                self._answers.popitem(last=False)
        return answer
