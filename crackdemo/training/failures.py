"""What ends a fit before its time, as one sentence, and what can be saved of it."""

import errno
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from safetensors import SafetensorError

from crackdemo.errors import CrackdemoError, FitError, LossError
from crackdemo.runs.folder import EpochReport, RunFolder
from crackdemo.training.state import TrainingState
from crackdemo.training.team import Team

_LOCKED = (errno.EACCES, errno.EPERM, errno.EROFS)
_OTHER_KIND = (errno.EEXIST, errno.EISDIR, errno.ENOTDIR)
"""A folder where a file should be, or a file where a folder should be."""


class Batched(Protocol):
    """Settings of a fit of any kind: a dataclass with this among its fields."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def batch_size(self) -> int:
        """Samples per step."""
        ...


_Settings = TypeVar("_Settings", bound=Batched)


@contextmanager
def failure_told(run: RunFolder) -> Iterator[None]:
    """Whatever ends the fit is one sentence, in the run folder too."""
    try:
        yield
    except Exception as error:
        if not run.path.is_dir():
            raise FitError("The run’s folder is gone, so the fit has ended.") from None
        is_foreseen = isinstance(error, CrackdemoError)
        refusal = error if is_foreseen else FitError(_reason(error, run))
        with suppress(OSError):  # on a full disk the status stays, and reads "interrupted"
            run.write_status("failed", str(refusal))
            if not is_foreseen:
                run.write_error(traceback.format_exc())
        raise refusal from error


@contextmanager
def best_kept(run: RunFolder, state: TrainingState, say: Callable[[str], None]) -> Iterator[None]:
    """A loss that is no longer a number ends the fit; the best of the epochs before are its
    weights. Raises LossError where there was none."""
    try:
        yield
    except LossError as error:
        if not state.best_weights:
            raise
        message = f"{error} The weights are the best of the epochs before."
        run.note(message)
        say(message)


def within_memory(
    run: RunFolder,
    config: _Settings,
    fit: Callable[[_Settings], Generator[EpochReport, None, TrainingState]],
    say: Callable[[str], None],
    team: Team,
) -> Generator[EpochReport, None, tuple[_Settings, TrainingState]]:
    """A fit; where memory runs out, once more with half the batch, from the last epoch.

    Returns the settings that held in the end and the trained state.
    """
    try:
        return config, (yield from fit(config))
    except (MemoryError, RuntimeError) as error:
        # the other processes of a team could not be told
        if not is_out_of_memory(error) or config.batch_size == 1 or team.size > 1:
            raise
    smaller = replace(config, batch_size=config.batch_size // 2)
    run.settle(asdict(smaller))
    message = f"Memory ran out: the batch was halved to {smaller.batch_size}."
    run.note(message)
    say(message)
    return smaller, (yield from fit(smaller))


def _reason(error: Exception, run: RunFolder) -> str:
    if is_out_of_memory(error):
        return "Memory ran out, even with half the batch: take smaller tiles or a smaller batch."
    if _is_disk_full(error):
        if run.last_state.exists():
            return "The disk is full: free some space and resume; the epochs so far are kept."
        return (
            "The disk is full: free some space and resume; what it learned could not be kept, so "
            "that it begins anew."
        )
    if isinstance(error, OSError) and (part := _part_of(run, error)):
        if error.errno in _LOCKED:
            return (
                f"Nothing can be written to the folder of the run “{run.name}” ({error.strerror}): "
                "see who may write there, or copy it to where you may, then resume it."
            )
        if error.errno in _OTHER_KIND:
            return (
                f"The run “{run.name}” is damaged, “{part}” in its folder is not what a fit makes "
                "there: move it away, then resume the run."
            )
    return (
        f"The fit met an error that nobody foresaw ({type(error).__name__}, see error.txt in its "
        "folder): resume it, and if it comes again, report it."
    )


def _part_of(run: RunFolder, error: OSError) -> str:
    """The file or folder in the run's folder that could not be had; empty for one elsewhere."""
    path = Path(str(error.filename2 or error.filename))
    return path.relative_to(run.path).parts[0] if run.path in path.parents else ""


def is_out_of_memory(error: Exception) -> bool:
    """Of the processor's or a graphics card's."""
    return isinstance(error, MemoryError) or "you tried to allocate" in str(error).lower()


def _is_disk_full(error: Exception) -> bool:
    codes = (errno.ENOSPC, errno.EDQUOT)
    if isinstance(error, SafetensorError):  # it keeps the system's number in its text alone
        return any(f"os error {code})" in str(error) for code in codes)
    return isinstance(error, OSError) and error.errno in codes
