"""What a batch leaves of each photo: pictures in folders, beside tables of all."""

from pathlib import Path

VIEWS = ("masks", "heatmaps", "reconstructions", "overlays", "classes")
"""Folders of the output, one file for each photo in each of them; in `classes` one folder for each
class of weights that tell several apart, with its masks."""
RESULTS, SETTINGS = "results.csv", "settings.json"
"""What was found, and how: beside these folders."""
_BEGINNING = b"file,sha256,score"
"""Of the table of what was found."""


def of_class(name: str) -> str:
    """The folder of a class' masks."""
    return f"classes/{name}"


def is_output(folder: Path) -> bool:
    """Whether a batch has written to a folder, by its table; of one that was broken off that is
    still empty."""
    table = folder / RESULTS
    try:
        if not table.is_file():
            return False
        with table.open("rb") as file:
            beginning = file.read(len(_BEGINNING))
        return beginning == _BEGINNING or (not beginning and (folder / SETTINGS).is_file())
    except OSError:
        return False
