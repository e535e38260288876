"""A fit from the page, in a real browser, and through the API, in a real client."""

import time
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from gradio_client import Client
from playwright.sync_api import Browser, Page, Route, expect

from crackdemo.photos.images import read_mask, read_photo, write_png
from tests.e2e.app_server import App, running_app
from tests.e2e.visitor import Visitor, without_largest
from tests.hub_standin import HubStandIn

pytestmark = pytest.mark.processes

PATIENCE = 120_000
"""Milliseconds until a fit must be done: the machine may be busy."""
TINY = {
    "quality_tiles": 0,
    "tile_size": 32,
    "source_size": 64,
    "batch_size": 2,
    "steps_per_epoch": 2,
    "epochs": 3,
}
NETWORK = {"channels": [4, 8]}


def open_tab(page: Page, app: App) -> None:
    page.goto(app.url)
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#start-fit")).to_be_visible()


def open_advanced(page: Page) -> None:
    tile = page.locator("#fit-tile")
    if not tile.is_visible():
        page.get_by_role("button", name="Advanced").click()
    expect(tile).to_be_visible()


def choose(page: Page, widget: str, option: str) -> None:
    page.locator(f"#{widget} input").click()
    page.get_by_role("option", name=option).click()


def fill_in(page: Page, name: str, epochs: int, start: str = "untrained weights") -> None:
    """A tiny fit on procedural pavement."""
    page.get_by_label("Procedural pavement").check()
    page.locator("#fit-name").get_by_role("textbox").fill(name)
    page.locator("#fit-length").get_by_label("Epochs").check()
    page.locator("#fit-epochs input").fill(str(epochs))
    open_advanced(page)
    choose(page, "fit-start", start)
    page.locator("#fit-tile input").fill("32")
    for field in ("quality_tiles", "source_size", "batch_size", "steps_per_epoch"):
        page.locator(f"#fit-{field} input").fill(str(TINY[field]))
    page.locator("#fit-channels").get_by_role("textbox").fill("4, 8")


def test_a_fit_started_from_the_page_is_found_again_finishes_and_its_weights_are_in_the_list(
    app: App, hub: HubStandIn, browser: Browser
) -> None:
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    open_tab(page, app)
    fill_in(page, "street", epochs=3)
    page.locator("#start-fit").click()
    expect(page.locator("#fit-said")).to_contain_text("is among the runs", timeout=PATIENCE)
    expect(page.locator("#fit-name").get_by_role("textbox")).to_have_value("")
    page.locator("#fit-name").get_by_role("textbox").fill("street")
    expect(page.locator("#fit-said")).to_be_hidden()
    page.locator("#start-fit").click()
    expect(page.locator("#fault-name")).to_contain_text("take another name", timeout=PATIENCE)
    expect(page.locator("#fault-name")).to_be_in_viewport()  # however far above the button
    page.locator("#fit-name").get_by_role("textbox").fill("street-2")
    expect(page.locator("#fault-name")).to_be_hidden()

    page.reload()
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#runs")).to_contain_text("street · done", timeout=PATIENCE)
    expect(page.locator("#run-detail progress")).to_have_attribute("value", "1.0000")
    expect(page.locator("#run-detail polyline")).to_have_count(2)
    picture = page.locator("#sample img")
    expect(picture).to_have_attribute("alt", "Input, reconstruction, heatmap and mask of three "
                                      "tiles after epoch 3")  # fmt: skip
    page.locator("#sample-epoch input[type=number]").fill("1")
    page.locator("#sample-epoch input[type=number]").press("Enter")
    expect(picture).to_have_attribute("alt", "Input, reconstruction, heatmap and mask of three "
                                      "tiles after epoch 1")  # fmt: skip

    model = page.locator("#push-repo").get_by_role("textbox")
    page.get_by_role("button", name="Publish on the Hugging Face Hub").click()
    model.fill("me/street")
    for token, answer in (
        ("hf_wrong", "does not accept the token"),
        ("hf_write", "Published street:"),
    ):
        page.locator("#push-token input").fill(token)
        page.locator("#push").click()
        expect(page.locator("#push-said")).to_contain_text(answer, timeout=PATIENCE)
        page.get_by_label("With an ONNX file for QGIS").check()
    expect(page.locator("#push-token input")).to_have_value("")
    assert hub.repos["me/street"].private
    assert "onnx/model.onnx" in hub.repos["me/street"].files

    page.get_by_role("tab", name="Inspect").click()
    page.locator("#weights input").click()
    expect(page.get_by_role("option", name="street")).to_be_visible()
    page.close()


