"""What is said of photos: one rule in page, strip and table, in a real browser."""

import csv
import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from crackdemo.inspection.verdict import state_of
from crackdemo.masks.params import MaskParams
from tests.e2e.app_server import App
from tests.e2e.visitor import Visitor, visit

CALLED = 0.65
"""The tiny checkpoint's score threshold."""


def badge(visitor: Visitor, index: int) -> str:
    """A photo's state in the film strip."""
    return visitor.strip.nth(index).locator(".state").get_attribute("data-state") or ""


def test_the_pages_rule_is_pythons(visitor: Visitor) -> None:
    for case in itertools.product((False, True), repeat=3):
        state = visitor.page.evaluate("(c) => crackdemo.verdict.stateOf(...c)", list(case))
        assert state == state_of(*case), case


def test_the_state_follows_mask_and_drops_live(app: App, visitor: Visitor, cracked: Path) -> None:
    """The score says crack, so that an empty mask is to be looked at, and a dropped one is not."""
    assert app.detect(cracked).score >= CALLED
    visitor.score(cracked)
    state = visitor.verdict.locator(".state")
    expect(state).to_have_text("Crack")
    visitor.slide("threshold", 1)
    expect(state).to_have_text("Check")
    visitor.sees(visitor.verdict, "Nothing marked, but the photo's score says crack")
    expect(state.locator("svg")).to_be_visible()
    visitor.sees(visitor.verdict, re.compile(r"lower the threshold to 0\.\d\d\."))
    told = re.search(r"threshold to (0\.\d\d)", visitor.verdict.inner_text())
    assert told
    visitor.slide("threshold", float(told[1]))
    expect(state).to_have_text("Crack")
    visitor.set(replace(MaskParams(threshold=0.5), min_area=200))
    expect(state).to_have_text("Crack")
    visitor.drop_largest()
    expect(state).to_have_text("No crack")
    visitor.slide("threshold", 1)
    expect(state).to_have_text("Check")
    # measured, and what was dropped is told no threshold
    expect(visitor.page.locator("[data-figure=lengthPx] dd")).to_have_text("0.0 px")
    expect(visitor.verdict).to_contain_text("lower the threshold.")
    visitor.slide("threshold", 0.5)
    expect(state).to_have_text("No crack")
    visitor.page.keyboard.press("Control+z")
    expect(state).to_have_text("Crack")


def test_the_line_keeps_its_height_and_explains_itself_on_demand(
    visitor: Visitor, cracked: Path
) -> None:
    height = "document.querySelector('#verdict').getBoundingClientRect().height"
    top = "document.querySelector('#viewer').getBoundingClientRect().top + scrollY"
    empty = visitor.page.evaluate(height), visitor.page.evaluate(top)
    visitor.score(cracked)
    visitor.page.evaluate(
        f"""() => {{
            window.seen = new Set();
            crackdemo.viewer.onstate(() => window.seen.add(`${{{height}}}, ${{{top}}}`));
        }}"""
    )
    for threshold in (0.2, 0.5, 0.9, 1, 0.3):
        visitor.slide("threshold", threshold)
        visitor.page.evaluate("crackdemo.viewer.ready")
    visitor.sees(visitor.verdict, "px long")
    assert visitor.page.evaluate("seen.size") == 1
    assert (visitor.page.evaluate(height), visitor.page.evaluate(top)) == empty
    why = visitor.page.locator("#verdict .why")
    expect(why).to_be_hidden()
    visitor.page.get_by_role("button", name="Why?").click()
    expect(why).to_be_visible()
    visitor.sees(why, re.compile(r"score 0\.\d{3}; from 0\.650 on it says crack"))
    visitor.sees(why, "px long")  # the line itself may be cut off
    assert "called" not in visitor.verdict.inner_text()
    visitor.page.keyboard.press("Escape")
    expect(why).to_be_hidden()


