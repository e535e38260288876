"""What a checkpoint folder holds, as far as can be told without loading it."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from crackdemo.checkpoints.hub import CONFIG, WEIGHTS

MOST_CONFIG_BYTES = 1_000_000
_MOST_HEAD = 10_000_000
"""Bytes that a safetensors file may say of itself; ours say some thousand."""


def family_in(folder: Path) -> str | None:
    """The family of a finished checkpoint, as its config says; None where a file is missing, cut
    short or no such file."""
    with suppress(OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        if _is_whole(folder / WEIGHTS):
            return str(_config(folder)["family"])
    return None


def metrics_in(folder: Path) -> dict[str, Any]:
    """What a checkpoint's config says was measured, unchecked; empty where it says nothing."""
    with suppress(OSError, ValueError, RecursionError, LookupError, TypeError):
        metrics = _config(folder)["metrics"]
        if isinstance(metrics, dict):
            return metrics
    return {}


def _config(folder: Path) -> Any:
    """Raises OSError, ValueError and RecursionError where there is none, or none that can be."""
    file = folder / CONFIG
    if not file.is_file():  # a pipe would be waited for
        raise ValueError("it is no file")
    if file.stat().st_size > MOST_CONFIG_BYTES:
        raise ValueError("it is larger than a config can be")
    return json.loads(file.read_text(encoding="utf-8"))


def _is_whole(weights: Path) -> bool:
    """Whether the file is as long as its head says: 8 bytes of the head's own length, the head,
    and the numbers of all tensors."""
    if not weights.is_file():  # a pipe would be waited for
        return False
    with weights.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _MOST_HEAD:
            return False
        head = json.loads(file.read(length))
    ends = [tensor["data_offsets"][1] for name, tensor in head.items() if name != "__metadata__"]
    return bool(weights.stat().st_size == 8 + length + max(ends, default=0))
