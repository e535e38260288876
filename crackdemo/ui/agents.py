"""Inspect, evaluate and submit as tools of the Model Context Protocol: `python app.py --mcp`.

Gradio's own server for agents would offer them every endpoint, fetch whatever address they name and
take all of them for one visitor. This one stands beside gradio, behind the same gate.
"""

import base64
import binascii
import json
import logging
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import anyio
from mcp.server.fastmcp import FastMCP, Image
from mcp.server.fastmcp.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import Field, ValidationError
from starlette.types import ASGIApp

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.configs import explained, parse_config
from crackdemo.data.intake import count_photos, take_in
from crackdemo.data.labelled import find_labelled
from crackdemo.errors import BusyError, CrackdemoError, FolderError, SourceError, Stopped
from crackdemo.evaluation.evaluate import Evaluation
from crackdemo.files import reason_of
from crackdemo.inspection.store import KEPT_FREE, free_bytes
from crackdemo.masks.params import MaskParams
from crackdemo.ui import api, visitors
from crackdemo.ui.gate import AGENTS, MAX_JSON
from crackdemo.ui.logins import LoggedIn, caller
from crackdemo.ui.quota import Quota
from crackdemo.ui.submit.tab import UPLOAD, Made, Wish, steps
from crackdemo.ui.workbench import Workbench

_AT_ONCE = 16
"""Calls that may run, or wait for their turn, at once."""
_SHARE = 4
"""Of them those of one caller."""
_LOG = logging.getLogger(__name__)

GivenFile: TypeAlias = Annotated[
    str,
    Field(
        description="The path that POST /gradio_api/upload (multipart, field `files`) answered, or "
        "the file itself as a data URL: data:image/jpeg;base64,..., data:application/zip;base64,..."
    ),
]
Weights: TypeAlias = Annotated[
    str, Field(description="A shipped name, or owner/name[@revision] on the Hugging Face Hub.")
]
Settings: TypeAlias = Annotated[
    dict[str, Any] | None,
    Field(
        description="Mask settings, each the weights' own where it is left out: threshold (0..1, "
        "0.5 as calibrated), opening, closing (px, 0 or odd), kernel, grow, min_area (px)."
    ),
]
IsOver: TypeAlias = Callable[[], bool]


class Tools:
    """What agents may do. Each call is a visitor of its own: nothing stays for the next one."""

    def __init__(self, bench: Workbench, free: Callable[[Path], int] = free_bytes) -> None:
        """free: bytes left on a folder's disk."""
        self._bench, self._free = bench, free
        self._places = Places()
        self._quota = Quota(bench.limits.per_minute)

    async def inspect(
        self,
        photo: GivenFile,
        weights: Weights = DEFAULT_WEIGHTS,
        settings: Settings = None,
        mm_per_px: float | None = None,
    ) -> list[Any]:
        """Looks for cracks in one photo: a report with score, state, length and width, and the mask
        as a picture, white where there is crack."""

        def work(is_over: IsOver) -> list[Any]:
            with self._files([photo]) as ([file], _):
                mask, _, _, report = api.inspect(
                    self._bench, str(file), weights, settings or {}, mm_per_px, is_over
                )
                assert mask is not None
                with _removed_after(Path(mask).parent):
                    return [json.dumps(report), Image(data=Path(mask).read_bytes(), format="png")]

        return await self._answer(work)

    async def evaluate(
        self, photos: list[GivenFile], weights: Weights = DEFAULT_WEIGHTS, settings: Settings = None
    ) -> list[Any]:
        """Measures weights on photos whose cracks are known: a ZIP with images/ and masks/ of equal
        names for pixel figures, or clean/ and cracked/ for image figures."""

        def work(is_over: IsOver) -> list[Any]:
            with self._files(photos) as (files, folder):
                left_out = take_in(files, folder / "set")
                labelled = find_labelled(folder / "set")
                self._charge(len(labelled) - 1)
                resolved = self._bench.resolve(weights)
                own = asdict(self._bench.config(resolved).mask)
                mask = parse_config(MaskParams, {**own, **(settings or {})})
                evaluation = Evaluation(self._bench.detector_in_turn(resolved), mask)
                for _ in evaluation.run(labelled):
                    if is_over():
                        raise Stopped
                failures = [failed.reason for failed in evaluation.failures]
                report = {
                    "api": api.API_VERSION,
                    "weights": resolved.name,
                    "commit": resolved.commit,
                    "metrics": evaluation.metrics(),
                    "notes": [*left_out, *evaluation.notes, *failures],
                }
            return [json.dumps(report)]

        return await self._answer(work)

    async def submit(
        self,
        photos: list[GivenFile],
        weights: Weights = DEFAULT_WEIGHTS,
        sample: GivenFile | None = None,
        gate: Annotated[bool, Field(description="No mask where the score says no crack.")] = False,
    ) -> list[Any]:
        """Makes a competition's file of run-length masks: a report, and the CSV, which was read
        back and compared with the masks. `sample`: the competition's own, for columns and order."""

        def work(is_over: IsOver) -> list[Any]:
            given = [*photos, *([sample] if sample else [])]
            with self._files(given) as (files, folder):
                names = [str(file) for file in files]
                example = names.pop() if sample else None
                self._charge(count_photos([Path(name) for name in names]) - 1)
                wish = Wish(
                    UPLOAD, names, "", weights, None, example, gate, "", "column", 1, ""
                )  # fmt: skip
                *_, made = steps(self._bench, wish, self._bench.visitor().name, is_over, folder)
                if not isinstance(made, Made):
                    raise Stopped
                report = {"api": api.API_VERSION, "summary": made.summary, "notes": made.notes}
                with _removed_after(made.file.parent):
                    return [json.dumps(report), made.file.read_text(encoding="utf-8")]

        return await self._answer(work)

    @contextmanager
    def _files(self, given: Sequence[str]) -> Iterator[tuple[list[Path], Path]]:
        """The files, and a folder that is gone at the end. Raises SourceError."""
        uploads = self._bench.uploads
        with self._bench.intake_folder() as folder:
            yield (
                [
                    given_file(text, folder / str(number), uploads)
                    for number, text in enumerate(given)
                ],
                folder,
            )

    async def _answer(self, work: Callable[[IsOver], list[Any]]) -> list[Any]:
        """In a thread; what it raises in a sentence. Whoever hangs up is not served."""
        over = threading.Event()

        def run() -> list[Any]:
            with _told(), self._places.taken(caller()), visitors.asking():
                self._require_room()
                self._charge(1)
                return work(over.is_set)

        try:
            return await anyio.to_thread.run_sync(run, abandon_on_cancel=True)
        finally:
            over.set()

    def _require_room(self) -> None:
        """Raises FolderError where the disk has nothing to spare."""
        if self._free(self._bench.scratch) < KEPT_FREE:
            raise FolderError("The server's disk has no room for this call: try again in an hour.")

    def _charge(self, photos: int) -> None:
        """Raises BusyError for more photos than whoever calls may ask for in a minute. One of each
        call was charged when it began."""
        if not self._quota.take(caller(), max(photos, 0)):
            raise BusyError(
                f"An agent may ask for {self._quota.most} photos in a minute, and this call would "
                "be more: send fewer, or go on in a minute."
            )


