"""How the tab's events run."""

from typing import Any

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Without a spinner, and no program's business."""
AT_ONCE: dict[str, Any] = {**QUIET, "queue": False}
"""Beside whatever waits."""
EVERY_TIME: dict[str, Any] = {**QUIET, "trigger_mode": "multiple"}
"""However quickly one follows the other."""
