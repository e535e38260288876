"""An agent's real client at the real app."""

import asyncio
import base64
import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import cv2
import numpy as np
import pytest

pytest.importorskip("mcp")

from httpx import AsyncClient
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, SHIPPED
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.rle import decode
from crackdemo.photos.images import read_photo
from tests.e2e.app_process import free_port, started
from tests.e2e.stranger import Stranger

pytestmark = pytest.mark.processes
DOCS = Path(__file__).parents[2] / "docs" / "api.md"


SPECK = "data:image/png;base64,QUJD"


class Served:
    """Where an app is."""

    def __init__(self, url: str) -> None:
        self.url = url


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    port, folder = free_port(), tmp_path_factory.mktemp("app")
    with started(folder, "--port", str(port), "--mcp"):
        yield ready(f"http://127.0.0.1:{port}")


def ready(url: str) -> Served:
    while True:
        try:
            urlopen(f"{url}/healthz").close()
            return Served(url)
        except URLError:
            time.sleep(0.2)


def talk(url: str, ask: Callable[[ClientSession], Any], **headers: str) -> Any:
    async def session() -> Any:
        async with (
            streamable_http_client(f"{url}/mcp", http_client=AsyncClient(headers=headers)) as (
                reading,
                writing,
                _,
            ),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            return await ask(session)

    # in a thread of its own: while a browser is open, this one has a loop already
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(session())).result()


def call(app: Served, tool: str, **arguments: Any) -> Any:
    return talk(app.url, lambda session: session.call_tool(tool, arguments))


@pytest.fixture
def road(tmp_path: Path, save_photo: Callable[[Path], Path]) -> Path:
    return save_photo(tmp_path / "road.png")


def data_url(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def own_mask(road: Path) -> np.ndarray:
    checkpoint = load_checkpoint(SHIPPED / DEFAULT_WEIGHTS)
    heatmap = checkpoint.detector().detect(read_photo(road)).heatmap
    return cut_mask(heatmap, checkpoint.config.mask)


def test_there_are_three_tools_and_no_more(app: Served) -> None:
    tools = talk(app.url, lambda session: session.list_tools()).tools
    assert {tool.name for tool in tools} == {"inspect", "evaluate", "submit"}
    assert all(tool.description for tool in tools)


def test_inspect_gives_the_report_and_the_mask_that_python_gives(app: Served, road: Path) -> None:
    answer = call(app, "inspect", photo=data_url(road.read_bytes(), "image/png"))
    report, mask = answer.content
    told = json.loads(report.text)
    assert told["api"] == 1 and told["weights"] == DEFAULT_WEIGHTS
    pixels = np.frombuffer(base64.b64decode(mask.data), np.uint8)
    seen = cv2.imdecode(pixels, cv2.IMREAD_UNCHANGED)
    assert np.array_equal(seen > 0, own_mask(road) > 0)


def test_an_uploaded_photo_is_inspected_with_other_settings(app: Served, road: Path) -> None:
    path = Stranger(app, has_page=False).upload(road)
    answer = call(app, "inspect", photo=path, settings={"threshold": 1.0}, mm_per_px=0.5)
    assert json.loads(answer.content[0].text)["components"] == 0


def test_evaluate_gives_figures(app: Served, road: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.write(road, "images/a.png")
        mask = cv2.imencode(".png", own_mask(road).astype(np.uint8) * 255)[1].tobytes()
        archive.writestr("masks/a.png", mask)
        archive.writestr("masks/note.txt", b"no photo")
    answer = call(app, "evaluate", photos=[data_url(data.getvalue(), "application/zip")])
    report = json.loads(answer.content[0].text)
    assert report["metrics"]["pixel_f1"] == 1.0
    assert any("note.txt" in note for note in report["notes"])


def test_submit_gives_the_file(app: Served, road: Path) -> None:
    sample = data_url(b"file,crack\n", "text/csv")
    url = data_url(road.read_bytes(), "image/png")
    answer = call(app, "submit", photos=[url], sample=sample)
    report, file = answer.content
    assert "1 row" in json.loads(report.text)["summary"]
    header, line = file.text.splitlines()
    assert header == "file,crack"
    mask = own_mask(road)
    assert np.array_equal(decode(line.partition(",")[2], mask.shape), mask)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"photo": "http://127.0.0.1/a.png"}, "was not uploaded here"),
        ({"photo": "/etc/passwd"}, "was not uploaded here"),
        ({"photo": "data:image/png;base64,QUJD"}, "0.png"),
        ({"photo": "data:image/png;base64,QUJD", "weights": "no such"}, "There are no weights"),
        ({}, "photo is missing"),
        ({"photo": 7}, "photo must be a text, but is 7."),
        ({"photo": "", "mm_per_px": "wide"}, "mm_per_px must be a number, but is 'wide'."),
        ({"photo": "", "settings": [1]}, "settings must be an object of settings"),
        ({"photo": SPECK, "settings": {"opening": "wide"}}, "opening must be a whole number"),
        ({"photo": SPECK, "settings": {"opening": [3]}}, "opening must be a whole number"),
        ({"photo": SPECK, "mm_per_px": 1e308}, "mm_per_px must be at most 1000000"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    app: Served, arguments: dict[str, Any], told: str
) -> None:
    answer = call(app, "inspect", **arguments)
    assert answer.isError
    assert told in answer.content[0].text
    assert not re.search(r"/tmp|https:|\n", answer.content[0].text)


