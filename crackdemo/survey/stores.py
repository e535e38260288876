"""Bytes of photos, wherever they are: on a disk, in S3 or Google's storage, or on the web.

pyarrow reads S3 and Google's storage, as Ray's own readers do, with the credentials that the
environment has; fsspec reads the web. Both are imported when an address is first met.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crackdemo.errors import PhotoError, SurveyError
from crackdemo.photos.images import MAX_FILE_MB

_LISTED = ("s3", "gs", "gcs")
_WEB = ("http", "https")
_MOST = MAX_FILE_MB * 1_000_000 + 1
"""A byte more than a photo may have: what is longer is refused, and not read."""
_PATIENCE = 30
"""Seconds until a store that says nothing is given up."""
_NOT_THERE = (404, 410)
_LIMIT = "retry_limit_seconds="


def is_address(text: str) -> bool:
    """Whether it is of a store, and no path."""
    return urlsplit(text).scheme in (*_LISTED, *_WEB) and "://" in text


def read_bytes(place: str, name: str) -> bytes:
    """A file's content; of one that is too large the beginning, a byte more than allowed.

    place: its path or address. Raises PhotoError, which begins with `name`.
    """
    try:
        if not is_address(place):
            return _from_disk(Path(place))
        if urlsplit(place).scheme in _WEB:
            return _from_web(place)
        system, path = _file_system(place)
        with system.open_input_stream(path) as stream:
            return bytes(stream.read(_MOST))
    except FileNotFoundError as error:
        why = "was not found; check that it has not been moved or renamed"
        cause = _first_of(error)  # fsspec says it of servers that are not there, too
        if cause is not error and getattr(cause, "status", None) not in _NOT_THERE:
            why = f"could not be fetched ({_reason(cause)}); check the connection"
    except PermissionError:
        why = "may not be read; ask for access to it"
    except Exception as error:  # each store and client has errors of its own
        why = f"could not be fetched ({_reason(error)}); check the connection and its rights"
    raise PhotoError(f"{name} {why}.")


def listed(address: str) -> Iterator[str]:
    """Paths of all files below an address of a store, relative to it, sorted. Raises
    SurveyError."""
    try:
        from pyarrow import fs

        system, base = _file_system(address)
        infos = system.get_file_info(fs.FileSelector(base, recursive=True))
    except Exception as error:  # as above
        _, host, path, _, _ = urlsplit(address)
        raise SurveyError(
            f"“{host.rpartition('@')[2]}{path}” cannot be listed ({_reason(error)}): check the "
            "address, the connection and its rights."
        ) from None
    files = (info.path for info in infos if info.type == fs.FileType.File)
    yield from sorted(path.removeprefix(base).lstrip("/") for path in files)


def _from_disk(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST)


def _from_web(address: str) -> bytes:
    import aiohttp
    import fsspec

    patience = {"timeout": aiohttp.ClientTimeout(total=_PATIENCE)}
    with fsspec.open(address, "rb", client_kwargs=patience, block_size=0) as file:
        # a read gives what has come so far: a large photo comes in several
        parts, missing = [], _MOST
        while missing > 0 and (part := file.read(missing)):
            parts.append(part)
            missing -= len(part)
    return b"".join(parts)


def _file_system(address: str) -> tuple[Any, str]:
    from pyarrow import fs

    if urlsplit(address).scheme in ("gs", "gcs") and _LIMIT not in address:
        # without it Google's client tries for a quarter of an hour
        address += f"{'&' if '?' in address else '?'}{_LIMIT}{_PATIENCE}"
    system, path = fs.FileSystem.from_uri(address)
    return system, path


def _first_of(error: BaseException) -> BaseException:
    """What an error came from in the end."""
    return error if error.__cause__ is None else _first_of(error.__cause__)


def _reason(error: BaseException) -> str:
    """In one line, and without addresses: they may hold secrets."""
    said = str(error)
    if status := getattr(error, "status", None):
        said = f"the server says {status} {getattr(error, 'message', '')}"
    words = " ".join(said.split()).split(" ")
    told = " ".join(word for word in words if "://" not in word)[:200]
    return told.rstrip(".:") or "the address leads nowhere"
