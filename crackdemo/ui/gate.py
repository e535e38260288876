"""What reaches gradio at all.

Gradio serves more than this page needs, to whoever asks, from whatever website. Here stand the
rules that it has no settings for: an ASGI application around its own.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request, cookie_parser
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crackdemo.inspection.store import KEPT_FREE, free_bytes
from crackdemo.ui.answers import with_cookie, with_headers
from crackdemo.ui.audience import PAGE, Audience
from crackdemo.ui.bodies import Refusal, again, as_json, paths_in, read
from crackdemo.ui.calls import Answers, Parameters, check_listed, check_named
from crackdemo.ui.limits import Limits
from crackdemo.ui.logins import WRONG_PASSWORDS, too_many_passwords
from crackdemo.ui.quota import Quota
from crackdemo.ui.repeats import EVENT, Repeats
from crackdemo.ui.scratch import PREFIX, UPLOADS
from crackdemo.ui.visitors import COOKIE, Sessions, cookie_in, new_cookie

HEALTH = "/healthz"
AGENTS = "/mcp"
_API = "/gradio_api"
_OPEN = re.compile(
    r"/|/(assets|static|svelte)/.+|/(config|theme\.css|favicon\.ico|manifest\.json|robots\.txt)/?"
    r"|/(login|logout)(/.*)?"
    + rf"|{_API}/(info|openapi\.json|startup-events|app_id|user|login_check|token|theme\.css)/?"
    + rf"|{_API}/(queue/(join|data|status)|upload|upload_progress|cancel|reset)/?"
    + rf"|{_API}/(call|run|api|heartbeat)/.+|{_API}/file=.+|{AGENTS}/?"
)
"""What the page, its login and programs need; the rest of gradio's addresses is not there."""
_UPLOADED = re.compile(rf"/{PREFIX}[^/]+/{UPLOADS}/")
"""Where apps keep what is uploaded to them, each in a folder of its own."""
MAX_JSON = 8_000_000
"""Bytes of an event's values; photos come by upload."""
_MAX_NOTE = 100_000
"""Bytes of what else is sent: to stop an event, to leave."""
_OTHER_FILES = 100
"""That an event names at most beside photos and their masks."""
_MAX_NAME = 64
"""Letters of a session's name, of an upload's or an event's; gradio's own have 11 to 32."""
_EVENTS = re.compile(rf"{_API}/(queue/join|(call|run|api)/.+)|{AGENTS}/?")
_HEARTBEAT = re.compile(rf"{_API}/heartbeat/([^/]+)/?")
_ANSWER = re.compile(rf"{_API}/call/(?:v2/)?[^/]+/([^/]+)/?")
_CALLED = re.compile(rf"{_API}/(?:call|run|api)/(v2/)?([^/]+)/?")
_BY_NUMBER = "predict"
"""What is called is said by an event's number in its body."""
_FILE = f"{_API}/file="
_ENTRANCE = re.compile(r"/|/login(/.*)?")
"""What other websites may lead a person to."""
_OF_AN_ADDRESS = 4
"""Times what one program may ask for: a program may call itself by another name each time."""


@dataclass(frozen=True)
class Rules:
    """What holds for one server."""

    limits: Limits = field(default_factory=Limits)
    """Of what may be asked for."""
    is_space: bool = False
    """Whether the Hub shows the page in a frame of its own, and asks under many names."""
    names: Sequence[str] | None = None
    """Hosts that a proxy may say it was asked as; any if None."""
    uploads: Path | None = None
    """Where gradio keeps what is uploaded; its disk is looked at."""
    free: Callable[[Path], int] = free_bytes
    """Bytes left on a folder's disk."""
    waiting: Callable[[str], int] = lambda name: 0
    """Events of one visitor that are not done, by cookie or address."""
    uploaded: Callable[[str, list[str]], None] = lambda cookie, files: None
    """Told which files a visitor has uploaded."""
    has_event: Callable[[int], bool] = lambda number: True
    """Whether the page has an event of this number."""
    has_call: Callable[[str], bool] = lambda name: True
    """Whether programs may call what has this name."""
    parameters: Callable[[str], Parameters | None] = lambda name: None
    """Those of what is called so, if it is meant for programs."""
    sessions: Sessions = field(default_factory=Sessions)
    """Whose each session is."""
    watched: Callable[[str], None] = lambda upload: None
    """Told that nobody watches an upload any more, by its name."""
    agents: ASGIApp | None = None
    """What answers agents; None where they are not wanted."""


