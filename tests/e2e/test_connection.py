"""Connections that are lost and servers that are restarted, in a real browser."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from crackdemo.masks.cut import cut_mask
from tests.e2e.app_process import free_port, started
from tests.e2e.app_server import OWN_MASK, App
from tests.e2e.cable import Cable
from tests.e2e.visitor import Visitor, visit


def test_a_lost_connection_is_said_and_work_goes_on_when_it_is_back(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    heatmaps = [app.heatmap(photo) for photo in survey[:3]]
    visitor.score(*survey[:3])
    visitor.strip.nth(1).click()
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.page.context.set_offline(True)
    visitor.slide("threshold", 0.5)
    visitor.sees_mask(cut_mask(heatmaps[1], replace(OWN_MASK, threshold=0.5)))
    visitor.strip.nth(2).click()
    visitor.sees(visitor.connection, "The connection is lost")
    visitor.slide("threshold", 0.4)
    visitor.sees_mask(cut_mask(heatmaps[1], replace(OWN_MASK, threshold=0.4)))
    visitor.sees(visitor.verdict, "km 1.png")
    visitor.page.context.set_offline(False)
    expect(visitor.connection).to_be_hidden()
    for index in (2, 0):
        visitor.sees(visitor.verdict, f"km {index}.png")
        visitor.sees_mask(cut_mask(heatmaps[index], replace(OWN_MASK, threshold=0.4)))
        visitor.strip.first.click()


def test_a_photo_whose_files_are_cut_off_is_shown_when_the_server_is_back(
    app: App, browser: Browser, survey: list[Path]
) -> None:
    with Cable(app.url) as cable, visit(browser, cable.url) as visitor:
        visitor.score(*survey[:2])

        def cut_off(route: Route) -> None:
            cable.pull()
            route.continue_()

        visitor.page.route("**/heatmap-*.png", cut_off)
        visitor.strip.nth(1).click()
        visitor.sees(visitor.connection, "The connection is lost")
        visitor.sees(visitor.verdict, "km 0.png")
        visitor.sees_mask(cut_mask(app.heatmap(survey[0]), OWN_MASK))
        visitor.page.unroute("**/heatmap-*.png")
        cable.plug_in()
        visitor.sees(visitor.verdict, "km 1.png")
        visitor.sees_mask(cut_mask(app.heatmap(survey[1]), OWN_MASK))


def test_scoring_goes_on_by_itself_after_lost_connections(
    app: App, browser: Browser, survey: list[Path]
) -> None:
    with (
        Cable(app.url) as cable,
        visit(browser, cable.url) as visitor,
        app.bench.only(1) as permits,
    ):
        visitor.drop(*survey[:4])
        for number in (2, 3, 4):
            visitor.sees(visitor.status, f"Scoring {number} of 4")
            cable.pull()
            visitor.sees(visitor.connection, "The connection is lost")
            cable.plug_in()
            expect(visitor.connection).to_be_hidden()
            permits.release(1)
        visitor.sees(visitor.status, "4 photos scored")
        expect(visitor.page.locator("#stop")).to_be_hidden()
        visitor.strip.nth(3).click()
        visitor.sees(visitor.verdict, "km 3.png")
        visitor.sees_mask(cut_mask(app.heatmap(survey[3]), OWN_MASK))


def test_scoring_goes_on_where_the_server_took_the_visitor_for_gone(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    """As gradio says it to a stream that comes back just after the one before was cleaned up."""
    said = {"msg": "unexpected_error", "message": "404", "success": False}
    forgotten = f"data: {json.dumps(said | {'session_not_found': True})}\n\n"
    visitor.page.evaluate("window.isTheSame = true")
    visitor.page.route(
        "**/queue/data*",
        lambda route: route.fulfill(content_type="text/event-stream", body=forgotten),
        times=1,
    )
    visitor.drop(*survey[:2])
    visitor.sees(visitor.status, "2 photos scored")
    assert visitor.page.evaluate("window.isTheSame"), "the page has loaded itself anew"
    visitor.sees_mask(cut_mask(app.heatmap(survey[0]), OWN_MASK))


def test_scoring_goes_on_where_only_the_answers_break_off_and_again(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    """A proxy may end one request among many; what is to make up for it may break off too."""
    visitor.page.route(
        "**/queue/data*",
        lambda route: route.fulfill(content_type="text/event-stream", body=""),
        times=3,
    )
    visitor.drop(*survey[:2])
    visitor.sees(visitor.status, "2 photos scored")
    visitor.sees_mask(cut_mask(app.heatmap(survey[0]), OWN_MASK))


def test_while_a_proxy_finds_no_server_all_waits_and_nothing_is_lost(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    visitor.score(*survey[:2])
    addresses = [f"**/queue/{name}*" for name in ("join", "data")]
    for address in addresses:
        visitor.page.route(
            address,
            lambda route: route.fulfill(status=502, content_type="text/html", body="<p>Bad"),
        )
    visitor.strip.nth(1).click()
    visitor.sees(visitor.connection, "The connection is lost")
    for address in addresses:
        visitor.page.unroute(address)
    visitor.sees(visitor.verdict, "km 1.png")
    expect(visitor.connection).to_be_hidden()
    visitor.sees_mask(cut_mask(app.heatmap(survey[1]), OWN_MASK))


def test_an_event_whose_own_answer_was_lost_runs_once(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    def lost(route: Route) -> None:
        route.fetch()  # the server has it
        route.abort("connectionreset")

    visitor.score(*survey[:1])
    visitor.page.route("**/queue/join*", lost, times=1)
    visitor.drop(*survey[1:3])
    visitor.sees(visitor.status, "3 photos scored")
    expect(visitor.strip).to_have_count(3)


@pytest.mark.processes
@pytest.mark.slow
def test_a_restarted_server_says_that_it_has_the_photos_no_more_and_takes_them_again(
    browser: Browser, tmp_path: Path, survey: list[Path]
) -> None:
    port = free_port()
    with browser.new_context() as context:
        with started(tmp_path, "--port", str(port)) as process:
            assert process.stdout is not None and "http" in process.stdout.readline()
            visitor = Visitor(context.new_page(), f"http://127.0.0.1:{port}/")
            visitor.score(*survey[:3])
            mask = visitor.mask()
        visitor.sees(visitor.connection, "The connection is lost")
        with started(tmp_path, "--port", str(port)):
            visitor.strip.nth(1).click()
            expect(visitor.connection).to_be_hidden()
            # in the answer to the click, or by the page that has loaded itself anew before
            said = re.compile("has the photos of before no more|no longer has 3 photos of before")
            expect(visitor.page.get_by_text(said).first).to_be_visible()
            visitor.page.reload()
            visitor.score(*survey[:3])
            visitor.sees_mask(mask)
        assert visitor.errors == []
