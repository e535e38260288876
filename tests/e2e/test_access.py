"""The page for everybody: what axe-core finds, in a real browser."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.app_server import App
from tests.e2e.visitor import Visitor, visit

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
FINDINGS = """async () => {
    // gradio's own button in a button, over a list of files
    const context = { exclude: [".icon-button-wrapper .icon-button:has(button)"] };
    const { violations } = await axe.run(context, { resultTypes: ["violations"] });
    return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .flatMap(({ id, nodes }) => nodes.map((node) =>
            `${id}: ${node.target.join(" ")} (${node.failureSummary})`));
}"""


def findings(visitor: Visitor) -> list[str]:
    """What hinders people seriously, and where."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci --prefix tests")
    visitor.page.add_script_tag(path=AXE)
    found: Any = visitor.page.evaluate(FINDINGS)
    return list(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1366])
def test_inspect_hinders_nobody(
    app: App, browser: Browser, survey: list[Path], scheme: str, width: int
) -> None:
    screen = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    with visit(browser, app.url, **screen) as visitor:
        assert findings(visitor) == []
        visitor.score(*survey[:3])
        expect(visitor.page.locator("#strip .state")).to_have_count(3)
        visitor.page.locator(".pane[data-view=photo]").focus()
        visitor.page.keyboard.press("n")
        visitor.page.get_by_role("button", name="Region of interest").click()
        assert findings(visitor) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_train_hinders_nobody(app: App, browser: Browser, scheme: str) -> None:
    with visit(browser, app.url, color_scheme=scheme) as visitor:
        visitor.page.get_by_role("tab", name="Train").click()
        expect(visitor.page.locator("#runs")).to_be_visible()
        assert findings(visitor) == []


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
