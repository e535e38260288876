"""Classes by their colours, as HTML."""

from collections.abc import Sequence
from html import escape

from crackdemo.photos.overlays import class_colour


def in_colour(number: int, name: str) -> str:
    """A class's name after a square in its colour; its number is that in the masks."""
    square = f"<span aria-hidden='true' style='color:rgb{class_colour(number)}'>■</span>"
    return f"{square} {escape(name)}"


def class_list(names: Sequence[str]) -> str:
    """All of them, side by side."""
    entries = "".join(
        f"<li style='display:inline-block;margin-right:12px'>{in_colour(number, name)}</li>"
        for number, name in enumerate(names, 1)
    )
    return f"<ul>{entries}</ul>"
