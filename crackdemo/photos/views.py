"""What a batch leaves of each photo: pictures in folders, beside tables of all."""

VIEWS = ("masks", "heatmaps", "reconstructions", "overlays", "classes")
"""Folders of the output, one file for each photo in each of them; in `classes` one folder for each
class of weights that tell several apart, with its masks."""
RESULTS, SETTINGS = "results.csv", "settings.json"
"""What was found, and how: beside these folders, the sign that a batch wrote them."""


def of_class(name: str) -> str:
    """The folder of a class' masks."""
    return f"classes/{name}"
