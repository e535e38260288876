"""Somebody who speaks plain HTTP to a server, as a page or as a program."""

import json
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4


class Served(Protocol):
    """Where an app is."""

    @property
    def url(self) -> str: ...


class Stranger:
    """Somebody who speaks HTTP, with or without the cookie of a page."""

    def __init__(self, app: Served, has_page: bool = True) -> None:
        self.url = app.url.rstrip("/")
        self.session = uuid4().hex
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar()),
            urllib.request.ProxyHandler({}),
        )
        if has_page:
            self.get("/")

    def ask(self, path: str, data: Any = None, **headers: str) -> tuple[int, str, dict[str, str]]:
        """Status, text and headers of an answer."""
        request = urllib.request.Request(self.url + path, headers=headers)
        if data is not None:
            is_raw = isinstance(data, bytes)
            request.data = data if is_raw else json.dumps(data).encode()
            if not is_raw:
                request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=600) as answer:
                return answer.status, answer.read().decode(errors="replace"), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace"), dict(error.headers)

    def get(self, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
        return self.ask(path, None, **headers)

    def upload(self, photo: Path, name: str = "road.png") -> str:
        """Its place on the server."""
        edge = uuid4().hex
        head = f'Content-Disposition: form-data; name="files"; filename="{name}"'
        body = f"--{edge}\r\n{head}\r\nContent-Type: image/png\r\n\r\n".encode()
        body += photo.read_bytes() + f"\r\n--{edge}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        status, text, _ = self.ask("/gradio_api/upload", body, **kind)
        assert status == 200, text
        return str(json.loads(text)[0])

    def call(self, endpoint: str, *data: Any) -> tuple[int, str]:
        """Status, and the event's id or a refusal."""
        asked = {"data": data, "session_hash": self.session}
        status, text, _ = self.ask(f"/gradio_api/call/{endpoint}", asked)
        return status, json.loads(text).get("event_id", text)

    def answer(self, endpoint: str, event: str) -> str:
        """What the server says at last."""
        return self.get(f"/gradio_api/call/{endpoint}/{event}")[1]

    def join(self, app: Served, name: str, *data: Any, session: str | None = None) -> list[Any]:
        """All messages of one of the page's private events."""
        return self.send(index_of(app, name), list(data), session or self.session)

    def send(self, index: int, data: list[Any], session: str) -> list[Any]:
        """All messages of an event by its number."""
        event = {"fn_index": index, "data": data, "session_hash": session}
        status, text, _ = self.ask("/gradio_api/queue/join", event)
        if status != 200:
            return [json.loads(text)]
        stream = self.get(f"/gradio_api/queue/data?session_hash={session}")[1]
        return [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]


def index_of(app: Served, name: str) -> int:
    """Of the first of the page's events that a function of this name answers."""
    with urllib.request.urlopen(app.url.rstrip("/") + "/config") as answer:
        events = json.load(answer)["dependencies"]
    return next(event["id"] for event in events if event["api_name"] == name)


def file(path: str) -> dict[str, Any]:
    return {"path": path, "orig_name": "road.png", "meta": {"_type": "gradio.FileData"}}
