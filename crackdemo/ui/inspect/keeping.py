"""Photos that a page finds again after it was loaded anew.

A page shows by a random secret, which its browser tab alone keeps, that they are its own; where
people log in, the next one at the same tab is another.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from gradio.data_classes import FileDataDict

_PAGES = 256
"""Pages whose photos are known at most; the oldest are forgotten first."""
_FILES = 50_000
"""Of all these pages together; the oldest are forgotten first."""
_SHORTEST, _LONGEST = 32, 128
"""Letters of a secret; shorter ones could be guessed."""


class KeptPhotos:
    """By each page's secret and who is logged in, the uploads it had last. Threads may share it."""

    def __init__(self) -> None:
        self._files: OrderedDict[tuple[str, str], list[FileDataDict]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(
        self, secret: str | None, files: Sequence[FileDataDict] | None, person: str | None = None
    ) -> None:
        """In place of what the page had before. person: None where nobody logs in."""
        if not secret or not _SHORTEST <= len(secret) <= _LONGEST:
            return
        with self._lock:
            page = (secret, person or "")
            self._files[page] = list(files or ())
            self._files.move_to_end(page)
            while len(self._files) > _PAGES or sum(map(len, self._files.values())) > _FILES:
                self._files.popitem(last=False)

    def find(self, secret: str | None, person: str | None = None) -> list[FileDataDict]:
        """The page's uploads, as far as the server still has their files."""
        with self._lock:
            files = self._files.get((secret or "", person or ""), [])
        return [file for file in files if Path(file["path"]).is_file()]