def test_dropped_false_alarms_are_learnt_from_with_the_weights_in_use(
    app: App, visitor: Visitor, survey: list[Path], tmp_path: Path
) -> None:
    page = visitor.page
    visitor.score(*survey[:3])
    page.locator("#learn").click()
    expect(page.locator(".toast-body").last).to_contain_text("No false alarm was dropped yet")
    visitor.slide("threshold", 0.2)
    visitor.slide("min-area", 0)
    lefts = {}
    for number in (1, 0):  # each is another one than is on show
        visitor.strip.nth(number).click()
        visitor.sees(visitor.verdict, survey[number].name)
        before = visitor.mask()
        visitor.drop_largest()
        visitor.sees(visitor.verdict, "1 region dropped by hand")
        lefts[survey[number].name] = without_largest(before)
    page.locator("#learn").click()
    link = page.locator("#data-files a[download]")
    expect(link).to_have_count(1)
    with page.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "corrections.zip")
    with ZipFile(tmp_path / "corrections.zip") as archive:
        archive.extractall(tmp_path / "learnt")
    masks = {path.name: read_mask(path) for path in (tmp_path / "learnt" / "masks").iterdir()}
    assert masks.keys() == {"km 0.corrected.png", "km 1.corrected.png"}
    for photo in survey[:2]:
        name = f"{photo.stem}.corrected.png"
        assert np.array_equal(masks[name], lefts[photo.name])
        assert np.array_equal(read_photo(tmp_path / "learnt" / "images" / name), read_photo(photo))
    expect(page.locator("#learning")).to_be_in_viewport()
    expect(page.locator("#learning")).to_contain_text("A fit needs two")
    expect(page.locator("#fit-name input")).to_have_value("cae-asphalt-corrected")
    open_advanced(page)
    expect(page.locator("#fit-start input")).to_have_value("cae-asphalt")

    page.get_by_label("Classifier").check()
    expect(page.locator("#fit-start input")).to_have_value("untrained weights")
    expect(page.locator("#learning")).to_be_hidden()
    page.locator("#fit-family").get_by_label("VAE").check()
    expect(page.locator("#fit-start input")).to_have_value("vae-asphalt")
    page.locator("#data-source").get_by_label("Procedural pavement").check()
    expect(page.locator("#data-files")).to_be_hidden()
    page.get_by_role("tab", name="Inspect").click()
    page.locator("#learn").click()
    expect(page.locator("#fit-family").get_by_label("CAE")).to_be_checked()
    expect(page.locator("#fit-start input")).to_have_value("cae-asphalt")
    expect(link).to_have_count(1)  # the corrections before are not learnt from twice


def test_what_a_fit_starts_from_follows_the_family_and_must_fit_the_network(
    app: App, browser: Browser
) -> None:
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    open_tab(page, app)
    open_advanced(page)
    expect(page.locator("#fit-start input")).to_have_value("cae-asphalt")
    page.locator("#fit-family").get_by_label("VAE").check()
    expect(page.locator("#fit-start input")).to_have_value("vae-asphalt")
    page.locator("#fit-start input").click()
    expect(page.get_by_role("option", name="cae-asphalt")).to_have_count(0)
    page.keyboard.press("Escape")
    fill_in(page, "too-small", 1, start="vae-asphalt")  # of other channels than these weights
    expect(page.locator("#fit-learning_rate input")).to_have_value("0.001")
    page.locator("#start-fit").click()
    expect(page.locator("#fault-settings")).to_contain_text(
        "cannot start from “vae-asphalt”, which is of another family or network", timeout=PATIENCE
    )
    expect(page.locator("#runs")).not_to_contain_text("too-small")

    def learn(weights: str) -> None:
        """As *Learn from false alarms* says it to the tab."""
        page.evaluate("(value) => crackdemo.fields.write('#lesson textarea', value)", weights)

    told = page.locator("#learning")
    learn("*mine* <b>`|1")
    expect(told).to_contain_text("cannot start from *mine* <b>:", timeout=PATIENCE)
    expect(told).to_contain_text("cae-asphalt will learn what you dropped")
    expect(page.locator("#fit-name textarea, #fit-name input")).to_have_value("cae-corrected")
    learn("vae-asphalt|2")
    expect(told).to_contain_text("vae-asphalt will learn what you dropped", timeout=PATIENCE)
    expect(told).not_to_contain_text("cannot start")
    page.close()


