"""Weights that are chosen and named, in a real browser."""

import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
from playwright.sync_api import expect

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.masks.cut import cut_mask
from tests.e2e.app_server import OTHER_WEIGHTS, OWN_MASK, App
from tests.e2e.visitor import Visitor
from tests.hub_standin import HubStandIn


def test_other_weights_score_anew_and_the_first_are_remembered(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:2])
    visitor.strip.nth(1).click()
    visitor.sees(visitor.verdict, "km 1.png")
    before = app.bench.scored_count
    visitor.choose("weights", OTHER_WEIGHTS)
    visitor.sees(visitor.status, f"2 photos scored with {OTHER_WEIGHTS}")
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.sees_mask(cut_mask(app.heatmap(survey[1], OTHER_WEIGHTS), OWN_MASK))
    assert app.bench.scored_count == before + 2
    visitor.choose("weights", DEFAULT_WEIGHTS)
    visitor.sees(visitor.status, f"2 photos scored with {DEFAULT_WEIGHTS}")
    visitor.sees_mask(cut_mask(app.heatmap(survey[1]), OWN_MASK))
    assert app.bench.scored_count == before + 2


def test_what_was_asked_of_the_weights_before_is_not_taken_for_the_new_ones(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    """The answer comes when the strip has heard of these, and has not asked of them yet."""
    photos = survey[:3]
    with app.bench.overloaded(*photos[1:]):
        with visitor.asks():
            visitor.score(*photos)
        visitor.choose("weights", OTHER_WEIGHTS)
        visitor.sees(visitor.status, f"3 photos scored with {OTHER_WEIGHTS}")
    visitor.settles()
    for cell, photo in zip(visitor.strip.all(), photos, strict=True):
        score = app.detect(photo, OTHER_WEIGHTS).score
        expect(cell).to_have_attribute("title", re.compile(f"{photo.name}, .*, score {score:.2f}"))
        expect(cell).not_to_have_class(re.compile("stale"))


def test_false_alarms_stay_with_the_weights_that_made_them(
    app: App, visitor: Visitor, cracked: Path, survey: list[Path]
) -> None:
    visitor.score(survey[0], cracked)
    expected = cut_mask(app.heatmap(survey[0], OTHER_WEIGHTS), OWN_MASK)
    visitor.drop_largest()
    visitor.sees(visitor.verdict, "1 region dropped by hand")
    left = visitor.mask()
    visitor.choose("weights", OTHER_WEIGHTS)
    visitor.sees_mask(expected)
    said = visitor.page.locator("#settings-said")
    visitor.sees(said, f"dropped with {DEFAULT_WEIGHTS} do not count for {OTHER_WEIGHTS}")
    said.get_by_role("button", name="Undo").click()
    visitor.sees(visitor.status, f"scored with {DEFAULT_WEIGHTS}")
    visitor.sees_mask(left)
    visitor.choose("weights", OTHER_WEIGHTS)
    visitor.sees(said, f"do not count for {OTHER_WEIGHTS}")
    visitor.page.locator("#viewer").get_by_role("button", name="Undo").click()
    expect(said).not_to_contain_text("do not count")  # its Undo would do it once more
    visitor.sees(visitor.status, f"scored with {DEFAULT_WEIGHTS}")
    visitor.sees_mask(left)


def press_delete(visitor: Visitor) -> None:
    """On the largest crack of the mask on show."""
    visitor.page.locator(".crack-viewer").focus()
    visitor.page.keyboard.press("n")
    visitor.page.keyboard.press("Delete")


def test_nothing_is_dropped_of_a_mask_that_is_being_undone(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    visitor.drop_largest()
    visitor.sees(visitor.verdict, "1 region dropped by hand")
    left = visitor.mask()
    visitor.choose("weights", OTHER_WEIGHTS)
    visitor.sees(visitor.status, f"scored with {OTHER_WEIGHTS}")
    visitor.sees_mask(cut_mask(app.heatmap(cracked, OTHER_WEIGHTS), OWN_MASK))
    with app.bench.looking_up(DEFAULT_WEIGHTS):
        visitor.page.locator("#viewer").get_by_role("button", name="Undo").click()
        assert app.bench.seeking.wait(30)
        visitor.settles()  # what else the page asks for is there
        press_delete(visitor)
    visitor.sees(visitor.status, f"scored with {DEFAULT_WEIGHTS}")
    visitor.sees_mask(left)
    visitor.sees(visitor.verdict, "1 region dropped by hand")


def test_nothing_is_dropped_for_a_run_whose_mask_is_not_there_yet(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    with app.bench.looking_up(OTHER_WEIGHTS):
        run = {"name": OTHER_WEIGHTS, "mask": asdict(OWN_MASK)}
        visitor.page.evaluate("run => crackdemo.page.useWeights(run)", run)
        assert app.bench.seeking.wait(30)
        visitor.settles()  # what else the page asks for is there
        press_delete(visitor)
    visitor.sees(visitor.status, f"scored with {OTHER_WEIGHTS}")
    visitor.sees_mask(cut_mask(app.heatmap(cracked, OTHER_WEIGHTS), OWN_MASK))
    expect(visitor.verdict).not_to_contain_text("1 region dropped")


def test_after_weights_that_are_gone_the_mask_on_show_can_be_worked_on(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    run = {"name": "a run that was deleted", "mask": asdict(OWN_MASK)}
    visitor.page.evaluate("run => crackdemo.page.useWeights(run)", run)
    visitor.sees(visitor.page.locator("#weights-fault"), "There are no weights")
    visitor.drop_largest()
    visitor.sees(visitor.verdict, "1 region dropped by hand")


def test_of_weights_that_follow_each_other_quickly_the_last_are_kept(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    with app.bench.looking_up(OTHER_WEIGHTS):
        visitor.choose("weights", OTHER_WEIGHTS)
        assert app.bench.seeking.wait(30)
        visitor.choose("weights", DEFAULT_WEIGHTS)
    visitor.sees(visitor.status, f"1 photo scored with {DEFAULT_WEIGHTS}")
    visitor.settles()
    visitor.drop_largest()
    visitor.sees(visitor.verdict, "1 region dropped by hand")
    left = visitor.mask()
    visitor.page.reload()
    visitor.sees(visitor.status, f"1 photo scored with {DEFAULT_WEIGHTS}")
    expect(visitor.page.locator("#weights input")).to_have_value(DEFAULT_WEIGHTS)
    visitor.sees_mask(left)


def test_weights_that_cannot_be_used_are_refused_and_nothing_is_lost(
    app: App, visitor: Visitor, cracked: Path, tiny_checkpoint: Path
) -> None:
    visitor.score(cracked)
    before, fault = visitor.mask(), visitor.page.locator("#weights-fault")
    outside = str(tiny_checkpoint)
    for text in ("no such", "owner/na me", outside, "../checkpoints"):
        visitor.name_weights(text)
        visitor.sees(fault, f"There are no weights “{text}”")
    visitor.name_weights("owner/missing")
    visitor.sees(fault, "owner/missing")
    assert np.array_equal(visitor.mask(), before)
    visitor.choose("weights", OTHER_WEIGHTS)
    visitor.sees(visitor.status, f"1 photo scored with {OTHER_WEIGHTS}")
    expect(fault).to_have_text("")


def test_weights_from_the_hub_show_their_commit(
    visitor: Visitor, cracked: Path, hub: HubStandIn
) -> None:
    visitor.name_weights("owner/cracks@main")
    visitor.sees(visitor.status, hub.repos["owner/cracks"].refs["main"])
    visitor.score(cracked)
    visitor.sees(visitor.status, hub.repos["owner/cracks"].refs["main"])
    visitor.sees(visitor.verdict, "road.png")


def test_weights_swapped_while_photos_are_scored(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    with app.bench.only(2) as permits:
        visitor.drop(*survey[:4])
        visitor.sees(visitor.status, "Scoring 3 of 4: km 2.png")
        visitor.strip.nth(1).click()
        visitor.sees(visitor.verdict, "km 1.png")
        visitor.choose("weights", OTHER_WEIGHTS)
        visitor.sees(visitor.status, "Scoring 1 of 4: km 1.png")  # the one on show comes first
        expect(visitor.verdict).to_have_text("")
        permits.release(4)
        visitor.sees(visitor.status, f"4 photos scored with {OTHER_WEIGHTS}")
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.sees_mask(cut_mask(app.heatmap(survey[1], OTHER_WEIGHTS), OWN_MASK))
    expect(visitor.strip).to_contain_text([photo.name for photo in survey[:4]])
