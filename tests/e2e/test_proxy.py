"""The app behind the proxy of compose.yaml; Caddy itself where it is installed."""

import json
import os
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
import yaml

from crackdemo.ui.limits import Limits
from crackdemo.ui.options import read_options
from tests.e2e.app_process import free_port, started

ROOT = Path(__file__).parents[2]
CADDYFILE = (ROOT / "deploy" / "Caddyfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
ANYBODY = ssl._create_unverified_context()  # the proxy's own certificate
UPSTREAM = "dynamic a app 7860"


def test_the_services_fit_together(tmp_path: Path) -> None:
    app, proxy = COMPOSE["services"]["app"], COMPOSE["services"]["proxy"]
    assert "ports" not in app  # else FORWARDED_ALLOW_IPS would let everybody make up an address
    assert (ROOT / app["build"] / "Dockerfile").is_file()
    mounted = [volume.split(":") for volume in app["volumes"] + proxy["volumes"]]
    assert {name for name, *_ in mounted if name[0] != "."} == COMPOSE["volumes"].keys()
    assert all((ROOT / name).is_file() for name, *_ in mounted if name[0] == ".")
    dockerfile = (ROOT / "Dockerfile").read_text()
    [volumes], [port] = (
        re.findall(rf"^{word} (.*)$", dockerfile, re.MULTILINE) for word in ("VOLUME", "EXPOSE")
    )
    assert {folder for _, folder, *_ in mounted} >= set(volumes.split())
    assert UPSTREAM.endswith(f" {port}") and UPSTREAM in CADDYFILE
    assert "HEALTHCHECK" in dockerfile  # of which the proxy waits for the answer


def test_the_apps_words_are_known(tmp_path: Path) -> None:
    people = tmp_path / "people"
    people.write_text("ann:secret\n")
    words = [
        word.replace("/run/secrets/people", str(people)).replace(
            "${CRACKDEMO_HOST:-localhost}", "c.example"
        )
        for word in COMPOSE["services"]["app"]["command"]
    ]
    options = read_options(words, {})
    assert options.logins == (("ann", "secret"),)
    assert options.names is not None and "c.example" in options.names


def test_the_proxy_takes_as_much_as_the_app() -> None:
    [size] = re.findall(r"max_size (\d+)GB", CADDYFILE)
    assert int(size) * 1_000 == Limits().request_mb


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The app behind Caddy, which takes 1 MB here."""
    if shutil.which("caddy") is None:
        pytest.skip("no Caddy on this machine")
    port, own = free_port(), free_port()
    ports = f"http_port {free_port()}\nhttps_port {own}"
    top = f"{{\nadmin off\nskip_install_trust\n{ports}\n}}\n"
    file = tmp_path / "Caddyfile"
    file.write_text(top + CADDYFILE.replace(UPSTREAM, f"to 127.0.0.1:{port}").replace("4GB", "1MB"))
    environment = {**os.environ, "CRACKDEMO_HOST": "localhost", "HOME": str(tmp_path)}
    proxy = subprocess.Popen(
        ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"],
        env={**environment, "XDG_DATA_HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with started(tmp_path, "--port", str(port)):
            yield f"https://localhost:{own}"
    finally:
        proxy.terminate()
        proxy.wait()


def is_ready(url: str) -> bool:
    try:
        return json.load(urlopen(f"{url}/healthz", context=ANYBODY))["ready"]
    except URLError:
        return False


def upload(url: str, size: int) -> int:
    """The answer's status."""
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    body += b"0" * size + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Origin": url}
    try:
        request = Request(f"{url}/gradio_api/upload", body, headers)
        return urlopen(request, context=ANYBODY).status
    except HTTPError as refusal:
        return refusal.code


@pytest.mark.processes
def test_the_page_comes_through_with_tls_and_large_uploads_do_not(url: str) -> None:
    while not is_ready(url):
        time.sleep(0.2)
    page = urlopen(url, context=ANYBODY)
    assert b"crackdemo" in page.read()
    assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert upload(url, 900_000) == 200
    assert upload(url, 1_100_000) in (413, 502)  # the latter is Caddy 2.6's
