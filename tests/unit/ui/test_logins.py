"""How agents log in."""

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from crackdemo.ui.logins import LoggedIn, caller


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the caller's name."""
    await PlainTextResponse(caller())(scope, receive, send)


@pytest.mark.parametrize(
    ("given", "status"),
    [(("ann", "secret"), 200), (("ann", "other"), 401), (("bob", "secret"), 401), (None, 401)],
)
def test_only_names_with_their_password_come_in(given: tuple[str, str] | None, status: int) -> None:
    client = TestClient(LoggedIn(PlainTextResponse("in"), [("ann", "secret"), ("bob", "pw")]))
    assert client.get("/", auth=given).status_code == status


def test_without_names_everybody_does() -> None:
    assert TestClient(LoggedIn(PlainTextResponse("in"), [])).get("/").text == "in"


def test_who_calls_is_known_by_name_or_else_by_address() -> None:
    client = TestClient(LoggedIn(who, [("ann", "secret")]))
    assert client.get("/", auth=("ann", "secret")).text == "ann"
    assert TestClient(LoggedIn(who, []), client=("1.2.3.4", 5)).get("/").text == "1.2.3.4"


def test_wrong_passwords_have_an_end_at_each_address() -> None:
    app = LoggedIn(who, [("ann", "secret")])
    client, other = TestClient(app), TestClient(app, client=("1.2.3.4", 5))
    assert {client.get("/").status_code for _ in range(20)} == {401}
    assert {client.get("/", auth=("ann", str(n))).status_code for n in range(10)} == {401}
    answer = client.get("/", auth=("ann", "secret"))
    assert answer.status_code == 429 and "10 wrong passwords" in answer.json()["detail"]
    assert other.get("/", auth=("ann", "secret")).text == "ann"
