"""The picture stays in sight, on a laptop and on a phone, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.app_server import App
from tests.e2e.visitor import Visitor, visit

IS_TO_BE_HIT = """(selector) => {
    const box = document.querySelector(selector)?.getBoundingClientRect();
    const [x, y] = box ? [box.left + box.width / 2, box.top + box.height / 2] : [-1, -1];
    return document.elementFromPoint(x, y)?.closest(selector);
}"""
"""Nothing covers a part's middle, and the window shows it."""
KNOBS = ("threshold", "opening", "closing", "grow", "min-area", "opacity", "kernel", "scale")


def seen(part: Locator) -> float:
    """The share of a part that the window shows, 0..1."""
    share: float = part.evaluate(
        """(element) => {
            const { top, bottom, height } = element.getBoundingClientRect();
            return Math.max(0, Math.min(innerHeight, bottom) - Math.max(0, top)) / height;
        }"""
    )
    return share


def test_on_a_laptop_the_stage_stays_while_knobs_scroll(
    app: App, browser: Browser, survey: list[Path]
) -> None:
    with visit(browser, app.url, viewport={"width": 1366, "height": 768}) as visitor:
        visitor.score(*survey[:2])
        page = visitor.page
        stage = page.locator("#viewer .stage")
        stage.scroll_into_view_if_needed()
        for knob in (*KNOBS, "reset", "prepare"):
            page.locator(f"#{knob}").scroll_into_view_if_needed()
            assert seen(stage) > 0.95, knob
            assert seen(page.locator(f"#{knob}")) > 0.99  # browsers scroll by whole pixels
        page.locator(".pane[data-view=photo]").focus()
        page.keyboard.press("n")
        card = page.locator(".selection")
        expect(card).to_be_visible()
        box, frame = card.bounding_box(), stage.bounding_box()
        assert box is not None and frame is not None
        assert frame["y"] <= box["y"] and box["y"] + box["height"] <= frame["y"] + frame["height"]


@pytest.mark.parametrize("width", [390, 768, 1366, 1920])
def test_the_page_is_as_wide_empty_as_loaded_and_on_every_tab(
    app: App, browser: Browser, survey: list[Path], width: int
) -> None:
    with visit(browser, app.url, viewport={"width": width, "height": 800}) as visitor:
        main = "document.querySelector('.gradio-container .main').getBoundingClientRect().width"
        widths = [visitor.page.evaluate(main)]
        visitor.score(*survey[:3])
        widths.append(visitor.page.evaluate(main))
        visitor.page.get_by_role("tab", name="Train").click()
        expect(visitor.page.locator("#runs")).to_be_visible()
        widths.append(visitor.page.evaluate(main))
        assert len(set(widths)) == 1
        scrolled = "document.documentElement.scrollWidth <= innerWidth"
        assert visitor.page.evaluate(scrolled)


def swipe(visitor: Visitor) -> None:
    """As far down as the page goes."""
    visitor.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")


def test_on_a_phone_ten_photos_are_inspected_from_upload_to_zip_beside_the_picture(
    app: App, browser: Browser, survey: list[Path], tmp_path: Path
) -> None:
    screen = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    with visit(browser, app.url, **screen) as visitor:
        page = visitor.page
        expect(page.locator("#examples")).to_be_visible()
        visitor.score(*survey)
        expect(visitor.strip).to_have_count(10)
        for folded in ("#photos", "#examples", "#weights"):
            expect(page.locator(folded)).to_be_hidden()
        expect(page.locator("#knobs #threshold")).to_be_hidden()
        stage, plot = page.locator("#viewer .stage"), page.locator("#viewer .plot")
        for index in range(10):
            visitor.strip.nth(index).click()
            visitor.sees(visitor.verdict, f"km {index}.png")
            assert seen(stage) > 0.9
        page.locator("#sheet-handle button").click()
        for knob in KNOBS:
            page.locator(f"#{knob}").scroll_into_view_if_needed()
            assert seen(stage) > 0.95 and seen(plot) > 0.95, knob
        visitor.slide("threshold", 0.4)
        page.locator("#sheet-handle button").click()
        swipe(visitor)
        assert seen(stage) > 0.95 and seen(plot) > 0.95
        page.locator("#prepare-all").click()
        link = page.locator("#downloads a[download]")
        page.wait_for_function(IS_TO_BE_HIT, arg="#downloads a[download]")
        assert seen(stage) > 0.95
        swipe(visitor)
        assert seen(stage) > 0.95
        with page.expect_download() as download:
            link.click()
        assert download.value.suggested_filename == "crackdemo.zip"
        page.get_by_role("button", name="Photos, examples and weights").click()
        expect(page.locator("#photos")).to_be_visible()
        expect(page.locator("#weights")).to_be_visible()


def test_on_a_phone_the_other_views_stay_in_reach_of_a_comparison(
    app: App, browser: Browser, cracked: Path
) -> None:
    screen = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    with visit(browser, app.url, **screen) as visitor:
        visitor.score(cracked)
        page = visitor.page
        views = page.get_by_role("radiogroup", name="Views")
        views.get_by_role("radio", name="Compare").tap()
        expect(page.get_by_label("Left view")).to_be_visible()
        wide = "(element) => element.getBoundingClientRect().width"
        assert views.evaluate(wide) > 120
        edge = "(element) => element.getBoundingClientRect().right"
        for part in (".comparison", ".tools"):
            assert page.locator(f"#viewer {part}").evaluate(edge) <= 390
        views.get_by_role("radio", name="Photo with mask").tap()
        expect(page.get_by_label("Left view")).to_be_hidden()


def test_a_photo_alone_is_a_view_without_a_mask(visitor: Visitor, cracked: Path) -> None:
    visitor.score(cracked)
    visitor.page.get_by_role("radio", name="Photo alone").click()
    shown = visitor.page.locator(".pane.shown")
    expect(shown).to_have_count(1)
    expect(shown).to_have_attribute("data-view", "bare")
    assert visitor.picture("bare").std() > 1
    expect(shown.locator(".marks")).to_have_count(0)
