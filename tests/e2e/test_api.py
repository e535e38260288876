"""The public endpoint as a program uses it: a real server, a real client."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.measure import measure
from crackdemo.photos.images import read_mask
from crackdemo.ui.api import API_VERSION
from tests.e2e.app_server import App
from tests.plain import plain_mask


@pytest.fixture(scope="module")
def client(app: App, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(app.url, download_files=tmp_path_factory.mktemp("files"), verbose=False)


@pytest.fixture
def crack_photo(tmp_path: Path, save_photo: Callable[[Path], Path]) -> Path:
    return save_photo(tmp_path / "a crack.png")


def test_inspect_gives_the_mask_and_report_that_python_gives(
    app: App, client: Client, crack_photo: Path
) -> None:
    mask, heatmap, reconstruction, report = client.predict(
        photo=handle_file(crack_photo),
        threshold=0.3,
        opening=3,
        min_area=5,
        mm_per_px=0.5,
        api_name="/inspect",
    )
    detection = app.detect(crack_photo)
    expected = cut_mask(detection.heatmap, plain_mask(0.3, opening=3, min_area=5))
    if expected.any() and not expected.all():
        assert np.array_equal(read_mask(Path(mask)), expected)
    assert Path(heatmap).read_bytes()[:4] == Path(reconstruction).read_bytes()[:4] == b"\x89PNG"
    assert report["length_mm"] == measure(expected, None, 0.5).length_mm
    assert report["score"] == pytest.approx(detection.score, abs=1e-6)


def test_what_is_not_said_is_the_weights_own(app: App, client: Client, crack_photo: Path) -> None:
    mask, *_, report = client.predict(photo=handle_file(crack_photo), api_name="/inspect")
    own = load_checkpoint(app.checkpoint()).config.mask
    expected = cut_mask(app.heatmap(crack_photo), own)
    assert expected.any() and np.array_equal(read_mask(Path(mask)), expected)
    assert report["components"] == measure(expected).components


def test_a_disk_that_cannot_be_written_is_said(
    app: App, client: Client, crack_photo: Path, tmp_path: Path
) -> None:
    exports = app.bench.scratch / "exports"
    kept = exports.rename(tmp_path / "exports") if exports.exists() else None
    exports.write_text("in the way")
    try:
        with pytest.raises(AppError, match=r"disk could not do it .*: free some space"):
            client.predict(photo=handle_file(crack_photo), api_name="/inspect")
    finally:
        exports.unlink()
        if kept is not None:
            kept.rename(exports)


def test_inspect_is_documented_with_types(client: Client) -> None:
    endpoint = client.view_api(return_format="dict")["named_endpoints"]["/inspect"]
    names = [parameter["parameter_name"] for parameter in endpoint["parameters"]]
    assert names[:3] == ["photo", "weights", "threshold"]
    assert all(parameter["python_type"]["type"] for parameter in endpoint["parameters"])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"opening": 4}, "odd size"),
        ({"weights": "no such"}, "There are no weights"),
        ({"weights": "/etc"}, "There are no weights"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(
    client: Client, crack_photo: Path, settings: dict[str, object], reason: str
) -> None:
    with pytest.raises(AppError, match=reason):
        client.predict(photo=handle_file(crack_photo), **settings, api_name="/inspect")


@pytest.mark.parametrize(
    "values",
    [
        {"photo": "photo.jpg"},
        {"photo": {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}},
    ],
)
def test_values_of_another_kind_are_refused_in_a_sentence(
    app: App, values: dict[str, object]
) -> None:
    """As a script sends them, which no client of gradio's looks at before."""
    asked = Request(
        f"{app.url}gradio_api/call/v2/inspect",
        json.dumps(values).encode(),
        {"Content-Type": "application/json"},
    )
    with urlopen(asked) as answer:
        event = json.load(answer)["event_id"]
    with urlopen(f"{app.url}gradio_api/call/inspect/{event}") as answer:
        said = answer.read().decode()
    assert "event: error" in said
    assert re.search("not of the kind|not uploaded", said)
    assert "/etc" not in said


def test_a_text_renamed_jpg_is_refused_without_a_path(client: Client, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("no photo at all")
    with pytest.raises(AppError, match=r"notes\.jpg") as refusal:
        client.predict(photo=handle_file(tmp_path / "notes.jpg"), api_name="/inspect")
    assert "/" not in str(refusal.value).replace("and/or", "")


DOCS = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.mark.parametrize("language", ["sh", "python"])
def test_the_documented_examples_run_as_they_stand(
    app: App, save_photo: Callable[[Path], Path], tmp_path: Path, language: str
) -> None:
    [code] = re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(), re.DOTALL)
    url = app.url.rstrip("/")
    save_photo(tmp_path / "photo.jpg")
    if language == "python":
        code = f"URL = {url!r}\n{code}"
    elif shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    command = ["sh", "-ec", code] if language == "sh" else [sys.executable, "-c", code]
    env = {**os.environ, "URL": url}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wanted = '"api": 1' if language == "sh" else f"{API_VERSION} "
    assert wanted in done.stdout and ("event: complete" in done.stdout or language == "python")
