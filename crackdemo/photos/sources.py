"""Files and folders to the photos of a batch, each with a name of its own in the output."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from crackdemo.errors import SourceError
from crackdemo.files import numbered
from crackdemo.photos.images import PHOTO_SUFFIXES, find_photos
from crackdemo.photos.views import is_output


@dataclass(frozen=True)
class Source:
    """A photo file and what it is called in the output."""

    path: Path
    """The file."""
    file: str
    """Its path below the given folder, unique in the batch."""
    stem: str
    """The same without the extension, unless another photo's output would have that name."""


def find_sources(inputs: Sequence[Path], without: Sequence[Path] = ()) -> list[Source]:
    """The photos of files and folders, in the order given; folders are read recursively.

    Photos in the folders `without` are left out. Of two photos with the same relative path the
    second becomes `name (2)`. Raises SourceError for a folder that is missing or holds no photos;
    one that holds what a batch made of photos is passed over while there are others.
    """
    found: dict[Path, str] = {}
    for given in inputs:
        for path, file in _photos_of(given, [folder.resolve() for folder in without]):
            found.setdefault(path.absolute(), file)
    if not found:
        raise SourceError("There are no photos but what predict made of others: give a folder.")
    files = numbered(found.values())
    return [Source(*parts) for parts in zip(found, files, output_stems(files), strict=True)]


def _photos_of(given: Path, without: Sequence[Path]) -> list[tuple[Path, str]]:
    """Path and relative path of each photo; a file is tried whatever it is called."""
    if not given.is_dir():
        if not (given.is_file() or given.suffix.lower() in PHOTO_SUFFIXES):
            raise SourceError(f"There is no folder “{given.name}”: check how its path is spelled.")
        return [(given, given.name)]
    photos = [
        (path, path.relative_to(given).as_posix())
        for path in find_photos(given)
        if not any(path.resolve().is_relative_to(folder) for folder in without)
    ]
    if not photos:
        if is_output(given):
            return []
        raise SourceError(f"The folder “{given.resolve().name}” holds no photos: give another.")
    return photos


def output_stems(files: Sequence[str]) -> list[str]:
    """Stems, but the whole name where a stem is another photo's stem or whole name."""
    stems = [_stem(file) for file in files]
    counts, names = Counter(stems), set(files)
    return [
        file if counts[stem] > 1 or stem in names else stem
        for file, stem in zip(files, stems, strict=True)
    ]


def _stem(file: str) -> str:
    return str(PurePosixPath(file).with_suffix(""))