class Places:
    """For calls that are at work. Threads may share it."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, name: str) -> Iterator[None]:
        """Inside, this caller has one of them. Raises BusyError where there is none."""
        with self._lock:
            if self._taken[name] >= _SHARE:
                raise BusyError(
                    f"{_SHARE} of your calls are at work, as many as may be at once: try again "
                    "when one of them is done."
                )
            if self._taken.total() >= _AT_ONCE:
                raise BusyError(
                    f"{_AT_ONCE} calls of agents are at work, as many as may be at once: try again "
                    "in a minute."
                )
            self._taken[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= Counter([name])


def given_file(text: str, stem: Path, uploads: Path | None) -> Path:
    """Where a file lies that an agent names, or where it lies now if it sent it along.

    stem: its path without a suffix, in the latter case. Raises SourceError.
    """
    if text.startswith("data:"):
        head, _, data = text.partition(",")
        kind = head.removeprefix("data:").partition(";")[0].rpartition("/")[2]
        path = stem.with_suffix(f".{kind}" if kind.isalnum() else "")
        try:
            path.write_bytes(base64.b64decode(data, validate=True))
        except (binascii.Error, ValueError):
            raise SourceError("The data URL is no base64: encode the file's bytes.") from None
        return path
    try:
        path = Path(text).resolve()
        is_ours = uploads is not None and path.is_relative_to(uploads.resolve()) and path.is_file()
    except (OSError, ValueError):
        is_ours = False
    if not is_ours:
        raise SourceError(
            "This file was not uploaded here: give the path that /gradio_api/upload answered, or "
            "the file as a data URL."
        )
    return path


@contextmanager
def _removed_after(folder: Path) -> Iterator[None]:
    """A folder that is gone at the end: the answer holds all of it."""
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _told() -> Iterator[None]:
    """What is raised inside is said without a word on the server's own matters."""
    try:
        yield
    except CrackdemoError as refusal:
        raise ToolError(str(refusal)) from None
    except Stopped:
        raise ToolError("Nobody waited for the answer any more: ask again.") from None
    except OSError as error:
        raise ToolError(
            f"The server's disk could not do it ({reason_of(error)}): free some space there."
        ) from None
    except Exception:
        _LOG.exception("A call of an agent failed.")
        raise ToolError("The server failed at this; its log says why.") from None


class _Server(FastMCP):  # type: ignore[misc]  # of a library that mypy need not have
    """Says in a sentence what is wrong with a tool's arguments."""

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        """What the tool answers. Raises ToolError."""
        try:
            return await super().call_tool(name, arguments)
        except ToolError as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            with _told(), explained():
                raise error.__cause__ from None


class Agents:
    """The server for agents."""

    def __init__(self, bench: Workbench, logins: Sequence[tuple[str, str]] = ()) -> None:
        server = _Server(
            "crackdemo",
            instructions="Finds cracks in photos of pavement and concrete.",
            stateless_http=True,
            streamable_http_path=AGENTS,
            max_request_body_size=MAX_JSON,
            # hosts and origins are the gate's business
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        tools = Tools(bench)
        for tool in (tools.inspect, tools.evaluate, tools.submit):
            server.add_tool(tool, structured_output=False)
        self.app: ASGIApp = LoggedIn(server.streamable_http_app(), logins)
        self._server = server

    def running(self) -> AbstractAsyncContextManager[None]:
        """Inside, it answers."""
        running: AbstractAsyncContextManager[None] = self._server.session_manager.run()
        return running
