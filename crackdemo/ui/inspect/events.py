"""How the tab's events run."""

from typing import Any

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Without a spinner, and no program's business."""
AT_ONCE: dict[str, Any] = {**QUIET, "queue": False}
"""Beside whatever waits."""
EVERY_TIME: dict[str, Any] = {**QUIET, "trigger_mode": "multiple"}
"""However quickly one follows the other."""
IN_TURN: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}
"""One after the other, of those that follow each other quickly the last alone: answers that are on
their way at once may overtake each other."""
SHOWING: dict[str, Any] = {**IN_TURN, "concurrency_id": "show", "concurrency_limit": 8}
"""What puts a photo on show: one that has to be scored again does not hold other visitors up."""
