"""What a person does with runs, real and ready-made ones, in a real browser."""

import json
import os
import shutil
import signal
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Browser, Dialog, Page, Route, expect

from crackdemo.runs.folder import EpochReport, RunConfig, RunFolder
from crackdemo.runs.jobs import Jobs
from crackdemo.training.config import FitConfig
from tests.e2e.app_server import App
from tests.e2e.axe import findings
from tests.e2e.stranger import Stranger, index_of
from tests.e2e.visitor import SavePhoto
from tests.hub_standin import HubStandIn
from tests.short_fits import ENDLESS, SETTINGS, has_epochs, is_over, wait_for, weights

pytestmark = pytest.mark.processes

PATIENCE = 120_000
"""Milliseconds until a fit must have come along: the machine may be busy."""
SHORT = 30_000


@pytest.fixture
def jobs(app: App) -> Iterator[Jobs]:
    """The app's runs; none is left over for the next test."""
    assert app.bench.jobs is not None
    yield app.bench.jobs
    for job in app.bench.jobs.jobs():
        app.bench.jobs.cancel(job.name)
        app.bench.jobs.delete(job.name)


@pytest.fixture
def page(app: App, browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.set_default_timeout(SHORT)
    page.goto(app.url)
    yield page
    page.close()


@pytest.fixture
def ready(jobs: Jobs, tiny_checkpoint: Path) -> Callable[..., None]:
    """Makes runs that are done."""

    def make(name: str, loss: float = 0.5, **settings: object) -> None:
        run = RunFolder(jobs.folder / name)
        run.create(RunConfig({**asdict(FitConfig()), **settings}, []))
        shutil.copytree(tiny_checkpoint, run.checkpoint)
        for epoch in (1, 2):
            run.add_metrics(EpochReport(epoch, 2, loss, loss, 0.001, 30.0, True))
        run.write_status("done")

    return make


def open_tab(page: Page) -> None:
    page.get_by_role("tab", name="Train").click()


def take(page: Page, name: str) -> None:
    """Chooses a run from the list."""
    page.locator("#runs").get_by_role("radio", name=name).check()
    expect(page.locator("#runs label.selected")).to_contain_text(name)


def test_a_run_is_renamed_and_deleted_and_the_weights_list_follows(
    jobs: Jobs, ready: Callable[..., None], page: Page
) -> None:
    ready("street")
    ready("yard")
    open_tab(page)
    take(page, "street")
    new_name = page.locator("#new-name").get_by_role("textbox")
    page.get_by_role("button", name="Rename or delete").click()
    for name, answer in (("yard", "take another name"), ("../x", "A name is 1 to 60")):
        new_name.fill(name)
        page.locator("#rename").click()
        expect(page.locator("#name-said")).to_contain_text(answer)
    new_name.fill("road")
    page.locator("#rename").click()
    expect(page.locator("#runs")).to_contain_text("road · done")
    expect(page.locator("#name-said")).to_contain_text("“road” is its name now.")
    expect(page.locator("#name-said")).to_be_in_viewport()
    expect(new_name).to_have_value("")
    assert jobs.finished() == ["road", "yard"]

    asked: list[str] = []

    def decline(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", decline)
    page.locator("#delete").click()
    assert asked == ["Delete the run “road” and its weights?"]
    take(page, "yard")  # the server has answered since
    expect(page.locator("#name-said")).to_be_hidden()
    take(page, "road")
    assert jobs.finished() == ["road", "yard"]
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("#delete").click()
    expect(page.locator("#runs")).not_to_contain_text("road")
    assert jobs.finished() == ["yard"]
    page.reload()  # gradio draws a list wrongly whose options change while it is open
    page.locator("#weights input").click()
    expect(page.get_by_role("option", name="yard")).to_be_visible()
    expect(page.get_by_role("option", name="road")).to_have_count(0)
    for tab, place in (("Tune", "#tune-weights"), ("Submit", "#submit-weights")):
        page.get_by_role("tab", name=tab).click()
        page.locator(f"{place} input").click()
        expect(page.get_by_role("option", name="yard")).to_be_visible()


def test_what_was_typed_for_a_run_that_is_gone_is_not_given_to_another(
    jobs: Jobs, ready: Callable[..., None], page: Page
) -> None:
    ready("street")
    ready("yard")
    open_tab(page)
    take(page, "street")
    page.get_by_role("button", name="Rename or delete").click()
    new_name = page.locator("#new-name").get_by_role("textbox")
    new_name.fill("best")
    jobs.rename("street", "road")  # as another visitor does
    expect(page.locator("#runs-said")).to_contain_text("“street” is no longer there")
    expect(new_name).to_have_value("")
    take(page, "road")
    expect(page.locator("#runs-said")).to_be_hidden()


def test_weights_come_as_a_zip_of_the_run_on_show(
    ready: Callable[..., None], page: Page, tmp_path: Path
) -> None:
    ready("street")
    ready("yard")
    open_tab(page)
    take(page, "street")
    page.locator("#zip").click()
    link = page.locator("#weights-zip a[download]").first
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "weights.zip")
    with zipfile.ZipFile(tmp_path / "weights.zip") as archive:
        parts = {"street/README.md", "street/config.json", "street/model.safetensors"}
        assert set(archive.namelist()) == parts
    take(page, "yard")
    expect(page.locator("#weights-zip")).to_be_hidden()


def test_weights_that_are_gone_meanwhile_are_said_to_be(
    jobs: Jobs, ready: Callable[..., None], page: Page
) -> None:
    ready("street")
    open_tab(page)
    take(page, "street")
    shutil.rmtree(jobs.run_folder("street").checkpoint)
    page.locator("#zip").click()
    expect(page.get_by_text("The run “street” has no weights")).to_be_visible()


def test_the_weights_of_a_run_are_used_in_inspect_at_a_click(
    ready: Callable[..., None], page: Page, tmp_path: Path, save_photo: SavePhoto
) -> None:
    ready("street")
    page.locator("#photos input[type=file]").set_input_files(save_photo(tmp_path / "a.png"))
    expect(page.locator("#verdict")).to_contain_text("a.png")
    open_tab(page)
    take(page, "street")
    page.locator("#use").click()
    expect(page.locator("#weights input")).to_have_value("street")
    expect(page.locator("#weights input")).to_be_visible()


def test_a_run_that_is_done_can_be_started_from(ready: Callable[..., None], page: Page) -> None:
    open_tab(page)
    ready("street")
    page.get_by_role("button", name="Advanced").click()
    page.locator("#fit-start input").click()
    expect(page.get_by_role("option", name="cae-asphalt")).to_be_visible()
    page.get_by_role("option", name="street").click()
    expect(page.locator("#fit-start input")).to_have_value("street")


def test_two_runs_are_compared_in_settings_curves_and_on_the_same_photos(
    ready: Callable[..., None], page: Page, tmp_path: Path, save_photo: SavePhoto
) -> None:
    ready("street", loss=0.5, patience=7)
    ready("yard", loss=0.25, patience=9)
    open_tab(page)
    take(page, "street")
    expect(page.locator("#compare-photos")).to_be_hidden()
    page.locator("#compare input").click()
    page.get_by_role("option", name="yard").click()
    table = page.locator("#run-detail table")
    expect(table.locator("tr", has_text="best validation loss")).to_contain_text("0.50.25")
    expect(table.locator("tr", has_text="patience")).to_contain_text("79")
    expect(page.locator("#run-detail polyline")).to_have_count(4)
    photos = [save_photo(tmp_path / f"{name}.png") for name in "ab"]
    page.locator("#compare-photos input[type=file]").set_input_files(photos)
    views = page.locator("#compare-views")
    expect(views.locator("h4")).to_have_text(["a.png", "b.png"])
    expect(views.locator("img")).to_have_count(16)
    for run in ("street", "yard"):
        expect(views.get_by_alt_text(f"{run}: reconstruction").first).to_be_visible()
    expect(views).to_contain_text("score")
    page.locator("#compare input").click()
    page.get_by_role("option", name="none").click()
    expect(views).to_be_hidden()
    expect(page.locator("#compare-photos")).to_be_hidden()


def test_the_run_that_another_is_compared_with_can_be_chosen(
    ready: Callable[..., None],
    page: Page,
    capfd: pytest.CaptureFixture[str],
) -> None:
    ready("street")
    ready("yard")
    open_tab(page)
    take(page, "street")
    expect(page.locator("#compare input")).to_have_value("none")
    page.locator("#compare input").click()
    page.get_by_role("option", name="yard").click()
    expect(page.locator("#run-detail table")).to_be_visible()
    held: list[Route] = []
    page.route("**/queue/join*", lambda route: held.append(route))
    take(page, "yard")
    expect(page.locator("#compare input")).to_have_value("none")
    expect(page.locator("#run-detail table")).to_be_hidden()
    for late in held:  # what else was asked then comes after the new list of runs
        late.continue_()
    page.wait_for_timeout(1000)
    assert "Traceback" not in capfd.readouterr().err


def test_an_answer_that_comes_late_leaves_the_run_that_was_chosen_meanwhile(
    ready: Callable[..., None], page: Page
) -> None:
    ready("yard")
    ready("street")
    open_tab(page)
    take(page, "street")
    late: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        answer = route.fetch()
        if "lane · done" in answer.text() and not late:
            late.append((route, answer))
        else:
            route.fulfill(response=answer)

    page.route("**/run/predict*", hold)
    ready("lane")
    while not late:
        page.wait_for_timeout(50)
    take(page, "yard")
    ((route, answer),) = late
    route.fulfill(response=answer)
    expect(page.locator("#runs")).to_contain_text("lane · done")
    expect(page.locator("#run-detail")).to_contain_text("yard: validation")
    expect(page.locator("#runs label.selected")).to_contain_text("yard")


@pytest.mark.parametrize(
    "sent",
    [
        ["gone", "gone too", 99],  # as of answers that overtook each other on the way to the page
        [["street"], {"a": 1}, "many"],
        [None, None, float("inf")],
    ],
)
def test_a_page_that_knows_other_runs_than_the_server_is_told_of_all(
    app: App, ready: Callable[..., None], sent: list[object]
) -> None:
    ready("street")
    stranger = Stranger(app)
    asked = {"fn_index": index_of(app, "tick"), "session_hash": stranger.session}
    status, answer, _ = stranger.ask("/gradio_api/run/predict", {**asked, "data": [*sent, None]})
    assert status == 200
    assert "street · done" in json.loads(answer)["data"][0]["choices"][0][0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_runs_beside_each_other_hinder_nobody(
    app: App, browser: Browser, ready: Callable[..., None], scheme: str
) -> None:
    ready("street")
    ready("yard", loss=0.7)
    page = browser.new_page(color_scheme=scheme)
    page.goto(app.url)
    open_tab(page)
    take(page, "street")
    page.locator("#compare input").click()
    page.get_by_role("option", name="yard").click()
    expect(page.locator("#run-detail polyline")).to_have_count(4)
    page.get_by_role("button", name="Rename or delete").click()
    page.get_by_role("button", name="Advanced").click()
    expect(page.locator("#fit-family")).to_be_visible()
    assert findings(page) == []
    page.close()


def test_a_photo_that_cannot_be_read_is_said_where_it_would_be_compared(
    ready: Callable[..., None], page: Page, tmp_path: Path
) -> None:
    ready("street")
    ready("yard")
    (tmp_path / "notes.jpg").write_text("no photo")
    open_tab(page)
    page.locator("#compare input").click()
    page.get_by_role("option").nth(1).click()
    page.locator("#compare-photos input[type=file]").set_input_files(tmp_path / "notes.jpg")
    expect(page.locator("#compare-views")).to_contain_text("notes.jpg is not a photo")


def test_a_push_says_what_failed_and_calls_nothing_half_published_done(
    hub: HubStandIn, ready: Callable[..., None], page: Page
) -> None:
    hub.add_repo("me/taken", {"README.md": b"mine"})
    ready("lane")
    ready("street")
    open_tab(page)
    take(page, "street")
    model = page.locator("#push-repo").get_by_role("textbox")
    page.get_by_role("button", name="Publish on the Hugging Face Hub").click()
    said = page.locator("#push-said")

    def publish(repo: str, answer: str) -> None:
        model.fill(repo)
        page.locator("#push-token input").fill("hf_write")
        page.locator("#push").click()
        expect(said).to_contain_text(answer)
        expect(page.locator("#push-token input")).to_have_value("")

    publish("others/street", "lacks the right")
    publish("me/taken", "already exists on the Hub and was left as it is")
    assert hub.repos["me/taken"].files == {"README.md": b"mine"}
    hub.faults = {"PUT /lfs/": "cut"}
    publish("me/street", "broke off")
    assert set(hub.repos["me/street"].files) == {".gitattributes"}
    publish(
        "me/street", "Published street: me/street"
    )  # the empty repo that was left behind is taken
    assert "model.safetensors" in hub.repos["me/street"].files
    assert hub.repos["me/street"].private
    take(page, "lane")  # of which it was not said
    expect(said).to_be_hidden()


def test_a_name_typed_as_soon_as_its_field_is_there_stays(
    ready: Callable[..., None], page: Page
) -> None:
    """A browser that draws late must not wipe it out."""
    ready("lane")
    ready("street")
    open_tab(page)
    take(page, "lane")
    page.evaluate(
        """() => {
            const draw = requestAnimationFrame.bind(window);
            const late = (paint) => draw(() => setTimeout(() => paint(performance.now()), 400));
            window.requestAnimationFrame = late;
        }"""
    )
    page.get_by_role("button", name="Publish on the Hugging Face Hub").click()
    model = page.locator("#push-repo").get_by_role("textbox")
    model.fill("me/lane")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 200)))")
    expect(model).to_have_value("me/lane")


