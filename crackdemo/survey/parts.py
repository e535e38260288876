"""A survey's folder: Parquet parts, and what they were made with. No other module knows its files.

Only one process writes, and every file is written whole and then renamed. The last part grows
until it is full: so a survey that is killed has each row once, or not at all.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from crackdemo.errors import SurveyError
from crackdemo.files import make_folder, reason_of, write_text, written_whole
from crackdemo.survey.rows import SCHEMA, Row, table_of

_SETTINGS = "_survey.json"
"""Readers of Parquet folders pass over names that begin with _ or a dot."""
_LOCK = ".survey.lock"
_FULL_ROWS = 1000
_FULL_BYTES = 32_000_000
"""A part is full at so many rows, or so many bytes of them in memory."""
_SECONDS = 2.0
"""After which rows are written even though their part is not full."""
KEY = np.dtype("S32")
"""A photo of a survey, by its name and content."""


def key_of(file: str, sha256: str) -> bytes:
    """Two files of one content are two photos, and so is a file that has another content now."""
    return hashlib.sha256(f"{file}\0{sha256}".encode()).digest()


class Parts:
    """The rows of a survey on disk, appended by one process."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._rows: list[Row] = []
        self._bytes = 0
        self._written = clock()
        self._unwritten = 0
        self._number = 1 + max((int(path.stem[5:]) for path in self.files()), default=0)
        self._goes_on, self._wrote = self._number > 1, False
        self.replaced = 0
        """Older rows that went, for their photo has a newer one."""

    def files(self) -> list[Path]:
        """All parts, in the order in which they were begun."""
        return sorted(self._folder.glob(f"part-{'[0-9]' * 6}.parquet"))

    def take_up(self) -> NDArray[np.bytes_]:
        """Keys of all photos that are done, sorted. Rows of photos that failed are taken out: they
        are tried again; and older rows of photos that have a newer one. Raises SurveyError for a
        part that cannot be read."""
        self._only_newest()
        keys: list[bytes] = []
        for path in self.files():
            with _named(path):
                known = pq.read_table(path, columns=["file", "sha256", "reason"]).to_pylist()
                if any(row["reason"] for row in known):
                    _without_failed(path)
            keys += [key_of(row["file"], row["sha256"]) for row in known if not row["reason"]]
        return np.sort(np.array(keys, KEY))

    def add(self, row: Row) -> None:
        """Writes what has gathered where that is due. Raises SurveyError."""
        self._rows.append(row)
        self._bytes += len(row.get("mask_rle") or "") + 500
        self._unwritten += 1
        is_full = len(self._rows) >= _FULL_ROWS or self._bytes >= _FULL_BYTES
        if is_full or self._clock() - self._written >= _SECONDS:
            self.flush()
        if is_full:
            self._rows, self._bytes = [], 0
            self._number += 1

    def end(self) -> None:
        """Writes what has not been written; of a photo that has changed the newer row stays.
        Raises SurveyError."""
        self.flush()
        if self._goes_on and self._wrote:
            self._only_newest()

    def _only_newest(self) -> None:
        """Of rows of one name: the newest that was done, and what failed after it."""
        known = {path: _known_in(path) for path in self.files()}
        if not known:
            return
        names, counts = np.unique(
            np.concatenate([names for names, _ in known.values()]), return_counts=True
        )
        several, newer = set(names[counts > 1].tolist()), set[int]()
        for path in reversed(known) if several else ():
            stays = []
            latest_first = (column[::-1].tolist() for column in known[path])
            for name, is_done in zip(*latest_first, strict=True):
                stays.append(name not in newer)
                if is_done and name in several:
                    newer.add(name)
            if not all(stays):
                _keep(path, pa.array(stays[::-1]))
                self.replaced += stays.count(False)

    def flush(self) -> None:
        """Writes what has not been written. Raises SurveyError."""
        if not self._unwritten:
            return
        _write(self._folder / f"part-{self._number:06}.parquet", table_of(self._rows))
        self._unwritten, self._written, self._wrote = 0, self._clock(), True


@contextmanager
def opened(folder: Path, settings: dict[str, Any]) -> Iterator[Parts]:
    """The survey in a folder, begun or gone on with, and no other process's meanwhile.

    settings: all that decides what a row says. Raises FolderError where nothing can be written;
    SurveyError where another process surveys into it, it holds something else, or a survey of other
    settings.
    """
    make_folder(folder)
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise SurveyError(
            f"Another survey is writing to “{folder.resolve().name}”: wait for it, or give another "
            "folder."
        ) from None
    try:
        _claim(folder, settings)
        parts = Parts(folder)
        try:
            yield parts
        finally:
            parts.end()
    finally:
        lock.release()


def _claim(folder: Path, settings: dict[str, Any]) -> None:
    file = folder / _SETTINGS
    text = json.dumps(settings, indent=2, sort_keys=True) + "\n"
    name = folder.resolve().name
    if not file.exists():
        if any(path.name != _LOCK for path in folder.iterdir()):
            raise SurveyError(f"“{name}” is not empty, and no survey: give another folder.")
        with _disk_told():
            write_text(file, text)
    elif file.read_text(encoding="utf-8") != text:
        raise SurveyError(
            f"“{name}” holds a survey with other weights or settings: give another folder, or the "
            "same weights and preset to go on with it."
        )


def _without_failed(path: Path) -> None:
    _, done = _known_in(path)
    _keep(path, pa.array(done))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Raises SurveyError for a part that cannot be read."""
    try:
        yield
    except (OSError, ValueError, pa.ArrowException):
        raise SurveyError(
            f"{path.name} of the survey is damaged: delete it, and its photos are done again."
        ) from None


def _known_in(path: Path) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Of a part's photos: their names as numbers, for a survey holds millions, and whether they
    were done."""
    with _named(path):
        table = pq.read_table(path, columns=["file", "reason"])
        names = table["file"].to_pylist()
        done = pa.compute.is_null(table["reason"]).to_numpy()
    digests = (hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.array([int.from_bytes(digest) for digest in digests], np.uint64), done


def _keep(path: Path, which: Any) -> None:
    """Those rows of a part; without any it goes."""
    with _named(path):
        kept = pq.read_table(path, schema=SCHEMA).filter(which)
    if kept.num_rows:
        _write(path, kept)
    else:
        path.unlink()


def _write(path: Path, table: pa.Table) -> None:
    """Raises SurveyError."""
    with _disk_told(), written_whole(path) as building:
        pq.write_table(table, building, compression="zstd")


@contextmanager
def _disk_told() -> Iterator[None]:
    """Raises SurveyError where the disk will not write."""
    try:
        yield
    except OSError as error:
        raise SurveyError(
            f"The result cannot be written ({reason_of(error)}): see to the output's disk and run "
            "the same command again; what is written is kept and not done again."
        ) from None
