"""Checkpoints from and to the Hugging Face Hub: the only module of the package that imports its
client.

The client retries many failures for a minute; here the first failure is the answer, so that a
person who waits has one within about 15 seconds.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import (
    CommitOperationAdd,
    HfApi,
    constants,
    is_offline_mode,
    set_client_factory,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    DisabledRepoError,
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    RevisionResolutionError,
)
from huggingface_hub.utils import hf_raise_for_status, validate_repo_id  # type: ignore[attr-defined]

from crackdemo.checkpoints.layout import CARD, CONFIG, SIZE_LIMITS, WEIGHTS
from crackdemo.errors import HubError

ONNX = "onnx/model.onnx"
"""Where the Hub's own conversions and transformers.js look for it."""

_REVISION = re.compile(r"\w[\w.+-]*(/\w[\w.+-]*)*", re.ASCII)
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class FetchedRepo:
    """A checkpoint of the Hub in the local cache."""

    folder: Path
    """Holds `model.safetensors`, `config.json` and, where the repo has one, `README.md`."""

    repo_id: str
    """`owner/name`."""

    commit: str
    """The commit that every file is from: 40 hexadecimal digits."""


def parse_hub_id(text: str) -> tuple[str, str | None]:
    """Splits `owner/name[@revision]` into `owner/name` and the revision, None if there is none.

    Raises HubError for anything else: spaces, URLs, `..`, empty parts, a name without an owner.
    """
    repo_id, at, revision = text.partition("@")
    with suppress(HFValidationError):
        validate_repo_id(repo_id)
        if "/" in repo_id and not at:
            return repo_id, None
        if "/" in repo_id and _REVISION.fullmatch(revision) and ".." not in revision:
            return repo_id, revision
    raise HubError(f"{text!r} is not a Hub id: write owner/name or owner/name@revision.")


def fetch(
    hub_id: str, cache: Path | None = None, endpoint: str | None = None, token: str | None = None
) -> FetchedRepo:
    """Downloads the checkpoint `owner/name[@revision]`, all files at one commit.

    Without a connection the commit that was last fetched for this revision comes from the cache.
    A pickle is never touched. A token that is kept on this machine is not used, only the given one.
    Raises HubError.
    """
    repo_id, revision = parse_hub_id(hub_id)
    api = HfApi(endpoint=endpoint, token=_clean(token) if token else False)
    failure = f"{hub_id} could not be fetched"
    with hub_explained(failure):
        commit = api.resolve_revision(repo_id, revision=revision, cache_dir=cache).resolved
        for name in (WEIGHTS, CONFIG):
            _check_size(api, repo_id, name, commit, cache)
        config = api.hf_hub_download(repo_id, CONFIG, revision=commit, cache_dir=cache)
        api.hf_hub_download(repo_id, WEIGHTS, revision=commit, cache_dir=cache)
    if try_to_load_from_cache(repo_id, CARD, cache_dir=cache, revision=commit) is None:
        with suppress(HubError), hub_explained(failure):
            _check_size(api, repo_id, CARD, commit, cache)
            api.hf_hub_download(repo_id, CARD, revision=commit, cache_dir=cache)
    return FetchedRepo(Path(config).parent, repo_id, commit)


def push(
    folder: Path,
    repo_id: str,
    token: str,
    private: bool = True,
    endpoint: str | None = None,
    on_progress: Callable[[str], None] | None = None,
    onnx: bytes | None = None,
) -> str:
    """Publishes the checkpoint in `folder` as a new model repo and returns the URL of its commit.

    onnx: the same weights as `export` writes them, to be kept as `onnx/model.onnx` beside them; by
    default the repo has no such file.
    All files arrive in one commit, so that a broken push publishes nothing. A repo that exists is
    refused, except an empty one of the same visibility: a broken push leaves that behind. Raises
    HubError.
    """
    if "@" in repo_id:
        raise HubError(f"{repo_id!r} names a revision: a push takes owner/name alone.")
    try:
        parse_hub_id(repo_id)
    except HubError:
        raise HubError(
            f"{repo_id!r} is not a Hub id: write owner/name, in letters, digits, “-”, “_” and “.”."
        ) from None
    for name in SIZE_LIMITS:
        if not (folder / name).is_file():
            raise HubError(
                f"{repo_id} could not be published, for the run has no {name}: take one that is "
                "done."
            )
    api = HfApi(endpoint=endpoint, token=_clean(token))
    report = on_progress or (lambda step: None)
    with hub_explained(f"{repo_id} could not be published"):
        report(f"Creating {repo_id}")
        _create(api, repo_id, private)
        files: dict[str, Path | bytes] = {name: folder / name for name in SIZE_LIMITS}
        if onnx is not None:
            files[ONNX] = onnx
        try:
            operations = [CommitOperationAdd(name, file) for name, file in files.items()]
        except (OSError, ValueError):  # which name the file's path
            raise HubError(
                f"{repo_id} could not be published: its files were moved or deleted meanwhile."
            ) from None
        report(f"Uploading {sum(file.upload_info.size for file in operations) / 1e6:.1f} MB")
        commit = api.create_commit(repo_id, operations, commit_message="Publish a checkpoint")
    report("Published")
    return commit.commit_url