class Gate:
    """Threads do not share it: it lives in the server's loop."""

    def __init__(self, app: ASGIApp, rules: Rules, audience: Audience) -> None:
        self._app, self._rules, self._audience = app, rules, audience
        self._sessions, self._repeats = rules.sessions, Repeats(app)
        self._of_programs = Quota(rules.limits.per_minute)
        self._of_addresses = Quota(_OF_AN_ADDRESS * rules.limits.per_minute)
        self._wrong = Quota(WRONG_PASSWORDS)
        self._answers = Answers()
        self._people = Sessions()  # here, of visitors, by the names of those who logged in
        self.is_ready = True
        """What the health address says."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].rstrip("/") in (HEALTH, f"{HEALTH}/alive"):
            await self._health(scope, receive, send)
            return
        scope = {**scope, "headers": list(filter(self._is_believed, scope["headers"]))}
        cookie = cookie_in(cookie_parser(Headers(scope=scope).get("cookie", "")))
        if not cookie and scope["path"] == "/":
            send = with_cookie(send, new_cookie(), self._rules.is_space)
        send = with_headers(send, scope["path"], self._rules.is_space)
        try:
            await self._pass(scope, receive, send, cookie)
        except Refusal as refusal:
            answer = JSONResponse({"detail": str(refusal)}, refusal.status)
            await answer(scope, receive, send)

    def _is_believed(self, header: tuple[bytes, bytes]) -> bool:
        """Links are made of the host that a proxy names; anybody may say he is one."""
        names = self._rules.names
        if names is None or header[0] != b"x-forwarded-host":
            return True
        return header[1].decode("latin-1").partition(":")[0].strip() in names

    async def _health(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Alive is who answers; ready, who can take a photo."""
        uploads = self._rules.uploads
        has_room = uploads is None or self._rules.free(uploads) > KEPT_FREE
        ready = self.is_ready and has_room
        is_fine = ready or scope["path"] == f"{HEALTH}/alive"
        answer = JSONResponse({"alive": True, "ready": ready}, 200 if is_fine else 503)
        await answer(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, cookie: str) -> None:
        path, headers = scope["path"], Headers(scope=scope)
        app = self._rules.agents if path.rstrip("/") == AGENTS else self._app
        if app is None or not _OPEN.fullmatch(path):
            raise Refusal(404, "There is nothing at this address.")
        self._check_origin(headers, path)
        if path.startswith(_FILE):
            self._check_paths([path.removeprefix(_FILE)])
        query = parse_qs(scope["query_string"].decode("latin-1"))
        sessions = [*query.get("session_hash", []), *_HEARTBEAT.findall(path)]
        uploads = query.get("upload_id", [])
        others = [*uploads, *_ANSWER.findall(path)]
        if path.rstrip("/") == f"{_API}/upload":
            self._check_upload(scope, headers)
            send = _told(send, partial(self._uploaded, cookie))
        elif scope["method"] == "POST" and path.rstrip("/") == "/login":
            send = self._counted(scope, send)
            body = await read(receive, _MAX_NOTE)
            if COOKIE in cookie_parser(headers.get("cookie", "")):
                send = self._logged_in(send, cookie, await _person(scope, again(body, receive)))
            receive = again(body, receive)
        elif scope["method"] == "POST" and path.startswith((_API, AGENTS)):
            is_event = _EVENTS.fullmatch(path) is not None
            body = await read(receive, MAX_JSON if is_event else _MAX_NOTE)
            # apart: whoever sends much waits alone
            values = await asyncio.to_thread(as_json, body)
            if isinstance(values, dict) and isinstance(values.get("session_hash"), str):
                sessions.append(values["session_hash"])
            if isinstance(values, dict) and values.get("fn_index") is not None:
                self._check_event(values["fn_index"])
            for by_name, name in _CALLED.findall(path):
                self._check_call(path, name, bool(by_name), headers, values)
            if path.startswith(f"{_API}/call/"):
                send = _told(send, self._answers.promise)
            if is_event:
                paths = await asyncio.to_thread(paths_in, values)
                if app is self._app:  # what agents may ask for, their tools know
                    self._check_calls(scope, cookie, sessions)
                self._check_paths(paths)
            receive = again(body, receive)
        if any(len(name) > _MAX_NAME for name in (*sessions, *others)):
            raise Refusal(
                400, f"Names of sessions, uploads and events have at most {_MAX_NAME} letters."
            )
        for session in sessions:
            if not self._sessions.may_use(session, cookie):
                raise Refusal(404, "This session is another visitor’s: load the page anew.")
        for event in _ANSWER.findall(path) if scope["method"] == "GET" else ():
            send = self._fetching(event, send)
        for visitor in [cookie] if cookie else sessions:
            self._audience.seen(f"{PAGE}{visitor}")
        with self._listening(scope, path, cookie, query):
            if path.rstrip("/") == f"{_API}/queue/join" and headers.get(EVENT):
                name = " ".join([cookie, *sessions, headers[EVENT][:_MAX_NAME]])
                await self._repeats.once(name, scope, receive, send)
            elif path.rstrip("/") == f"{_API}/upload_progress":
                try:
                    await app(scope, receive, send)
                finally:
                    for upload in uploads:
                        self._rules.watched(upload)
            else:
                await app(scope, receive, send)

    def _listening(self, scope: Scope, path: str, cookie: str, query: dict[str, list[str]]) -> Any:
        """Whoever has a stream open is there."""
        heartbeat = _HEARTBEAT.fullmatch(path)
        answer = _ANSWER.fullmatch(path)
        if heartbeat:
            return self._audience.listening(f"{PAGE}{cookie or heartbeat[1]}")
        if answer and scope["method"] == "GET":
            return self._audience.listening(answer[1])
        if path.rstrip("/") == f"{_API}/queue/data":
            return self._audience.listening(query.get("session_hash", [""])[0])
        return self._audience.listening("")

    def _check_origin(self, headers: Headers, path: str) -> None:
        """Another website's scripts say where they come from, and browsers say of its pictures and
        links that they are another's; the page's own come from here."""
        is_led_here = headers.get("sec-fetch-mode") == "navigate" and _ENTRANCE.fullmatch(path)
        is_foreign = headers.get("sec-fetch-site") == "cross-site" and not is_led_here
        if is_foreign or ("origin" in headers and not _is_own(headers)):
            raise Refusal(403, "Only this app's own page may ask for this, not another website.")

    def _check_upload(self, scope: Scope, headers: Headers) -> None:
        """Raises Refusal for more than may come at once, and where the disk would have no room
        left."""
        length = headers.get("content-length", "")
        # of both lengths the server believes the other one
        if not length.isdecimal() or "transfer-encoding" in headers:
            raise Refusal(411, "The upload does not say how long it is: send its Content-Length.")
        most = self._rules.limits.request_mb
        if int(length) > most * 1_000_000:
            raise Refusal(413, f"One upload holds at most {most:,} MB: bring fewer files at once.")
        uploads = self._rules.uploads
        if uploads is not None and self._rules.free(uploads) - int(length) < KEPT_FREE:
            raise Refusal(
                413, "The server's disk has no room for this upload: try again in an hour."
            )

    def _counted(self, scope: Scope, send: Send) -> Send:
        """Counts passwords, but for right ones. Raises Refusal where an address has had its share,
        before the password is looked at: a right one would be told from wrong ones, and of many
        that come at once each would find none counted."""
        address = (scope.get("client") or ("",))[0]
        if not self._wrong.take(address):
            raise Refusal(429, too_many_passwords())

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                self._wrong.give_back(address)
            await send(message)

        return sending

    def _check_calls(self, scope: Scope, cookie: str, sessions: list[str]) -> None:
        """Raises Refusal for more than one visitor may have waiting, and more calls than a program
        may make."""
        address = (scope.get("client") or ("",))[0]
        limits = self._rules.limits
        if self._rules.waiting(cookie or address) >= limits.events:
            raise Refusal(
                429,
                f"{limits.events} of your requests wait already, as many as may wait at once: try "
                "again when some of them are done.",
            )
        program = " ".join([address, *sessions])
        if not cookie and not (
            self._of_programs.take(program) and self._of_addresses.take(address)
        ):
            raise Refusal(
                429,
                f"A program may ask for {limits.per_minute} photos in a minute, and that many came "
                "from yours: go on in a minute.",
            )

    def _check_event(self, number: object) -> None:
        if not isinstance(number, int) or not self._rules.has_event(number):
            raise Refusal(404, "The page has no such event: load it anew.")

    def _check_call(
        self, path: str, name: str, by_name: bool, headers: Headers, values: Any
    ) -> None:
        if not headers.get("content-type", "").startswith("application/json"):
            raise Refusal(415, "A call is JSON: send it with “Content-Type: application/json”.")
        has_number = isinstance(values, dict) and values.get("fn_index") is not None
        if name == _BY_NUMBER and has_number and not path.startswith(f"{_API}/call/"):
            return
        parameters = self._rules.parameters(name)
        if not self._rules.has_call(name) or (by_name and parameters is None):
            raise Refusal(404, "There is no such call: the page “Use via API” lists what there is.")
        if parameters is not None:
            (check_named if by_name else check_listed)(values, parameters)

    def _check_paths(self, paths: list[str]) -> None:
        """Raises Refusal for files that are gone, that the server would have to fetch, and that are
        more than a page can name: gradio looks at each while everybody waits."""
        most = 2 * self._rules.limits.photos + _OTHER_FILES
        if len(paths) > most:
            raise Refusal(413, f"A request names at most {most:,} files: send less at once.")
        if any(self._is_of_an_app_before(path) for path in paths):
            raise Refusal(
                410,
                "The app has been started anew and has the photos of before no more: load the page "
                "anew and drop them again.",
            )
        if any(re.match(r"\s*(\w+:)?//", path) for path in paths):
            raise Refusal(
                400, "A file is given by an address: upload it, for the server fetches none."
            )

    def _is_of_an_app_before(self, path: str) -> bool:
        """By its name alone: nobody learns here which files there are."""
        uploads = self._rules.uploads
        return uploads is not None and bool(
            _UPLOADED.search(path) and not path.startswith(f"{uploads}/")
        )

    def _logged_in(self, send: Send, cookie: str, person: str) -> Send:
        """Whoever logs in where another person was is another visitor: what tabs of the browser
        show that are still open belongs to the one before. cookie: empty where another process
        signed it, and the browser has to be given one."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                is_mine = cookie and self._people.may_use(cookie, person)
                mine = cookie if is_mine else new_cookie()
                self._people.may_use(mine, person)
                if mine != cookie:
                    await with_cookie(send, mine, self._rules.is_space)(message)
                    return
            await send(message)

        return sending

    def _fetching(self, event: str, send: Send) -> Send:
        """What is answered with anything but the answer takes nothing away. Raises Refusal."""
        self._answers.fetch(event)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] != 200:
                self._answers.put_back(event)
            await send(message)

        return sending

    def _uploaded(self, cookie: str, told: Any) -> None:
        if isinstance(told, list):
            self._rules.uploaded(cookie, [str(file) for file in told])


def _told(send: Send, use: Callable[[Any], None]) -> Send:
    """Gives `use` what is answered, as JSON."""
    body = bytearray()

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.body" and len(body) < MAX_JSON:
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                with suppress(Refusal):  # of more than a request may hold
                    use(as_json(bytes(body)))
        await send(message)

    return sending


async def _person(scope: Scope, receive: Receive) -> str:
    """Who wants to log in, as gradio reads it; empty where it cannot either."""
    try:
        async with Request(scope, receive).form() as form:
            name = form.get("username")
    except (HTTPException, MultiPartException, ValueError):
        return ""
    return name.strip() if isinstance(name, str) else ""


def _is_own(headers: Headers) -> bool:
    """Whether the website that asks is the one that answers."""
    try:
        return urlsplit(headers["origin"]).netloc == headers.get("host", "")
    except ValueError:  # it is no address
        return False
