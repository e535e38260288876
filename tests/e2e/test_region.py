"""The region of interest and the scale, drawn on the photo in a real browser."""

from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, expect

from crackdemo.arrays import CrackMask
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.region import region_mask
from tests.e2e.app_server import OWN_MASK, App
from tests.e2e.visitor import Visitor, visit

ON_THE_PICTURE = "([x, y]) => !!document.elementFromPoint(x, y)?.closest('.pane')"


def regions(visitor: Visitor) -> Any:
    """As the page keeps them."""
    return visitor.page.evaluate("JSON.parse(crackdemo.page.regions())")


def inside(app: App, photo: Path, polygons: Any) -> CrackMask:
    heatmap = app.heatmap(photo)
    return cut_mask(heatmap, OWN_MASK, region_mask(polygons, *heatmap.shape))


def test_a_box_is_dragged_its_corner_moved_and_both_undone(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    whole = cut_mask(app.heatmap(cracked), OWN_MASK)
    visitor.score(cracked)
    visitor.page.get_by_role("button", name="Region of interest").click()
    visitor.drag((0.1, 0.1), (0.5, 0.6))
    visitor.sees(visitor.verdict, "in the region of interest")
    (box,) = regions(visitor)["all"]
    assert np.allclose([box[0], box[2]], [[0.1, 0.1], [0.5, 0.6]], atol=0.01)
    visitor.sees_mask(inside(app, cracked, [box]))
    visitor.drag((0.5, 0.6), (0.9, 0.9))
    (moved,) = regions(visitor)["all"]
    assert np.allclose(moved[2], [0.9, 0.9], atol=0.01) and moved[0] == box[0]
    visitor.sees_mask(inside(app, cracked, [moved]))
    visitor.page.keyboard.press("Control+z")
    visitor.sees_mask(inside(app, cracked, [box]))
    visitor.page.keyboard.press("Control+z")
    visitor.sees_mask(whole)
    visitor.page.keyboard.press("Control+Shift+z")
    visitor.sees_mask(inside(app, cracked, [box]))
    visitor.page.get_by_role("button", name="Count whole photo").click()
    visitor.sees_mask(whole)


def test_a_polygon_is_set_by_clicks_and_drawn_along_at_any_zoom(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    page = visitor.page
    page.get_by_role("button", name="Region of interest").click()
    page.get_by_role("button", name="Polygon", exact=True).click()
    for corner in ((0.1, 0.1), (0.6, 0.15), (0.8, 0.8), (0.1, 0.9)):
        page.mouse.click(*visitor.place(*corner))
    page.keyboard.press("Control+z")  # the corner alone
    page.get_by_role("button", name="Close polygon").click()
    visitor.sees(visitor.verdict, "in the region of interest")
    (triangle,) = regions(visitor)["all"]
    assert np.allclose(triangle, [[0.1, 0.1], [0.6, 0.15], [0.8, 0.8]], atol=0.01)
    visitor.sees_mask(inside(app, cracked, [triangle]))
    page.get_by_role("button", name="Zoom in (+)").click()
    middle = visitor.place(0.5, 0.5)
    page.mouse.move(middle[0] - 60, middle[1] - 40)
    page.mouse.down()
    for dx, dy in ((60, -40), (60, 40), (-60, 40)):
        page.mouse.move(middle[0] + dx, middle[1] + dy, steps=8)
    page.mouse.up()
    page.wait_for_function("JSON.parse(crackdemo.page.regions()).all.length === 2")
    lasso = np.array(regions(visitor)["all"][1])
    assert len(lasso) == 4
    assert np.allclose(lasso.mean(axis=0), 0.5, atol=0.05)
    visitor.sees_mask(inside(app, cracked, regions(visitor)["all"]))


def test_a_region_counts_for_all_photos_or_for_one(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:2])
    visitor.page.get_by_role("button", name="Region of interest").click()
    visitor.drag((0.1, 0.1), (0.6, 0.7))
    visitor.sees(visitor.verdict, "in the region of interest")
    (box,) = regions(visitor)["all"]
    visitor.strip.nth(1).click()
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.sees_mask(inside(app, survey[1], [box]))
    visitor.page.get_by_label("Where the region counts").select_option("on this photo")
    visitor.page.wait_for_function(
        "Object.keys(JSON.parse(crackdemo.page.regions()).photos).length"
    )
    visitor.drag((0.7, 0.75), (0.95, 0.95))
    visitor.page.wait_for_function(
        "Object.values(JSON.parse(crackdemo.page.regions()).photos)[0].length === 2"
    )
    ((_, own),) = regions(visitor)["photos"].items()
    visitor.sees_mask(inside(app, survey[1], own))
    visitor.strip.nth(0).click()
    visitor.sees(visitor.verdict, "km 0.png")
    visitor.sees_mask(inside(app, survey[0], [box]))


def test_undo_of_a_photos_own_region_shows_that_photo(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:2])
    whole = visitor.mask()
    visitor.page.get_by_role("button", name="Region of interest").click()
    visitor.page.get_by_label("Where the region counts").select_option("on this photo")
    visitor.drag((0.1, 0.1), (0.6, 0.7))
    visitor.sees(visitor.verdict, "marked in the region of interest")
    visitor.strip.nth(1).click()
    visitor.sees(visitor.verdict, "km 1.png")
    undo = visitor.page.locator("#viewer").get_by_role("button", name="Undo")
    undo.click()
    visitor.sees(visitor.verdict, "km 0.png")
    visitor.sees_mask(whole)
    expect(visitor.verdict).not_to_contain_text("in the region of interest")


