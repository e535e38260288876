"""The command that starts the app, as a new user gives it."""

import re
import signal
import socket
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.e2e.app_process import free_port, started

pytestmark = pytest.mark.processes


def test_the_app_serves_its_page_from_any_folder_and_cleans_up(tmp_path: Path) -> None:
    with started(tmp_path, "--port", str(free_port())) as process:
        assert process.stdout is not None
        url = next(filter(None, (re.search(r"http://\S+", line) for line in process.stdout)))[0]
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
