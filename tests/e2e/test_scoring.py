"""What a person does while photos are scored, in a real browser."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.masks.cut import cut_mask
from tests.e2e.app_server import OTHER_WEIGHTS, OWN_MASK, App
from tests.e2e.visitor import Visitor, visit, without_largest


def test_stop_keeps_what_is_done_and_scoring_can_go_on(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    with app.bench.only(3):
        visitor.drop(*survey)
        visitor.sees(visitor.status, "Scoring 4 of 10: km 3.png")
        visitor.page.locator("#stop").click()
        visitor.sees(visitor.status, "Stopped: 3 of 10 photos scored.")
    expect(visitor.page.locator("#stop")).to_be_hidden()
    expect(visitor.strip).to_have_count(3)
    visitor.strip.nth(1).click()
    visitor.sees_mask(cut_mask(app.heatmap(survey[1]), OWN_MASK))
    before = app.bench.scored_count
    visitor.page.locator("#go-on").click()
    visitor.sees(visitor.status, "10 photos scored with")
    # the photo that was stopped may have been done by then
    assert before + 6 <= app.bench.scored_count <= before + 7


def test_who_leaves_is_no_longer_scored_for(app: App, browser: Browser, survey: list[Path]) -> None:
    with app.bench.only(2):
        with visit(browser, app.url) as visitor:
            visitor.drop(*survey)
            visitor.sees(visitor.status, "Scoring 3 of 10")
            assert app.bench.waiting == 1
        with visit(browser, app.url) as other:
            while app.bench.waiting:
                other.page.wait_for_timeout(50)


def test_a_choice_made_while_photos_are_scored_is_kept(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    with app.bench.only(3) as permits:
        visitor.drop(*survey[:5])
        visitor.sees(visitor.status, "Scoring 4 of 5")
        visitor.strip.nth(2).click()
        visitor.sees(visitor.verdict, "km 2.png")
        visitor.drop_largest()
        visitor.sees(visitor.verdict, "dropped by hand")
        permits.release(2)
        visitor.sees(visitor.status, "5 photos scored")
    visitor.sees(visitor.verdict, "km 2.png")
    expected = without_largest(cut_mask(app.heatmap(survey[2]), OWN_MASK))
    visitor.sees_mask(expected)
    visitor.strip.nth(4).click()
    visitor.sees(visitor.verdict, "km 4.png")
    visitor.sees_mask(cut_mask(app.heatmap(survey[4]), OWN_MASK))
    visitor.strip.nth(2).click()
    visitor.sees_mask(expected)


def test_weights_that_are_told_of_twice_interrupt_no_photo(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    """The list tells of a choice, and of the same one again when it is left."""
    visitor.score(*survey[:2])
    visitor.page.evaluate(
        """() => {
            window.told = [];
            const status = document.getElementById("status");
            new MutationObserver(() => told.push(status.textContent.trim()))
                .observe(status, { childList: true, subtree: true, characterData: true });
        }"""
    )
    with app.bench.only(0) as permits:
        visitor.choose("weights", OTHER_WEIGHTS)
        visitor.sees(visitor.status, "Scoring 1 of 2")
        visitor.page.locator("#weights input").click()
        visitor.page.keyboard.press("Escape")
        visitor.page.locator("#weights input").blur()
        visitor.settles()
        visitor.sees(visitor.status, "Scoring 1 of 2")
        permits.release(2)
        visitor.sees(visitor.status, f"2 photos scored with {OTHER_WEIGHTS}")
    assert not [text for text in visitor.page.evaluate("told") if text.startswith("Stopped")]


def test_weights_chosen_while_others_score_take_their_place(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:2])
    with app.bench.only(0) as permits:
        visitor.choose("weights", OTHER_WEIGHTS)
        visitor.sees(visitor.status, "Scoring 1 of 2")
        visitor.choose("weights", DEFAULT_WEIGHTS)
        permits.release(4)
        visitor.sees(visitor.status, f"2 photos scored with {DEFAULT_WEIGHTS}")
    visitor.settles()
    visitor.sees(visitor.status, f"2 photos scored with {DEFAULT_WEIGHTS}")
    visitor.sees_mask(cut_mask(app.heatmap(survey[0]), OWN_MASK))


def test_photos_that_find_no_room_are_said_and_can_be_tried_again(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:2])
    page, go_on = visitor.page, visitor.page.locator("#go-on")
    with app.bench.full():
        visitor.choose("weights", OTHER_WEIGHTS)
        visitor.sees(
            visitor.status,
            "Scoring broke off. If no reason was given, the server has most likely no",
        )
        expect(visitor.status).not_to_contain_text("Error")
        expect(go_on).to_be_visible()
    go_on.click()
    visitor.sees(visitor.status, f"2 photos scored with {OTHER_WEIGHTS}")
    visitor.sees_mask(cut_mask(app.heatmap(survey[0], OTHER_WEIGHTS), OWN_MASK))
    said = page.locator("#settings-said")
    with app.bench.full():
        app.bench.photos.forget(lambda _: True)
        visitor.strip.nth(1).click()
        visitor.sees(said, "The photo could not be shown. If no reason was given, the server")
    visitor.strip.nth(1).click()
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.sees_mask(cut_mask(app.heatmap(survey[1], OTHER_WEIGHTS), OWN_MASK))
    expect(said).not_to_contain_text("could not be shown")
