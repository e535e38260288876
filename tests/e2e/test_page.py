"""The whole page as a person uses it: a real server, a real browser."""

import base64
import csv
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Browser, expect

from crackdemo.arrays import CrackMask, Heatmap, RgbImage
from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.cli.arguments import main
from crackdemo.detection.detector import Detection, Detector
from crackdemo.detection.heatmaps import photo_score
from crackdemo.masks.cut import cut_mask, drop_components
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset, preset_json, read_preset
from crackdemo.masks.region import region_mask
from crackdemo.photos.images import read_mask, read_photo
from tests.e2e.app_server import OTHER_WEIGHTS, App, running_app
from tests.e2e.cable import Cable
from tests.e2e.test_app import free_port, started
from tests.e2e.viewer_harness import CHROMIUM, chromium
from tests.e2e.visitor import Visitor
from tests.hub_standin import HubStandIn
from tests.short_fits import ENDLESS, has_epochs, wait_for

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

SavePhoto = Callable[..., Path]
OWN = MaskParams(threshold=0.3, closing=3, min_area=5)
"""The checkpoint's own settings, which the page begins with."""
STRICT = MaskParams(threshold=0.6, opening=3, closing=5, kernel="cross", min_area=20)


@pytest.fixture(scope="module")
def hub(tiny_checkpoint: Path) -> Iterator[HubStandIn]:
    with HubStandIn() as hub:
        files = {file.name: file.read_bytes() for file in tiny_checkpoint.iterdir()}
        hub.add_repo("owner/cracks", files)
        yield hub


@pytest.fixture(scope="module")
def app(
    tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path, hub: HubStandIn
) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("app")
    more = {"endpoint": hub.endpoint, "runs": folder / "runs"}
    with running_app(folder, tiny_checkpoint, **more) as app:
        yield app


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@contextmanager
def visit(browser: Browser, app: App, **screen: Any) -> Iterator[Visitor]:
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **screen})
    visitor = Visitor(context.new_page(), app.url)
    yield visitor
    context.close()
    assert visitor.errors == []


@pytest.fixture
def visitor(browser: Browser, app: App) -> Iterator[Visitor]:
    with visit(browser, app) as visitor:
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


def detect(app: App, photo: Path, weights: str = DEFAULT_WEIGHTS) -> Detection:
    """What the checkpoint says, apart from the server."""
    return Detector(load_checkpoint(app.checkpoint(weights))).detect(read_photo(photo))


def heatmap_of(app: App, photo: Path, weights: str = DEFAULT_WEIGHTS) -> Heatmap:
    return detect(app, photo, weights).heatmap


def picture(visitor: Visitor, view: str) -> RgbImage:
    """What one of the four views shows."""
    script = "(canvas) => canvas.toDataURL()"
    url = visitor.page.locator(f".pane[data-view={view}] .picture").evaluate(script)
    encoded = np.frombuffer(base64.b64decode(url.split(",")[1]), np.uint8)
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)


def without_largest(mask: CrackMask) -> CrackMask:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), None, 8)
    assert count > 2, "a mask of one component proves little"
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return mask & (labels != largest)


def drop_largest(visitor: Visitor) -> None:
    """Selects the largest crack and drops it as a false alarm, with the keyboard."""
    visitor.page.locator(".pane[data-view=photo]").focus()
    visitor.page.keyboard.press("n")
    visitor.page.keyboard.press("Delete")


def test_the_page_opens_complete_and_asks_nothing_of_the_outside(
    app: App, browser: Browser
) -> None:
    with visit(browser, app) as visitor:
        expect(visitor.page.locator("#examples button")).to_have_count(5)
        expect(visitor.page.locator("#weights input")).to_have_value(DEFAULT_WEIGHTS)
        visitor.page.locator("#weights input").click()
        expect(visitor.page.get_by_role("option")).to_have_count(2)
        expect(visitor.page.locator("#threshold input[type=number]")).to_have_value("0.3")
        visitor.sees(visitor.verdict, "")
        own = (app.url, f"blob:{app.url}", "data:")
        outside = [url for url in visitor.requests if not url.startswith(own)]
        assert visitor.requests and outside == []


