"""The command that starts the app, as a new user gives it."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

APP = Path(__file__).parents[2] / "app.py"


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The app as a process of its own, with another folder than the project's as current one."""
    process = subprocess.Popen(
        [sys.executable, "-u", str(APP), "--runs", str(folder / "runs"), *arguments],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_the_app_serves_its_page_from_any_folder_and_cleans_up(tmp_path: Path) -> None:
    with started(tmp_path, "--port", str(free_port())) as process:
        assert process.stdout is not None
        url = next(filter(None, (re.search(r"http://\S+", line) for line in process.stdout)))[0]
        page = urlopen(f"{url}/config").read().decode()
        example = re.search(r"[^\"]*/file=[^\"]*asphalt-crack\.jpg", page)
        assert example is not None
        assert urlopen(example[0]).read(3) == b"\xff\xd8\xff"
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
