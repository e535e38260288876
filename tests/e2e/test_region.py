"""The region of interest, drawn in a real browser."""

from pathlib import Path

import numpy as np
from playwright.sync_api import expect

from crackdemo.masks.cut import cut_mask
from tests.e2e.app_server import OWN_MASK, App
from tests.e2e.visitor import Visitor


def test_a_region_of_interest_is_drawn_by_clicks_and_taken_back(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    whole = cut_mask(app.heatmap(cracked), OWN_MASK)
    visitor.score(cracked)
    visitor.page.locator("#region button").first.click()
    visitor.page.get_by_label("Polygon", exact=True).check()
    for corner in ((0.1, 0.1), (0.6, 0.1), (0.1, 0.9)):
        visitor.region_click(*corner)
    visitor.page.get_by_role("button", name="Close polygon").click()
    visitor.sees(visitor.verdict, "in the region of interest")
    visitor.page.evaluate("crackdemo.viewer.ready")
    inside = visitor.mask()
    assert inside.any() and not inside[60:, 80:].any() and whole[:, 80:].any()
    assert np.array_equal(inside[20:30, 20:50], whole[20:30, 20:50])
    visitor.page.get_by_role("button", name="Undo", exact=True).click()
    visitor.sees_mask(whole)
    visitor.page.get_by_label("Box", exact=True).check()
    visitor.region_click(0.5, 0.5)
    visitor.region_click(0.9, 0.9)
    visitor.sees(visitor.verdict, "in the region of interest")
    visitor.page.get_by_role("button", name="Whole photo").last.click()
    visitor.sees_mask(whole)


def test_clicks_that_come_faster_than_answers_all_count(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    visitor.page.locator("#region button").first.click()
    visitor.page.get_by_label("Polygon", exact=True).check()
    expect(visitor.page.locator("#region-view img")).to_be_visible()
    visitor.settles()
    with app.bench.overloaded():
        for corner in ((0.1, 0.1), (0.6, 0.1), (0.1, 0.9)):
            with visitor.page.expect_response("**/queue/join*"):
                visitor.region_click_at_once(*corner)
        with visitor.page.expect_response("**/queue/join*"):
            visitor.page.get_by_role("button", name="Close polygon").click()
    visitor.sees(visitor.verdict, "in the region of interest")
