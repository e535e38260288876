"""What a checkpoint folder is made of, and what a person calls it."""

from pathlib import Path

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"
SIZE_LIMITS = {WEIGHTS: 500_000_000, CONFIG: 1_000_000, CARD: 1_000_000}
"""The three files of a checkpoint and the most bytes each may have, checked before a download, and
of a config before it is read."""


def display_name(folder: Path) -> str:
    """A fit leaves its weights in `runs/<id>/checkpoint`, where only the id tells them apart."""
    return folder.parent.name if folder.name == "checkpoint" else folder.name
