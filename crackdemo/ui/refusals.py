"""What cannot be done, said on the page in one sentence instead of a bare "Error"."""

import errno
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeGuard

import gradio as gr

from crackdemo.errors import CrackdemoError
from crackdemo.files import reason_of

_LOG = logging.getLogger(__name__)
_OF_DISKS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
"""Numbers of what a disk will not do; an OSError may come of a connection, too."""


@contextmanager
def said() -> Iterator[None]:
    """Inside an event: refusals and a disk that will not write become the page's own errors."""
    try:
        yield
    except CrackdemoError as refusal:
        raise gr.Error(str(refusal), print_exception=False) from None
    except OSError as error:
        raise gr.Error(
            f"The server's disk could not do it ({reason_of(error)}): free some space there, then "
            "try again.",
            print_exception=False,
        ) from None


class SayingBlocks(gr.Blocks):  # type: ignore[misc]  # gradio has no types
    """Blocks that never fail without a word: gradio hides what an exception says, and rightly."""

    async def preprocess_data(self, *args: Any, **options: Any) -> Any:
        """Of an event's inputs. Raises gradio's own errors, and OSError."""
        try:
            return await super().preprocess_data(*args, **options)
        except gr.Error:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, OSError) as error:
            for each in (error, error.__cause__):
                if _is_of_a_disk(each):
                    raise each from None
            _LOG.warning("A value was refused: %r", error)
            raise gr.Error(
                "A value is not of the kind that belongs there, or a file was not uploaded here: "
                "load the page anew; programs find each one’s kind under “Use via API”.",
                print_exception=False,
            ) from None

    async def process_api(self, *args: Any, **options: Any) -> Any:
        """An event. Raises gradio's own errors."""
        try:
            return await super().process_api(*args, **options)
        except gr.Error:
            raise
        except Exception as error:
            if _is_of_a_disk(error) or isinstance(error, CrackdemoError):
                with said():
                    raise
            raise gr.Error(
                "The server could not do it, and its log says why: load the page anew, then try "
                "again."
            ) from error


def _is_of_a_disk(error: BaseException | None) -> TypeGuard[OSError]:
    return isinstance(error, OSError) and error.errno in _OF_DISKS


_MARKUP = re.compile(r"[\\`*_\[\]<>|~$#&!@]|(?<=www)\.|^[-+=]|^\d(?=\d*[.)]\s)")


def literal(text: str) -> str:
    """A text that is shown as it stands, in Markdown as in HTML: names of files hold anything."""
    return _MARKUP.sub(lambda sign: f"&#{ord(sign[0])};", text)


def fault(refusal: CrackdemoError) -> str:
    """A refusal as HTML, in the colour of faults, for the place where it arose."""
    return f"<span class='fault'>⚠️ {literal(str(refusal))}</span>"