@pytest.mark.slow
def test_places_in_the_queue_are_told_and_cancel_moves_them_up(
    jobs: Jobs, data: list[str], page: Page
) -> None:
    jobs.start("first", ENDLESS, data)
    wait_for(jobs, "first", has_epochs(1))
    jobs.start("second", SETTINGS, data)
    jobs.start("third", ENDLESS, data)
    open_tab(page)
    listed = page.locator("#runs")
    expect(listed).to_contain_text("second · queued, 1 before it")
    expect(listed).to_contain_text("third · queued, 2 before it")
    take(page, "first")
    expect(page.locator("#run-detail .state")).to_have_text("running")
    page.locator("#cancel-fit").click()
    expect(page.locator("#run-detail .state")).to_have_text("cancelled")
    expect(listed).to_contain_text("second · done", timeout=PATIENCE)
    expect(listed).to_contain_text("third · running", timeout=PATIENCE)


@pytest.mark.slow
def test_a_killed_fit_is_resumed_from_the_page_to_the_weights_of_an_uninterrupted_one(
    jobs: Jobs, data: list[str], page: Page
) -> None:
    settings = {**SETTINGS, "epochs": 150, "patience": 1000}
    jobs.start("whole", settings, data)
    wait_for(jobs, "whole", is_over)
    jobs.start("killed", settings, data)
    open_tab(page)
    pid = wait_for(jobs, "killed", has_epochs(2)).status.pid
    os.kill(pid, signal.SIGKILL)
    take(page, "killed")
    expect(page.locator("#run-detail .state")).to_have_text("interrupted")
    expect(page.locator("#run-detail")).to_contain_text("has ended without a word")
    page.locator("#resume-fit").click()
    expect(page.locator("#run-detail .state")).to_have_text("done", timeout=PATIENCE)
    assert weights(jobs, "killed") == weights(jobs, "whole")
