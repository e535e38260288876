"""Photos that come, are paged through and go, in a real browser."""

import csv
import re
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import expect

from crackdemo.masks.cut import cut_mask
from tests.e2e.app_server import OWN_MASK, App
from tests.e2e.visitor import SavePhoto, Visitor


def test_bad_photos_are_listed_by_name_and_the_others_are_done(
    visitor: Visitor, save_photo: SavePhoto, tmp_path: Path
) -> None:
    good = [save_photo(tmp_path / name) for name in ("a b.png", 'ünï "q" \'s!.png', "道路.webp")]
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text $1.jpg").write_text("not a photo")
    (tmp_path / "README.md").write_text("# not a photo")
    refused = [tmp_path / name for name in ("empty.jpg", "text $1.jpg", "README.md")]
    visitor.score(good[0], refused[0], good[1], *refused[1:], good[2])
    visitor.sees(visitor.status, "3 photos scored")
    problems = visitor.page.locator("#problems li")
    expect(problems).to_have_text(
        [
            re.compile(r"^empty\.jpg is an empty file"),
            re.compile(r"^text \$1\.jpg is not a photo"),
            re.compile(r"^README\.md is not a photo"),
        ]
    )
    expect(visitor.strip).to_contain_text([photo.name for photo in good])
    seen = visitor.page.locator("body").inner_text()
    assert str(tmp_path) not in seen and "/tmp" not in seen
    files = visitor.downloads(tmp_path / "saved")
    rows = list(csv.DictReader(files["results.csv"].open(encoding="utf-8")))
    assert [row["file"] for row in rows] == [photo.name for photo in good]
    failed = list(csv.DictReader(files["errors.csv"].open(encoding="utf-8")))
    assert [row["file"] for row in failed] == [file.name for file in refused]


def test_two_photos_of_one_name_are_kept_apart(
    visitor: Visitor, cracked: Path, survey: list[Path], tmp_path: Path
) -> None:
    twin = tmp_path / "other" / cracked.name
    twin.parent.mkdir()
    twin.write_bytes(survey[0].read_bytes())
    visitor.score(cracked, twin)
    expect(visitor.strip).to_contain_text(["road.png", "road (2).png"])


def test_a_pasted_picture_joins_the_others(visitor: Visitor, cracked: Path) -> None:
    visitor.score(cracked)
    visitor.page.evaluate(
        """async (bytes) => {
            const clipboardData = new DataTransfer();
            const type = "image/png";
            clipboardData.items.add(new File([new Uint8Array(bytes)], "image.png", { type }));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
        }""",
        list(cracked.read_bytes()),
    )
    expect(visitor.strip).to_contain_text(["road.png", "image.png"])


def test_many_photos_stand_in_one_strip(visitor: Visitor, tmp_path: Path) -> None:
    """No more in pages of sixty: their thumbnails come once and load as they are seen."""
    photos = [tmp_path / f"{i:02}.png" for i in range(62)]
    for i, photo in enumerate(photos):
        cv2.imwrite(str(photo), np.random.default_rng(i).integers(90, 200, (16, 16), np.uint8))
    visitor.score(*photos)
    expect(visitor.strip).to_have_count(62)
    visitor.strip.last.click()
    visitor.sees(visitor.verdict, "61.png")
    expect(visitor.strip.last).to_have_class(re.compile("selected"))


def test_the_film_strip_moves_between_photos_that_come_and_go(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:3])
    visitor.sees(visitor.verdict, "km 0.png")
    visitor.strip.nth(2).click()
    visitor.sees(visitor.verdict, "km 2.png")
    visitor.sees_mask(cut_mask(app.heatmap(survey[2]), OWN_MASK))
    before = app.bench.scored_count
    visitor.drop(survey[3])
    expect(visitor.strip).to_have_count(4)
    visitor.sees(visitor.verdict, "km 2.png")
    assert app.bench.scored_count == before + 1
    visitor.page.locator("#photos tr", has_text="km 2").get_by_role("button").click()
    expect(visitor.strip).to_have_count(3)
    visitor.sees(visitor.verdict, "km 0.png")
    visitor.page.locator("#photos").get_by_label("Clear").click()
    expect(visitor.strip).to_have_count(0)
    expect(visitor.verdict).to_have_text("")
    visitor.page.wait_for_function("crackdemo.viewer.mask() === null")


def test_photos_paged_through_fast_never_mix(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    masks = [cut_mask(app.heatmap(photo), OWN_MASK) for photo in survey]
    visitor.score(*survey)
    expect(visitor.strip).to_have_count(10)
    for order in ((3, 7, 1, 9, 5, 8, 2, 6), (0, 9, 0, 9, 4)):
        for index in order:
            visitor.strip.nth(index).click(no_wait_after=True)
        visitor.sees(visitor.verdict, f"km {order[-1]}.png")
        visitor.sees_mask(masks[order[-1]])
        expect(visitor.strip.nth(order[-1])).to_have_class(re.compile("selected"))


def test_a_late_answer_to_an_earlier_click_is_not_shown_in_place_of_the_last(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    late = survey[1].rename(survey[1].with_name("late.png"))
    visitor.score(survey[0], late, survey[2])
    visitor.sees(visitor.verdict, "km 0.png")
    with app.bench.overloaded(late):
        with visitor.page.expect_response("**/queue/join*"):
            visitor.strip.nth(1).click()
        visitor.strip.nth(2).click()
        visitor.settles()
        expect(visitor.strip.nth(2)).to_have_class(re.compile("selected"))
    visitor.settles()
    visitor.sees(visitor.verdict, "km 2.png")
    visitor.sees_mask(cut_mask(app.heatmap(survey[2]), OWN_MASK))
    expect(visitor.strip.nth(2)).to_have_class(re.compile("selected"))
