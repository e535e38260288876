"""What a survey is given, as a list of photos: folders, globs, list files, addresses of stores."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from crackdemo.errors import SurveyError
from crackdemo.files import numbered
from crackdemo.photos.images import PHOTO_SUFFIXES, find_photos
from crackdemo.survey.stores import is_address, listed

LIST_SUFFIX = ".txt"
"""Of a file that names photos, one in each line."""
_MAGIC = frozenset("*?[")


@dataclass(frozen=True)
class Photo:
    """A photo of a survey."""

    place: str
    """Its path, or its address in a store."""
    file: str
    """What it is called in the result, unique in the survey."""


def find_photos_of(sources: Sequence[str]) -> list[Photo]:
    """All photos of the sources, in the order given, each place once.

    Folders are read recursively. The second of two photos of one relative path becomes
    `name (2)`. Raises SurveyError for a source that is missing or holds no photos; what a list
    file names is only looked for when its turn comes.
    """
    found: dict[str, str] = {}
    for source in sources:
        count = 0
        for place, file in _of(source):
            found.setdefault(place, file)
            count += 1
        if not count:
            raise SurveyError(
                f"There are no photos in “{_shown(source)}”: check how it is spelled."
            )
    # a file's name may hold any bytes, which a table cannot
    names = (name.encode(errors="replace").decode() for name in found.values())
    return [Photo(*both) for both in zip(found, numbered(names), strict=True)]


def _of(source: str) -> Iterable[tuple[str, str]]:
    """Place and relative path of each photo."""
    if is_address(source):
        return _of_store(source)
    path = Path(source)
    if path.is_dir():
        return ((str(photo), photo.relative_to(path).as_posix()) for photo in find_photos(path))
    if path.suffix.lower() == LIST_SUFFIX:
        return _of_list(path)
    if path.is_file():
        return [(source, path.name)]
    if _MAGIC & set(source):
        return _of_glob(source)
    return []


def _of_store(address: str) -> Iterator[tuple[str, str]]:
    """One photo, or all below a prefix or of a glob, as far as the store can list."""
    scheme, host, path, query, _ = urlsplit(address)
    if scheme in ("http", "https"):
        yield address, PurePosixPath(unquote(path)).name or host
        return
    if PurePosixPath(path).suffix.lower() in PHOTO_SUFFIXES and not _MAGIC & set(path):
        yield address, PurePosixPath(path).name
        return
    parts = path.split("/")
    whole = next((i for i, part in enumerate(parts) if _MAGIC & set(part)), len(parts))
    base = "/".join(parts[:whole]).rstrip("/")
    pattern = "/".join(parts[whole:])
    for below in listed(f"{scheme}://{host}{base}{'?' + query if query else ''}"):
        is_photo = PurePosixPath(below).suffix.lower() in PHOTO_SUFFIXES
        if is_photo and (not pattern or fnmatch(below, pattern)):
            yield f"{scheme}://{host}{base}/{below}{'?' + query if query else ''}", below


def _of_list(path: Path) -> Iterator[tuple[str, str]]:
    """Lines that are empty or begin with # say nothing; relative paths begin at the list."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise SurveyError(
            f"The list “{path.name}” cannot be read: give a file of UTF-8 text with one photo in "
            "each line."
        ) from None
    for line in map(str.strip, lines):
        if not line or line.startswith("#"):
            continue
        if is_address(line):
            yield line, _shown(line).partition("/")[2] or line
        else:
            yield str(path.parent / line), _relative(line)


def _of_glob(pattern: str) -> Iterator[tuple[str, str]]:
    """Relative to the last folder that the pattern names whole."""
    parts = Path(pattern).parts
    whole = next(i for i, part in enumerate(parts) if _MAGIC & set(part))
    base = Path(*parts[:whole])
    for path in sorted(base.glob("/".join(parts[whole:]))):
        if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file():
            yield str(path), path.relative_to(base).as_posix()


def _relative(line: str) -> str:
    """A path without what leads out of a folder."""
    path = PurePosixPath(line.replace("\\", "/"))
    return "/".join(part for part in path.parts if part not in ("/", "..")) or path.name


def _shown(source: str) -> str:
    """An address without what may be secret in it: name, password and query."""
    if not is_address(source):
        return Path(source).name or source
    _, host, path, _, _ = urlsplit(source)
    return f"{host.rpartition('@')[2]}{unquote(path)}"
