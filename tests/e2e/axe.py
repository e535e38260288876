"""What hinders people on a page, as axe-core finds it."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

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


def findings(page: Page) -> list[str]:
    """What hinders people seriously, and where."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci --prefix tests")
    page.add_script_tag(path=AXE)
    found: Any = page.evaluate(FINDINGS)
    return list(found)
