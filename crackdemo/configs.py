"""JSON to the frozen config dataclasses, every field checked."""

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

Config = TypeVar("Config")


def parse_config(kind: type[Config], values: Any) -> Config:
    """A config dataclass from JSON values; absent fields keep their default.

    Raises ValueError, one line, for anything but an object, an unknown field, or a wrong value.
    """
    _refuse_unknown(kind, values)
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{where}: {reason}" if where else reason) from None


def _refuse_unknown(kind: type[Any], values: Any) -> None:
    """Pydantic drops fields that a dataclass does not have, at every depth."""
    if not isinstance(values, dict):
        raise ValueError(f"{kind.__name__} must be an object of settings")
    unknown = sorted(set(values) - {field.name for field in fields(kind)})
    if unknown:
        raise ValueError(f"{kind.__name__} knows no {', '.join(unknown)}")
    for name, hint in get_type_hints(kind).items():
        inner = values.get(name)
        if isinstance(hint, type) and is_dataclass(hint) and isinstance(inner, dict):
            _refuse_unknown(hint, inner)
