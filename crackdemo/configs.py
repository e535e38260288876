"""JSON to the frozen config dataclasses, every field checked."""

from dataclasses import fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

Config = TypeVar("Config")


def parse_config(kind: type[Config], values: Any) -> Config:
    """A config dataclass from JSON values; absent fields keep their default.

    Raises ValueError, one line, for anything but an object, an unknown field, or a wrong value.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{kind.__name__} must be an object of settings")
    unknown = sorted(set(values) - {field.name for field in fields(kind)})  # type: ignore[arg-type]
    if unknown:
        raise ValueError(f"{kind.__name__} knows no {', '.join(unknown)}")
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from None
