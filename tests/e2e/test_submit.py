"""The Submit tab in a real browser."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from crackdemo.masks.cut import cut_mask
from crackdemo.masks.rle import decode
from tests.e2e.app_server import OWN_MASK, App
from tests.e2e.visitor import Visitor, visit


def test_a_submission_is_made_shown_and_taken_away(
    visitor: Visitor, app: App, survey: list[Path], tmp_path: Path
) -> None:
    page = visitor.page
    page.get_by_role("tab", name="Submit").click()
    page.locator("#submit-start").click()
    visitor.sees(page.locator("#submit-status"), "There are no photos yet")
    sample = tmp_path / "sample.csv"
    sample.write_text(f"ImageId,EncodedPixels\n{survey[3].name},\n")
    page.locator("#submit-photos input[type=file]").set_input_files([str(p) for p in survey])
    expect(page.locator("#submit-photos").get_by_role("link")).to_have_count(len(survey))
    page.locator("#submit-sample input[type=file]").set_input_files(str(sample))
    expect(page.locator("#submit-sample").get_by_role("link")).to_have_count(1)
    page.locator("#submit-start").click()
    visitor.sees(page.locator("#submit-status"), "10 rows")
    visitor.sees(page.locator("#submit-notes"), "shows 1 of 10 photos")
    expect(page.locator("#submit-sheet img").first).to_be_visible()
    visitor.sees(page.locator("#submit-sheet"), "submitted: 10 photos, the most marked first")
    link = page.locator("#submit-file a[href]").first
    href = link.get_attribute("href")
    assert href is not None
    header, *lines = page.request.get(href).text().splitlines()
    assert header == "ImageId,EncodedPixels"
    rows = dict(line.split(",") for line in lines)
    assert sorted(rows) == sorted(path.name for path in survey)
    mask = cut_mask(app.heatmap(survey[3]), OWN_MASK)
    assert np.array_equal(decode(rows[survey[3].name], mask.shape), mask)


@pytest.mark.parametrize("width", [390, 1366])
def test_the_pictures_names_can_be_read_to_their_ends(
    browser: Browser, app: App, survey: list[Path], tmp_path: Path, width: int
) -> None:
    """Photos of one series differ there alone."""
    with visit(browser, app.url, viewport={"width": width, "height": 800}) as visitor:
        page = visitor.page
        page.get_by_role("tab", name="Submit").click()
        series = [tmp_path / f"bridge_north_side_2024_{number}.png" for number in range(4)]
        for photo, named in zip(survey[:4], series, strict=True):
            shutil.copy(photo, named)
        page.locator("#submit-photos input[type=file]").set_input_files([str(p) for p in series])
        expect(page.locator("#submit-photos").get_by_role("link")).to_have_count(4)
        page.locator("#submit-start").click()
        captions = page.locator("#submit-sheet .caption-label")
        expect(captions).to_have_count(4)
        shown = sorted(text.rpartition("_")[2] for text in captions.all_inner_texts())
        assert shown == ["0.png", "1.png", "2.png", "3.png"]
        visitor.reads_captions("#submit-sheet")
        captions.first.click()
        large = page.locator("#submit-sheet .preview .caption")
        expect(large).to_be_visible()
        assert not large.evaluate("(each) => each.scrollWidth > each.clientWidth")
        said, below = (
            each.bounding_box()
            for each in (large, page.locator("#submit-sheet .preview .thumbnails"))
        )
        assert said is not None and below is not None
        assert said["y"] + said["height"] <= below["y"] + 1
