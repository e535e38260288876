"""Example photos: made, not photographed, and added to what is there by a click."""

import errno
import html
import os
from base64 import b64encode
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from gradio.data_classes import FileDataDict

from crackdemo.inspection.store import KEPT_FREE, free_bytes
from crackdemo.photos.images import read_photo, write_jpeg
from crackdemo.photos.overlays import preview

EXAMPLES = Path(__file__).parents[1] / "examples"
_SIDE = 144
"""Longest side of a thumbnail."""


def example_photos() -> list[Path]:
    """The photos that come with the page."""
    return sorted(EXAMPLES.glob("*.jpg"))


@cache
def examples_html() -> str:
    """A button for each, its picture inside."""
    return "".join(map(_button, example_photos()))


def _button(photo: Path) -> str:
    name = html.escape(photo.stem.replace("-", " "))
    return (
        f"<button type='button' data-example='{html.escape(photo.name)}' "
        f"aria-label='Add the example {name}' title='{name}'>"
        f"<img alt='' src='data:image/jpeg;base64,{_thumbnail(photo)}'></button>"
    )


def _thumbnail(photo: Path) -> str:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "thumbnail.jpg"
        write_jpeg(file, preview(read_photo(photo), _SIDE), quality=80)
        return b64encode(file.read_bytes()).decode()


def with_example(
    files: list[FileDataDict] | None,
    name: str,
    uploads: Path | None = None,
    free: Callable[[Path], int] = free_bytes,
) -> list[FileDataDict]:
    """The uploads and the example of this file name; as they are where they hold it already.

    uploads: the folder that gradio copies it to. free: bytes left on a folder's disk. Raises
    OSError where there is no room: gradio would fail without a word.
    """
    present = list(files or ())
    known = {photo.name: photo for photo in example_photos()}
    if name not in known or any(file.get("orig_name") == name for file in present):
        return present
    if uploads is not None and free(uploads) < KEPT_FREE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    photo = known[name]
    added: FileDataDict = {
        "path": str(photo),
        "orig_name": name,
        "size": photo.stat().st_size,
        "meta": {"_type": "gradio.FileData"},
    }
    return [*present, added]
