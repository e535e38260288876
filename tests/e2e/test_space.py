"""The Space as a stranger meets it: sent to the stand-in of the Hub, and started from what is
there."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from huggingface_hub import HfApi
from huggingface_hub.repocard import metadata_load

from deploy.space import main
from tests.e2e.app_process import free_port
from tests.hub_standin import HubStandIn

TOKEN = "hf_a_token_that_may_write"


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """What the Hub would check out."""
    folder = tmp_path / "space"
    with HubStandIn() as hub:
        hub.add_token(TOKEN, ["owner"])
        assert main(["owner/cracks"], HfApi(endpoint=hub.endpoint, token=TOKEN), str) == 0
        for name, data in hub.repos["spaces/owner/cracks"].files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def url(space: Path, tmp_path: Path) -> Iterator[str]:
    """As the Hub starts it, but without a login, which would ask the Hub's own."""
    port = free_port()
    words = {
        "SPACE_ID": "owner/cracks",
        "CRACKDEMO_ARGS": f"--host 127.0.0.1 --port {port}",
        "TMPDIR": str(tmp_path),
    }
    app = metadata_load(space / "README.md")["app_file"]
    process = subprocess.Popen(
        [sys.executable, app],
        cwd=space,
        env={**os.environ, **words},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    assert process.wait(timeout=60) == 0


def is_ready(url: str) -> bool:
    try:
        return json.load(urlopen(f"{url}/healthz"))["ready"]
    except URLError:
        return False


@pytest.mark.processes
def test_what_was_sent_runs(url: str) -> None:
    while not is_ready(url):
        time.sleep(0.2)
    page = urlopen(url)
    assert "https://huggingface.co" in page.headers["Content-Security-Policy"]
    assert b"crackdemo" in page.read()
