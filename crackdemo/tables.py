"""CSV tables that a spreadsheet opens without running anything."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO

csv.field_size_limit(2**31 - 1)
"""Characters: a mask may have more than the 131,072 that Python's reader takes by itself. Set once
and here, as it holds for the whole process: who reads a CSV imports this module's `csv_rows`."""
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


def csv_rows(lines: Iterable[str], separator: str = ",") -> Iterator[list[str]]:
    """The rows of a CSV, with cells of any length. Raises csv.Error, while it is read."""
    return csv.reader(lines, delimiter=separator)


def harmless(text: str) -> str:
    """The text as a spreadsheet's cell: never a formula, and only characters that can be saved."""
    printable = text.encode(errors="replace").decode()  # a file's name may hold any bytes
    return f"'{printable}" if printable.startswith(_FORMULA_STARTS) else printable
