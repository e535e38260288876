"""Calls of programs: whether one fits what it calls, and whether its answer is still to be had."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from crackdemo.ui.bodies import Refusal

Parameters: TypeAlias = Mapping[str, bool]
"""Of what is called, in their order: whether each may be left out."""

_MOST = 2_000
"""Calls whose answers are waited for, as many as gradio knows; the oldest are forgotten first."""


def check_named(values: Any, parameters: Parameters) -> None:
    """Of a call that names its values. Raises Refusal."""
    if not isinstance(values, dict):
        raise Refusal(
            400, f"The body is no JSON object: send one that names {_listed(parameters)}."
        )
    for name in values:
        if name not in parameters:
            raise Refusal(
                400, f"There is no parameter “{str(name)[:64]}”: there are {_listed(parameters)}."
            )
    missing = [name for name, may_lack in parameters.items() if not may_lack and name not in values]
    if missing:
        raise Refusal(400, f"“{missing[0]}” is missing: send it.")


def check_listed(values: Any, parameters: Parameters) -> None:
    """Of a call that lists its values. Raises Refusal."""
    data = values.get("data") if isinstance(values, dict) else None
    if not isinstance(data, list):
        raise Refusal(400, "The body is no JSON object with a list of values as “data”: send one.")
    if len(data) != len(parameters):
        raise Refusal(
            400,
            f"The list “data” has {len(data)} values and not {len(parameters)}: send "
            f"{_listed(parameters)}.",
        )


def _listed(parameters: Parameters) -> str:
    return ", ".join(parameters)


class Answers:
    """Those that nobody has fetched: each can be fetched once, and whoever hangs up has none.

    Threads do not share it: it lives in the server's loop.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, None] = {}

    def promise(self, told: Any) -> None:
        """told: what was said to a call that was taken."""
        event = told.get("event_id") if isinstance(told, dict) else None
        if isinstance(event, str):
            self._waiting[event] = None
            if len(self._waiting) > _MOST:
                del self._waiting[next(iter(self._waiting))]

    def fetch(self, event: str) -> None:
        """Raises Refusal where there is nothing to be had: gradio would never end its answer."""
        if event not in self._waiting:
            raise Refusal(
                404,
                "There is no such answer, or it was asked for before: call anew, and fetch once.",
            )
        del self._waiting[event]

    def put_back(self, event: str) -> None:
        """Of a fetch that was refused after all."""
        self._waiting[event] = None
