"""Settings: frozen pydantic dataclasses, JSON to them, and what is wrong in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from crackdemo.errors import ConfigError

Config = TypeVar("Config")

SETTINGS = ConfigDict(extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)
"""Of every config dataclass: unknown settings are refused, the sentence under each is its help."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole, a chance or a gray level: 0..1."""

_LONGEST_VALUE = 40
_BOUNDS = {
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "too_short": "must hold at least {min_length} values",
    "too_long": "must hold at most {max_length} values",
    "string_pattern_mismatch": "must look like {pattern}",
}
_KINDS = {
    "bool": "must be true or false",
    "dataclass": "must be an object of settings",
    "dict": "must be an object of settings",
    "finite": "must be a finite number",
    "float": "must be a number",
    "int": "must be a whole number",
    "list": "must be a list",
    "string": "must be a text",
    "tuple": "must be a list",
}
"""By how pydantic's names of errors begin."""


def parse_config(kind: type[Config], values: Any) -> Config:
    """A config dataclass from JSON values; absent settings keep their default.

    Raises ConfigError: one sentence on the first thing that is wrong.
    """
    with explained():
        return TypeAdapter(kind).validate_python(values)


@contextmanager
def explained() -> Iterator[None]:
    """Turns pydantic's list of what is wrong into a ConfigError of one sentence."""
    try:
        yield
    except ValidationError as error:
        raise ConfigError(_sentence(error.errors()[0])) from None


def help_of(kind: type[Any]) -> dict[str, str]:
    """Field of a config dataclass to the sentence under it."""
    sentences: dict[str, str] = {}
    for base in reversed(kind.__mro__):  # pydantic forgets the sentences of a class that inherits
        for name, field in getattr(base, "__pydantic_fields__", {}).items():
            sentences[name] = " ".join((field.description or "").split()) or sentences.get(name, "")
    return sentences


def _sentence(error: ErrorDetails) -> str:
    own = error.get("ctx", {}).get("error")
    if isinstance(own, ValidationError):  # of settings whose kind another setting decides on
        inner = own.errors()[0]
        return _sentence({**inner, "loc": (*error["loc"], *inner["loc"])})
    if own is not None:
        return str(own)
    where = ".".join(str(part) for part in error["loc"]) or "it"
    if error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"{where} is not known as a setting: check its spelling, or remove it."
    if error["type"] in ("missing", "missing_argument"):
        return f"{where} is missing: give it."
    bounds = {name: _plain(bound) for name, bound in error.get("ctx", {}).items()}
    words = _BOUNDS.get(error["type"], "").format(**bounds)
    words = words or _KINDS.get(error["type"].partition("_")[0], "is of the wrong kind")
    return f"{where} {words}, but is {shown(error['input'])}."


def _plain(bound: Any) -> Any:
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


def shown(value: Any) -> str:
    """A value in a sentence, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python does not print numbers of over 4,300 digits
        return "a number too large to print"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