def test_an_example_becomes_four_views_and_a_verdict(visitor: Visitor) -> None:
    visitor.page.locator("#examples button").nth(1).click()
    visitor.sees(visitor.verdict, re.compile(r"asphalt-crack\.jpg: (No c|C)rack called; .+ marked"))
    visitor.sees(visitor.verdict, "called cracked from 0.650")
    for view in ("photo", "reconstruction", "heatmap", "mask"):
        assert picture(visitor, view).std() > 1, f"{view} is blank"


def test_bad_photos_are_listed_by_name_and_the_others_are_done(
    visitor: Visitor, save_photo: SavePhoto, tmp_path: Path
) -> None:
    good = [save_photo(tmp_path / name) for name in ("a b.png", 'ünï "q" \'s!.png', "道路.webp")]
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text $1.jpg").write_text("not a photo")
    visitor.score(good[0], tmp_path / "empty.jpg", good[1], tmp_path / "text $1.jpg", good[2])
    visitor.sees(visitor.status, "3 photos scored")
    problems = visitor.page.locator("#problems li")
    expect(problems).to_have_text(
        [re.compile(r"^empty\.jpg is an empty file"), re.compile(r"^text \$1\.jpg is not a photo")]
    )
    expect(visitor.strip).to_contain_text([f"{photo.name} ·" for photo in good])
    seen = visitor.page.locator("body").inner_text()
    assert str(tmp_path) not in seen and "/tmp" not in seen
    files = visitor.downloads(tmp_path / "saved")
    rows = list(csv.DictReader(files["results.csv"].open(encoding="utf-8")))
    assert [row["file"] for row in rows] == [photo.name for photo in good]
    failed = list(csv.DictReader(files["errors.csv"].open(encoding="utf-8")))
    assert [row["file"] for row in failed] == ["empty.jpg", "text $1.jpg"]


def test_two_photos_of_one_name_are_kept_apart(
    visitor: Visitor, cracked: Path, survey: list[Path], tmp_path: Path
) -> None:
    twin = tmp_path / "other" / cracked.name
    twin.parent.mkdir()
    twin.write_bytes(survey[0].read_bytes())
    visitor.score(cracked, twin)
    expect(visitor.strip).to_contain_text(["road.png ·", "road (2).png ·"])


def test_a_pasted_picture_joins_the_others(visitor: Visitor, cracked: Path) -> None:
    visitor.score(cracked)
    visitor.page.evaluate(
        """async (bytes) => {
            const clipboardData = new DataTransfer();
            const type = "image/png";
            clipboardData.items.add(new File([new Uint8Array(bytes)], "image.png", { type }));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
        }""",
        list(cracked.read_bytes()),
    )
    expect(visitor.strip).to_contain_text(["road.png", "image.png"])


def test_many_photos_are_paged_through(visitor: Visitor, tmp_path: Path) -> None:
    photos = [tmp_path / f"{i:02}.png" for i in range(62)]
    for i, photo in enumerate(photos):
        cv2.imwrite(str(photo), np.random.default_rng(i).integers(90, 200, (16, 16), np.uint8))
    visitor.score(*photos)
    expect(visitor.strip).to_have_count(60)
    visitor.page.get_by_role("button", name="Later photos").click()
    expect(visitor.strip).to_contain_text(["60.png", "61.png"])
    visitor.strip.last.click()
    visitor.sees(visitor.verdict, "61.png")
    visitor.page.get_by_role("button", name="Earlier photos").click()
    expect(visitor.strip).to_have_count(60)
    visitor.sees(visitor.verdict, "61.png")


