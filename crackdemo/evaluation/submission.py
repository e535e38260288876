"""Photos to a competition's file: one row a photo, its mask as run-length text.

Rows go to a hidden journal beside the file as they are made, so that memory does not grow and what
was stopped goes on. At the end the file is written whole, read back, decoded and compared with the
masks before it takes its name.
"""

import csv
import errno
import hashlib
import json
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from crackdemo.arrays import CrackMask
from crackdemo.detection.detector import Detector
from crackdemo.errors import FolderError, MaskError, SubmissionError
from crackdemo.evaluation.sample import Rows
from crackdemo.files import make_folder, reason_of, sha256_of, written_whole
from crackdemo.inspection.predict import Failed, Inspected, Outcome, inspect_photos
from crackdemo.masks.classes import CRACK
from crackdemo.masks.presets import Preset
from crackdemo.masks.rle import Order, decode, encode
from crackdemo.tables import csv_rows

MUCH = 0.6
"""Share of a photo that no crack covers: worth a look before a file is sent."""
_MANY = 20
"""Photos, among which one without crack is to be expected."""


@dataclass(frozen=True)
class RowFormat:
    """How masks are written."""

    order: Order = "column"
    """Columns from top to bottom, or rows from left to right."""
    base: int = 1
    """The first pixel's number."""
    empty: str = ""
    """What stands for a mask without crack."""


@dataclass(frozen=True)
class Row:
    """A photo's row; the mask itself is not kept."""

    name: str
    """How the photo is spelled."""
    sha256: str
    """The photo's identity: of its file."""
    runs: str
    """The mask as run-length text; empty for none."""
    shape: tuple[int, int]
    """Height and width of photo and mask."""
    fingerprint: str
    """Of the mask's pixels, taken before they were written as runs."""
    share: float
    """Of the photo that is marked, 0..1."""
    crack: bool
    """Whether the photo's score calls it cracked."""


@dataclass(frozen=True)
class Summary:
    """What is about to be submitted."""

    rows: int
    """Photos."""
    empty: int
    """Rows without a mark."""
    mean_share: float
    """Of the photos that is marked, 0..1, the mean over photos."""
    most: tuple[str, float]
    """The photo that is marked most, and its share; an empty name without photos."""
    failed: int
    """Photos that could not be scored; their rows are empty."""
    classes: tuple[str, ...] = (CRACK,)
    """Whose masks a row holds together."""
    much: int = 0
    """Photos of which a share of `MUCH` or more is marked."""

    @property
    def sentence(self) -> str:
        share = 100 * self.empty / self.rows if self.rows else 0.0
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        return (
            f"{rows}: {self.empty} empty ({share:.1f} %), "
            f"{100 * self.mean_share:.2f} % of a photo marked on average."
        )

    @property
    def warnings(self) -> list[str]:
        """What stands out."""
        found = []
        if self.rows and self.empty == self.rows:
            found.append("All rows are empty: lower the threshold, or check the weights.")
        elif not self.empty and self.rows >= _MANY:
            found.append(
                "No row is empty, but some photos will be without crack: a false mark there costs "
                "a whole photo; try --gate."
            )
        name, share = self.most
        if self.much > 1:
            found.append(
                f"{self.much} photos are marked on {100 * MUCH:.0f} % of their pixels or more, "
                f"“{name}” on {100 * share:.0f} %: look at them."
            )
        elif share >= MUCH:
            found.append(f"“{name}” is marked on {100 * share:.0f} % of its pixels: look at it.")
        if self.classes[1:]:
            found.append(
                f"A row holds all that is {' or '.join(self.classes)}: for one class alone give as "
                "a preset the settings that Inspect saves while it is chosen (on the command line "
                "--class)."
            )
        if self.failed:
            found.append(
                "1 photo could not be scored: its row is empty."
                if self.failed == 1
                else f"{self.failed} photos could not be scored: their rows are empty."
            )
        return found


