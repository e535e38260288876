"""Who asks: a page by the cookie that it was given, a program by its session."""

import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping

from gradio.context import LocalContext

from crackdemo.inspection.store import NOBODY, Visitor

COOKIE = "crackdemo"
PAGES, PROGRAMS = "pages", "programs"
_SHAPE = re.compile(r"[\w-]{32}", re.ASCII)
_SESSIONS = 20_000
"""Whose visitor is known; the oldest are forgotten first."""


def new_cookie() -> str:
    """Cannot be guessed."""
    return secrets.token_urlsafe(24)


def cookie_in(cookies: Mapping[str, str]) -> str:
    """A visitor's; empty without one, or where it is none of ours."""
    value = cookies.get(COOKIE, "")
    return value if _SHAPE.fullmatch(value) else ""


def current() -> Visitor:
    """Who asked for the event that runs; nobody in particular outside of one.

    Programs have no cookie, and pages in browsers that keep none.
    """
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

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def may_use(self, session: str, cookie: str) -> bool:
        """Whether it is this visitor's, or nobody's so far. cookie: empty for programs."""
        with self._lock:
            owner = self._owners.setdefault(session, cookie)
            self._owners.move_to_end(session)
            if len(self._owners) > _SESSIONS:
                self._owners.popitem(last=False)
        return owner == cookie
