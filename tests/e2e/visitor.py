"""A person at the page: what hands do there and what eyes see."""

import base64
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Browser, Locator, Page, expect

from crackdemo.arrays import CrackMask, RgbImage
from crackdemo.masks.params import MaskParams
from tests.e2e.viewer_harness import shown_mask

_PATIENCE = 30_000
"""Milliseconds: tests run beside whatever else the machine does."""
expect.set_options(timeout=_PATIENCE)
SavePhoto = Callable[..., Path]
"""Writes a photo under a path: the fixture `save_photo`."""


class Visitor:
    """One open page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.set_default_timeout(_PATIENCE)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(url)
        expect(page.locator("#viewer .crack-viewer")).to_be_visible(timeout=_PATIENCE)

    @property
    def verdict(self) -> Locator:
        return self.page.locator("#verdict")

    @property
    def status(self) -> Locator:
        return self.page.locator("#status")

    @property
    def connection(self) -> Locator:
        return self.page.locator("#connection")

    @property
    def strip(self) -> Locator:
        return self.page.locator("#strip button")

    def mask(self) -> CrackMask:
        """What `crackdemo.viewer.mask()` holds."""
        return shown_mask(self.page)

    def drop(self, *photos: Path) -> None:
        """Adds photos to those that are there."""
        paths = [str(photo) for photo in photos]
        self.page.locator("#photos input[type=file]").set_input_files(paths)

    def score(self, *photos: Path) -> None:
        """Adds photos and waits until all are scored and one is on show."""
        self.drop(*photos)
        self.sees(self.status, "scored with")
        self.page.wait_for_function("crackdemo.viewer.mask()")

    def clear(self) -> None:
        """Takes all photos away and waits until none is on show."""
        self.page.locator("#photos").get_by_label("Clear").click()
        self.page.wait_for_function("crackdemo.viewer.mask() === null")

    def sees(self, place: Locator, text: str | re.Pattern[str]) -> None:
        """Waits for a text."""
        expect(place).to_contain_text(text)

    def reads_captions(self, gallery: str) -> None:
        """Every caption of a gallery stands there whole, and no picture is cut off at its edge."""
        faults = self.page.locator(f"{gallery} .caption-label").evaluate_all(
            """(captions) => captions.filter((each) => {
                const edge = each.closest(".grid-wrap").getBoundingClientRect().right;
                const { right } = each.parentElement.getBoundingClientRect();
                const isWhole =
                    each.scrollWidth <= each.clientWidth && each.scrollHeight <= each.clientHeight;
                return !isWhole || right > edge;
            }).map((each) => each.innerText)"""
        )
        assert faults == []

    def settles(self) -> None:
        """Waits until the page has sent no request for half a second."""
        before = -1
        while before != len(self.requests):
            before = len(self.requests)
            self.page.wait_for_timeout(500)

    @contextmanager
    def asks(self) -> Iterator[None]:
        """Waits, at the end, until the film strip has asked for verdicts."""
        script = """(button) => {
            window.hasAsked = false;
            button.addEventListener("click", () => (hasAsked = true), { once: true });
        }"""
        self.page.locator("#film-judge").evaluate(script)  # waits until the page has it
        yield
        self.page.wait_for_function("hasAsked")

    def slide(self, knob: str, value: float) -> None:
        """Moves a slider."""
        self.page.locator(f"#{knob} input[type=range]").fill(str(value))

    def choose(self, knob: str, option: str) -> None:
        """Takes an option of a list, unless it is taken already."""
        field = self.page.locator(f"#{knob} input")
        if field.input_value() == option:
            return
        field.click()
        self.page.locator(f"#{knob}").get_by_role("option", name=option, exact=True).click()
        expect(field).to_have_value(option)

    def set(self, params: MaskParams) -> None:
        """Moves every slider and list of the mask."""
        self.slide("threshold", params.threshold)
        self.slide("opening", params.opening)
        self.slide("closing", params.closing)
        self.slide("grow", params.grow)
        self.slide("min-area", params.min_area)
        self.choose("kernel", params.kernel)

    def name_weights(self, text: str) -> None:
        """Types into the list of weights."""
        field = self.page.locator("#weights input")
        field.click()
        field.fill(text)
        field.press("Enter")

    def load_preset(self, file: Path) -> None:
        self.page.get_by_test_id("Load a preset-upload-button").set_input_files(file)

    def sees_mask(self, expected: CrackMask) -> None:
        """Waits until the mask on show is this one, in every pixel."""
        end = time.monotonic() + _PATIENCE / 1000
        while time.monotonic() < end and not np.array_equal(self.mask(), expected):
            self.page.wait_for_timeout(50)
        shown = self.mask()
        assert shown.shape == expected.shape
        assert np.array_equal(shown, expected), f"{(shown ^ expected).sum()} pixels differ"

    def downloads(self, folder: Path) -> dict[str, Path]:
        """Prepares downloads and saves each: what follows the last dash of its name to the file."""
        self._prepares()
        links = self.page.locator("#downloads a[download]")
        files = {}
        for link in links.all():
            with self.page.expect_download() as download:
                link.click()
            name = download.value.suggested_filename
            files[name.rpartition("-")[2]] = folder / name
            download.value.save_as(folder / name)
        return files

    def _prepares(self) -> None:
        """As a person who presses again where what is shown has changed meanwhile, which puts the
        files out of sight: on a busy machine the page may show a photo once more."""
        link = self.page.locator("#downloads a[download]").first
        for is_last in (False, False, True):
            self.page.locator("#prepare").click()
            try:
                expect(link).to_be_visible(timeout=_PATIENCE if is_last else _PATIENCE / 2)
            except AssertionError:
                if is_last:
                    raise
            else:
                return

    def place(self, x: float, y: float, view: str = "photo") -> tuple[float, float]:
        """Where on the screen a fraction of the whole photo lies in a view."""
        box = self.page.locator(f".pane[data-view={view}]").bounding_box()
        size = self.page.evaluate(
            "(({ width, height }) => [width, height])(crackdemo.viewer.mask())"
        )
        assert box is not None
        scale = min(box["width"] / size[0], box["height"] / size[1])
        left = box["x"] + (box["width"] - size[0] * scale) / 2
        top = box["y"] + (box["height"] - size[1] * scale) / 2
        return left + x * size[0] * scale, top + y * size[1] * scale

    def drag(self, *corners: tuple[float, float]) -> None:
        """The hand goes down at the first fraction of the photo, along the others, and up."""
        mouse = self.page.mouse
        mouse.move(*self.place(*corners[0]))
        mouse.down()
        for corner in corners[1:]:
            mouse.move(*self.place(*corner), steps=5)
        mouse.up()

    def draw_box(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """A region of interest on the photo, in fractions of it."""
        self.page.get_by_role("button", name="Region of interest").click()
        self.drag(start, end)
        self.sees(self.verdict, "in the region of interest")
        self.page.get_by_role("button", name="Done").click()

    def picture(self, view: str) -> RgbImage:
        """What one of the four views shows."""
        script = "(canvas) => canvas.toDataURL()"
        url = self.page.locator(f".pane[data-view={view}] .picture").evaluate(script)
        encoded = np.frombuffer(base64.b64decode(url.split(",")[1]), np.uint8)
        return cv2.imdecode(encoded, cv2.IMREAD_COLOR)

    def drop_largest(self) -> None:
        """Selects the largest crack and drops it as a false alarm, with the keyboard."""
        self.page.wait_for_function("crackdemo.viewer.mask()")  # keys do nothing before it is there
        self.page.locator(".pane[data-view=photo]").focus()
        self.page.keyboard.press("n")
        expect(self.page.locator(".selection")).to_be_visible()
        self.page.keyboard.press("Delete")


@contextmanager
def visit(browser: Browser, url: str, **screen: Any) -> Iterator[Visitor]:
    """A visitor with a browser profile of its own, whose page must throw no error."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **screen})
    try:
        visitor = Visitor(context.new_page(), url)
        yield visitor
    finally:
        context.close()
    assert visitor.errors == []


def without_largest(mask: CrackMask) -> CrackMask:
    """What is left of a mask after `Visitor.drop_largest`."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), None, 8)
    assert count > 2, "a mask of one component proves little"
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return mask & (labels != largest)
