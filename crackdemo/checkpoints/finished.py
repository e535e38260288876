"""What a checkpoint folder holds, as far as can be told without loading it."""

import json
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from crackdemo.checkpoints.layout import CONFIG, SIZE_LIMITS, WEIGHTS

_MOST_HEAD = 10_000_000
"""Bytes that a safetensors file may say of itself; ours say some thousand."""
_LONGEST_FAMILY = 64
"""Letters."""
_KEPT = 512
"""Files of which is remembered what they say."""


def family_in(folder: Path) -> str | None:
    """The family of a finished checkpoint, as its config says; None where a file is missing, cut
    short or no such file."""
    with suppress(OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        if _is_whole(*_as_it_is(folder / WEIGHTS)):
            family = _config(*_as_it_is(folder / CONFIG))["family"]
            if isinstance(family, str) and len(family) <= _LONGEST_FAMILY:
                return family
    return None


def metrics_in(folder: Path) -> dict[str, Any]:
    """What a checkpoint's config says was measured, unchecked; empty where it says nothing."""
    with suppress(OSError, ValueError, RecursionError, LookupError, TypeError):
        metrics = _config(*_as_it_is(folder / CONFIG))["metrics"]
        if isinstance(metrics, dict):
            return metrics
    return {}


def _as_it_is(file: Path) -> tuple[Path, int, int]:
    """A regular file, when it was changed, and its bytes: while these stay it is read once, however
    often the list of runs is asked for. Raises OSError, and ValueError of anything else."""
    if not file.is_file():  # a pipe would be waited for
        raise ValueError("it is no file")
    stat = file.stat()
    return file, stat.st_mtime_ns, stat.st_size


@lru_cache(_KEPT)
def _config(file: Path, changed: int, size: int) -> Any:
    """Raises OSError, ValueError and RecursionError where it is none."""
    if size > SIZE_LIMITS[CONFIG]:
        raise ValueError("it is no config")
    return json.loads(file.read_text(encoding="utf-8"))


@lru_cache(_KEPT)
def _is_whole(weights: Path, changed: int, size: int) -> bool:
    """Whether the file is as long as its head says: 8 bytes of the head's own length, the head,
    and the numbers of all tensors. Raises ValueError and others where there is no such head."""
    with weights.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _MOST_HEAD:
            return False
        head = json.loads(file.read(length))
    ends = [_end(tensor) for name, tensor in head.items() if name != "__metadata__"]
    return bool(size == 8 + length + max(ends, default=0))


def _end(tensor: Any) -> int:
    """Where a tensor's bytes end. Raises ValueError and others where it does not say so."""
    start, end = tensor["data_offsets"]
    if type(start) is not int or type(end) is not int:  # True would count as one byte
        raise ValueError("it says no bytes")
    return end
