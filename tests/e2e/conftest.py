"""What every end-to-end test can have: one browser, and for each file a page that is served."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.e2e.app_server import App, running_app
from tests.e2e.viewer_harness import CHROMIUM, chromium
from tests.e2e.visitor import SavePhoto, Visitor, visit
from tests.hub_standin import HubStandIn


@pytest.fixture(scope="session", autouse=True)
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where gradio keeps what visitors bring: a folder of this process, as in `app.py`; else the
    pages of two runs of the tests would clear each other's away."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def hub(tiny_checkpoint: Path) -> Iterator[HubStandIn]:
    """It has the weights `owner/cracks` and lets `me` publish."""
    with HubStandIn() as hub:
        files = {file.name: file.read_bytes() for file in tiny_checkpoint.iterdir()}
        hub.add_repo("owner/cracks", files)
        hub.add_token("hf_write", ["me"])
        yield hub


@pytest.fixture(scope="module")
def app(
    tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path, hub: HubStandIn
) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("app")
    more = {"endpoint": hub.endpoint, "runs": folder / "runs"}
    with running_app(folder, tiny_checkpoint, **more) as app:
        yield app
        assert app.bench.jobs is not None
        for job in app.bench.jobs.jobs():
            app.bench.jobs.cancel(job.name)


@pytest.fixture
def visitor(browser: Browser, app: App) -> Iterator[Visitor]:
    with visit(browser, app.url) as visitor:
        yield visitor


@pytest.fixture
def cracked(tmp_path: Path, save_photo: SavePhoto) -> Path:
    """One photo: a dark line on noise."""
    return save_photo(tmp_path / "road.png")


@pytest.fixture
def survey(tmp_path: Path) -> list[Path]:
    """Ten photos of a line and a short one, each elsewhere and in a size of its own."""
    photos = []
    for i in range(10):
        noise = np.random.default_rng(i).normal(150, 12, (60 + i, 90 - i, 3)).clip(0, 255)
        lined = cv2.line(noise.astype(np.uint8), (5, 5 + 5 * i), (70, 50 - 4 * i), (40, 40, 40), 3)
        lined[-6:-3, -20:-10] = 40
        photos.append(tmp_path / f"km {i}.png")
        cv2.imwrite(str(photos[-1]), lined)
    return photos
