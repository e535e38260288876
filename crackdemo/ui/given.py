"""Values as a page gives them, checked: a program may send anything in their place."""

import json
from typing import Any

from gradio.data_classes import FileDataDict

from crackdemo.errors import ConfigError, is_legible

MAX_LETTERS = 1_000_000
"""Of what a page keeps as text; a preset may be as long."""


def files_given(values: Any) -> list[FileDataDict] | None:
    """Uploads as a `gr.File` without preprocessing has them. Raises ConfigError."""
    if values is None:
        return None
    if not isinstance(values, list) or not all(map(_is_file, values)):
        raise ConfigError("The photos are no list of uploaded files: upload them, then try again.")
    return values


def _is_file(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    path, name = value.get("path"), value.get("orig_name")
    return isinstance(path, str) and (name is None or isinstance(name, str))


def text_given(what: str, value: Any) -> str:
    """Nothing is an empty text. Raises ConfigError, which names what it should have been."""
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{what} must be a text: load the page anew, then try again.")
    return value or ""


def object_given(what: str, text: Any) -> dict[str, Any]:
    """Of JSON of at most MAX_LETTERS; no text is an empty object. Raises ConfigError."""
    given = text_given(what, text)
    if len(given) > MAX_LETTERS:
        raise ConfigError(f"{what} is longer than {MAX_LETTERS:,} letters: take some of it out.")
    try:
        values = json.loads(given or "{}")
    except (ValueError, RecursionError):  # a number of thousands of digits is the former
        values = None
    if not isinstance(values, dict) or not is_legible(values):
        raise ConfigError(f"{what} must be a JSON object: load the page anew, then try again.")
    return values