class Submission:
    """A file that is being made. Iterate over `run`, then `finish`."""

    def __init__(
        self, out: Path, rows: Rows, form: RowFormat, preset: Preset, gate: bool, version: str = ""
    ) -> None:
        """version: of the weights' files, where `preset.weights` and `commit` do not say it.

        Raises FolderError where nothing can be written, SubmissionError for an `empty` that reads
        as a mask.
        """
        if form.empty and form.empty.replace(" ", "").isdigit():
            raise SubmissionError(
                f"“{form.empty}” for no crack would read as a mask: give nothing, or a text as -1."
            )
        make_folder(out.absolute().parent)
        self._out, self._rows, self._form = out, rows, form
        self._preset, self._gate = preset, gate
        settings = json.dumps([asdict(form), preset.identity(), gate, version], sort_keys=True)
        self._lock = FileLock(out.with_name(f".{out.name}.lock"))
        self._journal = _Journal(out.with_name(f".{out.name}.part"), settings)
        self._journal.forget(name for name in self._journal.places if not self._holds(name))
        self._failed: list[Failed] = []
        self._classes: tuple[str, ...] = (CRACK,)

    def _holds(self, name: str) -> bool:
        """Whether an earlier row is of the very photo that has this name now."""
        source, row = self._rows.photos.get(name), self._journal.read(name)
        try:
            return source is not None and row is not None and row.sha256 == sha256_of(source.path)
        except OSError:
            return False

    @property
    def done(self) -> int:
        """Rows that an earlier, stopped run has left."""
        return len(self._journal.places)

    def run(self, detector: Detector) -> Generator[Outcome, None, None]:
        """Scores the photos that have no row yet, in the order of the rows.

        A photo that fails holds nothing up; its row will be empty. Raises FolderError when the
        disk is full: what was done stays; SubmissionError where another run makes the same file.
        """
        self._classes = detector.classes
        left = {
            source: name
            for name, source in self._rows.photos.items()
            if name not in self._journal.places
        }
        with _alone_with(self._lock, self._out.name), closing(self._journal):
            for outcome in inspect_photos(left, detector, self._preset):
                if isinstance(outcome, Inspected):
                    self._journal.add(self._row(left[outcome.source], outcome))
                else:
                    self._failed.append(outcome)
                yield outcome

    def finish(self) -> Summary:
        """Writes the file, reads it back, compares it with the masks, and gives it its name.

        Raises SubmissionError where what is read back differs, FolderError when the disk is full;
        then there is no file, and an older one is as it was.
        """
        try:
            with written_whole(self._out) as building:
                self._write(building)
                self._check(building)
        except OSError as error:
            raise _unwritable(error) from None
        summary = self._summary()
        self._journal.remove()
        return summary

    def _row(self, name: str, inspected: Inspected) -> Row:
        mask = inspected.verdict.mask
        if self._gate and not inspected.verdict.crack:
            mask = np.zeros_like(mask)
        return Row(
            name,
            inspected.sha256,
            encode(mask, self._form.order, self._form.base),
            (mask.shape[0], mask.shape[1]),
            _fingerprint(mask),
            float(mask.mean()),
            inspected.verdict.crack,
        )

    def _write(self, building: Path) -> None:
        with building.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=self._rows.separator, lineterminator="\n")
            writer.writerow(self._rows.columns)
            for name, row in self._in_order():
                writer.writerow([name, (row.runs if row else "") or self._form.empty])

    def _check(self, building: Path) -> None:
        with building.open(encoding="utf-8", newline="") as file:
            read = csv_rows(file, self._rows.separator)
            if tuple(next(read)) != self._rows.columns:
                raise _differs("its header")
            for (name, row), cells in zip(self._in_order(), read, strict=True):
                text = "" if cells[1:] == [self._form.empty] else cells[1]
                if cells[0] != name or not self._is_same(text, row):
                    raise _differs(f"the row of “{name}”")

    def _is_same(self, text: str, row: Row | None) -> bool:
        if row is None:
            return text == ""
        try:
            mask = decode(text, row.shape, self._form.order, self._form.base)
        except MaskError:
            return False
        return _fingerprint(mask) == row.fingerprint

    def _in_order(self) -> Iterator[tuple[str, Row | None]]:
        """Every row; None for a photo that could not be scored."""
        for name in self._rows.photos:
            yield name, self._journal.read(name)

    def _summary(self) -> Summary:
        empty, much, total, most = 0, 0, 0.0, ("", 0.0)
        for name, row in self._in_order():
            share = row.share if row else 0.0
            empty += share == 0
            much += share >= MUCH
            total += share
            most = max(most, (name, share), key=lambda pair: pair[1])
        rows = len(self._rows.photos)
        mean, failed = total / max(1, rows), len(self._failed)
        return Summary(rows, empty, mean, most, failed, self._classes, much)


