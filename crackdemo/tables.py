"""CSV tables that a spreadsheet opens without running anything."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """A header and one line per row, in this order of columns; what a row lacks stays empty.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    table = StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([harmless(row.get(column, "")) for column in columns] for row in rows)
    return table.getvalue()


def harmless(text: str) -> str:
    """The text as a spreadsheet's cell: never a formula, and only characters that can be saved."""
    printable = text.encode(errors="replace").decode()  # a file's name may hold any bytes
    return f"'{printable}" if printable.startswith(_FORMULA_STARTS) else printable