def test_the_film_strip_moves_between_photos_that_come_and_go(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:3])
    visitor.sees(visitor.verdict, "km 0.png")
    visitor.strip.nth(2).click()
    visitor.sees(visitor.verdict, "km 2.png")
    visitor.sees_mask(cut_mask(heatmap_of(app, survey[2]), OWN))
    before = app.bench.scored_count
    visitor.drop(survey[3])
    expect(visitor.strip).to_have_count(4)
    visitor.sees(visitor.verdict, "km 2.png")
    assert app.bench.scored_count == before + 1
    visitor.page.locator("#photos tr", has_text="km 2").get_by_role("button").click()
    expect(visitor.strip).to_have_count(3)
    visitor.sees(visitor.verdict, "km 0.png")
    visitor.page.locator("#photos").get_by_label("Clear").click()
    expect(visitor.strip).to_have_count(0)
    expect(visitor.verdict).to_have_text("")
    visitor.page.wait_for_function("crackdemo.viewer.mask() === null")


def test_the_page_cuts_the_mask_that_python_cuts(app: App, visitor: Visitor, cracked: Path) -> None:
    heatmap = heatmap_of(app, cracked)
    visitor.score(cracked)
    visitor.sees_mask(cut_mask(heatmap, OWN))
    for threshold in (0.123, 0.45, 0.777, 1):
        visitor.slide("threshold", threshold)
        visitor.sees_mask(cut_mask(heatmap, replace(OWN, threshold=threshold)))
    visitor.set(STRICT)
    visitor.sees_mask(cut_mask(heatmap, STRICT))
    loose = MaskParams(threshold=0.2, opening=15, closing=7, kernel="rect", min_area=150)
    visitor.set(loose)
    visitor.sees_mask(cut_mask(heatmap, loose))
    visitor.page.locator("#reset").click()
    visitor.sees_mask(cut_mask(heatmap, OWN))
    expect(visitor.page.locator("#kernel input")).to_have_value("ellipse")


def test_what_is_downloaded_is_what_was_shown(
    app: App, visitor: Visitor, cracked: Path, survey: list[Path], tmp_path: Path
) -> None:
    params = replace(OWN, threshold=0.25, kernel="rect")
    detection = detect(app, cracked)
    visitor.score(cracked, survey[0])
    visitor.set(params)
    visitor.page.locator("#region button").first.click()
    for corner in ((0.1, 0.1), (0.9, 0.8)):
        visitor.region_click(*corner)
    visitor.sees(visitor.verdict, "in the region of interest")
    drop_largest(visitor)
    visitor.sees(visitor.verdict, "1 region dropped by hand")
    files = visitor.downloads(tmp_path / "saved")
    preset = json.loads(files["preset.json"].read_text())
    assert preset["mask"] == asdict(params)
    (box,) = preset["region"]
    assert np.allclose(box[0] + box[2], (0.1, 0.1, 0.9, 0.8), atol=0.02)
    region = region_mask(preset["region"], *detection.heatmap.shape)
    expected = without_largest(cut_mask(detection.heatmap, params, region))
    visitor.sees_mask(expected)
    assert np.array_equal(read_mask(files["mask.png"]), expected)
    heatmap = cv2.imread(str(files["heatmap.png"]), cv2.IMREAD_UNCHANGED)
    assert heatmap.dtype == np.uint16 and np.array_equal(heatmap, detection.heatmap)
    assert np.array_equal(read_photo(files["reconstruction.png"]), detection.reconstruction)
    assert read_photo(files["overlay.jpg"]).shape == detection.reconstruction.shape
    first, second = csv.DictReader(files["results.csv"].open())
    score = photo_score(detection.heatmap[region], 0.01)
    assert float(first["score"]) == pytest.approx(score, abs=1e-5)
    visitor.sees(visitor.verdict, f"score {score:.3f} in the region of interest")
    assert float(first["crack_percent"]) == pytest.approx(100 * expected.sum() / region.sum(), 1e-3)
    assert float(first["dropped_percent"]) > 0 and float(second["dropped_percent"]) == 0
    assert (first["file"], second["file"]) == ("road.png", "km 0.png")

    visitor.slide("threshold", 0.5)
    expect(visitor.page.locator("#downloads")).to_be_hidden()


