"""What ends a fit before its time, as one sentence."""

import errno
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from safetensors import SafetensorError

from crackdemo.errors import CrackdemoError, FitError
from crackdemo.runs.folder import RunFolder


@contextmanager
def failure_told(run: RunFolder) -> Iterator[None]:
    """Whatever ends the fit is one sentence, in the run folder too."""
    try:
        yield
    except Exception as error:
        if not run.path.is_dir():
            raise FitError("The run’s folder is gone, so the fit has ended.") from None
        is_foreseen = isinstance(error, CrackdemoError)
        refusal = error if is_foreseen else FitError(_reason(error, run.last_state.exists()))
        with suppress(OSError):  # on a full disk the status stays, and reads "interrupted"
            run.write_status("failed", str(refusal))
            if not is_foreseen:
                run.write_error(traceback.format_exc())
        raise refusal from error


def _reason(error: Exception, are_epochs_kept: bool) -> str:
    if is_out_of_memory(error):
        return "Memory ran out, even with half the batch: take smaller tiles or a smaller batch."
    if _is_disk_full(error):
        if are_epochs_kept:
            return "The disk is full: free some space and resume; the epochs so far are kept."
        return "The disk is full: free some space and resume; no epoch was kept, it begins anew."
    return (
        f"The fit met an error that nobody foresaw ({type(error).__name__}, see error.txt in its "
        "folder): resume it, and if it comes again, report it."
    )


def is_out_of_memory(error: Exception) -> bool:
    """Of the processor's or a graphics card's."""
    return isinstance(error, MemoryError) or "you tried to allocate" in str(error).lower()


def _is_disk_full(error: Exception) -> bool:
    codes = (errno.ENOSPC, errno.EDQUOT)
    if isinstance(error, SafetensorError):  # it keeps the system's number in its text alone
        return any(f"os error {code})" in str(error) for code in codes)
    return isinstance(error, OSError) and error.errno in codes
