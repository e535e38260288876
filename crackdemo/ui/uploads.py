"""Photos as a visitor gives them: where the server keeps each, and what the visitor calls it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from gradio.data_classes import FileDataDict

from crackdemo.errors import legible
from crackdemo.files import numbered


@dataclass(frozen=True)
class Upload:
    """A photo's file."""

    path: Path
    """On the server; never shown."""
    name: str
    """The visitor's own, unique among the uploads; `path` lacks the signs that gradio drops."""


def uploads_of(files: Sequence[FileDataDict] | None) -> tuple[Upload, ...]:
    """The uploads of a `gr.File` without preprocessing; a second `name` becomes `name (2)`."""
    paths = [Path(file["path"]) for file in files or ()]
    names = [PurePath(file.get("orig_name") or file["path"]).name for file in files or ()]
    return tuple(map(Upload, paths, numbered(map(legible, names))))
