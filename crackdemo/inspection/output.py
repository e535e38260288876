"""The folder that `predict` writes: views, tables, and what another run finds done there."""

import errno
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from crackdemo.errors import FolderError, PredictError
from crackdemo.files import make_folder, reason_of, write_text
from crackdemo.photos.images import write_jpeg, write_png
from crackdemo.photos.views import RESULTS, SETTINGS, VIEWS
from crackdemo.tables import csv_rows

_ERRORS = "errors.csv"
_VIEWS = "views"
"""Beside what decides the rows, in the settings: which pictures were written."""
_LOCK = ".predict.lock"
_JPEGS = ("overlays",)
_UNFINISHED = re.compile(r"\.[0-9a-f]{32}\.tmp")
"""What `written_whole` leaves where it is killed."""


class OutputFolder:
    """Threads may save to it at once."""

    def __init__(self, folder: Path, views: Sequence[str]) -> None:
        """views: those of VIEWS that are wanted, and folders of classes in place of `classes`."""
        self.folder = folder
        self.views = tuple(views)
        self._made: tuple[str, ...] = ()
        """Views that this run or an earlier one with the same settings writes."""
        self.replaced = 0
        """Photos whose results were of other settings, and are gone."""
        self.written_over = 0
        """Photos in results.csv, made with the same settings, that are not to be gone on with."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Makes the folder, which is nobody else's meanwhile.

        Raises PredictError where it holds masks that no batch made, since they may be somebody's
        labels, or another batch writes; FolderError where nothing can be written.
        """
        name = self.folder.resolve().name
        is_new = not (self.folder / RESULTS).exists()
        if is_new and any((self.folder / view).exists() for view in VIEWS):
            raise PredictError(
                f"“{name}” holds masks or other views that predict did not write: give another "
                "folder for the output."
            )
        make_folder(self.folder)
        lock = FileLock(self.folder / _LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise PredictError(
                f"Another predict is writing to “{name}”: wait for it, or give another folder."
            ) from None
        except OSError as error:
            raise FolderError(
                f"{_LOCK} in “{name}” cannot be opened ({reason_of(error)}): delete it, or give "
                "another folder."
            ) from None
        try:
            yield
        finally:
            with suppress(OSError):
                (self.folder / _LOCK).unlink()
            lock.release()

    def begin(self, settings: Mapping[str, Any], resume: bool) -> list[dict[str, str]]:
        """The rows of results.csv that were made with equal settings: with `resume` they stay.

        Pictures of rows that were made with other ones go. Its results.csv is there at once: the
        sign that all in it came from a batch. Raises FolderError.
        """
        earlier, rows = _earlier(_text_of(self.folder / SETTINGS)), self._rows()
        self._made = earlier.pop(_VIEWS)
        self._remove_unfinished()
        if earlier != json.loads(json.dumps(settings)):
            self.replaced = len(rows)
            for row in rows:  # by either of the names that `sources.output_stems` gives
                for stem in (row["file"], str(PurePosixPath(row["file"]).with_suffix(""))):
                    self._remove(stem, self._made)
            self._made, rows, resume = (), [], False
        elif not resume:
            self.written_over = len(rows)
        # in this order: rows never stand beside settings that they were not made with
        if not resume:
            self._write(RESULTS, "")
        self._made = tuple(dict.fromkeys((*self._made, *self.views)))
        written = {**settings, _VIEWS: self._made}
        self._write(SETTINGS, json.dumps(written, indent=2, ensure_ascii=False) + "\n")
        return rows

    def _rows(self) -> list[dict[str, str]]:
        """Of results.csv, what of it somebody has not spoilt."""
        table = csv_rows(StringIO(_text_of(self.folder / RESULTS), newline=""))
        columns = next(table, [])
        width = len(columns)
        rows = [dict(zip(columns, cells, strict=True)) for cells in table if len(cells) == width]
        return [row for row in rows if _is_whole(row)]

    def holds(self, stem: str) -> bool:
        """Whether all views that are wanted of a photo are there."""
        return all(_has_content(self._path(view, stem)) for view in self.views)

    def save(self, stem: str, pictures: Mapping[str, NDArray[Any]], is_changed: bool) -> None:
        """Writes a photo's views, by name, all or none. Raises OSError.

        is_changed: whether the file held another photo when its other views were written: these go.
        """
        if is_changed:
            self._remove(stem, set(self._made) - set(self.views))
        written = []
        try:
            for view in self.views:
                written.append(view)
                self._save(view, stem, pictures)
        except OSError:
            for view in written:
                with suppress(OSError):
                    self._path(view, stem).unlink(missing_ok=True)
            raise

    def _save(self, view: str, stem: str, pictures: Mapping[str, NDArray[Any]]) -> None:
        path = self._path(view, stem)
        if not (self.folder / RESULTS).exists():
            raise FileNotFoundError(errno.ENOENT, "the output folder is gone")
        path.parent.mkdir(parents=True, exist_ok=True)
        if view in _JPEGS:
            write_jpeg(path, np.asarray(pictures[view]))
        else:
            write_png(path, pictures[view])

    def _remove(self, stem: str, views: Iterable[str]) -> None:
        """What predict wrote of a photo; never through a link, nor outside the view's own folder,
        for tables and settings may be anybody's."""
        for view in views:
            path = self._path(view, stem)
            with suppress(OSError, ValueError):
                if path.resolve().is_relative_to(self.folder.resolve() / view):
                    path.unlink(missing_ok=True)

    def _remove_unfinished(self) -> None:
        """What a kill left half written."""
        found = list(self.folder.iterdir())
        for view in {*self._made, *self.views}:
            top = self.folder / view
            if top.resolve() == self.folder.resolve() / view:  # else it goes through a link
                found += [Path(at) / name for at, _, names in os.walk(top) for name in names]
        for path in found:
            if _UNFINISHED.fullmatch(path.name):
                with suppress(OSError):
                    path.unlink()

    def write_tables(self, results: str, errors: str) -> None:
        """Each whole. Raises FolderError where there is no room for them: the older ones stay."""
        if not self.folder.is_dir():
            raise FolderError(
                f"The output folder “{self.folder.resolve().name}” is gone, and so is what was "
                "written there: run it again."
            )
        self._write(RESULTS, results)
        self._write(_ERRORS, errors)

    def _write(self, name: str, text: str) -> None:
        try:
            write_text(self.folder / name, text)
        except OSError as error:
            raise FolderError(
                f"{name} could not be written to “{self.folder.resolve().name}” "
                f"({reason_of(error)}): make room or get access, then go on with --resume."
            ) from None

    def _path(self, view: str, stem: str) -> Path:
        """The suffix is added: a stem may hold dots of its own."""
        return self.folder / view / f"{stem}{'.jpg' if view in _JPEGS else '.png'}"


def _is_whole(row: Mapping[str, str]) -> bool:
    """Somebody may have edited the table."""
    if not (row.get("file") and row.get("sha256")):
        return False
    try:
        return 0 <= float(row["score"]) <= 1 and row["crack"] in ("true", "false")
    except (KeyError, ValueError):
        return False


def _earlier(text: str) -> dict[str, Any]:
    """Settings of the run before, with `_VIEWS` in any case."""
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict):
        settings = {}
    views = settings.get(_VIEWS)
    known = views if isinstance(views, list) else []
    return {**settings, _VIEWS: tuple(view for view in known if isinstance(view, str))}


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _text_of(path: Path) -> str:
    """Empty where there is none that can be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
