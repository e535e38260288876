"""A photo's row in a survey: the columns of results.csv as typed values, and what a table of many
photos needs beside them."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from crackdemo.inspection.predict import Failed, Outcome, error_row, result_row
from crackdemo.masks.presets import Preset
from crackdemo.masks.rle import encode
from crackdemo.photos.exif import Taken

_TYPES: dict[str, pa.DataType] = {
    "file": pa.string(),
    "sha256": pa.string(),
    "score": pa.float64(),
    "crack": pa.bool_(),
    "state": pa.string(),
    "class": pa.string(),
    "crack_percent": pa.float64(),
    "length_px": pa.float64(),
    "max_width_px": pa.float64(),
    "mean_width_px": pa.float64(),
    "components": pa.int64(),
    "seconds": pa.float64(),
    "weights": pa.string(),
    "commit": pa.string(),
    "length_mm": pa.float64(),
    "max_width_mm": pa.float64(),
    "mean_width_mm": pa.float64(),
    "dropped_percent": pa.float64(),
    "height": pa.int32(),
    "width": pa.int32(),
    "mask_rle": pa.large_string(),
    "reason": pa.string(),
    "latitude": pa.float64(),
    "longitude": pa.float64(),
    "taken": pa.string(),
}
SCHEMA = pa.schema(list(_TYPES.items()))
"""Of every part. A photo that was not done has `file`, `reason`, and `sha256` where it was read;
all its measures are null, as `class` is where none of several was chosen. `mask_rle` is as
`masks.rle` has it, of a mask (height, width)."""

Row = dict[str, Any]
"""By column; what is missing is null."""


def row_of(outcome: Outcome, preset: Preset, sha256: str | None, taken: Taken) -> Row:
    """Of a photo that was done or not; numbers are rounded as in results.csv."""
    where = {"latitude": taken.latitude, "longitude": taken.longitude, "taken": taken.time}
    if isinstance(outcome, Failed):
        return {**error_row(outcome), "sha256": sha256, **where}
    mask = outcome.verdict.mask
    return {
        **_typed(result_row(outcome)),
        "weights": preset.weights,
        "commit": preset.commit,
        "height": mask.shape[0],
        "width": mask.shape[1],
        "mask_rle": encode(mask),
        **where,
    }


def table_of(rows: list[Row]) -> pa.Table:
    """As one table of SCHEMA."""
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _typed(cells: Mapping[str, str]) -> Row:
    return {name: _value(text, _TYPES[name]) for name, text in cells.items() if name in _TYPES}


def _value(text: str, kind: pa.DataType) -> Any:
    if pa.types.is_boolean(kind):
        return text == "true"
    if pa.types.is_integer(kind):
        return int(text)
    return float(text) if pa.types.is_floating(kind) else text
