"""People who log in with name and password, one after the other in one browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app_process import free_port, started, up
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.processes
_SESSION = re.compile(r"session_hash=(\w+)")
_JOIN = """async (session) => (await fetch("gradio_api/queue/join", {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({data: [], fn_index: 0, session_hash: session}),
})).status"""


def log_in(page: Page, name: str) -> None:
    page.get_by_label("username").fill(name)
    page.get_by_label("password").fill("secret")
    page.get_by_role("button", name="Login").click()
    page.wait_for_function("(name) => window.gradio_config?.username === name", arg=name)


def test_the_next_person_sees_nothing_of_the_one_before(
    tmp_path: Path, browser: Browser, survey: list[Path]
) -> None:
    (tmp_path / "people").write_text("ann:secret\nbob:secret\n")
    options = ["--port", str(free_port()), "--auth", str(tmp_path / "people")]
    with started(tmp_path, *options) as process, browser.new_context() as context:
        url = up(process)
        page = context.new_page()
        page.goto(url)
        log_in(page, "ann")
        ann = Visitor(page, url)
        ann.score(*survey[:2])
        other = context.new_page()  # while ann's own stays open
        other.goto(f"{url}/logout")
        log_in(other, "bob")
        expect(other.locator("#viewer .crack-viewer")).to_be_visible()
        session = next(filter(None, (_SESSION.search(asked) for asked in ann.requests)))[1]
        assert other.evaluate(_JOIN, session) == 404
        page.evaluate("dispatchEvent(new Event('focus'))")  # bob turns to ann's tab
        expect(page.locator("#strip .state")).to_have_count(0)
        page.wait_for_function("gradio_config.username === 'bob'")
        expect(page.locator("#viewer .crack-viewer")).to_be_visible()
        expect(page.locator("#settings-said")).not_to_contain_text("photos of before")
        other.goto(f"{url}/logout")
        log_in(other, "ann")
        expect(other.locator("#viewer .crack-viewer")).to_be_visible()
        page.reload()
        expect(page.locator("#strip .state")).to_have_count(2)  # as ann left it
        page.goto(f"{url}/?a=3")
        expect(page.locator("#strip .state")).to_have_count(2)
        page.goto(f"{url}/logout")
        log_in(page, "bob")
        page.go_back(wait_until="commit")
        page.wait_for_url("**/?a=3")
        page.wait_for_function("window.gradio_config?.username === 'bob'")
        expect(page.locator("#viewer .crack-viewer")).to_be_visible()
        expect(page.locator("#strip .state")).to_have_count(0)
