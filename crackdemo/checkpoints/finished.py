"""What a checkpoint folder holds, as far as can be told without loading it."""

import json
from contextlib import suppress
from pathlib import Path

from crackdemo.checkpoints.names import CONFIG, WEIGHTS

_MOST_HEAD = 10_000_000
"""Bytes that a safetensors file may say of itself; ours say some thousand."""


def family_in(folder: Path) -> str | None:
    """The family of a finished checkpoint, as its config says; None where a file is missing, cut
    short or no such file."""
    with suppress(OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        config = folder / CONFIG
        if config.is_file() and _is_whole(folder / WEIGHTS):
            return str(json.loads(config.read_text(encoding="utf-8"))["family"])
    return None


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
