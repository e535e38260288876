"""The folder that `predict` writes: views, tables, and what another run finds done there."""

import csv
import errno
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from crackdemo.errors import FolderError, PredictError
from crackdemo.files import make_folder, reason_of, write_text
from crackdemo.inspection.views import VIEWS, of_class
from crackdemo.photos.images import write_jpeg, write_png

_RESULTS, _ERRORS, _SETTINGS = "results.csv", "errors.csv", "settings.json"
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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Makes the folder, which is nobody else's meanwhile.

        Raises PredictError where it holds masks that no batch made, since they may be somebody's
        labels, or another batch writes; FolderError where nothing can be written.
        """
        name = self.folder.resolve().name
        is_new = not (self.folder / _RESULTS).exists()
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
        try:
            yield
        finally:
            with suppress(OSError):
                (self.folder / _LOCK).unlink()
            lock.release()

    def begin(self, settings: Mapping[str, Any], resume: bool) -> list[dict[str, str]]:
        """The rows of results.csv that were made with equal settings: with `resume` they stay.

        Its results.csv is there at once: the sign that all in it came from a batch. Raises
        FolderError.
        """
        for folder in (self.folder, *(self.folder / view for view in self._views_there())):
            _remove_unfinished(folder)
        results = self.folder / _RESULTS
        wanted = json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
        rows: list[dict[str, str]] = []
        if _text_of(self.folder / _SETTINGS) == wanted:
            table = csv.DictReader(StringIO(_text_of(results), newline=""))
            rows = [row for row in table if _is_whole(row)]
            if resume:
                return rows
        # in this order: rows never stand beside settings that they were not made with
        self._write(_RESULTS, "")
        self._write(_SETTINGS, wanted)
        return rows

    def holds(self, stem: str) -> bool:
        """Whether all views that are wanted of a photo are there."""
        return all(_has_content(self._path(view, stem)) for view in self.views)

    def save(self, stem: str, pictures: Mapping[str, NDArray[Any]], is_known: bool) -> None:
        """Writes a photo's views, by name, all or none. Raises OSError.

        is_known: whether other views of it that are there are of these settings; else they go.
        """
        if not is_known:
            self._remove(stem, [view for view in self._views_there() if view not in self.views])
        try:
            for view in self.views:
                self._save(view, stem, pictures)
        except OSError:
            self._remove(stem, self.views)
            raise

    def _save(self, view: str, stem: str, pictures: Mapping[str, NDArray[Any]]) -> None:
        path = self._path(view, stem)
        if not (self.folder / _RESULTS).exists():
            raise FileNotFoundError(errno.ENOENT, "the output folder is gone")
        path.parent.mkdir(parents=True, exist_ok=True)
        if view in _JPEGS:
            write_jpeg(path, np.asarray(pictures[view]))
        else:
            write_png(path, pictures[view])

    def _remove(self, stem: str, views: Sequence[str]) -> None:
        for view in views:
            with suppress(OSError):
                self._path(view, stem).unlink(missing_ok=True)

    def _views_there(self) -> list[str]:
        """All that predict can have written, folders of classes among them."""
        classes = self.folder / "classes"
        names = sorted(path.name for path in classes.iterdir()) if classes.is_dir() else []
        return [*(view for view in VIEWS if view != "classes"), *map(of_class, names)]

    def write_tables(self, results: str, errors: str) -> None:
        """Each whole. Raises FolderError where there is no room for them: the older ones stay."""
        if not self.folder.is_dir():
            raise FolderError(
                f"The output folder “{self.folder.resolve().name}” is gone, and so is what was "
                "written there: run it again."
            )
        self._write(_RESULTS, results)
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


def _is_whole(row: Mapping[Any, Any]) -> bool:
    """Somebody may have edited the table."""
    if None in row or None in row.values() or not (row.get("file") and row.get("sha256")):
        return False
    try:
        return 0 <= float(row["score"]) <= 1 and row["crack"] in ("true", "false")
    except (KeyError, ValueError):
        return False


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _remove_unfinished(folder: Path) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        if _UNFINISHED.fullmatch(path.name):
            with suppress(OSError):
                path.unlink()


def _text_of(path: Path) -> str:
    """Empty where there is none that can be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
