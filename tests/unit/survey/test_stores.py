"""Bytes of photos from a disk and from the web, and what is said where there are none."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("ray")

from crackdemo.errors import PhotoError, SurveyError
from crackdemo.photos.images import MAX_FILE_MB
from crackdemo.survey.stores import is_address, listed, read_bytes

PIECE, LARGE = 1 << 16, 40
NOWHERE = "s3://key:secret@bucket{}?endpoint_override=127.0.0.1:9&scheme=http&region=here"


@pytest.fixture
def web() -> Iterator[str]:
    """A server that has /photo.jpg and /large.jpg, which it sends in pieces and without a length,
    refuses /closed.jpg and breaks off at /cut.jpg."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/lying.jpg":  # sends more than it says
                self.send_response(200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"photo" + bytes(300_000))
                return
            if self.path == "/large.jpg":
                self.send_response(200)
                self.end_headers()
                for _ in range(LARGE if self.command == "GET" else 0):
                    self.wfile.write(bytes(PIECE))
                return
            page = self.path.partition("?")[0]
            status = {"/photo.jpg": 200, "/cut.jpg": 200, "/closed.jpg": 403}.get(page, 404)
            self.send_response(status)
            self.send_header("Content-Length", "100" if page == "/cut.jpg" else "5")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(b"photo")

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def refusal(place: str) -> str:
    with pytest.raises(PhotoError) as error:
        read_bytes(place, "a.jpg")
    return str(error.value)


def test_a_path_is_no_address() -> None:
    assert is_address("s3://bucket/a") and is_address("https://host/a")
    assert not is_address("C:/photos") and not is_address("folder/a.jpg")


def test_a_file_is_read_and_a_missing_one_said(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"photo")
    assert read_bytes(str(tmp_path / "a.jpg"), "a.jpg") == b"photo"
    assert refusal(str(tmp_path / "b.jpg")).startswith("a.jpg was not found")
    assert "could not be fetched" in refusal(str(tmp_path))


def test_of_a_file_that_is_too_large_a_byte_more_than_allowed_is_read(tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(MAX_FILE_MB * 1_000_000 + 1000)
    assert len(read_bytes(str(tmp_path / "a.jpg"), "a.jpg")) == MAX_FILE_MB * 1_000_000 + 1


def test_the_web_is_read(web: str) -> None:
    pytest.importorskip("aiohttp")
    assert read_bytes(f"{web}/photo.jpg", "a.jpg") == b"photo"
    assert len(read_bytes(f"{web}/large.jpg", "a.jpg")) == PIECE * LARGE


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("gone.jpg", "was not found; check"),
        ("closed.jpg", "the server says 403 Forbidden"),
        ("cut.jpg", "could not be fetched"),
    ],
)
def test_dead_links_are_a_sentence_without_the_address(web: str, page: str, words: str) -> None:
    pytest.importorskip("aiohttp")
    said = refusal(f"{web}/{page}?token=secret")
    assert said.startswith("a.jpg ") and said.endswith(".") and words in said
    assert "secret" not in said and "://" not in said


def test_a_server_that_sends_more_than_it_says_costs_a_line_at_most(web: str) -> None:
    pytest.importorskip("aiohttp")
    for _ in range(2):
        try:
            assert read_bytes(f"{web}/lying.jpg", "a.jpg") == b"photo"
        except PhotoError as error:
            assert len(str(error)) < 300 and "\n" not in str(error)


def test_a_server_that_is_not_there_is_a_sentence() -> None:
    pytest.importorskip("aiohttp")
    assert "could not be fetched" in refusal("http://127.0.0.1:9/a.jpg")


def test_a_store_that_is_not_there_is_a_sentence_without_secrets() -> None:
    assert "could not be fetched" in refusal(NOWHERE.format("/a.jpg"))
    with pytest.raises(SurveyError) as error:
        list(listed(NOWHERE.format("/folder")))
    assert "“bucket/folder” cannot be listed" in str(error.value)
    assert "secret" not in str(error.value)
