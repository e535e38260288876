"""What a person calls weights, found: a shipped name, a folder, or a Hub id."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crackdemo.checkpoints.hub import FetchedRepo, fetch, parse_hub_id
from crackdemo.checkpoints.layout import CONFIG, WEIGHTS, display_name
from crackdemo.errors import HubError, WeightsError

SHIPPED = Path(__file__).parents[2] / "checkpoints"
"""Holds one checkpoint folder for each of the weights that come with the project."""

DEFAULT_WEIGHTS = "cae-asphalt"


@dataclass(frozen=True)
class Weights:
    """A checkpoint folder and what to call it."""

    folder: Path
    """Holds the checkpoint; not yet opened."""
    name: str
    """For people: the shipped name, the run's or folder's name, or `owner/name`; never a path."""
    commit: str | None = None
    """The Hub's commit that the files are from, 40 hexadecimal digits; None if not from there."""
    version: str = ""
    """Changes with the files: a run that is deleted and fitted again has other weights."""

    @property
    def identity(self) -> str:
        """Tells them from all others in the list, and from those that had their name before."""
        return f"{self.name}@{self.version}"


def weights_in(folder: Path, name: str, commit: str | None = None) -> Weights:
    """The weights in a folder as they are now."""
    return Weights(folder, name, commit, version_of(folder))


def version_of(folder: Path) -> str:
    """Of a checkpoint folder's files as they are now; empty where there are none."""
    try:
        stats = [(folder / file).stat() for file in (CONFIG, WEIGHTS)]
    except OSError:
        return ""
    return "-".join(f"{stat.st_mtime_ns:x}.{stat.st_size:x}" for stat in stats)


def shipped_names(shipped: Path = SHIPPED, family: str | None = None) -> list[str]:
    """The names of the weights that come with the project, sorted; of one family or of all."""
    configs = sorted(shipped.glob(f"[!.]*/{CONFIG}"))
    return [path.parent.name for path in configs if family is None or _family_of(path) == family]


def _family_of(config: Path) -> str:
    return str(json.loads(config.read_text(encoding="utf-8"))["family"])


def resolve_weights(
    text: str,
    allowed: Sequence[Path] | None = None,
    *,
    shipped: Path = SHIPPED,
    cache: Path | None = None,
    endpoint: str | None = None,
    token: str | None = None,
    fetch: Callable[[str, Path | None, str | None, str | None], FetchedRepo] = fetch,
) -> Weights:
    """Finds a shipped name, a local folder or `owner/name[@revision]`, in this order.

    allowed: a local folder counts only where it lies inside one of these, symbolic links
    followed; None allows every folder. cache, endpoint and token are those of `fetch`.
    Raises WeightsError.
    """
    text = text.strip()
    if text in shipped_names(shipped):
        return weights_in(shipped / text, text)
    folder = _local_folder(text, allowed)
    if folder is not None:
        return weights_in(folder, display_name(folder))
    if not _is_hub_id(text):
        where = "a folder" if allowed is None else "a folder that this app was allowed to read"
        raise WeightsError(
            f"There are no weights “{text}”: give {' or '.join(shipped_names(shipped))}, "
            f"{where}, or a Hub id owner/name."
        )
    repo = fetch(text, cache, endpoint, token)
    return weights_in(repo.folder, repo.repo_id, repo.commit)


def _local_folder(text: str, allowed: Sequence[Path] | None) -> Path | None:
    """The folder that the text is the path of, if it may be read."""
    try:
        folder = Path(text).resolve()
        is_folder = bool(text) and folder.is_dir()
    except (OSError, RuntimeError, ValueError):  # too long, a loop of links, a null character
        return None
    return folder if is_folder and _is_allowed(folder, allowed) else None


def _is_allowed(folder: Path, allowed: Sequence[Path] | None) -> bool:
    """Whether it lies in a folder that may be read, and so does what its files link to."""
    if allowed is None:
        return True
    parents = [parent.resolve() for parent in allowed]
    places = [folder, *((folder / name).resolve() for name in (CONFIG, WEIGHTS))]
    return all(any(place.is_relative_to(parent) for parent in parents) for place in places)


def _is_hub_id(text: str) -> bool:
    try:
        parse_hub_id(text)
    except HubError:
        return False
    return True
