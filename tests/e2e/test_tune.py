"""The Tune tab in a real browser: figures that follow the threshold, and a search."""

import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Route, expect
from sklearn.metrics import f1_score, precision_score

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.data.splits import split_of
from crackdemo.masks.cut import cut_mask
from crackdemo.photos.images import read_photo
from crackdemo.photos.overlays import MISSED_COLOUR, RIGHT_COLOUR, WRONG_COLOUR
from tests.e2e.app_server import OWN_MASK, App
from tests.e2e.axe import findings
from tests.e2e.visitor import SavePhoto, Visitor, visit
from tests.plain import plain_mask

NAMES = [str(number) for number in range(100)]
STEMS = [
    stem
    for split in ("validation", "test")
    for stem in [name for name in NAMES if split_of(f"upload/{name}") == split][:3]
]


@pytest.fixture
def road(tmp_path: Path, save_photo: SavePhoto) -> Path:
    """Three photos with masks of the validation part, and three of the test part."""
    for stem in STEMS:
        rng = np.random.default_rng(int(stem))
        photo = rng.normal(150, 14, (60, 80, 3)).clip(0, 255).astype(np.uint8)
        mask = np.zeros((60, 80), np.uint8)
        cv2.line(mask, (5, int(rng.integers(5, 55))), (75, int(rng.integers(5, 55))), 255, 3)
        photo[mask > 0] = rng.integers(50, 110, (int((mask > 0).sum()), 1))
        save_photo(tmp_path / "images" / f"{stem}.png", photo)
        save_photo(tmp_path / "masks" / f"{stem}.png", mask)
    return tmp_path


@pytest.fixture
def tuner(browser: Browser, app: App, road: Path) -> Iterator[Visitor]:
    with tuned(browser, app, road) as visitor:
        yield visitor


@contextmanager
def tuned(browser: Browser, app: App, road: Path, **screen: Any) -> Iterator[Visitor]:
    """A visitor whose labelled photos are scored."""
    with visit(browser, app.url, **screen) as visitor:
        score(visitor, road)
        yield visitor


def score(visitor: Visitor, road: Path) -> None:
    page = visitor.page
    page.get_by_role("tab", name="Tune").click()
    for kind in ("photos", "masks"):
        folder = road / ("images" if kind == "photos" else kind)
        files = [str(path) for path in sorted(folder.iterdir())]
        page.locator(f"#tune-{kind} input[type=file]").set_input_files(files)
        expect(page.locator(f"#tune-{kind}").get_by_role("link")).to_have_count(6)
    page.locator("#tune-start").click()
    visitor.sees(page.locator("#tune-status"), "6 of 6 photos")
    expect(page.locator(".tune-figures").first).to_be_visible()


def figures(visitor: Visitor) -> list[float]:
    """Of the first weights: precision, recall, F1 and so on."""
    cells = visitor.page.locator(".tune-figures tbody tr").first.locator("td").all_inner_texts()
    return [float(cell) for cell in cells]


