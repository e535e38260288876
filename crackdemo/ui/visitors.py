"""Who asks: a page by the cookie that it was given, a program by its session."""

import hashlib
import hmac
import re
import secrets
import threading
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from gradio.context import LocalContext

from crackdemo.inspection.store import NOBODY, Visitor

COOKIE = "crackdemo"
PAGES, PROGRAMS = "pages", "programs"
_SHAPE = re.compile(r"[\w-]{32}", re.ASCII)
_SESSIONS = 20_000
"""Whose visitor is known, of pages and of programs each; the oldest are forgotten first."""
_ASKING: ContextVar[Visitor | None] = ContextVar("asking", default=None)
_KEY = secrets.token_bytes(32)
"""Of this process: whoever made a cookie up does not know it."""


def new_cookie() -> str:
    """Cannot be guessed, nor made up."""
    name = secrets.token_urlsafe(12)
    return name + _signature(name)


def cookie_in(cookies: Mapping[str, str]) -> str:
    """A visitor's; empty without one, or where it is none of ours."""
    value = cookies.get(COOKIE, "")
    if not _SHAPE.fullmatch(value):
        return ""
    return value if hmac.compare_digest(_signature(value[:16]), value[16:]) else ""


def _signature(name: str) -> str:
    digest = hmac.new(_KEY, name.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest[:12]).decode()


@contextmanager
def asking() -> Iterator[None]:
    """Inside, outside of gradio's events, a program asks that nobody has met before."""
    token = _ASKING.set(Visitor(secrets.token_urlsafe(12), PROGRAMS))
    try:
        yield
    finally:
        _ASKING.reset(token)


def current() -> Visitor:
    """Who asked for the event that runs; nobody in particular outside of one.

    Programs have no cookie, and pages in browsers that keep none.
    """
    if (program := _ASKING.get()) is not None:
        return program
    request = LocalContext.request.get(None)
    if request is None or getattr(request, "request", None) is None:
        return NOBODY
    cookie = cookie_in(request.request.cookies)
    return Visitor(cookie, PAGES) if cookie else Visitor(request.session_hash or "", PROGRAMS)


def streams() -> tuple[str, ...]:
    """By which the answer to the event that runs may be fetched: its own, or its session's."""
    request = LocalContext.request.get(None)
    session = None if request is None else request.session_hash
    return tuple(name for name in (LocalContext.event_id.get(None), session) if name)


class Sessions:
    """Which visitor each session belongs to: the first one that used it. Threads may share it."""

    def __init__(self, most: int = _SESSIONS) -> None:
        self._most = most
        # apart: programs, who need no cookie, cannot make those of pages forgotten
        self._of_pages: OrderedDict[str, str] = OrderedDict()
        self._of_programs: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def may_use(self, session: str, cookie: str) -> bool:
        """Whether it is this visitor's, or nobody's so far. cookie: empty for programs."""
        mine, others = self._of_programs, self._of_pages
        if cookie:
            mine, others = others, mine
        with self._lock:
            if session in others:
                return False
            owner = mine.setdefault(session, cookie)
            mine.move_to_end(session)
            if len(mine) > self._most:
                mine.popitem(last=False)
        return owner == cookie

    def owner_of(self, session: str) -> str:
        """Its visitor's cookie; empty of programs, and where it is not known."""
        with self._lock:
            return self._of_pages.get(session, "")
