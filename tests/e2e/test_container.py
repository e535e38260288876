"""The Dockerfile's steps, followed by hand where no container engine runs; and the lock."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from packaging.requirements import Requirement

from tests.e2e.app_process import free_port

ROOT = Path(__file__).parents[2]
STEPS = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()


def words(step: str) -> list[list[str]]:
    """What follows a step's name, each time it stands there."""
    return [line.split()[1:] for line in STEPS if line.startswith(f"{step} ")]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What the container's folder would hold."""
    folder = tmp_path / "image"
    folder.mkdir()
    for *sources, target in words("COPY"):
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, folder / target)
            else:
                shutil.copy(ROOT / source, folder / target)
    return folder


@pytest.fixture
def url(image: Path, tmp_path: Path) -> Iterator[str]:
    """Of the entry point, with volumes and a port of this machine's."""
    [line] = [line for line in STEPS if line.startswith("ENTRYPOINT ")]
    command = json.loads(line.removeprefix("ENTRYPOINT "))
    volumes = {name: str(tmp_path / name.strip("/")) for name in words("VOLUME")[0]}
    port = str(free_port())
    process = subprocess.Popen(
        [sys.executable, *(volumes.get(word, word) for word in command[1:]), "--port", port],
        cwd=image,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    assert process.wait(timeout=60) == 0


@pytest.mark.processes
def test_the_image_runs_and_tells_that_it_is_ready(url: str) -> None:
    [line] = [line for line in STEPS if line.startswith("HEALTHCHECK ")]
    *_, code = json.loads(line[line.index("[") :])
    check = code.replace("http://127.0.0.1:7860", url)
    while subprocess.run([sys.executable, "-c", check], capture_output=True).returncode:
        time.sleep(0.2)
    assert json.load(urlopen(f"{url}/healthz")) == {"alive": True, "ready": True}
    assert b"crackdemo" in urlopen(url).read()


def test_nobody_runs_as_root_and_nothing_else_is_sent() -> None:
    [[user]] = words("USER")
    assert user not in ("root", "0")
    names = [line.partition(" ")[0] for line in STEPS]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert "RUN" not in names[names.index("USER") :]
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    assert sent == {source for *sources, _ in words("COPY") for source in sources}


def test_every_requirement_has_a_tested_version() -> None:
    lock = dict(
        line.split("==")
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if not line.startswith("#")
    )
    for line in filter(None, (ROOT / "requirements.txt").read_text().splitlines()):
        asked = Requirement(line)
        assert lock[asked.name] in asked.specifier, asked.name
