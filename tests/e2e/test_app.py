"""The command that starts the app, as a new user gives it."""

import json
import signal
import socket
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.e2e.app_process import free_port, started, up

pytestmark = pytest.mark.processes


def test_the_app_serves_its_page_from_any_folder_and_cleans_up(tmp_path: Path) -> None:
    with started(tmp_path, "--port", str(free_port())) as process:
        url = up(process)
        page = urlopen(f"{url}/config").read().decode()
        assert "data-example='asphalt-crack.jpg'" in page
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    assert list(tmp_path.glob("crackdemo-*")) == []


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        with started(tmp_path, "--port", port) as process:
            _, told = process.communicate(timeout=120)
    assert process.returncode == 2
    assert f"port {port} of 127.0.0.1 is taken" in told
    assert "Traceback" not in told


def upload(url: str) -> str:
    """A file's place on the server."""
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\nphoto'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    request = Request(f"{url}/gradio_api/upload", body + b"\r\n--x--\r\n", kind)
    return str(json.load(urlopen(request))[0])


def half_an_upload(url: str) -> socket.socket:
    """A connection in the middle of a file."""
    host, port = url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 90000\r\n"
    head += "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
    head += 'Content-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    connection.sendall(head.encode() + bytes(40_000))
    return connection


def test_nothing_is_left_when_the_app_is_asked_to_end(tmp_path: Path) -> None:
    with started(tmp_path, "--port", str(free_port())) as process:
        url = up(process)
        place = Path(upload(url))
        assert place.is_file() and place.is_relative_to(tmp_path)
        with half_an_upload(url):
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
    assert list(tmp_path.glob("crackdemo-*")) == [] and not place.exists()


def test_what_a_killed_app_left_is_gone_with_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "crackdemo-mine").mkdir()
    with started(tmp_path, "--port", str(free_port())) as process:
        url = up(process)
        place = Path(upload(url))
        with half_an_upload(url):
            process.kill()
            process.wait(timeout=60)
    assert place.is_file()
    with started(tmp_path, "--port", str(free_port())) as process:
        up(process)
        assert not place.exists()
        [mine, own] = sorted(
            tmp_path.glob("crackdemo-*"), key=lambda path: path.name != "crackdemo-mine"
        )
        assert mine.name == "crackdemo-mine" and own.is_dir()


def test_a_host_of_another_name_is_refused(tmp_path: Path) -> None:
    """A website whose name leads to this machine would have the rights of the page."""
    with started(tmp_path, "--port", str(free_port()), "--names", "cracks.example") as process:
        url = up(process)
        for host, status in (("evil.example", 400), ("cracks.example", 200), ("localhost:1", 200)):
            try:
                answer = urlopen(Request(url, headers={"Host": host})).status
            except HTTPError as error:
                answer = error.code
            assert answer == status, host


def test_who_opens_the_app_to_the_network_is_told_what_that_means(tmp_path: Path) -> None:
    port = str(free_port())
    with started(tmp_path, "--port", port, "--host", "0.0.0.0") as process:
        up(process)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert "without a login" in told and "--auth FILE" in told
