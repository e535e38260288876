"""The page for everybody: what axe-core finds, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.app_server import App
from tests.e2e.axe import findings
from tests.e2e.visitor import Visitor, visit


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1366])
def test_inspect_hinders_nobody(
    app: App, browser: Browser, survey: list[Path], scheme: str, width: int
) -> None:
    screen = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    with visit(browser, app.url, **screen) as visitor:
        assert findings(visitor.page) == []
        visitor.score(*survey[:3])
        expect(visitor.page.locator("#strip .state")).to_have_count(3)
        visitor.page.locator(".pane[data-view=photo]").focus()
        visitor.page.keyboard.press("n")
        visitor.page.get_by_role("button", name="Region of interest").click()
        assert findings(visitor.page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("tab", "sign"), [("Train", "#runs"), ("Tune", "#tune-start"), ("Submit", "#submit-start")]
)
def test_the_other_tabs_hinder_nobody(
    app: App, browser: Browser, scheme: str, tab: str, sign: str
) -> None:
    with visit(browser, app.url, color_scheme=scheme) as visitor:
        visitor.page.get_by_role("tab", name=tab).click()
        expect(visitor.page.locator(sign)).to_be_visible()
        assert findings(visitor.page) == []


def test_whoever_uses_the_keyboard_sees_where_he_is(visitor: Visitor, cracked: Path) -> None:
    visitor.score(cracked)
    visitor.page.locator("body").click(position={"x": 2, "y": 2})
    seen = set()
    for _ in range(40):
        visitor.page.keyboard.press("Tab")
        name, style = visitor.page.evaluate(
            """() => {
                const here = document.activeElement;
                const { outlineStyle, boxShadow } = getComputedStyle(here);
                const name = here.getAttribute("aria-label") ?? here.textContent.slice(0, 40);
                const isSeen = outlineStyle !== "none" || boxShadow !== "none";
                return [name || here.id || here.tagName, isSeen];
            }"""
        )
        seen.add(name)
        assert style, f"{name} does not show that it has the focus"
    assert len(seen) > 20