def test_boxes_drawn_faster_than_answers_all_count(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    visitor.page.get_by_role("button", name="Region of interest").click()
    boxes = (((0.05, 0.05), (0.3, 0.3)), ((0.4, 0.4), (0.6, 0.6)), ((0.7, 0.7), (0.9, 0.9)))
    with app.bench.overloaded():
        with visitor.page.expect_response("**/queue/join*"):
            visitor.drag(*boxes[0])
        for box in boxes[1:]:
            visitor.drag(*box)
    visitor.sees(visitor.verdict, "in the region of interest")
    drawn = regions(visitor)["all"]
    assert len(drawn) == 3
    visitor.sees_mask(inside(app, cracked, drawn))


def test_a_finger_draws_a_box(app: App, browser: Browser, cracked: Path) -> None:
    screen = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    with visit(browser, app.url, **screen) as visitor:
        visitor.score(cracked)
        visitor.page.get_by_role("button", name="Region of interest").click()
        expect(visitor.page.locator(".drawing")).to_be_visible()
        for corner in ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9), (0.02, 0.98)):
            assert visitor.page.evaluate(ON_THE_PICTURE, visitor.place(*corner)), corner
        session = visitor.page.context.new_cdp_session(visitor.page)
        for kind, place in (
            ("touchStart", (0.2, 0.2)),
            ("touchMove", (0.5, 0.5)),
            ("touchMove", (0.7, 0.6)),
        ):
            x, y = visitor.place(*place)
            points = [{"x": x, "y": y}]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        visitor.sees(visitor.verdict, "in the region of interest")
        (box,) = regions(visitor)["all"]
        assert np.allclose([box[0], box[2]], [[0.2, 0.2], [0.7, 0.6]], atol=0.02)


def test_a_line_of_known_length_sets_the_scale(visitor: Visitor, cracked: Path) -> None:
    visitor.score(cracked)
    page = visitor.page
    page.get_by_role("button", name="Scale by a line").click()
    visitor.drag((0.1, 0.5), (0.6, 0.5))  # 64 of the 128 px
    length = page.get_by_label("Length of the line in mm")
    length.fill("-4")
    page.get_by_role("button", name="Set scale").click()
    visitor.sees(page.locator(".drawing .fault"), "must be a number above 0")
    length.fill("32")
    page.get_by_role("button", name="Set scale").click()
    scale = page.locator("#scale input")
    page.wait_for_function("Number(document.querySelector('#scale input').value) > 0")
    assert abs(float(scale.input_value()) - 0.5) < 0.01
    visitor.sees(visitor.verdict, "mm long")
    expect(page.locator(".drawing")).to_be_hidden()


def test_that_a_region_counts_for_all_photos_is_said(
    visitor: Visitor, cracked: Path, survey: list[Path]
) -> None:
    visitor.score(cracked, survey[0])
    visitor.draw_box((0.1, 0.1), (0.9, 0.8))
    visitor.sees(visitor.page.locator("#settings-said"), "The region counts for all 2 photos")
