"""One source of settings, and what cannot be set, in a real browser."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from crackdemo.masks.cut import cut_mask
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset, preset_json
from tests.e2e.app_server import OTHER_WEIGHTS, OWN_MASK, App
from tests.e2e.visitor import Visitor, visit

OTHER_MASK = replace(OWN_MASK, threshold=0.45, opening=3, min_area=12)
FAR = "far"


@pytest.fixture
def far(app: App) -> str:
    """Weights in the list that have settings of their own."""
    folder = app.bench.shipped / FAR
    if not folder.exists():
        shutil.copytree(app.bench.shipped / OTHER_WEIGHTS, folder)
        config = json.loads((folder / "config.json").read_text())
        config["mask"] = asdict(OTHER_MASK)
        (folder / "config.json").write_text(json.dumps(config))
    return FAR


@pytest.fixture
def guest(app: App, browser: Browser, far: str):
    with visit(browser, app.url) as visitor:
        yield visitor


def number(visitor: Visitor, knob: str) -> Locator:
    return visitor.page.locator(f"#{knob} input[type=number]")


def fault(visitor: Visitor, knob: str) -> Locator:
    return visitor.page.locator(f"#{knob} .field-fault")


def test_other_weights_bring_their_own_settings_and_undo_takes_them_back(
    app: App, guest: Visitor, cracked: Path
) -> None:
    guest.score(cracked)
    mine = replace(OWN_MASK, threshold=0.4, closing=5)
    guest.set(mine)
    guest.choose("weights", FAR)
    said = guest.page.locator("#settings-said")
    guest.sees(said, f"{FAR} brought its own settings: threshold 0.45, opening 3")
    guest.sees_mask(cut_mask(app.heatmap(cracked, FAR), OTHER_MASK))
    guest.slide("threshold", 0.9)
    guest.page.locator("#reset").click()
    guest.sees_mask(cut_mask(app.heatmap(cracked, FAR), OTHER_MASK))
    guest.slide("opening", 9)
    guest.page.locator("#opening button").click()  # the arrow
    expect(number(guest, "opening")).to_have_value("3")
    said.get_by_role("button", name="Undo").click()
    guest.sees_mask(cut_mask(app.heatmap(cracked), mine))
    expect(guest.page.locator("#weights input")).to_have_value("cae-asphalt")
    guest.slide("threshold", 0.9)
    guest.page.locator("#threshold button").click()
    expect(number(guest, "threshold")).to_have_value(str(OWN_MASK.threshold))
    guest.page.locator(".pane[data-view=photo]").focus()
    guest.page.keyboard.press("Control+z")  # the button's own undo
    guest.sees_mask(cut_mask(app.heatmap(cracked, FAR), OTHER_MASK))


@pytest.mark.parametrize("knob", ["opening", "closing"])
def test_kernels_are_sliders_over_odd_sizes(visitor: Visitor, knob: str) -> None:
    visitor.slide(knob, 0)
    slider, field = visitor.page.locator(f"#{knob} input[type=range]"), number(visitor, knob)
    seen = []
    slider.focus()
    for key in ["ArrowRight"] * 9 + ["ArrowLeft"] * 2:
        slider.press(key)
        seen.append(int(field.input_value()))
    assert seen == [3, 5, 7, 9, 11, 13, 15, 15, 15, 13, 11]
    field.fill("8")
    visitor.sees(fault(visitor, knob), "must be odd, or 0 for none: 11 stays in force.")


@pytest.mark.parametrize(
    ("knob", "text", "said"),
    [
        ("scale", "-3", "A scale cannot be below 0"),
        ("threshold", "", "The threshold needs a number: 0.3 stays in force."),
        ("threshold", "1.5", "The threshold lies between 0 and 1: 0.3 stays in force."),
        ("min-area", "5000", "The smallest crack lies between 0 and 500"),
        ("grow", "2.5", "Growing must be a whole number: 0 stays in force."),
    ],
)
def test_what_cannot_be_is_said_and_not_changed(
    app: App, visitor: Visitor, cracked: Path, knob: str, text: str, said: str
) -> None:
    visitor.score(cracked)
    visitor.sees_mask(cut_mask(app.heatmap(cracked), OWN_MASK))
    field = number(visitor, knob)
    field.fill(text)
    visitor.sees(fault(visitor, knob), said)
    field.press("Tab")
    expect(field).to_have_value(text)
    assert fault(visitor, knob).evaluate("(e) => getComputedStyle(e).color") == "rgb(185, 28, 28)"
    visitor.sees_mask(cut_mask(app.heatmap(cracked), OWN_MASK))
    visitor.page.locator("#reset").click()
    expect(fault(visitor, knob)).to_have_text("")
    expect(field).not_to_have_value(text)


def test_a_preset_of_other_weights_says_so(visitor: Visitor, cracked: Path, tmp_path: Path) -> None:
    visitor.score(cracked)
    said = visitor.page.locator("#settings-said")
    params = MaskParams(threshold=0.6)
    for weights, note in (("cae-concrete", "made with cae-concrete, but"), ("cae-asphalt", "")):
        file = tmp_path / f"{weights}.json"
        file.write_text(preset_json(Preset(params, weights=weights)))
        visitor.load_preset(file)
        visitor.sees(said, f"Settings of {weights}.json. ")
        visitor.sees(said, note)
    assert "made with" not in said.inner_text()
    said.get_by_role("button", name="Undo").click()
    expect(number(visitor, "threshold")).to_have_value("0.6")


def test_a_finger_that_scrolls_the_settings_moves_no_slider(
    app: App, browser: Browser, cracked: Path
) -> None:
    screen = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    with visit(browser, app.url, **screen) as visitor:
        visitor.score(cracked)
        page = visitor.page
        page.locator("#sheet-handle button").tap()
        slider = page.locator("#min-area input[type=range]")
        slider.scroll_into_view_if_needed()
        before = slider.input_value()
        box = slider.bounding_box()
        assert box is not None
        x, y = box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2
        scrolled = "document.querySelector('#knobs').scrollTop"
        top = page.evaluate(scrolled)
        session = page.context.new_cdp_session(page)
        for step in range(16):
            kind = "touchMove" if step else "touchStart"
            points = [{"x": x, "y": y + 10 * step}]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_function(f"{scrolled} < {top}")
        assert slider.input_value() == before
        expect(page.locator("#min-area input[type=number]")).to_have_value(before)
        visitor.sees_mask(cut_mask(app.heatmap(cracked), OWN_MASK))