def pooled(road: Path, tiny_checkpoint: Path, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    detector = load_checkpoint(tiny_checkpoint).detector()
    masks, truths = [], []
    for path in sorted((road / "images").iterdir()):
        heatmap = detector.detect(read_photo(path)).heatmap
        masks.append(cut_mask(heatmap, plain_mask(threshold=threshold)).ravel())
        truth = cv2.imread(str(road / "masks" / path.name), cv2.IMREAD_GRAYSCALE)
        truths.append(truth.ravel() > 0)
    return np.concatenate(masks), np.concatenate(truths)


def set_threshold(visitor: Visitor, value: float) -> None:
    field = visitor.page.locator("#tune-threshold input[type=number]")
    field.press("Control+a")
    field.press_sequentially(f"{value}")


@pytest.mark.parametrize("threshold", [0.2, 0.431])
def test_figures_follow_the_threshold_without_a_request(
    tuner: Visitor, road: Path, tiny_checkpoint: Path, threshold: float
) -> None:
    tuner.settles()
    tuner.requests.clear()
    set_threshold(tuner, threshold)
    caption = tuner.page.locator(".tune-figures caption").first
    tuner.sees(caption, f"threshold {threshold:.3f}")
    assert tuner.requests == []
    masks, truths = pooled(road, tiny_checkpoint, threshold)
    precision, _, f1, *_ = figures(tuner)
    assert precision == pytest.approx(precision_score(truths, masks), abs=6e-4)
    assert f1 == pytest.approx(f1_score(truths, masks), abs=6e-4)
    assert tuner.errors == []


def test_the_line_can_be_dragged_and_the_slider_follows(tuner: Visitor) -> None:
    drawing = tuner.page.locator(".tune-chart svg.draggable")
    tuner.settles()
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box is not None
    place = (40 + 0.7 * (440 - 52)) / 440
    tuner.page.mouse.move(box["x"] + place * box["width"], box["y"] + 60)
    tuner.page.mouse.down()
    tuner.page.mouse.up()
    tuner.sees(tuner.page.locator(".tune-figures caption").first, re.compile(r"threshold 0\.[67]"))
    field = tuner.page.locator("#tune-threshold input[type=number]")
    expect(field).to_have_value(re.compile(r"^0\.(69|70)"))
    tuner.sees(tuner.page.locator(".told").first, "F1")


def test_exact_figures_follow_drags_and_arrows_and_what_cannot_be_changes_nothing(
    tuner: Visitor,
) -> None:
    page, exact = tuner.page, tuner.page.locator("#tune-exact b")
    tuner.settles()
    before = exact.all_inner_texts()
    drawing = page.locator(".tune-chart svg.draggable")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.95 * box["width"], box["y"] + 60)
    page.mouse.down()
    page.mouse.up()
    expect(exact.first).not_to_have_text(before[0])
    dragged = exact.all_inner_texts()
    slider = page.locator("#tune-threshold input[type=range]")
    slider.focus()
    for _ in range(8):
        slider.press("PageDown")
    expect(exact.nth(1)).not_to_have_text(dragged[1])
    closing = page.locator("#tune-closing input[type=range]")
    closing.fill("3")
    closing.press("ArrowRight")
    expect(closing).to_have_value("5")
    closing.press("ArrowLeft")
    closing.press("ArrowLeft")
    expect(closing).to_have_value("0")
    field = page.locator("#tune-opening input[type=number]")
    for wrong in ("4", "99", "-2"):
        field.fill(wrong)
        field.blur()
        expect(page.locator("#tune-opening .field-fault")).to_contain_text("stays in force")
        expect(page.locator("#tune-opening input[type=range]")).to_have_value("0")
    assert tuner.errors == []


