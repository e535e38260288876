"""What pictures a batch leaves of each photo."""

VIEWS = ("masks", "heatmaps", "reconstructions", "overlays", "classes")
"""Folders of the output, one file for each photo in each of them; in `classes` one folder for each
class of weights that tell several apart, with its masks."""


def of_class(name: str) -> str:
    """The folder of a class' masks."""
    return f"classes/{name}"
