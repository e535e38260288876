"""How agents log in, and which of them asks."""

import base64
import hmac
from collections.abc import Sequence
from contextvars import ContextVar

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from crackdemo.ui.quota import Quota

WRONG_PASSWORDS = 10
"""That may come from one address in a minute."""
_CALLER: ContextVar[str] = ContextVar("caller", default="")


def too_many_passwords() -> str:
    """The sentence for whoever guesses."""
    return (
        f"{WRONG_PASSWORDS} wrong passwords came from your address, as many as may in a minute: "
        "try again in a minute."
    )


def caller() -> str:
    """Who calls: the name of the login, or the address where there are no names."""
    return _CALLER.get()


class LoggedIn:
    """Lets those in who send a name and its password by HTTP Basic; everybody, if there are no
    names. Whoever guesses passwords has an end."""

    def __init__(self, app: ASGIApp, logins: Sequence[tuple[str, str]]) -> None:
        self._app = app
        self._known = {
            name: base64.b64encode(f"{name}:{password}".encode()) for name, password in logins
        }
        self._wrong = Quota(WRONG_PASSWORDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = (scope.get("client") or ("",))[0]
        if not self._known:
            await self._let_in(address, scope, receive, send)
            return
        given = Headers(scope=scope).get("authorization", "")
        # before the password is looked at: a right one would be told from wrong ones
        if given and self._wrong.is_used_up(address):
            await JSONResponse({"detail": too_many_passwords()}, 429)(scope, receive, send)
            return
        if (name := self._name(given)) is not None:
            await self._let_in(name, scope, receive, send)
            return
        if given:
            self._wrong.take(address)
        answer = JSONResponse(
            {"detail": "Agents log in with a name and password, by HTTP Basic."},
            401,
            {"WWW-Authenticate": "Basic"},
        )
        await answer(scope, receive, send)

    def _name(self, given: str) -> str | None:
        """Whose name and password these are."""
        scheme, _, code = given.partition(" ")
        if scheme.lower() != "basic":
            return None
        fits = [
            name for name, known in self._known.items() if hmac.compare_digest(code.encode(), known)
        ]
        return fits[0] if fits else None

    async def _let_in(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        token = _CALLER.set(name)
        try:
            await self._app(scope, receive, send)
        finally:
            _CALLER.reset(token)