@pytest.mark.parametrize("width", [390, 768, 1366, 1920])
def test_the_line_can_be_read_to_its_end(
    app: App, browser: Browser, cracked: Path, width: int
) -> None:
    name = cracked.with_name("bridge_north_side_survey_2024_119.png")
    cracked.rename(name)
    with visit(browser, app.url, viewport={"width": width, "height": 800}) as visitor:
        visitor.score(name)
        visitor.sees(visitor.verdict, "at most.")
        cut = """(part) => part.scrollWidth > part.clientWidth
                       || part.scrollHeight > part.clientHeight"""
        said = visitor.page.locator("#verdict .said")
        assert not said.evaluate(cut)
        if width > 700:  # on a phone knobs and list are folded away
            visitor.slide("threshold", 0.2)  # more digits
            visitor.page.evaluate("crackdemo.viewer.ready")
            assert not said.evaluate(cut)
            listed = visitor.page.locator("#photos .filename")
            expect(listed).to_have_text(re.compile("survey_2024_119"))
            for part in (listed, listed.locator(".stem")):
                assert not part.evaluate("(part) => part.scrollWidth > part.clientWidth + 1")


def test_what_was_asked_of_one_photo_does_not_lie_over_the_next(
    visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:2])
    visitor.page.get_by_role("button", name="Why?").click()
    expect(visitor.page.locator("#verdict .why")).to_be_visible()
    visitor.slide("threshold", 0.25)
    visitor.page.evaluate("crackdemo.viewer.ready")
    expect(visitor.page.locator("#verdict .why")).to_be_visible()
    visitor.strip.nth(1).click()
    visitor.sees(visitor.verdict, "km 1.png")
    expect(visitor.page.locator("#verdict .why")).to_be_hidden()


def test_the_strip_shows_filters_and_sorts_what_the_table_says(
    visitor: Visitor, survey: list[Path], tmp_path: Path
) -> None:
    visitor.score(*survey[:6])
    for params in (MaskParams(threshold=0.3), MaskParams(threshold=0.55, min_area=300)):
        visitor.set(params)
        expect(visitor.page.locator("#strip.moving, #strip .stale")).to_have_count(0)
        expect(visitor.page.locator("#strip .state")).to_have_count(6)
        shown = [badge(visitor, index) for index in range(6)]
        files = visitor.downloads(tmp_path / "saved")
        rows = list(csv.DictReader(files["results.csv"].open()))
        assert shown == [row["state"] for row in rows]
    scores = {row["file"]: float(row["score"]) for row in rows}
    visitor.page.get_by_label("Order of the photos").select_option("score")
    ordered = sorted(scores, key=lambda name: -scores[name])
    expect(visitor.page.locator("#strip .name")).to_have_text(ordered)
    for state in ("crack", "check", "no_crack"):
        visitor.page.locator(f".film-bar [data-filter={state}]").click()
        expect(visitor.strip).to_have_count(shown.count(state))
    visitor.page.locator(".film-bar [data-filter=all]").click()
    visitor.page.locator("#film-masks").check()
    mask = visitor.page.locator("#strip .mask").first
    expect(mask).to_be_visible()
    assert mask.evaluate("(image) => image.naturalWidth") > 0


def test_the_cards_button_is_one_and_the_same_while_measures_come(
    visitor: Visitor, cracked: Path
) -> None:
    """It used to be replaced, so that a click that began before was lost."""
    visitor.score(cracked)
    visitor.page.locator(".pane[data-view=photo]").focus()
    visitor.page.keyboard.press("n")
    button = visitor.page.locator(".selection button")
    box = button.bounding_box()
    assert box is not None
    visitor.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visitor.page.mouse.down()
    visitor.sees(visitor.page.locator(".selection"), re.compile(r"Length \d"))
    visitor.page.keyboard.press("n")  # the card stays under the hand
    assert button.bounding_box() == box
    visitor.page.mouse.up()
    visitor.sees(visitor.verdict, "1 region dropped by hand")
