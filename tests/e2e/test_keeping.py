"""Nothing is lost by a click or a reload, in a real browser."""

import re
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, expect

from crackdemo.masks.cut import cut_mask
from crackdemo.masks.region import region_mask
from tests.e2e.app_server import OTHER_WEIGHTS, OWN_MASK, App
from tests.e2e.visitor import Visitor, visit, without_largest


def test_examples_that_are_clicked_quickly_all_join(visitor: Visitor) -> None:
    buttons = visitor.page.locator("#examples button")
    for number in range(buttons.count()):
        buttons.nth(number).click()
    expect(visitor.page.locator("#strip .state")).to_have_count(buttons.count())


def test_an_example_joins_the_photos_that_are_there(visitor: Visitor, survey: list[Path]) -> None:
    visitor.score(*survey[:2])
    visitor.page.locator("#examples button").nth(1).click()
    names = visitor.page.locator("#strip .name")
    expect(names).to_have_text(["km 0.png", "km 1.png", "asphalt-crack.jpg"])
    visitor.sees(visitor.verdict, "asphalt-crack.jpg")
    visitor.page.locator("#examples button").nth(1).click()
    visitor.settles()
    expect(names).to_have_count(3)


def test_a_reload_keeps_photos_settings_drops_and_region(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:3])
    visitor.choose("weights", OTHER_WEIGHTS)
    visitor.sees(visitor.status, f"3 photos scored with {OTHER_WEIGHTS}")
    params = replace(OWN_MASK, threshold=0.22, min_area=3)
    visitor.set(params)
    visitor.strip.nth(1).click()
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.drop_largest()
    visitor.draw_box((0.05, 0.05), (0.95, 0.9))
    (box,) = visitor.page.evaluate("JSON.parse(crackdemo.page.regions()).all")
    visitor.page.evaluate("crackdemo.viewer.ready")
    before = visitor.mask()
    visitor.sees(visitor.verdict, "dropped by hand")
    region = region_mask([box], *before.shape)
    assert box[0] != box[2] and not before[~region].any()
    scored = app.bench.scored_count
    visitor.page.reload()
    visitor.sees(visitor.status, f"3 photos scored with {OTHER_WEIGHTS}")
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.sees_mask(before)
    expect(visitor.page.locator("#strip .name")).to_have_text([photo.name for photo in survey[:3]])
    expect(visitor.page.locator("#weights input")).to_have_value(OTHER_WEIGHTS)
    assert app.bench.scored_count == scored


def test_photos_that_the_server_has_no_more_are_said(visitor: Visitor, survey: list[Path]) -> None:
    visitor.score(*survey[:2])
    visitor.slide("threshold", 0.44)
    visitor.page.wait_for_function("sessionStorage['crackdemo.state'].includes('0.44')")
    # at the very end: what the page still asks for would make the other secret known
    visitor.page.evaluate(
        "addEventListener('pagehide',"
        " () => sessionStorage.setItem('crackdemo.secret', 'f'.repeat(48)))"
    )
    visitor.page.reload()
    said = visitor.page.locator("#settings-said")
    visitor.sees(said, "The server no longer has 2 photos of before: drop them again.")
    expect(visitor.page.locator("#threshold input[type=number]")).to_have_value("0.44")


def test_a_duplicated_tab_goes_its_own_way(visitor: Visitor, survey: list[Path]) -> None:
    visitor.score(*survey[:2])
    with visitor.page.expect_popup() as popup:
        visitor.page.evaluate("void open(location.href)")  # as “Duplicate tab”: with its storage
    copy = Visitor(popup.value, visitor.page.url)
    copy.sees(copy.status, "2 photos scored")
    copy.clear()
    copy.score(*survey[2:4])
    kept = ((visitor, ["km 0.png", "km 1.png"]), (copy, ["km 2.png", "km 3.png"]))
    for tab, names in kept:
        tab.page.reload()
        expect(tab.page.locator("#strip .name")).to_have_text(names)


def test_no_other_page_gets_ones_photos(
    app: App, browser: Browser, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    with visit(browser, app.url) as other:
        other.settles()
        expect(other.page.locator("#photos tr")).to_have_count(0)
        secrets = {one.page.evaluate("crackdemo.kept.secret()") for one in (visitor, other)}
        assert len(secrets) == 2 and all(re.fullmatch("[0-9a-f]{48}", one) for one in secrets)


def test_undo_covers_drops_of_another_photo_regions_and_weights_after_a_click(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    photos = [survey[2], survey[1]]
    whole = [cut_mask(app.heatmap(photo), OWN_MASK) for photo in photos]
    visitor.score(*photos)
    visitor.drop_largest()
    visitor.sees_mask(without_largest(whole[0]))
    visitor.strip.nth(1).click()
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.draw_box((0.1, 0.1), (0.8, 0.8))
    visitor.choose("weights", OTHER_WEIGHTS)
    visitor.sees(visitor.status, f"scored with {OTHER_WEIGHTS}")
    visitor.page.get_by_role("button", name="Why?").click()
    visitor.page.keyboard.press("Control+z")
    visitor.sees(visitor.status, "scored with cae-asphalt")
    visitor.sees(visitor.verdict, "in the region of interest")
    visitor.page.keyboard.press("Control+z")
    visitor.sees_mask(whole[1])
    visitor.page.keyboard.press("Control+z")  # the photo whose crack comes back is shown
    visitor.sees(visitor.verdict, "km 2.png")
    visitor.sees_mask(whole[0])
    visitor.page.keyboard.press("Control+Shift+z")
    visitor.sees_mask(without_largest(whole[0]))