def test_other_websites_and_large_bodies_are_refused(app: Served) -> None:
    stranger = Stranger(app, has_page=False)
    status, _, _ = stranger.ask("/mcp", {}, Origin="http://elsewhere.example")
    assert status == 403
    status, text, _ = stranger.ask("/mcp", b"x" * 8_000_001)
    assert status == 413 and "8,000,000 bytes" in text


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """People may ask for 3 photos in a minute each."""
    port, folder = free_port(), tmp_path_factory.mktemp("few")
    (folder / "people").write_text("ann:secret\nbob:secret\neve:secret\n")
    limits = ["--per-minute", "3", "--auth", str(folder / "people")]
    with started(folder, "--port", str(port), "--mcp", *limits):
        yield ready(f"http://127.0.0.1:{port}")


def login(name: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:secret".encode()).decode()}


def test_with_auth_agents_log_in(few: Served) -> None:
    status, text, _ = Stranger(few, has_page=False).ask("/mcp", {})
    assert status == 401 and "HTTP Basic" in text
    tools = talk(few.url, lambda session: session.list_tools(), **login("ann")).tools
    assert len(tools) == 3


def test_whoever_guesses_passwords_at_the_page_has_an_end(few: Served) -> None:
    stranger = Stranger(few, has_page=False)
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    def told(password: str) -> tuple[int, str]:
        status, text, _ = stranger.ask(
            "/login", f"username=ann&password={password}".encode(), **form
        )
        return status, text

    assert told("secret")[0] == 200  # a right one costs nothing
    assert [told(f"wrong{number}")[0] for number in range(10)] == [400] * 10
    status, text = told("wrong")
    assert status == 429 and "10 wrong passwords" in text
    assert told("secret") == (status, text)


def test_each_login_has_a_minutes_photos_whatever_the_cookie(few: Served) -> None:
    def several(session: ClientSession) -> Any:
        async def asking() -> list[str]:
            for _ in range(5):
                await session.list_tools()
            calls = [await session.call_tool("inspect", {"photo": "no"}) for _ in range(4)]
            return [call.content[0].text for call in calls]

        return asking()

    _, _, page = Stranger(few, has_page=False).get("/")
    cookie = page["set-cookie"].partition(";")[0]
    told = talk(few.url, several, Cookie=cookie, **login("ann"))
    assert all("was not uploaded here" in each for each in told[:3])
    assert "3 photos in a minute" in told[3]
    assert "was not uploaded here" in talk(few.url, several, **login("bob"))[0]


@pytest.mark.parametrize("tool", ["evaluate", "submit"])
def test_a_call_is_charged_by_its_photos(few: Served, road: Path, tool: str) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(4):
            archive.write(road, f"cracked/{number}.png")
    arguments = {"photos": [data_url(data.getvalue(), "application/zip")]}
    answer = talk(few.url, lambda session: session.call_tool(tool, arguments), **login("eve"))
    assert answer.isError and "3 photos in a minute" in answer.content[0].text


def test_the_documented_example_runs_as_it_stands(
    app: Served, road: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [code] = re.findall(r"```python mcp\n(.*?)```", DOCS.read_text(), re.DOTALL)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(exec, code, {"URL": app.url, "PHOTO": road}).result()
    assert '"api": 1' in capsys.readouterr().out
