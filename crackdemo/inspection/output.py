"""The folder that `predict` writes: views, tables, and what another run finds done there."""

import csv
import errno
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackdemo.errors import FolderError, PredictError
from crackdemo.files import make_folder, reason_of, write_text
from crackdemo.inspection.views import VIEWS
from crackdemo.photos.images import write_jpeg, write_png

_RESULTS, _ERRORS, _SETTINGS = "results.csv", "errors.csv", "settings.json"
_JPEGS = ("overlays",)


class OutputFolder:
    """Threads may save to it at once."""

    def __init__(self, folder: Path, views: Sequence[str]) -> None:
        """views: those of VIEWS that are wanted, and folders of classes in place of `classes`."""
        self.folder = folder
        self.views = tuple(views)

    def begin(self, settings: Mapping[str, Any], resume: bool) -> list[dict[str, str]]:
        """Makes the folder, and gives the rows of results.csv that hold still: with `resume`, all
        that were made with equal settings.

        Its results.csv is there at once: the sign that all in it came from a batch. Raises
        PredictError where it holds masks that no batch made, since they may be somebody's labels;
        FolderError where nothing can be written.
        """
        results = self.folder / _RESULTS
        if not results.exists() and any((self.folder / view).exists() for view in VIEWS):
            raise PredictError(
                f"“{self.folder.resolve().name}” holds masks or other views that predict did not "
                "write: give another folder for the output."
            )
        make_folder(self.folder)
        wanted = json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
        if resume and _text_of(self.folder / _SETTINGS) == wanted:
            table = csv.DictReader(StringIO(_text_of(results), newline=""))
            return [row for row in table if _is_whole(row)]
        # in this order: rows never stand beside settings that they were not made with
        self._write(_RESULTS, "")
        self._write(_SETTINGS, wanted)
        return []

    def holds(self, stem: str) -> bool:
        """Whether all views that are wanted of a photo are there."""
        return all(self._path(view, stem).is_file() for view in self.views)

    def save(self, stem: str, pictures: Mapping[str, NDArray[Any]]) -> None:
        """Writes a photo's views, by name. Raises OSError."""
        for view in self.views:
            path = self._path(view, stem)
            if not (self.folder / _RESULTS).exists():
                raise FileNotFoundError(errno.ENOENT, "the output folder is gone")
            path.parent.mkdir(parents=True, exist_ok=True)
            if view in _JPEGS:
                write_jpeg(path, np.asarray(pictures[view]))
            else:
                write_png(path, pictures[view])

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
    is_filled = None not in row and None not in row.values()
    return is_filled and bool(row.get("file")) and bool(row.get("sha256"))


def _text_of(path: Path) -> str:
    """Empty where there is none that can be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