def test_a_running_fit_is_cancelled_and_resumed_from_the_page(app: App, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    open_tab(page, app)
    fill_in(page, "long", epochs=5000)
    page.locator("#fit-patience input").fill("5000")
    page.locator("#start-fit").click()
    expect(page.locator("#run-detail .state")).to_have_text("running", timeout=PATIENCE)
    page.locator("#cancel-fit").click()
    expect(page.locator("#run-detail .state")).to_have_text("cancelled", timeout=10_000)
    page.locator("#resume-fit").click()
    expect(page.locator("#run-detail .state")).to_have_text("running", timeout=PATIENCE)
    page.locator("#cancel-fit").click()
    expect(page.locator("#run-detail .state")).to_have_text("cancelled", timeout=10_000)
    page.close()


def test_photos_are_checked_and_nothing_of_them_stays(app: App, browser: Browser) -> None:
    brought = app.bench.scratch / "intake"
    for is_abandoned in (True, False):
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        open_tab(page, app)
        fill_in(page, "looked-at", epochs=3)
        page.locator("#check-data").click()
        found = page.locator("#data-found")
        expect(found).to_contain_text("40 photos, 320 × 320 px", timeout=PATIENCE)
        if not is_abandoned:
            timing = page.locator("#data-timing")
            expect(timing).to_contain_text("A step of", timeout=PATIENCE)
            page.locator("#fit-length").get_by_label("Minutes").check()
            expect(timing).to_be_hidden()
            expect(found).to_be_visible()
            page.locator("#fit-minutes input").fill("-3")
            page.locator("#check-data").click()
            expect(page.locator("#fault-length")).to_contain_text("above 0 and at most")
            page.locator("#fit-minutes input").fill("3")
            page.locator("#fit-minutes input").blur()
            expect(page.locator("#fault-length")).to_be_hidden()
            page.locator("#fit-family").get_by_label("Segmenter").check()
            expect(found).to_be_hidden()
            # made pavement has no masks to learn from
            expect(page.locator("#data-source")).not_to_contain_text("Procedural pavement")
        page.close()
        end = time.monotonic() + PATIENCE / 1000
        while list(brought.iterdir()):
            assert time.monotonic() < end
            time.sleep(0.05)


def test_whoever_waits_for_anothers_check_or_start_is_told_at_once(
    app: App, browser: Browser
) -> None:
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    open_tab(page, app)
    fill_in(page, "waiting", epochs=3)
    held: list[Route] = []

    def hold() -> None:
        page.route("**/queue/join*", lambda route: held.append(route), times=1)

    def let_go() -> None:
        while not held:  # what is said at once comes before it is asked
            page.wait_for_timeout(20)
        held.pop().continue_()

    hold()
    page.locator("#check-data").click()
    expect(page.locator("#data-found")).to_contain_text("Waiting for its turn …")
    let_go()
    expect(page.locator("#data-found")).to_contain_text("40 photos, 320", timeout=PATIENCE)
    expect(page.locator("#data-timing")).to_contain_text("A step of", timeout=PATIENCE)
    page.locator("#fit-name").get_by_role("textbox").fill("../x")
    hold()
    page.locator("#start-fit").click()
    expect(page.locator("#fit-said")).to_contain_text("Starting …")
    let_go()
    expect(page.locator("#fault-name")).to_contain_text("A name is 1 to 60", timeout=PATIENCE)
    expect(page.locator("#fit-said")).to_be_hidden()
    page.close()


def test_names_of_photos_are_shown_as_they_stand(
    app: App, browser: Browser, tmp_path: Path
) -> None:
    name = "**<img src=x onerror=alert(8)>** $a$ [b](c) `d` e_f_ g.png"
    for file in ("#.png", name):
        write_png(tmp_path / file, np.full((96, 96, 3), 120, np.uint8))
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    open_tab(page, app)
    page.locator("#data-source").get_by_label("Upload").check()
    with ZipFile(tmp_path / "photos.zip", "w") as archive:
        for file in ("#.png", name):
            archive.write(tmp_path / file, file)
    page.locator("#data-files input[type=file]").set_input_files(tmp_path / "photos.zip")
    expect(page.locator("#data-files")).to_contain_text("photos.zip", timeout=PATIENCE)
    page.locator("#check-data").click()
    found = page.locator("#data-found")
    expect(found).to_contain_text("1 exact copy is left out", timeout=PATIENCE)
    expect(found).to_contain_text(name)
    expect(found.locator("img, a, code, .katex")).to_have_count(0)
    page.locator("#fit-name").get_by_role("textbox").fill("odd-names")
    page.locator("#start-fit").click()
    expect(page.locator("#fault-data")).to_contain_text(name, timeout=PATIENCE)
    expect(page.locator("#fault-data").locator("img, a, code")).to_have_count(0)
    page.close()


def test_a_check_ends_with_the_photos_that_it_looked_at(app: App, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    open_tab(page, app)
    fill_in(page, "changed", epochs=3)
    found, timing = page.locator("#data-found"), page.locator("#data-timing")
    for _ in range(2):  # the first one's steps are still tried when the second one begins
        page.locator("#check-data").click()
        expect(timing).to_contain_text("Trying a few steps", timeout=PATIENCE)
        page.locator("#data-source").get_by_label("Upload").check()
        expect(found).to_be_hidden()
        page.locator("#check-data").click()
        expect(page.locator("#fault-data")).to_contain_text("no photos yet", timeout=PATIENCE)
        expect(found).to_be_hidden()
        page.get_by_label("Procedural pavement").check()
        expect(page.locator("#fault-data")).to_be_hidden()
    page.locator("#check-data").click()
    expect(timing).to_contain_text("Trying a few steps", timeout=PATIENCE)
    page.locator("#fit-length").get_by_label("Minutes").check()
    expect(timing).to_be_hidden()  # and stays so: it was asked for another length
    page.locator("#fit-minutes input").fill("3")
    page.locator("#check-data").click()
    expect(timing).to_contain_text("3 minutes hold", timeout=PATIENCE)
    page.close()


def test_a_program_starts_watches_and_cancels_a_fit(app: App) -> None:
    client = Client(app.url, verbose=False)
    settings = {"family": "vae", "network": NETWORK, **TINY, "epochs": 5000, "patience": 5000}
    started = client.predict("by-api", "", settings, 0, api_name="/start_fit")
    assert started["state"] in ("queued", "running")
    with pytest.raises(Exception, match="take another name"):
        client.predict("by-api", "", settings, 0, api_name="/start_fit")
    assert client.predict("by-api", api_name="/cancel_fit")["state"] == "cancelled"
    assert client.predict("by-api", api_name="/fit_status")["state"] == "cancelled"
    for family, why in (
        ("classifier", "no labelled photos"),
        ("segmenter", "Too few photos have a mask"),
        ("lane", "family"),
    ):
        with pytest.raises(Exception, match=why):  # made pavement has no labels
            client.predict("by-api-too", "", {"family": family}, 0, api_name="/start_fit")
    crafted: tuple[tuple[Any, Any], ...] = (([], 0), ({}, "5"), ({}, True))
    for given, minutes in crafted:
        with pytest.raises(Exception, match="its settings are an object, and its minutes a number"):
            client.predict("by-api-too", "", given, minutes, api_name="/start_fit")


def test_without_a_folder_for_runs_as_on_a_space_training_is_off(
    tmp_path: Path, tiny_checkpoint: Path
) -> None:
    with running_app(tmp_path, tiny_checkpoint) as app:
        client = Client(app.url, verbose=False)
        with pytest.raises(Exception, match="off here, since all visitors share one machine"):
            client.predict("a", "", {}, 0, api_name="/start_fit")
