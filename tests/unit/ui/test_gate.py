"""What the gate lets through, before a server that answers everything."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from crackdemo.ui.audience import Audience
from crackdemo.ui.gate import Gate, Rules
from crackdemo.ui.limits import Limits
from crackdemo.ui.logins import WRONG_PASSWORDS
from crackdemo.ui.visitors import COOKIE, new_cookie

EVENT, RESET = "/gradio_api/call/inspect", "/gradio_api/reset"


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    rules = Rules(Limits(per_minute=3), uploads=tmp_path, free=lambda folder: 10**12)
    return TestClient(Gate(PlainTextResponse("let in"), rules, Audience()))


def asked(client: TestClient, body: object, address: str = EVENT, cookie: str = "") -> str:
    """A refusal's sentence, or "let in"."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
    headers["Content-Type"] = "application/json"
    answer = client.post(address, content=data, headers=headers)
    return str(answer.json()["detail"]) if answer.status_code >= 400 else answer.text


def test_what_is_to_be_read_is_bounded(client: TestClient) -> None:
    assert "100,000 bytes" in asked(client, b"x" * 100_001, RESET)
    assert asked(client, b"x" * 90_000, RESET) == "let in"
    assert "300,000 values" in asked(client, b"[" + b"[]," * 200_000 + b"[]]")
    assert "8,000,000 bytes" in asked(client, b"x" * 8_000_001)


@pytest.mark.parametrize(
    ("length", "told"), [(4_000_000_000, "let in"), (4_000_000_001, "at most 4,000 MB")]
)
def test_one_upload_is_bounded_by_what_it_says_of_itself(
    client: TestClient, length: int, told: str
) -> None:
    headers = {"Content-Length": str(length)}
    assert told in client.post("/gradio_api/upload", content=b"", headers=headers).text


def test_a_sessions_name_is_short(client: TestClient) -> None:
    assert "at most 64 letters" in asked(client, {"session_hash": "a" * 65}, RESET)
    assert asked(client, {"session_hash": "a" * 64}, RESET) == "let in"
    answer = client.get("/gradio_api/queue/data", params={"session_hash": "a" * 65})
    assert answer.status_code == 400


def test_so_are_an_uploads_and_an_events(client: TestClient) -> None:
    for address in ("/gradio_api/upload_progress?upload_id={}", "/gradio_api/call/inspect/{}"):
        assert client.get(address.format("a" * 65)).status_code == 400
    assert client.get(f"/gradio_api/upload_progress?upload_id={'a' * 64}").text == "let in"


def test_an_answer_is_fetched_once() -> None:
    """Gradio goes on with a second answer for ever, and breaks off that of a made-up event."""
    client = TestClient(Gate(JSONResponse({"event_id": "0123"}), Rules(), Audience()))
    answer = "/gradio_api/call/inspect/0123"
    assert "no such answer" in client.get(answer).json()["detail"]
    client.post(EVENT, json={})
    assert client.get(answer).status_code == 200
    assert "no such answer" in client.get(answer).json()["detail"]


@pytest.mark.parametrize(
    ("address", "body", "told"),
    [
        ("call/v2", {"photo": 1}, "let in"),
        ("call/v2", {"photo": 1, "weights": "a"}, "let in"),
        ("call/v2", {"photo": 1, "weigths": "a"}, "no parameter “weigths”: there are photo, weig"),
        ("call/v2", {"weights": "a"}, "“photo” is missing: send it"),
        ("call/v2", [1], "no JSON object"),
        ("call", {"data": [1, "a"]}, "let in"),
        ("call", {"data": [1]}, "1 values and not 2"),
        ("call", {"data": [1, "a", 3]}, "3 values and not 2"),
        ("call", {"photo": 1}, "a list of values as “data”"),
        ("call", b"photo=1", "a list of values as “data”"),
    ],
)
def test_a_call_that_does_not_fit_is_told_what_would(address: str, body: object, told: str) -> None:
    rules = Rules(parameters=lambda name: {"photo": False, "weights": True})
    client = TestClient(Gate(PlainTextResponse("let in"), rules, Audience()))
    assert told in asked(client, body, f"/gradio_api/{address}/inspect")


@pytest.mark.parametrize(
    "address", ["https://evil.example/x.jpg", "%20HTTP://evil.example/", "//evil.example/x.jpg"]
)
def test_a_file_at_an_address_is_not_fetched(client: TestClient, address: str) -> None:
    answer = client.get(f"/gradio_api/file={address}")
    assert answer.status_code == 400 and "the server fetches none" in answer.text
    assert client.get("/gradio_api/file=/tmp/a.jpg").text == "let in"


