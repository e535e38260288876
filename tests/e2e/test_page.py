"""The whole page as a person meets it: a real server, a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from tests.e2e.app_server import App
from tests.e2e.visitor import Visitor, visit


def test_the_page_opens_complete_and_asks_nothing_of_the_outside(
    app: App, browser: Browser
) -> None:
    with visit(browser, app.url) as visitor:
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
    visitor.sees(
        visitor.verdict, re.compile(r"(Crack|Check|No crack).+ marked.+asphalt-crack\.jpg")
    )
    visitor.sees(visitor.verdict, "from 0.650 on it says crack")
    for view in ("photo", "reconstruction", "heatmap", "mask"):
        assert visitor.picture(view).std() > 1, f"{view} is blank"


def test_what_one_visitor_opens_no_other_sees(
    app: App, browser: Browser, visitor: Visitor, survey: list[Path]
) -> None:
    with visit(browser, app.url) as other:
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
    with visit(browser, app.url, **screen) as visitor:
        visitor.score(*survey)
        expect(visitor.strip).to_have_count(10)
        page = visitor.page
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.evaluate("scrollY") == 0
        tops = [
            page.locator(f"#{place}").evaluate("e => e.getBoundingClientRect().top")
            for place in ("intake-fold", "verdict", "viewer", "prepare")
        ]
        assert tops == sorted(tops) and tops[1] < 844


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_are_readable(app: App, browser: Browser, cracked: Path, scheme: str) -> None:
    with visit(browser, app.url, color_scheme=scheme) as visitor:
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
