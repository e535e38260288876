"""What strangers can do to each other and to the server, tried with plain HTTP."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from crackdemo.ui.audience import Audience
from crackdemo.ui.limits import Limits
from tests.e2e.app_server import App, running_app
from tests.e2e.stranger import Stranger, file, index_of
from tests.hub_standin import HubStandIn


@pytest.fixture(scope="module")
def app(
    tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path, hub: HubStandIn
) -> Iterator[App]:
    """Without patience for programs that do not fetch their answers."""
    folder = tmp_path_factory.mktemp("strangers")
    more = {"endpoint": hub.endpoint, "runs": folder / "runs", "audience": Audience(patience=1)}
    more["limits"] = Limits(per_minute=130)
    with running_app(folder, tiny_checkpoint, **more) as app:
        yield app


INSPECT = ("cae-asphalt", None, None, None, None, None, None, None)


@pytest.fixture
def ann(app: App) -> Stranger:
    return Stranger(app)


@pytest.fixture
def bob(app: App) -> Stranger:
    return Stranger(app)


@pytest.fixture
def program(app: App) -> Stranger:
    return Stranger(app, has_page=False)


@pytest.fixture
def held(app: App) -> Iterator[None]:
    """Somebody is served all the while."""
    taken, free = threading.Event(), threading.Event()

    def hold() -> None:
        with app.bench.photos.line.turn("somebody"):
            taken.set()
            free.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(60)
    try:
        yield
    finally:
        free.set()
        holder.join()


def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        threading.Event().wait(0.01)


class TestManyCalls:
    def test_a_flood_is_refused_in_a_sentence_and_the_page_is_served(
        self, app: App, program: Stranger, ann: Stranger, cracked: Path, held: None
    ) -> None:
        photo = file(program.upload(cracked))
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: program.call("inspect", photo, *INSPECT), range(118)))
        refused = [text for status, text in answers if status != 200]
        assert all("as many as may wait at once: try again" in text for text in refused)
        assert refused
        # the page still joins the queue, and has its answer although all these wait
        assert ann.get("/")[0] == 200
        found = ann.join(app, "find", "x" * 40, "")
        assert found[-2]["success"], found
        until(lambda: not app.bench.photos.line.waiting("programs"))

    def test_who_hung_up_is_not_served(
        self, app: App, program: Stranger, cracked: Path, held: None
    ) -> None:
        passes = app.bench.scored_count
        photo = file(program.upload(cracked))
        for number in range(5):
            status, event = program.call("inspect", photo, "cae-asphalt", number / 10, *INSPECT[2:])
            assert status == 200
            with urllib.request.urlopen(f"{program.url}/gradio_api/call/inspect/{event}"):
                until(lambda: app.bench.photos.line.waiting("programs") > 0)
        until(lambda: app.bench.photos.line.waiting("programs") == 0)
        assert app.bench.scored_count == passes

    def test_a_program_has_its_photos_in_a_minute_and_no_more(
        self, app: App, program: Stranger
    ) -> None:
        most = app.bench.limits.per_minute
        for _ in range(most):
            status, event = program.call("fit_status", "no such run")
            assert status == 200
            program.answer("fit_status", event)
        status, refusal = program.call("fit_status", "no such run")
        assert status == 429 and f"{most} photos in a minute" in refusal


EVIL = {"Origin": "https://evil.example"}


class TestOtherWebsites:
    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
    def test_their_scripts_may_ask_for_nothing(self, app: App, ann: Stranger, origin: str) -> None:
        event = {"fn_index": index_of(app, "find"), "data": ["", ""], "session_hash": ann.session}
        for path, data in (("/gradio_api/queue/join", event), ("/config", None), ("/", None)):
            status, text, headers = ann.ask(path, data, Origin=origin)
            assert status == 403 and "not another website" in text
            assert not [name for name in headers if name.lower().startswith("access-control")]

    def test_the_pages_own_scripts_may(self, app: App, ann: Stranger) -> None:
        assert ann.get("/config", Origin=app.url.rstrip("/"))[0] == 200

    def test_every_answer_tells_the_browser_what_it_may_do(self, ann: Stranger) -> None:
        for path in ("/", "/config", "/nothing"):
            headers = {name.lower(): text for name, text in ann.get(path)[2].items()}
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert headers["x-frame-options"] == "SAMEORIGIN"
            policy = headers["content-security-policy"]
            assert "object-src 'none'" in policy and "frame-ancestors 'self'" in policy


class TestWhatGradioBrings:
    @pytest.mark.parametrize(
        "path",
        [
            *("/monitoring", "/monitoring/summary", "/monitoring/x"),
            *("/gradio_api/runs", "/gradio_api/run-history/buckets", "/gradio_api/vibe-code"),
            *("/gradio_api/proxy=http://127.0.0.1/", "/gradio_api/dev/reload"),
            "/gradio_api/deep_link?session_hash=x",
        ],
    )
    def test_what_the_page_does_not_need_is_not_there(self, ann: Stranger, path: str) -> None:
        assert ann.get(path)[0] == 404

    @pytest.mark.parametrize(
        "path", ["process_recording", "component_server", "run-history/connect", "vibe-edit"]
    )
    def test_nor_may_anything_be_sent_there(self, ann: Stranger, path: str) -> None:
        assert ann.ask(f"/gradio_api/{path}", {"data": []})[0] == 404

    def test_the_queue_cannot_be_passed_by(self, ann: Stranger) -> None:
        assert ann.ask("/gradio_api/run/inspect", {"data": [None, *INSPECT]})[0] == 404

    def test_health_is_said_to_whoever_watches(self, ann: Stranger) -> None:
        assert json.loads(ann.get("/healthz")[1]) == {"alive": True, "ready": True}
        assert ann.get("/healthz/alive")[0] == 200


class TestSessions:
    def test_a_strangers_session_opens_nothing(
        self, app: App, ann: Stranger, bob: Stranger, cracked: Path
    ) -> None:
        data = [[file(ann.upload(cracked))], "cae-asphalt", None, "", None, None, "s" * 40]
        messages = ann.join(app, "run", data[0], data[1], None, *data[2:])
        assert messages[-2]["success"], messages
        event = {"fn_index": 0, "data": [], "session_hash": ann.session, "event_id": "x"}
        for path, body in (
            ("/gradio_api/queue/join", event),
            ("/gradio_api/cancel", event),
            (f"/gradio_api/queue/data?session_hash={ann.session}", None),
            (f"/gradio_api/heartbeat/{ann.session}", None),
        ):
            status, text, _ = bob.ask(path, body)
            assert status == 404 and "another visitor" in text, path

    def test_a_file_that_was_not_uploaded_is_not_opened(
        self, app: App, ann: Stranger, cracked: Path
    ) -> None:
        for path in (str(cracked), "/etc/passwd", "../../etc/passwd"):
            for given in (file(path), {"path": path, "orig_name": "x.png"}):
                messages = ann.join(
                    app, "run", [given], "cae-asphalt", None, None, "", None, None, ""
                )
                assert not messages[-2]["success"]
                assert "/" not in json.dumps(messages[-2]["output"])

    def test_a_session_for_each_call_ends_nobody_elses(
        self, app: App, ann: Stranger, bob: Stranger
    ) -> None:
        ann.join(app, "find", "x" * 40, "")
        assert ann.session in app.sessions.session_data
        before, app.sessions.capacity = app.sessions.capacity, 5
        try:
            opened = [uuid4().hex for _ in range(12)]
            for session in opened:
                bob.join(app, "find", "x" * 40, "", session=session)
            kept = list(app.sessions.session_data)
        finally:
            app.sessions.capacity = before
        assert ann.session in kept and len(kept) == 5
        assert opened[-1] in kept and opened[0] not in kept

    def test_a_file_at_an_address_is_not_fetched(self, ann: Stranger) -> None:
        status, text, _ = ann.get("/gradio_api/file=https://evil.example/a.jpg")
        assert status == 400 and "the server fetches none" in text

    def test_views_of_the_same_photo_are_not_found_by_their_names(
        self, app: App, ann: Stranger, bob: Stranger, cracked: Path
    ) -> None:
        for who in (ann, bob):
            given = [file(who.upload(cracked))]
            who.join(app, "run", given, "other", None, None, "", None, None, "s" * 40)
        shown = [path.name for path in app.bench.scratch.rglob("photo-*.jpg")]
        assert len(set(shown)) == len(shown) >= 2

    @pytest.mark.parametrize("address", ["http://127.0.0.1:1/x.png", "//evil.example/x", "ftp://x"])
    def test_the_server_fetches_no_address(self, app: App, ann: Stranger, address: str) -> None:
        [refusal] = ann.join(
            app, "run", [file(address)], "cae-asphalt", None, None, "", None, None, ""
        )
        assert "the server fetches none" in refusal["detail"]

    def test_what_one_has_scored_says_nothing_to_the_other(
        self, app: App, ann: Stranger, bob: Stranger, cracked: Path
    ) -> None:
        passes = app.bench.scored_count
        for who in (ann, bob, bob):
            given = [file(who.upload(cracked))]
            who.join(app, "run", given, "other", None, None, "", None, None, "s" * 40)
        assert app.bench.scored_count == passes + 2
