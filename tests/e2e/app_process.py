"""The app as a process of its own."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def up(process: subprocess.Popen[str]) -> str:
    """The address, once it is served."""
    assert process.stdout is not None
    return next(filter(None, (re.search(r"http://\S+", line) for line in process.stdout)))[0]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