def test_a_preset_gives_the_same_mask_on_another_page_and_on_the_command_line(
    app: App, visitor: Visitor, cracked: Path, tmp_path: Path
) -> None:
    heatmap = heatmap_of(app, cracked)
    polygon = ((0.1, 0.05), (0.95, 0.3), (0.5, 0.95))
    params = MaskParams(threshold=0.1234567, opening=3, kernel="cross", min_area=700)
    region = region_mask([polygon], *heatmap.shape)
    marked = cut_mask(heatmap, replace(params, min_area=0), region)
    y, x = (int(place[0]) for place in np.nonzero(cut_mask(heatmap, params, region)))
    preset = Preset(params, (polygon,), 0.5, {cracked.name: ((x, y),)})
    (tmp_path / "preset.json").write_text(preset_json(preset))
    expected = drop_components(cut_mask(heatmap, params, region), [(x, y)])
    assert marked.any()

    visitor.score(cracked)
    visitor.load_preset(tmp_path / "preset.json")
    visitor.sees_mask(expected)
    expect(visitor.page.locator("#scale input")).to_have_value("0.5")
    again = visitor.downloads(tmp_path / "saved")
    assert np.array_equal(read_mask(again["mask.png"]), expected)
    assert read_preset(again["preset.json"]) == preset

    call = ["predict", str(cracked), "--model", str(app.checkpoint()), "--out", str(tmp_path / "o")]
    assert main([*call, "--preset", str(again["preset.json"])]) == 0
    assert np.array_equal(read_mask(tmp_path / "o" / "masks" / "road.png"), expected)


def test_a_file_that_is_no_preset_is_refused_and_nothing_is_lost(
    visitor: Visitor, cracked: Path, tmp_path: Path
) -> None:
    visitor.score(cracked)
    before = visitor.mask()
    (tmp_path / "mine.json").write_text('{"mask": {"threshold": 7}}')
    visitor.load_preset(tmp_path / "mine.json")
    toast = visitor.page.get_by_test_id("toast-body")
    visitor.sees(
        toast, "The preset “mine.json” cannot be used: mask: The threshold must lie between"
    )
    assert "/tmp" not in toast.inner_text()
    assert np.array_equal(visitor.mask(), before)


def move_all_knobs(visitor: Visitor) -> None:
    """201 moves."""
    visitor.page.evaluate(
        """async () => {
            for (let i = 0; i < 192; i++) {
                const knob = ["threshold", "min-area", "opacity"][i % 3];
                const slider = document.querySelector(`#${knob} input[type=range]`);
                slider.value = Number(slider.max) * (0.1 + 0.8 * i / 192);
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                if (i % 8 === 0) await new Promise(requestAnimationFrame);
            }
        }"""
    )
    for kernel, size in (("rect", "9"), ("cross", "off"), ("ellipse", "3")):
        visitor.choose("kernel", kernel)
        visitor.choose("opening", size)
        visitor.choose("closing", size)


