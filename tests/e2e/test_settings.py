"""The mask's settings, moved by hand in a real browser."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from crackdemo.masks.cut import cut_mask
from crackdemo.masks.params import MaskParams
from tests.e2e.app_server import OWN_MASK, App
from tests.e2e.visitor import Visitor
from tests.short_fits import ENDLESS, has_epochs, wait_for

STRICT = MaskParams(threshold=0.6, opening=3, closing=5, kernel="cross", grow=-1, min_area=20)


def test_the_page_cuts_the_mask_that_python_cuts(app: App, visitor: Visitor, cracked: Path) -> None:
    heatmap = app.heatmap(cracked)
    visitor.score(cracked)
    visitor.sees_mask(cut_mask(heatmap, OWN_MASK))
    for threshold in (0.123, 0.45, 0.777, 1):
        visitor.slide("threshold", threshold)
        visitor.sees_mask(cut_mask(heatmap, replace(OWN_MASK, threshold=threshold)))
    visitor.set(STRICT)
    visitor.sees_mask(cut_mask(heatmap, STRICT))
    loose = MaskParams(0.2, opening=15, closing=7, kernel="rect", grow=4, min_area=150)
    visitor.set(loose)
    visitor.sees_mask(cut_mask(heatmap, loose))
    visitor.page.locator("#reset").click()
    visitor.sees_mask(cut_mask(heatmap, OWN_MASK))
    expect(visitor.page.locator("#kernel input")).to_have_value("ellipse")


def test_the_mask_follows_a_slider_at_once_and_gradio_hears_of_it_when_the_hand_rests(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    """While a hand moves it: an input event for each place, and no change event yet."""
    visitor.score(cracked)
    heatmap = app.heatmap(cracked)
    places = [0.2, 0.45, 0.6]
    marked = visitor.page.evaluate(
        """(places) => {
            const slider = document.querySelector("#threshold input[type=range]");
            return places.map((place) => {
                slider.value = place;
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                return crackdemo.viewer.mask().data.reduce((sum, bit) => sum + bit, 0);
            });
        }""",
        places,
    )
    masks = [cut_mask(heatmap, replace(OWN_MASK, threshold=place)) for place in places]
    assert marked == [int(mask.sum()) for mask in masks]
    expect(visitor.page.locator("#threshold input[type=number]")).to_have_value("0.6")
    visitor.page.locator("#server-views button").first.click()
    visitor.page.locator("#server-views input[type=checkbox]").check()
    view = visitor.page.locator("#server-views img").first
    expect(view).to_be_visible()
    before = view.get_attribute("src") or ""
    slider = visitor.page.locator("#threshold input[type=range]")
    slider.evaluate(
        """(slider) => {
            slider.value = 1;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    expect(view).not_to_have_attribute("src", before)  # drawn by the server
    visitor.sees_mask(cut_mask(heatmap, replace(OWN_MASK, threshold=1)))


def move_all_knobs(visitor: Visitor) -> None:
    """201 moves."""
    visitor.page.evaluate(
        """async () => {
            for (let i = 0; i < 192; i++) {
                const knob = ["threshold", "min-area", "opacity"][i % 3];
                const slider = document.querySelector(`#${knob} input[type=range]`);
                slider.value = Number(slider.max) * (0.1 + 0.8 * i / 192);
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                if (i % 8 === 0) await new Promise(requestAnimationFrame);
            }
        }"""
    )
    for kernel, size in (("rect", 9), ("cross", 0), ("ellipse", 3)):
        visitor.choose("kernel", kernel)
        visitor.slide("opening", size)
        visitor.slide("closing", size)


def test_two_hundred_slider_moves_send_no_request_and_run_no_network(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    visitor.settles()
    scored, requests = app.bench.scored_count, len(visitor.requests)
    move_all_knobs(visitor)
    value = visitor.page.locator("#threshold input[type=range]").input_value()
    area = visitor.page.locator("#min-area input[type=range]").input_value()
    params = MaskParams(float(value), 3, 3, "ellipse", min_area=int(area))
    visitor.sees_mask(cut_mask(app.heatmap(cracked), params))
    assert visitor.requests[requests:] == []
    assert app.bench.scored_count == scored


@pytest.mark.processes
def test_slider_moves_send_no_request_while_a_fit_runs(
    app: App, visitor: Visitor, cracked: Path, data: list[str]
) -> None:
    jobs = app.bench.jobs
    assert jobs is not None
    jobs.start("night", ENDLESS, data)
    try:
        visitor.page.get_by_role("tab", name="Train").click()
        visitor.sees(visitor.page.locator("#run-detail"), "running")
        visitor.page.get_by_role("tab", name="Inspect").click()
        visitor.score(cracked)
        visitor.settles()
        epochs = len(wait_for(jobs, "night", has_epochs(1)).history)
        requests = len(visitor.requests)
        move_all_knobs(visitor)
        wait_for(jobs, "night", has_epochs(epochs + 2))
        visitor.page.wait_for_timeout(5000)  # the Train tab asks for news every two seconds
        assert visitor.requests[requests:] == []
    finally:
        jobs.cancel("night")


def test_the_line_in_the_histogram_and_the_slider_move_together(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    plot = visitor.page.locator("#viewer .plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    plot.click(position={"x": box["width"] * 0.61803, "y": box["height"] / 2})
    field = visitor.page.locator("#threshold input[type=number]")
    expect(field).to_have_value(re.compile(r"0\.6[12]"))
    threshold = float(field.input_value())
    visitor.sees_mask(cut_mask(app.heatmap(cracked), replace(OWN_MASK, threshold=threshold)))


def test_a_browser_that_cannot_draw_gets_the_views_from_the_server(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:2])
    visitor.page.locator("#server-views button").first.click()
    visitor.page.locator("#server-views input[type=checkbox]").check()
    views = visitor.page.locator("#server-views img")
    expect(views).to_have_count(4)
    for change in (
        lambda: visitor.slide("threshold", 0.4),
        lambda: visitor.slide("closing", 9),
        lambda: visitor.strip.nth(1).click(),
        lambda: visitor.page.locator("#reset").click(),
    ):
        before = views.last.get_attribute("src")
        change()
        expect(views.last).not_to_have_attribute("src", before or "")
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.sees_mask(cut_mask(app.heatmap(survey[1]), OWN_MASK))
    visitor.page.locator("#server-views input[type=checkbox]").uncheck()
    expect(views).to_have_count(0)
    visitor.clear()
    visitor.score(survey[1])  # alone: of several the others are judged anew when the hand rests
    visitor.settles()
    requests = len(visitor.requests)
    visitor.slide("threshold", 0.4)
    visitor.sees_mask(cut_mask(app.heatmap(survey[1]), replace(OWN_MASK, threshold=0.4)))
    assert visitor.requests[requests:] == []


def test_a_view_that_the_server_draws_again_is_written_under_another_name(
    visitor: Visitor, cracked: Path
) -> None:
    """One name for equal pictures was written again while it was being sent."""
    visitor.score(cracked)
    visitor.page.locator("#server-views button").first.click()
    visitor.page.locator("#server-views input[type=checkbox]").check()
    view = visitor.page.locator("#server-views img").first
    addresses = [view.get_attribute("src") or ""]
    for threshold in (0.4, 0.6, 0.4):
        visitor.slide("threshold", threshold)
        expect(view).not_to_have_attribute("src", addresses[-1])
        addresses.append(view.get_attribute("src") or "")
    assert addresses[1] != addresses[3]
    visitor.page.wait_for_function(
        "() => document.querySelector('#server-views img').naturalWidth > 0"
    )


def test_a_scale_turns_lengths_into_millimetres(visitor: Visitor, cracked: Path) -> None:
    visitor.score(cracked)
    visitor.sees(visitor.verdict, re.compile(r"px long"))
    length = visitor.page.locator("[data-figure=lengthPx] dd")
    pixels = float(length.inner_text().removesuffix(" px").replace(",", ""))
    visitor.page.locator("#scale input").fill("0.5")
    visitor.sees(length, " mm")
    assert float(length.inner_text().removesuffix(" mm")) == pytest.approx(pixels / 2, abs=0.3)
    visitor.sees(visitor.verdict, "mm long")