def _clean(token: str) -> str:
    if not _TOKEN.fullmatch(token.strip()):
        raise HubError(
            "This is not a token of the Hub: copy one from huggingface.co/settings/tokens."
        )
    return token.strip()


def _check_size(api: HfApi, repo_id: str, name: str, commit: str, cache: Path | None) -> None:
    """Refuses a file that is missing, too large or of unknown size, before it is downloaded."""
    try:
        file = api.hf_hub_download(repo_id, name, revision=commit, cache_dir=cache, dry_run=True)
    except RemoteEntryNotFoundError as error:
        raise HubError(
            f"{repo_id} has no {name}: a checkpoint is {WEIGHTS} with its {CONFIG}, and a pickle"
            " such as pytorch_model.bin is never opened."
        ) from error
    if file.file_size is None or file.file_size > SIZE_LIMITS[name]:
        raise HubError(
            f"{name} of {repo_id} was not downloaded: it is larger than"
            f" {SIZE_LIMITS[name] / 1e6:.0f} MB, too large for a checkpoint of this app."
        )


def _create(api: HfApi, repo_id: str, private: bool) -> None:
    try:
        api.create_repo(repo_id, private=private)
    except HfHubHTTPError as error:
        if error.response.status_code != 409:
            raise
        repo = api.model_info(repo_id)
        files = {file.rfilename for file in repo.siblings or []} - {".gitattributes"}
        if files or repo.private != private:
            raise HubError(
                f"{repo_id} already exists on the Hub and was left as it is: choose another name."
            ) from error


@contextmanager
def hub_explained(failure: str) -> Iterator[None]:
    """Turns whatever the client raises into a HubError that begins with `failure`."""
    try:
        yield
    except HubError:
        raise
    except (httpx2.HTTPError, OSError, ValueError, RuntimeError, RevisionResolutionError) as error:
        raise HubError(f"{failure}: {_reason(error)}.") from error


_INCOMPLETE = "the download arrived incomplete and was thrown away; try again"
_NOT_THE_HUB = "what answered is not the Hub; check the network and the endpoint"
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (GatedRepoError, "it is gated; ask for access on its page, then give a token that has it"),
    (RepositoryNotFoundError, "the Hub has no such model, or shows it only with the right token"),
    (RevisionNotFoundError, "the model exists, but not in this revision"),
    (RemoteEntryNotFoundError, "a file of it is gone"),
    (DisabledRepoError, "the Hub has disabled this model"),
    (OfflineModeIsEnabled, "HF_HUB_OFFLINE forbids the network; unset it and try again"),
    (httpx2.TimeoutException, "the Hub did not answer in time; try again later"),
    (httpx2.ConnectError, "the Hub cannot be reached; check the network and try again"),
    (httpx2.NetworkError, "the connection to the Hub broke off; try again"),
    (httpx2.RemoteProtocolError, "the connection to the Hub broke off; try again"),
    (httpx2.ProxyError, "the proxy refuses the connection to the Hub; check its settings"),
    (json.JSONDecodeError, _NOT_THE_HUB),
    (FileMetadataError, _NOT_THE_HUB),
)
"""From the special to the general: the first that fits is said."""

_STATUS_REASONS = {
    401: "the Hub does not accept the token; give a valid one",
    403: "the token lacks the right to do this; give one that has it",
    416: _INCOMPLETE,
    429: "the Hub asks to slow down; try again in a few minutes",
}


def _reason(error: BaseException) -> str:
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        answer = " ".join((error.server_message or "try again later").split()).rstrip(".")
        return _STATUS_REASONS.get(status, f"the Hub answered {status}, {answer}")
    if error.__cause__ is not None:
        return _reason(error.__cause__)
    if isinstance(error, FileNotFoundError) and error.strerror:
        return "its files were moved or deleted meanwhile"
    if isinstance(error, OSError) and error.strerror:
        return f"the disk of this machine answered {error.strerror!r}"
    if isinstance(error, OSError):
        return _INCOMPLETE
    return " ".join(str(error).split())


class PromptClient(httpx2.Client):
    """Takes the first failure for an answer, and its own timeout for every request.

    The library passes no timeout for some requests and tries most of them six times; it retries
    neither a bare TransportError nor an HfHubHTTPError.
    """

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        if is_offline_mode():
            raise OfflineModeIsEnabled("HF_HUB_OFFLINE is set.")
        request.extensions["timeout"] = self.timeout.as_dict()
        try:
            response = super().send(request, **options)
        except httpx2.TransportError as error:
            raise httpx2.TransportError(str(error), request=request) from error
        if response.is_server_error or response.status_code in (408, 429):
            hf_raise_for_status(response)
        return response


# Xet has timeouts and retries of its own; every repo on the Hub is served over plain HTTP too.
constants.HF_HUB_DISABLE_XET = True
# Otherwise the first call of a process also asks huggingface.co, whatever the endpoint.
constants.HF_HUB_DISABLE_TELEMETRY = True
# A host that is silent costs the time to connect for each of its addresses: the Hub has several.
TIMEOUT = httpx2.Timeout(15, connect=3)
set_client_factory(lambda: PromptClient(timeout=TIMEOUT, follow_redirects=True))