@contextmanager
def _alone_with(lock: FileLock, name: str) -> Iterator[None]:
    """While rows are made. Raises SubmissionError where another run makes them, FolderError."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise SubmissionError(
            f"Another run is making “{name}”: wait for it, or give another file."
        ) from None
    except OSError as error:
        raise _unwritable(error) from None
    try:
        yield
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def _unwritable(error: OSError) -> FolderError:
    return FolderError(
        f"The submission cannot be written ({reason_of(error)}): free some space and start "
        "again; what was scored so far is not lost."
    )


def _differs(what: str) -> SubmissionError:
    return SubmissionError(
        f"The submission was not written, because {what} did not read back as it was: please "
        "report this."
    )


def _fingerprint(mask: CrackMask) -> str:
    return hashlib.sha256(np.packbits(mask).tobytes() + repr(mask.shape).encode()).hexdigest()


class _Journal:
    """Rows on disk, a line each; the first line says what they were made with."""

    def __init__(self, path: Path, settings: str) -> None:
        self._path, self._settings = path, settings
        self.places: dict[str, int] = {}
        self._sink: FileIO | None = None
        self._end = 0
        self._find()

    def add(self, row: Row) -> None:
        """At once on disk, as far as it goes."""
        try:
            sink = self._opened()
            line = json.dumps(asdict(row)).encode() + b"\n"
            _write_whole(sink, line)
        except OSError as error:
            raise _unwritable(error) from None
        self.places[row.name] = self._end
        self._end += len(line)

    def read(self, name: str) -> Row | None:
        """A row; None where there is none."""
        place = self.places.get(name)
        if place is None:
            return None
        with self._path.open("rb") as file:
            file.seek(place)
            return _row(json.loads(file.readline()))

    def forget(self, names: Iterable[str]) -> None:
        """These rows count no more; what is added later stands behind them."""
        for name in list(names):
            del self.places[name]

    def close(self) -> None:
        if self._sink is not None:
            self._sink.close()
            self._sink = None

    def remove(self) -> None:
        """Once all of it stands in the file."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _find(self) -> None:
        """Rows of an earlier run with the same settings; a half-written last one does not count."""
        try:
            with self._path.open("rb") as file:
                if file.readline() != self._head():
                    return
                self._end = file.tell()
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self.places[_row(json.loads(line)).name] = self._end
                    self._end += len(line)
        except (OSError, ValueError, TypeError, KeyError):
            return

    def _head(self) -> bytes:
        return hashlib.sha256(self._settings.encode()).hexdigest().encode() + b"\n"

    def _opened(self) -> FileIO:
        if self._sink is None:
            fresh = not self._end
            # unbuffered: what a full disk refused would be tried again when it is closed
            self._sink = self._path.open("wb" if fresh else "r+b", buffering=0)
            if fresh:
                _write_whole(self._sink, self._head())
                self._end = len(self._head())
            self._sink.truncate(self._end)
            self._sink.seek(0, os.SEEK_END)
        return self._sink


def _write_whole(sink: FileIO, content: bytes) -> None:
    """Raises OSError where the disk takes but a part; the next start cuts that off."""
    if sink.write(content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _row(values: dict[str, Any]) -> Row:
    height, width = values.pop("shape")
    return Row(shape=(height, width), **values)