@pytest.mark.parametrize("number", [-1, 2, "1", [1]])
def test_an_event_that_there_is_not_is_refused(number: object) -> None:
    rules = Rules(has_event=lambda event: event in (0, 1))
    client = TestClient(Gate(PlainTextResponse("let in"), rules, Audience()))
    for address in ("/gradio_api/run/predict", "/gradio_api/queue/join"):
        assert "no such event" in asked(client, {"fn_index": number}, address)
        assert asked(client, {"fn_index": 1}, address) == "let in"


@pytest.mark.parametrize("address", ["call", "call/v2", "run", "api"])
def test_a_call_that_there_is_not_is_refused(address: str) -> None:
    rules = Rules(
        has_call=lambda name: name == "inspect",
        parameters=lambda name: {} if name == "inspect" else None,
    )
    client = TestClient(Gate(PlainTextResponse("let in"), rules, Audience()))
    assert "no such call" in asked(client, {}, f"/gradio_api/{address}/nosuch")
    body: object = {} if address == "call/v2" else {"data": []}
    assert asked(client, body, f"/gradio_api/{address}/inspect") == "let in"


def test_a_call_that_is_no_json_is_told_so(client: TestClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = client.post(EVENT, content=b'{"data": []}', headers={"Content-Type": kind})
        assert "Content-Type: application/json" in answer.json()["detail"]


def test_a_call_by_number_says_the_number() -> None:
    rules = Rules(has_call=lambda name: False)
    client = TestClient(Gate(PlainTextResponse("let in"), rules, Audience()))
    for address in ("run", "api"):
        assert asked(client, {"fn_index": 1}, f"/gradio_api/{address}/predict") == "let in"
        assert "no such call" in asked(client, {"data": []}, f"/gradio_api/{address}/predict")
    assert "no such call" in asked(client, {"fn_index": 1}, "/gradio_api/call/predict")


def test_a_fetch_that_is_refused_takes_no_answer_away() -> None:
    answers = iter([JSONResponse({"event_id": "0123"}), JSONResponse({}, 401), JSONResponse({})])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await next(answers)(scope, receive, send)

    client = TestClient(Gate(app, Rules(), Audience()))
    client.post(EVENT, json={})
    fetched = [client.get("/gradio_api/call/inspect/0123").status_code for _ in range(3)]
    assert fetched == [401, 200, 404]


def test_a_request_names_no_more_files_than_a_page_has(client: TestClient) -> None:
    def files(number: int) -> dict[str, object]:
        return {"data": [[{"path": f"/tmp/{n}.jpg"} for n in range(number)]]}

    assert asked(client, files(4_100), "/gradio_api/queue/join") == "let in"
    assert "at most 4,100 files" in asked(client, files(4_101), "/gradio_api/queue/join")


def test_an_upload_of_two_lengths_is_refused(client: TestClient) -> None:
    headers = {"Content-Length": "1", "Transfer-Encoding": "chunked"}
    assert client.post("/gradio_api/upload", content=b"1", headers=headers).status_code == 411


def test_what_a_login_sends_is_bounded(client: TestClient) -> None:
    assert client.post("/login", content=b"a" * 100_001).status_code == 413


def test_passwords_that_come_at_once_are_counted_before_any_is_answered() -> None:
    """The first ones hang until the last has been asked."""
    asked_of, answers, go_on = [], [], asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked_of.append(await receive())
        await go_on.wait()
        await PlainTextResponse("", 400 if len(asked_of) > 1 else 200)(scope, receive, send)

    async def guess(gate: Gate) -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answers.append(message["status"])

        address = {"path": "/login", "client": ("1.2.3.4", 5), "query_string": b""}
        scope = {"type": "http", "method": "POST", "headers": [], **address}
        await gate(scope, receive, send)

    async def guesses() -> None:
        gate = Gate(app, Rules(), Audience())
        tasks = [asyncio.create_task(guess(gate)) for _ in range(WRONG_PASSWORDS + 5)]
        while len(answers) < 5:
            await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(*tasks)

    asyncio.run(guesses())
    assert answers[:5] == [429] * 5 and len(asked_of) == WRONG_PASSWORDS


def test_right_passwords_are_not_counted(client: TestClient) -> None:
    answers = [client.post("/login").status_code for _ in range(WRONG_PASSWORDS + 5)]
    assert set(answers) == {200}


@pytest.mark.parametrize(
    ("names", "said"), [(["own.example"], ["own.example:80"]), (None, ["own.example:80", "evil"])]
)
def test_a_proxy_may_name_only_known_hosts(names: list[str] | None, said: list[str]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse(Headers(scope=scope).get("x-forwarded-host", ""))(
            scope, receive, send
        )

    client = TestClient(Gate(app, Rules(names=names), Audience()))
    told = [
        client.get("/", headers={"X-Forwarded-Host": host}).text
        for host in ("own.example:80", "evil")
    ]
    assert [host for host in told if host] == said


def test_health_has_two_addresses(client: TestClient) -> None:
    assert [client.get(f"/healthz{rest}").status_code for rest in ("", "/alive", "y")] == [
        200,
        200,
        404,
    ]


def test_nobody_watches_an_upload_for_ever() -> None:
    told: list[str] = []
    gate = Gate(PlainTextResponse("let in"), Rules(watched=told.append), Audience())
    TestClient(gate).get("/gradio_api/upload_progress?upload_id=some")
    assert told == ["some"]


class Browser:
    """Keeps the cookie that it is given."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self.cookie = client.get("/").cookies[COOKIE]
        client.cookies.clear()

    def log_in(self, **form: Any) -> None:
        headers = {"Cookie": f"{COOKIE}={self.cookie}"}
        given = self._client.post("/login", headers=headers, **form).cookies
        self.cookie = given.get(COOKIE) or self.cookie
        self._client.cookies.clear()

    def uses(self, session: str) -> str:
        return asked(self._client, {"session_hash": session}, RESET, self.cookie)


def name(person: str) -> dict[str, dict[str, str]]:
    return {"data": {"username": person, "password": "secret"}}


def test_who_logs_in_after_another_person_is_another_visitor(client: TestClient) -> None:
    """What other tabs of the browser still show belongs to the one before."""
    browser = Browser(client)
    assert browser.uses("before") == "let in"
    browser.log_in(**name("ann"))
    assert browser.uses("before") == browser.uses("ann's") == "let in"
    client.get("/logout")
    browser.log_in(**name(" ann "))  # again: she loses nothing
    assert browser.uses("ann's") == "let in"
    browser.log_in(files={"username": (None, "bob"), "password": (None, "secret")})
    assert "another visitor" in browser.uses("ann's") and browser.uses("bob's") == "let in"
    browser.log_in(**name("bob"))
    assert browser.uses("bob's") == "let in"
    browser.log_in(**name("ann"))
    assert "another visitor" in browser.uses("bob's")


def test_who_logs_in_without_a_cookie_leaves_none_to_the_next(client: TestClient) -> None:
    """As after a restart of the app, which signs anew."""
    browser = Browser(client)
    browser.cookie = "signed-by-the-process-before"
    browser.log_in(**name("ann"))
    assert browser.uses("ann's") == "let in"
    browser.log_in(**name("bob"))
    assert "another visitor" in browser.uses("ann's")


def test_programs_that_log_in_are_counted_as_before(client: TestClient) -> None:
    assert COOKIE not in client.post("/login", **name("ann")).cookies
    assert COOKIE not in client.get("/logout").cookies


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x", "x/y"])
def test_a_login_that_cannot_be_read_is_left_to_gradio(client: TestClient, kind: str) -> None:
    headers = {"Content-Type": kind, "Cookie": f"{COOKIE}={new_cookie()}"}
    assert client.post("/login", content=b"--y\r\n\xff", headers=headers).text == "let in"


def test_a_wrong_password_makes_nobody_another_visitor() -> None:
    refusing = TestClient(Gate(PlainTextResponse("no", 400), Rules(), Audience()))
    headers = {"Cookie": f"{COOKIE}={new_cookie()}"}
    for person in ("ann", "bob"):
        assert COOKIE not in refusing.post("/login", headers=headers, **name(person)).cookies


def test_the_back_button_shows_no_page_of_before(client: TestClient) -> None:
    assert client.get("/").headers["Cache-Control"] == "no-store"
    assert "Cache-Control" not in client.get("/assets/a.js").headers


@pytest.mark.parametrize(
    ("path", "mode", "site", "status"),
    [
        ("/", "navigate", "cross-site", 200),
        ("/login/callback", "navigate", "cross-site", 200),
        ("/logout", "navigate", "cross-site", 403),
        ("/", "no-cors", "cross-site", 403),
        ("/gradio_api/file=/tmp/a.jpg", "no-cors", "cross-site", 403),
        ("/gradio_api/file=/tmp/a.jpg", "no-cors", "same-origin", 200),
        ("/config", "cors", "same-site", 200),
    ],
)
def test_pictures_and_links_of_other_websites_reach_the_page_alone(
    client: TestClient, path: str, mode: str, site: str, status: int
) -> None:
    headers = {"Sec-Fetch-Mode": mode, "Sec-Fetch-Site": site}
    assert client.get(path, headers=headers).status_code == status


@pytest.mark.parametrize("origin", ["http://[evil", "null", "http://testserver.evil"])
def test_an_origin_that_is_none_is_another(client: TestClient, origin: str) -> None:
    assert client.get("/config", headers={"Origin": origin}).status_code == 403
    assert client.get("/config", headers={"Origin": "http://testserver"}).text == "let in"


def test_only_the_session_of_the_request_itself_becomes_somebodys(client: TestClient) -> None:
    ann, bob = new_cookie(), new_cookie()
    assert asked(client, {"data": [{"session_hash": "s"}]}, cookie=bob) == "let in"
    assert asked(client, {"session_hash": "s"}, cookie=ann) == "let in"
    assert "another visitor" in asked(client, {"session_hash": "s"}, cookie=bob)


def test_a_program_with_a_new_name_each_time_has_an_end_too(client: TestClient) -> None:
    answers = [asked(client, {"session_hash": f"n{number}"}) for number in range(13)]
    assert answers[:12] == ["let in"] * 12
    assert "3 photos in a minute" in answers[12]


def test_a_made_up_cookie_makes_no_page(client: TestClient) -> None:
    answers = [asked(client, {"session_hash": "s"}, cookie="a" * 32) for _ in range(4)]
    assert answers[:3] == ["let in"] * 3
    assert "3 photos in a minute" in answers[3]
    assert {asked(client, {}, cookie=new_cookie()) for _ in range(9)} == {"let in"}


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, 10**400, -(10**30)])
def test_what_no_answer_could_hold_is_refused(client: TestClient, value: object) -> None:
    assert asked(client, {"data": [value]}).endswith((" as UTF-8.", "a smaller one."))


def test_photos_of_an_app_before_are_said_to_be_gone(client: TestClient) -> None:
    path = "/tmp/crackdemo-before/gradio/abc/road.png"
    told = asked(client, {"data": [[{"path": path}]]}, cookie=new_cookie())
    assert "has the photos of before no more" in told


def test_what_agents_may_ask_for_is_not_counted_before_they_are_known() -> None:
    rules = Rules(Limits(per_minute=3), agents=PlainTextResponse("let in"))
    client = TestClient(Gate(PlainTextResponse("no"), rules, Audience()))
    assert {asked(client, {}, "/mcp") for _ in range(20)} == {"let in"}


@pytest.mark.parametrize("depth", [102, 900, 100_000])
def test_what_is_too_deep_is_refused(client: TestClient, depth: int) -> None:
    assert "100 values in each other" in asked(client, b"[" * depth + b"]" * depth)
    assert asked(client, b"[" * 100 + b"]" * 100) == "let in"


def test_an_event_that_comes_again_runs_once(tmp_path: Path) -> None:
    ran: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"].decode()
        ran.append(body)
        if "broken" in body and ran.count(body) == 1:
            raise ConnectionError
        await PlainTextResponse(str(len(ran)))(scope, receive, send)

    gate = Gate(app, Rules(Limits(), uploads=tmp_path, free=lambda folder: 10**12), Audience())
    client = TestClient(gate, raise_server_exceptions=False)
    ann, bob = new_cookie(), new_cookie()

    def joined(name: str, cookie: str = ann, session: str = "a", **values: str) -> str:
        headers = {"Cookie": f"{COOKIE}={cookie}"} | ({"X-Event": name} if name else {})
        body = {"session_hash": session, **values}
        return client.post("/gradio_api/queue/join", json=body, headers=headers).text

    assert [joined("1"), joined("1"), joined("2"), joined("1")] == ["1", "1", "2", "1"]
    assert joined("1", bob, "b") == "3"
    assert [joined(""), joined("")] == ["4", "5"]
    assert joined("3", data="broken") == ""  # the server broke off
    assert [joined("3", data="broken"), joined("3", data="broken")] == ["7", "7"]