def test_two_hundred_slider_moves_send_no_request_and_run_no_network(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    visitor.settles()
    scored, requests = app.bench.scored_count, len(visitor.requests)
    move_all_knobs(visitor)
    value = visitor.page.locator("#threshold input[type=range]").input_value()
    area = visitor.page.locator("#min-area input[type=range]").input_value()
    params = MaskParams(float(value), 3, 3, "ellipse", int(area))
    visitor.sees_mask(cut_mask(heatmap_of(app, cracked), params))
    assert visitor.requests[requests:] == []
    assert app.bench.scored_count == scored


def test_slider_moves_send_no_request_while_a_fit_runs(
    app: App, visitor: Visitor, cracked: Path, data: list[str]
) -> None:
    jobs = app.bench.jobs
    assert jobs is not None
    jobs.start("night", ENDLESS, data)
    try:
        visitor.page.get_by_role("tab", name="Train").click()
        visitor.sees(visitor.page.locator("#run-detail"), "running")
        visitor.page.get_by_role("tab", name="Inspect").click()
        visitor.score(cracked)
        visitor.settles()
        epochs = len(wait_for(jobs, "night", has_epochs(1)).history)
        requests = len(visitor.requests)
        move_all_knobs(visitor)
        wait_for(jobs, "night", has_epochs(epochs + 2))
        visitor.page.wait_for_timeout(5000)  # the Train tab asks for news every two seconds
        assert visitor.requests[requests:] == []
    finally:
        jobs.cancel("night")


def test_the_line_in_the_histogram_and_the_slider_move_together(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    plot = visitor.page.locator("#viewer .plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    plot.click(position={"x": box["width"] * 0.61803, "y": box["height"] / 2})
    field = visitor.page.locator("#threshold input[type=number]")
    expect(field).to_have_value(re.compile(r"0\.6[12]"))
    threshold = float(field.input_value())
    visitor.sees_mask(cut_mask(heatmap_of(app, cracked), replace(OWN, threshold=threshold)))


def test_other_weights_score_anew_and_the_first_are_remembered(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:2])
    visitor.strip.nth(1).click()
    visitor.sees(visitor.verdict, "km 1.png")
    before = app.bench.scored_count
    visitor.choose("weights", OTHER_WEIGHTS)
    visitor.sees(visitor.status, f"2 photos scored with {OTHER_WEIGHTS}")
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.sees_mask(cut_mask(heatmap_of(app, survey[1], OTHER_WEIGHTS), OWN))
    assert app.bench.scored_count == before + 2
    visitor.choose("weights", DEFAULT_WEIGHTS)
    visitor.sees(visitor.status, f"2 photos scored with {DEFAULT_WEIGHTS}")
    visitor.sees_mask(cut_mask(heatmap_of(app, survey[1]), OWN))
    assert app.bench.scored_count == before + 2


def test_weights_that_cannot_be_used_are_refused_and_nothing_is_lost(
    app: App, visitor: Visitor, cracked: Path, tiny_checkpoint: Path
) -> None:
    visitor.score(cracked)
    before = visitor.mask()
    outside = str(tiny_checkpoint)
    for text in ("no such", "owner/na me", outside, "../checkpoints"):
        visitor.name_weights(text)
        visitor.sees(visitor.status, f"There are no weights “{text}”")
    visitor.name_weights("owner/missing")
    visitor.sees(visitor.status, "owner/missing")
    visitor.sees(visitor.status, "⚠️")
    assert np.array_equal(visitor.mask(), before)
    visitor.choose("weights", OTHER_WEIGHTS)
    visitor.sees(visitor.status, f"1 photo scored with {OTHER_WEIGHTS}")


def test_weights_from_the_hub_show_their_commit(
    visitor: Visitor, cracked: Path, hub: HubStandIn
) -> None:
    visitor.name_weights("owner/cracks@main")
    visitor.sees(visitor.status, hub.repos["owner/cracks"].refs["main"])
    visitor.score(cracked)
    visitor.sees(visitor.status, hub.repos["owner/cracks"].refs["main"])
    visitor.sees(visitor.verdict, "road.png")


def test_stop_keeps_what_is_done_and_scoring_can_go_on(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    with app.bench.only(3):
        visitor.drop(*survey)
        visitor.sees(visitor.status, "Scoring 4 of 10: km 3.png")
        visitor.page.locator("#stop").click()
        visitor.sees(visitor.status, "Stopped: 3 of 10 photos scored.")
    expect(visitor.page.locator("#stop")).to_be_hidden()
    expect(visitor.strip).to_have_count(3)
    visitor.strip.nth(1).click()
    visitor.sees_mask(cut_mask(heatmap_of(app, survey[1]), OWN))
    before = app.bench.scored_count
    visitor.page.locator("#go-on").click()
    visitor.sees(visitor.status, "10 photos scored with")
    # the photo that was stopped may have been done by then
    assert before + 6 <= app.bench.scored_count <= before + 7


def test_who_leaves_is_no_longer_scored_for(app: App, browser: Browser, survey: list[Path]) -> None:
    with app.bench.only(2):
        with visit(browser, app) as visitor:
            visitor.drop(*survey)
            visitor.sees(visitor.status, "Scoring 3 of 10")
            assert app.bench.waiting == 1
        with visit(browser, app) as other:
            while app.bench.waiting:
                other.page.wait_for_timeout(50)


def test_weights_swapped_while_photos_are_scored(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    with app.bench.only(2) as permits:
        visitor.drop(*survey[:4])
        visitor.sees(visitor.status, "Scoring 3 of 4: km 2.png")
        visitor.strip.nth(1).click()
        visitor.sees(visitor.verdict, "km 1.png")
        visitor.choose("weights", OTHER_WEIGHTS)
        visitor.sees(visitor.status, "Scoring 1 of 4: km 1.png")  # the one on show comes first
        expect(visitor.verdict).to_have_text("")
        permits.release(4)
        visitor.sees(visitor.status, f"4 photos scored with {OTHER_WEIGHTS}")
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.sees_mask(cut_mask(heatmap_of(app, survey[1], OTHER_WEIGHTS), OWN))
    expect(visitor.strip).to_contain_text([photo.name for photo in survey[:4]])


def test_a_choice_made_while_photos_are_scored_is_kept(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    with app.bench.only(3) as permits:
        visitor.drop(*survey[:5])
        visitor.sees(visitor.status, "Scoring 4 of 5")
        visitor.strip.nth(2).click()
        visitor.sees(visitor.verdict, "km 2.png")
        drop_largest(visitor)
        visitor.sees(visitor.verdict, "dropped by hand")
        permits.release(2)
        visitor.sees(visitor.status, "5 photos scored")
    visitor.sees(visitor.verdict, "km 2.png")
    expected = without_largest(cut_mask(heatmap_of(app, survey[2]), OWN))
    visitor.sees_mask(expected)
    visitor.strip.nth(4).click()
    visitor.sees(visitor.verdict, "km 4.png")
    visitor.sees_mask(cut_mask(heatmap_of(app, survey[4]), OWN))
    visitor.strip.nth(2).click()
    visitor.sees_mask(expected)


def test_photos_paged_through_fast_never_mix(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    masks = [cut_mask(heatmap_of(app, photo), OWN) for photo in survey]
    visitor.score(*survey)
    expect(visitor.strip).to_have_count(10)
    for order in ((3, 7, 1, 9, 5, 8, 2, 6), (0, 9, 0, 9, 4)):
        for index in order:
            visitor.strip.nth(index).click(no_wait_after=True)
        visitor.sees(visitor.verdict, f"km {order[-1]}.png")
        visitor.sees_mask(masks[order[-1]])
        expect(visitor.strip.nth(order[-1])).to_have_class(re.compile("selected"))


def test_a_lost_connection_is_said_and_work_goes_on_when_it_is_back(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    heatmaps = [heatmap_of(app, photo) for photo in survey[:3]]
    visitor.score(*survey[:3])
    visitor.strip.nth(1).click()
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.page.context.set_offline(True)
    visitor.slide("threshold", 0.5)
    visitor.sees_mask(cut_mask(heatmaps[1], replace(OWN, threshold=0.5)))
    visitor.strip.nth(2).click()
    visitor.sees(visitor.connection, "The connection is lost")
    visitor.slide("threshold", 0.4)
    visitor.sees_mask(cut_mask(heatmaps[1], replace(OWN, threshold=0.4)))
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.page.context.set_offline(False)
    expect(visitor.connection).to_be_hidden()
    for index in (2, 0):
        visitor.sees(visitor.verdict, f"km {index}.png")
        visitor.sees_mask(cut_mask(heatmaps[index], replace(OWN, threshold=0.4)))
        visitor.strip.first.click()


def test_a_photo_whose_files_are_cut_off_is_shown_when_the_server_is_back(
    app: App, browser: Browser, survey: list[Path]
) -> None:
    with Cable(app.url) as cable, visit(browser, replace(app, url=cable.url)) as visitor:
        visitor.score(*survey[:2])
        visitor.page.route("**/heatmap.png", lambda route: (cable.pull(), route.continue_()))
        visitor.strip.nth(1).click()
        visitor.sees(visitor.connection, "The connection is lost")
        visitor.sees(visitor.verdict, "km 0.png")
        visitor.sees_mask(cut_mask(heatmap_of(app, survey[0]), OWN))
        visitor.page.unroute("**/heatmap.png")
        cable.plug_in()
        visitor.sees(visitor.verdict, "km 1.png")
        visitor.sees_mask(cut_mask(heatmap_of(app, survey[1]), OWN))


def test_scoring_goes_on_by_itself_after_lost_connections(
    app: App, browser: Browser, survey: list[Path]
) -> None:
    with (
        Cable(app.url) as cable,
        visit(browser, replace(app, url=cable.url)) as visitor,
        app.bench.only(1) as permits,
    ):
        visitor.drop(*survey[:4])
        for number in (2, 3, 4):
            visitor.sees(visitor.status, f"Scoring {number} of 4")
            cable.pull()
            visitor.sees(visitor.connection, "The connection is lost")
            cable.plug_in()
            expect(visitor.connection).to_be_hidden()
            permits.release(1)
        visitor.sees(visitor.status, "4 photos scored")
        expect(visitor.page.locator("#stop")).to_be_hidden()
        visitor.strip.nth(3).click()
        visitor.sees(visitor.verdict, "km 3.png")
        visitor.sees_mask(cut_mask(heatmap_of(app, survey[3]), OWN))


def test_a_restarted_server_scores_again_what_the_open_page_has_and_a_hand_chooses(
    browser: Browser, tmp_path: Path, survey: list[Path]
) -> None:
    port = free_port()
    with browser.new_context() as context:
        with started(tmp_path, "--port", str(port)) as process:
            assert process.stdout is not None and "http" in process.stdout.readline()
            visitor = Visitor(context.new_page(), f"http://127.0.0.1:{port}/")
            visitor.score(*survey[:3])
            masks = {}
            for index in (0, 1, 2):
                visitor.strip.nth(index).click()
                visitor.sees(visitor.verdict, f"km {index}.png")
                masks[index] = visitor.mask()
        visitor.sees(visitor.connection, "The connection is lost")
        with started(tmp_path, "--port", str(port)):
            visitor.strip.nth(1).click()  # answered by a server that has scored nothing yet
            expect(visitor.connection).to_be_hidden()
            for index, following in ((1, 0), (0, 2), (2, 1)):
                visitor.sees(visitor.verdict, f"km {index}.png")
                visitor.sees_mask(masks[index])
                visitor.sees(visitor.status, "3 photos scored")
                visitor.strip.nth(following).click()
        assert visitor.errors == []


def test_a_region_of_interest_is_drawn_by_clicks_and_taken_back(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    whole = cut_mask(heatmap_of(app, cracked), OWN)
    visitor.score(cracked)
    visitor.page.locator("#region button").first.click()
    visitor.page.get_by_label("Polygon", exact=True).check()
    for corner in ((0.1, 0.1), (0.6, 0.1), (0.1, 0.9)):
        visitor.region_click(*corner)
    visitor.page.get_by_role("button", name="Close polygon").click()
    visitor.sees(visitor.verdict, "in the region of interest")
    inside = visitor.mask()
    assert inside.any() and not inside[60:, 80:].any() and whole[:, 80:].any()
    assert np.array_equal(inside[20:30, 20:50], whole[20:30, 20:50])
    visitor.page.get_by_role("button", name="Undo", exact=True).click()
    visitor.sees_mask(whole)
    visitor.page.get_by_label("Box", exact=True).check()
    visitor.region_click(0.5, 0.5)
    visitor.region_click(0.9, 0.9)
    visitor.page.wait_for_function("crackdemo.viewer.mask()")
    visitor.sees(visitor.verdict, "in the region of interest")
    visitor.page.get_by_role("button", name="Whole photo").last.click()
    visitor.sees_mask(whole)


def test_a_browser_that_cannot_draw_gets_the_views_from_the_server(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:2])
    visitor.page.locator("#server-views button").first.click()
    visitor.page.locator("#server-views input[type=checkbox]").check()
    views = visitor.page.locator("#server-views img")
    expect(views).to_have_count(4)
    for change in (
        lambda: visitor.slide("threshold", 0.4),
        lambda: visitor.choose("closing", "9"),
        lambda: visitor.strip.nth(1).click(),
        lambda: visitor.page.locator("#reset").click(),
    ):
        before = views.last.get_attribute("src")
        change()
        expect(views.last).not_to_have_attribute("src", before or "")
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.sees_mask(cut_mask(heatmap_of(app, survey[1]), OWN))
    visitor.page.locator("#server-views input[type=checkbox]").uncheck()
    expect(views).to_have_count(0)
    visitor.settles()
    requests = len(visitor.requests)
    visitor.slide("threshold", 0.4)
    visitor.sees_mask(cut_mask(heatmap_of(app, survey[1]), replace(OWN, threshold=0.4)))
    assert visitor.requests[requests:] == []


def test_a_scale_turns_lengths_into_millimetres(visitor: Visitor, cracked: Path) -> None:
    visitor.score(cracked)
    visitor.sees(visitor.verdict, re.compile(r"px long"))
    length = visitor.page.locator("[data-figure=lengthPx] dd")
    pixels = float(length.inner_text().removesuffix(" px").replace(",", ""))
    visitor.page.locator("#scale input").fill("0.5")
    visitor.sees(length, " mm")
    assert float(length.inner_text().removesuffix(" mm")) == pytest.approx(pixels / 2, abs=0.3)
    visitor.sees(visitor.verdict, "mm long")


def test_what_one_visitor_opens_no_other_sees(
    app: App, browser: Browser, visitor: Visitor, survey: list[Path]
) -> None:
    with visit(browser, app) as other:
        visitor.score(*survey[:2])
        other.score(survey[2], survey[3])
        visitor.strip.nth(1).click()
        visitor.sees(visitor.verdict, "km 1.png")
        other.sees(other.verdict, "km 2.png")
        expect(other.strip).to_contain_text(["km 2.png", "km 3.png"])


def test_a_phone_shows_the_verdict_first_and_scrolls_one_way(
    app: App, browser: Browser, survey: list[Path]
) -> None:
    screen = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    with visit(browser, app, **screen) as visitor:
        visitor.score(*survey)
        expect(visitor.strip).to_have_count(10)
        page = visitor.page
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.evaluate("scrollY") == 0
        tops = [
            page.locator(f"#{place}").evaluate("e => e.getBoundingClientRect().top")
            for place in ("photos", "verdict", "viewer", "threshold", "prepare")
        ]
        assert tops == sorted(tops) and tops[1] < 844


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_are_readable(app: App, browser: Browser, cracked: Path, scheme: str) -> None:
    with visit(browser, app, color_scheme=scheme) as visitor:
        visitor.score(cracked)
        visitor.sees(visitor.verdict, "px long")
        places = ("#headline p", "#status", "#verdict strong", "#verdict span", "#viewer dt")
        for place in places:
            assert contrast(visitor, place) >= 4.5, place
        is_dark = visitor.page.evaluate("document.body.classList.contains('dark')")
        assert is_dark == (scheme == "dark")


def contrast(visitor: Visitor, place: str) -> float:
    """WCAG's contrast ratio of a text and the first opaque colour behind it, 1..21."""
    script = """(element) => {
        const canvas = document.createElement("canvas").getContext("2d");
        const rgba = (element, property) => {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = getComputedStyle(element)[property];
            canvas.fillRect(0, 0, 1, 1);
            return canvas.getImageData(0, 0, 1, 1).data;
        };
        const luminance = ([r, g, b]) => [r, g, b]
            .map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        let behind = element;
        while (rgba(behind, "backgroundColor")[3] < 255) behind = behind.parentElement;
        const text = luminance(rgba(element, "color"));
        const ground = luminance(rgba(behind, "backgroundColor"));
        return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    }"""
    return visitor.page.locator(place).first.evaluate(script)