def test_a_search_ends_in_settings_that_inspect_takes(tuner: Visitor) -> None:
    page = tuner.page
    page.get_by_role("button", name="Search for settings").click()
    page.locator("#tune-choose-on input").click()
    expect(page.get_by_role("option", name="validation, 3 photos")).to_be_visible()
    expect(page.get_by_role("option", name="train, 0 photos")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#tune-find").click()
    tuner.sees(page.locator("#tune-found"), "3 photos of the validation part chose")
    tuner.sees(page.locator("#tune-found"), "On photos that the search did not see")
    page.locator("#tune-use").click()
    href = page.locator("#tune-preset a[href]").first.get_attribute("href")
    assert href is not None
    preset = json.loads(page.request.get(href).text())
    field = page.locator("#threshold input[type=number]")
    expect(field).to_be_visible()  # Inspect opens by itself
    expect(field).to_have_value(f"{preset['mask']['threshold']:g}")
    assert tuner.errors == []


def test_a_part_is_counted_alone_everywhere(tuner: Visitor) -> None:
    tuner.sees(tuner.page.locator("#tune-exact"), "on 6 photos of “upload”")
    tuner.page.get_by_label("Photos that are counted").select_option("test")
    tuner.sees(tuner.page.locator(".tune-figures caption").first, "3 photos with masks")
    tuner.sees(tuner.page.locator("#tune-exact"), "on 3 photos of the test part of “upload”")
    captions = tuner.page.locator("#tune-strip .caption-label")
    expect(captions).to_have_count(3)
    expect(captions).to_contain_text([re.compile("|".join(map(re.escape, STEMS[3:])))] * 3)
    captions.first.click()
    expect(tuner.page.locator("#tune-photo img")).to_be_visible()
    assert tuner.errors == []


def test_settings_that_a_hand_made_go_to_inspect_and_an_arrow_leads_back(tuner: Visitor) -> None:
    page, exact = tuner.page, tuner.page.locator("#tune-exact")
    expect(exact).not_to_contain_text("own settings")
    page.locator("#tune-closing input[type=range]").fill("7")
    page.locator("#tune-closing input[type=range]").press("ArrowRight")
    tuner.sees(exact, f"own settings have closing {OWN_MASK.closing} instead")
    page.locator("#tune-take").click()
    closing = page.locator("#closing input[type=number]")
    expect(closing).to_be_visible()  # Inspect opens by itself
    expect(closing).to_have_value("9")
    tuner.sees(page.locator("#settings-said"), "Settings of Tune.json")
    page.get_by_role("tab", name="Tune").click()
    page.locator("#tune-closing .reset-button").click()
    expect(page.locator("#tune-closing input[type=number]")).to_have_value(f"{OWN_MASK.closing}")
    expect(exact).not_to_contain_text("own settings")
    assert tuner.errors == []


def test_the_worst_photos_come_first_and_are_shown_with_their_truth(tuner: Visitor) -> None:
    captions = tuner.page.locator("#tune-strip .caption-label")
    expect(captions).to_have_count(6)
    dice = [float(text.split()[1]) for text in captions.all_inner_texts()]
    assert dice == sorted(dice)
    tuner.page.locator("#tune-strip button.thumbnail-item").first.click()
    expect(tuner.page.locator("#tune-photo img")).to_be_visible()
    tuner.sees(tuner.page.locator("#tune-exact"), "counted by the server on 6 photos of “upload”")


def test_exact_figures_stay_when_what_was_asked_before_is_answered_last(
    browser: Browser, app: App, road: Path
) -> None:
    """The page asks for them when it knows the photos, and again when it knows the weights."""
    late: list[Route] = []

    def hold(route: Route) -> None:
        data = (route.request.post_data_json or {}).get("data", [])
        if len(data) > 6 and data[1] is None:
            late.append(route)
        else:
            route.continue_()

    with visit(browser, app.url) as visitor:
        visitor.page.route("**/run/predict*", hold)
        score(visitor, road)
        exact = visitor.page.locator("#tune-exact")
        visitor.sees(exact, "counted by the server on 6 photos")
        assert late
        for route in late:
            with visitor.page.expect_response("**/run/predict*"):
                route.continue_()
        visitor.settles()
        expect(exact).to_contain_text("counted by the server on 6 photos")


def test_the_photo_on_show_follows_the_hand(tuner: Visitor) -> None:
    tuner.page.locator("#tune-strip button.thumbnail-item").first.click()
    picture = tuner.page.locator("#tune-photo img")
    expect(picture).to_be_visible()
    tuner.settles()
    before = picture.get_attribute("src") or ""
    # as while a hand holds the slider: no change event yet
    tuner.page.locator("#tune-threshold input[type=range]").evaluate(
        """(slider) => {
            slider.value = 1;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    expect(picture).not_to_have_attribute("src", before)
    expect(picture).to_have_js_property("complete", True)
    colours = picture.evaluate(
        """(image) => {
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
            const pen = canvas.getContext("2d");
            pen.drawImage(image, 0, 0);
            const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
            const found = new Set();
            for (let at = 0; at < data.length; at += 4)
                found.add(data.slice(at, at + 3).join());
            return [...found];
        }"""
    )
    right, wrong, missed = (
        ",".join(map(str, colour)) for colour in (RIGHT_COLOUR, WRONG_COLOUR, MISSED_COLOUR)
    )
    assert missed in colours and right not in colours and wrong not in colours
    assert tuner.errors == []


@pytest.mark.parametrize("width", [390, 1024, 1366])
def test_figures_names_and_labels_can_be_read(
    browser: Browser, app: App, road: Path, width: int
) -> None:
    """The table whole, captions to their ends, and no line through what is said of another one."""
    for path in road.rglob("*.png"):
        path.rename(path.with_name(f"bridge_north_side_2024_{path.name}"))
    screen = {"viewport": {"width": width, "height": 844}}
    with tuned(browser, app, road, **screen) as visitor:
        page = visitor.page
        expect(page.locator("#tune-strip .caption-label")).to_have_count(6)
        visitor.reads_captions("#tune-strip")
        scrolls = "(place) => place.scrollWidth > place.clientWidth"
        assert not page.locator(".tune-place").evaluate(scrolls)
        last = page.locator(".tune-figures tbody td").last
        box = last.bounding_box()
        assert box is not None and box["x"] + box["width"] <= width
        for threshold in (0.2, 0.45, 0.5, 0.55, 0.65, 0.9):
            set_threshold(visitor, threshold)
            visitor.sees(page.locator(".tune-figures caption").first, f"threshold {threshold:.3f}")
            crossed = page.locator(".tune-chart .mark-label").evaluate_all(
                """(labels) => labels.filter((label) => {
                    const box = label.getBoundingClientRect();
                    const lines = label.closest("svg").querySelectorAll(".now, .mark, .curve");
                    return [...lines].some((line) => {
                        const { left, right, top, bottom } = line.getBoundingClientRect();
                        const isBeside = left >= box.right || right <= box.left;
                        return !isBeside && top < box.bottom && bottom > box.top;
                    });
                }).map((label) => label.textContent)"""
            )
            assert crossed == [], threshold


def test_a_tuned_set_hinders_nobody(tuner: Visitor) -> None:
    tuner.page.locator("#tune-strip button.thumbnail-item").first.click()
    expect(tuner.page.locator("#tune-photo img")).to_be_visible()
    tuner.page.get_by_role("button", name="Search for settings").click()
    assert findings(tuner.page) == []


def test_photos_without_truth_are_refused_in_a_sentence(visitor: Visitor, cracked: Path) -> None:
    page = visitor.page
    page.get_by_role("tab", name="Tune").click()
    page.locator("#tune-start").click()
    visitor.sees(page.locator("#tune-status"), "There are no photos yet")
    page.locator("#tune-photos input[type=file]").set_input_files([str(cracked)])
    expect(page.locator("#tune-photos").get_by_role("link")).to_have_count(1)
    page.locator("#tune-start").click()
    visitor.sees(page.locator("#tune-status"), "No photo here has a truth")


def test_photos_that_are_labelled_as_a_whole_are_told_what_sliders_cannot_do(
    visitor: Visitor, road: Path, tmp_path: Path
) -> None:
    page = visitor.page
    with zipfile.ZipFile(tmp_path / "labelled.zip", "w") as archive:
        for number, photo in enumerate(sorted((road / "images").iterdir())):
            archive.write(photo, f"{'clean' if number % 2 else 'cracked'}/{photo.name}")
    page.get_by_role("tab", name="Tune").click()
    page.locator("#tune-photos input[type=file]").set_input_files([tmp_path / "labelled.zip"])
    expect(page.locator("#tune-photos").get_by_role("link")).to_have_count(1)
    page.locator("#tune-start").click()
    visitor.sees(page.locator("#tune-status"), "6 of 6 photos")
    visitor.sees(page.locator("#tune-problems"), "which the sliders do not change")
