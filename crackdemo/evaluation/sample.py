"""What a submission's rows are called, and in which order: from a sample file where there is one.

A sample shows how a competition spells its columns and photos. It may hold a few rows alone: only
where it names every photo is its order that of the submission.
"""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from crackdemo.errors import SubmissionError, shortened
from crackdemo.photos.sources import Source
from crackdemo.tables import csv_rows

COLUMNS = ("file", "crack")
"""The competition's own names, where no sample says otherwise."""
SEPARATORS = (",", ";", "\t")
_MAX_BYTES = 200_000_000
_SHOWN = 3
"""Names in a sentence."""


@dataclass(frozen=True)
class Sample:
    """A competition's example of a submission."""

    columns: tuple[str, str]
    """Of the photo and of its mask."""
    names: tuple[str, ...]
    """How it spells the photos, in its order."""
    separator: str
    """Between the columns."""


@dataclass(frozen=True)
class Rows:
    """What a submission's rows are, before any mask is known."""

    columns: tuple[str, str]
    """Of the photo and of its mask."""
    separator: str
    """Between the columns."""
    photos: dict[str, Source]
    """By how the photo is spelled, in the order of the rows."""
    notes: tuple[str, ...] = ()
    """What a person should know of the sample."""


def read_sample(path: Path) -> Sample:
    """Raises SubmissionError where it is no table of two columns with a header."""
    name = path.name
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise SubmissionError(
            f"The sample “{name}” cannot be read ({error.strerror}): check its path."
        ) from None
    except UnicodeDecodeError:
        raise SubmissionError(
            f"The sample “{name}” is no text in UTF-8: give the CSV as it was downloaded."
        ) from None
    header = text.partition("\n")[0]
    separator = max(SEPARATORS, key=header.count)
    try:
        rows = [row for row in csv_rows(text.splitlines(), separator) if any(row)]
    except csv.Error:
        rows = []
    if not rows or len(rows[0]) != 2:
        raise SubmissionError(
            f"The sample “{name}” has no header of two columns, as {','.join(COLUMNS)}: a "
            "submission has one column for the photo and one for its mask."
        )
    photo, mask = (cell.strip() for cell in rows[0])
    return Sample((photo, mask), tuple(row[0].strip() for row in rows[1:]), separator)


def plan_rows(
    sources: Sequence[Source],
    sample: Sample | None = None,
    columns: tuple[str, str] | None = None,
) -> Rows:
    """A row for every photo, whatever the sample lists.

    columns: these names instead of the sample's. Raises SubmissionError where the sample names
    none of the photos, or two photos would be called alike.
    """
    if sample is None:
        return Rows(columns or COLUMNS, SEPARATORS[0], _by_name(sources))
    if any(spell(source.file) == sample.columns[0] for source in sources for spell in _SPELLINGS):
        raise SubmissionError(
            "The sample has no header, for its first line names the photo "
            f"“{shortened(sample.columns[0])}”: put a line with the names of both columns before "
            f"it, as {','.join(COLUMNS)}."
        )
    spell = _spelling(sources, sample)
    photos = _named(sources, spell)
    listed = list(dict.fromkeys(sample.names))
    order = [name for name in listed if name in photos]
    if len(order) == len(photos):
        photos = {name: photos[name] for name in order}
    return Rows(
        columns or sample.columns, sample.separator, photos, tuple(_notes(sample, photos, order))
    )


def _by_name(sources: Sequence[Source]) -> dict[str, Source]:
    """By file name, or by the path below the folder where names recur."""
    names = [PurePosixPath(source.file).name for source in sources]
    if len(set(names)) < len(names):
        names = [source.file for source in sources]
    return dict(zip(names, sources, strict=True))


_SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda file: PurePosixPath(file).name,
    lambda file: file,
    lambda file: PurePosixPath(file).stem,
    lambda file: str(PurePosixPath(file).with_suffix("")),
)
"""A photo's path below its folder, as samples may spell it: with the extension and without."""


def _spelling(sources: Sequence[Source], sample: Sample) -> Callable[[str], str]:
    """The one by which most of the sample's rows are photos."""
    listed = set(sample.names)
    hits = [sum(spell(each.file) in listed for each in sources) for spell in _SPELLINGS]
    if not sample.names:
        return _SPELLINGS[0]
    if not any(hits):
        raise SubmissionError(
            f"The sample names {_some(sample.names)}, but no photo of the folder is called like "
            "that: give the folder whose photos are to be submitted."
        )
    return _SPELLINGS[hits.index(max(hits))]


def _named(sources: Sequence[Source], spell: Callable[[str], str]) -> dict[str, Source]:
    names = [spell(source.file) for source in sources]
    if len(set(names)) < len(names):
        twice = [name for name, count in Counter(names).items() if count > 1]
        raise SubmissionError(
            f"Several photos would be called {_some(twice)}, as the sample spells them: give only "
            "the folder that is to be submitted, or rename them."
        )
    return dict(zip(names, sources, strict=True))


def _notes(sample: Sample, photos: dict[str, Source], order: Sequence[str]) -> list[str]:
    notes = []
    twice = [name for name, count in Counter(sample.names).items() if count > 1]
    if twice:
        notes.append(f"The sample names {_some(twice)} more than once; each photo gets one row.")
    foreign = [name for name in dict.fromkeys(sample.names) if name not in photos]
    if foreign:
        notes.append(
            f"The sample names {_some(foreign)}, but the folder has no such photo: no row is "
            "written, check that the folder is whole."
        )
    missing = [name for name in photos if name not in set(order)]
    if missing and len(order) > len(missing):
        notes.append(
            f"The sample lacks {_some(missing)}; the photo gets a row all the same."
            if len(missing) == 1
            else f"The sample lacks {_some(missing)}; they get rows all the same."
        )
    elif missing:
        notes.append(
            f"The sample shows {len(order)} of {len(photos)} photos: its spelling is taken, and "
            "every photo of the folder gets a row."
        )
    return notes


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"“{shortened(name)}”" for name in names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
