"""What a person does in the viewer, in a real browser."""

import base64
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Error, Locator, Position, expect
from skimage import data

from crackdemo.arrays import Heatmap, RgbImage
from crackdemo.masks.cut import cut_mask, drop_components
from tests.e2e.viewer_harness import Harness
from tests.plain import plain_mask

HALF = plain_mask(threshold=0.5)


@pytest.fixture
def harness(browser: Browser) -> Iterator[Harness]:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    opened = Harness(page)
    yield opened
    page.close()
    assert not opened.errors


def gravel() -> RgbImage:
    return np.dstack([data.gravel()] * 3)[:300, :400]


def three_cracks() -> Heatmap:
    """A long, a middle and a short crack, each hottest in its middle row: (300, 400)."""
    heatmap = np.zeros((300, 400), np.uint16)
    for row, length, heat in ((50, 300, 60000), (150, 200, 50000), (250, 100, 40000)):
        heatmap[row - 2 : row + 3, 50 : 50 + length] = heat
        heatmap[row, 50 + length // 2] = heat + 1000
    return heatmap


def shown(harness: Harness, **more: Any) -> Heatmap:
    heatmap = three_cracks()
    harness.show(harness.add("three", gravel(), heatmap, **more))
    harness.set(HALF)
    return heatmap


def pane(harness: Harness, name: str) -> Locator:
    return harness.page.locator(f".pane[data-view={name}]")


def place_of(harness: Harness, x: int, y: int) -> Position:
    """Where a pixel of the whole photo lies in each of the panes."""
    box = pane(harness, "photo").bounding_box()
    assert box is not None
    scale = min(box["width"] / 400, box["height"] / 300)
    return {
        "x": box["width"] / 2 + (x + 0.5 - 200) * scale,
        "y": box["height"] / 2 + (y + 0.5 - 150) * scale,
    }


def click_at(harness: Harness, x: int, y: int) -> None:
    pane(harness, "photo").click(position=place_of(harness, x, y))


def pixels(harness: Harness, selector: str) -> NDArray[np.uint8]:
    """What a canvas shows: (H, W, 4)."""
    script = "(canvas) => canvas.toDataURL()"
    url = harness.page.locator(selector).evaluate(script)
    encoded = np.frombuffer(base64.b64decode(url.split(",")[1]), np.uint8)
    return cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]]


def changes(harness: Harness) -> None:
    harness.page.evaluate(
        """() => {
            window.changes = [];
            crackdemo.viewer.onchange((change) => window.changes.push(change));
        }"""
    )


def test_two_hundred_slider_moves_send_no_request(harness: Harness) -> None:
    shown(harness)
    before = len(harness.requests)
    harness.page.evaluate(
        """async () => {
            const slider = document.getElementById("threshold");
            for (let i = 0; i < 200; i++) {
                slider.value = String(0.2 + i / 300);
                slider.dispatchEvent(new Event("input"));
                if (i % 20 === 0) await new Promise(requestAnimationFrame);
            }
            await crackdemo.viewer.ready;
        }"""
    )
    harness.page.wait_for_timeout(400)  # the hand rests: lengths are measured
    assert len(harness.requests) == before


def test_the_photo_that_was_asked_for_last_stays_whatever_arrives_late(harness: Harness) -> None:
    late = harness.add("late", gravel(), three_cracks())
    newer_heatmap = three_cracks()[:, ::-1].copy()
    newer = harness.add("newer", gravel(), newer_heatmap)
    harness.hold("late/heatmap.png")
    with harness.page.expect_request("**/late/heatmap.png"):
        harness.page.evaluate("source => void crackdemo.viewer.show(source)", late)
    harness.show(newer)
    harness.release("late/heatmap.png")
    harness.page.wait_for_timeout(200)
    assert np.array_equal(harness.mask(), cut_mask(newer_heatmap, HALF))


def test_fifty_photos_paged_through_fast_end_with_the_last(harness: Harness) -> None:
    sources = [
        harness.add(f"p{n}", gravel(), np.roll(three_cracks(), n, axis=1)) for n in range(50)
    ]
    harness.page.evaluate(
        """async (sources) => {
            for (const [i, source] of sources.entries()) {
                crackdemo.viewer.show(source);
                crackdemo.viewer.set({ threshold: 0.5 + i / 1000 });
                if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 30));
            }
            await crackdemo.viewer.ready;
        }""",
        sources,
    )
    expected = cut_mask(np.roll(three_cracks(), 49, axis=1), plain_mask(threshold=0.549))
    assert np.array_equal(harness.mask(), expected)


def test_the_present_photo_and_its_mask_stay_together_while_another_loads(harness: Harness) -> None:
    heatmap = shown(harness)
    other = harness.add("other", gravel(), three_cracks()[::-1].copy())
    harness.hold("other/photo.png")
    harness.page.evaluate("source => void crackdemo.viewer.show(source)", other)
    harness.page.evaluate("crackdemo.viewer.set({ threshold: 0.7 })")
    assert np.array_equal(harness.mask(), cut_mask(heatmap, plain_mask(threshold=0.7)))
    expect(harness.page.locator(".notice")).to_have_text("Loading the photo…")
    harness.release("other/photo.png")
    harness.page.evaluate("crackdemo.viewer.ready")
    expected = cut_mask(three_cracks()[::-1], plain_mask(threshold=0.7))
    assert np.array_equal(harness.mask(), expected)


def test_a_lost_connection_is_said_and_ends_without_a_reload(harness: Harness) -> None:
    heatmap = shown(harness)
    harness.is_connected = False
    again = harness.add("again", gravel(), heatmap)
    refused = "source => crackdemo.viewer.show(source).then(() => '', (error) => error.message)"
    message = harness.page.evaluate(refused, again)
    assert "server cannot be reached" in message
    expect(harness.page.locator(".notice")).to_contain_text(message)
    assert harness.page.evaluate("crackdemo.viewer.mask()") is None
    harness.is_connected = True
    harness.page.get_by_role("button", name="Try again").click()
    harness.page.evaluate("crackdemo.viewer.ready")
    assert np.array_equal(harness.mask(), cut_mask(heatmap, HALF))
    expect(harness.page.locator(".notice")).to_be_hidden()


def test_a_photo_that_failed_loads_by_itself_when_the_browser_is_online_again(
    harness: Harness,
) -> None:
    source = harness.add("gone", gravel(), three_cracks())
    heatmap = harness.files.pop("gone/heatmap.png")
    harness.page.evaluate("source => void crackdemo.viewer.show(source)", source)
    expect(harness.page.locator(".notice")).to_contain_text("the server answered 404")
    harness.files["gone/heatmap.png"] = heatmap
    harness.page.evaluate("dispatchEvent(new Event('online'))")
    expect(harness.page.locator(".notice")).to_be_hidden()
    assert harness.mask().any()


def test_a_damaged_heatmap_is_said(harness: Harness) -> None:
    source = harness.add("damaged", gravel(), three_cracks())
    harness.files["damaged/heatmap.png"] = harness.files["damaged/heatmap.png"][:100]
    harness.page.evaluate("source => void crackdemo.viewer.show(source)", source)
    expect(harness.page.locator(".notice")).to_contain_text("The heatmap arrived damaged")


def test_a_click_selects_a_crack_and_tells_its_own_size(harness: Harness) -> None:
    shown(harness)
    click_at(harness, 120, 154)  # two pixels beside it
    selection = harness.page.locator(".selection")
    expect(selection).to_contain_text("Box 200 × 5 px at x 50, y 148")
    expect(selection).to_contain_text("Area 1,000 px")
    expect(selection).to_contain_text("Max width 6.0 px")
    harness.page.keyboard.press("Escape")
    expect(selection).to_be_hidden()


def test_delete_drops_the_selected_crack_and_undo_brings_it_back(harness: Harness) -> None:
    heatmap = shown(harness)
    changes(harness)
    click_at(harness, 120, 150)
    harness.page.keyboard.press("Delete")
    harness.page.evaluate("crackdemo.viewer.ready")
    without = cut_mask(heatmap, HALF)
    without[140:160] = False
    assert np.array_equal(harness.mask(), without)
    assert harness.page.evaluate("changes") == [
        {"dropped": [{"x": 150, "y": 150}], "photo": "three"}
    ]
    harness.page.keyboard.press("Control+z")
    assert np.array_equal(harness.mask(), cut_mask(heatmap, HALF))
    harness.page.keyboard.press("Control+Shift+z")
    assert np.array_equal(harness.mask(), without)
    harness.page.get_by_role("button", name="Restore").click()
    assert np.array_equal(harness.mask(), cut_mask(heatmap, HALF))


WITHOUT_SECOND = cut_mask(three_cracks(), HALF)
WITHOUT_SECOND[140:160] = False


def shown_once_more(harness: Harness, **more: Any) -> None:
    """Asks for the photo of `shown` again, whose heatmap is held back."""
    again = harness.add("three", gravel(), three_cracks(), **more)
    harness.hold("three/heatmap.png")
    harness.page.evaluate("source => void crackdemo.viewer.show(source)", again)


def test_a_crack_dropped_while_its_photo_is_shown_once_more_stays_dropped(
    harness: Harness,
) -> None:
    shown(harness)
    click_at(harness, 120, 150)
    shown_once_more(harness)
    harness.page.keyboard.press("Delete")
    harness.release("three/heatmap.png")
    harness.page.evaluate("crackdemo.viewer.ready")
    assert np.array_equal(harness.mask(), WITHOUT_SECOND)
    expect(harness.page.locator(".selection button")).to_have_text("Restore")
    harness.page.keyboard.press("Control+z")
    assert np.array_equal(harness.mask(), cut_mask(three_cracks(), HALF))


def test_a_hand_goes_on_from_the_drops_that_a_photo_on_its_way_brings(harness: Harness) -> None:
    shown(harness, dropped=[{"x": 200, "y": 50}])
    changes(harness)
    click_at(harness, 120, 150)
    shown_once_more(harness, dropped=[{"x": 100, "y": 250}])
    harness.page.keyboard.press("Delete")
    harness.release("three/heatmap.png")
    harness.page.evaluate("crackdemo.viewer.ready")
    dropped = [{"x": 100, "y": 250}, {"x": 150, "y": 150}]
    assert harness.page.evaluate("changes.at(-1).dropped") == dropped
    expected = drop_components(cut_mask(three_cracks(), HALF), [(100, 250), (150, 150)])
    assert np.array_equal(harness.mask(), expected)


def test_what_is_dropped_of_one_mask_is_not_dropped_of_another_on_its_way(harness: Harness) -> None:
    shown(harness, sha256="same photo")
    click_at(harness, 120, 150)
    other = harness.add("other", gravel(), three_cracks(), sha256="same photo")
    harness.hold("other/heatmap.png")
    harness.page.evaluate("source => void crackdemo.viewer.show(source)", other)
    harness.page.keyboard.press("Delete")
    harness.release("other/heatmap.png")
    harness.page.evaluate("crackdemo.viewer.ready")
    assert np.array_equal(harness.mask(), cut_mask(three_cracks(), HALF))


def test_try_again_shows_what_is_dropped_by_then(harness: Harness) -> None:
    shown(harness)
    click_at(harness, 120, 150)
    harness.page.keyboard.press("Delete")
    dropped = [{"x": 150, "y": 150}]
    again = harness.add("again", gravel(), three_cracks(), dropped=dropped, sha256="three")
    heatmap = harness.files.pop("again/heatmap.png")
    harness.page.evaluate("source => crackdemo.viewer.show(source).catch(() => {})", again)
    harness.page.keyboard.press("Control+z")
    harness.files["again/heatmap.png"] = heatmap
    harness.page.get_by_role("button", name="Try again").click()
    harness.page.evaluate("crackdemo.viewer.ready")
    assert np.array_equal(harness.mask(), cut_mask(three_cracks(), HALF))


def test_of_a_mask_that_counts_no_longer_nothing_is_dropped(harness: Harness) -> None:
    shown(harness)
    changes(harness)
    click_at(harness, 120, 150)
    for is_held in (True, False):
        harness.page.evaluate("isHeld => crackdemo.viewer.hold(isHeld)", is_held)
        harness.page.keyboard.press("Delete")
        assert len(harness.page.evaluate("changes")) == (0 if is_held else 1)


def test_a_crack_is_dropped_and_restored_while_a_large_photo_is_cut_anew(harness: Harness) -> None:
    heatmap = np.kron(three_cracks(), np.ones((5, 5), np.uint16))
    photo = np.full((*heatmap.shape, 3), 128, np.uint8)
    harness.show(harness.add("large", photo, heatmap, dropped=[{"x": 752, "y": 752}]))
    harness.set(HALF)
    changes(harness)
    click_at(harness, 120, 150)
    button = harness.page.locator(".selection button")
    expect(button).to_have_text("Restore")
    moved = plain_mask(threshold=0.6)
    press = """async (keys) => {
        const pane = document.querySelector(".pane[data-view=mask]");
        crackdemo.viewer.set({ threshold: 0.6 });
        const isCutAnew = crackdemo.viewer.mask() === null;
        for (const key of keys) {
            if (key === "Restore") document.querySelector(".selection button").click();
            else pane.dispatchEvent(new KeyboardEvent("keydown", { key }));
        }
        await crackdemo.viewer.ready;
        return isCutAnew;
    }"""
    assert harness.page.evaluate(press, ["Restore"])
    assert np.array_equal(harness.mask(), cut_mask(heatmap, moved))
    harness.set(HALF)
    expect(button).to_have_text("Drop as false alarm")
    assert harness.page.evaluate(press, ["Delete", "Delete"])
    [dropped] = harness.page.evaluate("changes.at(-1).dropped")
    without = drop_components(cut_mask(heatmap, moved), [(dropped["x"], dropped["y"])])
    assert np.array_equal(harness.mask(), without)
    assert not without[750].any()


def test_a_dropped_crack_stays_dropped_at_another_threshold(harness: Harness) -> None:
    heatmap = shown(harness, dropped=[{"x": 150, "y": 150}])
    for threshold in (0.3, 0.7):
        params = plain_mask(threshold=threshold, closing=3)
        harness.set(params)
        expected = cut_mask(heatmap, params)
        assert expected[150, 150]
        assert np.array_equal(harness.mask(), drop_components(expected, [(150, 150)]))


def test_cracks_are_selected_from_the_keyboard_by_size(harness: Harness) -> None:
    shown(harness)
    pane(harness, "mask").focus()
    for key, row in (("n", 48), ("n", 148), ("n", 248), ("n", 48), ("p", 248)):
        harness.page.keyboard.press(key)
        expect(harness.page.locator(".selection")).to_contain_text(f"y {row}")


def test_the_card_of_a_large_crack_holds_its_words(harness: Harness) -> None:
    shown(harness)
    pane(harness, "mask").focus()
    harness.page.keyboard.press("n")
    card = harness.page.locator(".selection")
    expect(card).to_be_visible()
    widths = card.evaluate("""(card) => {
        const box = Array.from(card.querySelectorAll("dd")).at(-1);
        box.textContent = "2522 × 8330 px at x 1219, y 15670";
        return [card.scrollWidth, card.clientWidth];
    }""")
    assert widths[0] <= widths[1]


def test_the_views_zoom_together(harness: Harness) -> None:
    shown(harness)
    before = (pixels(harness, "[data-view=mask] .picture")[..., 0] > 0).mean()
    pane(harness, "heatmap").hover(position={"x": 100, "y": 60})
    harness.page.mouse.wheel(0, -600)
    harness.page.evaluate("() => new Promise(requestAnimationFrame)")
    zoomed = (pixels(harness, "[data-view=mask] .picture")[..., 0] > 0).mean()
    assert zoomed > 1.5 * before
    harness.page.get_by_role("button", name="Whole photo").click()
    harness.page.evaluate("() => new Promise(requestAnimationFrame)")
    after = (pixels(harness, "[data-view=mask] .picture")[..., 0] > 0).mean()
    assert after == before


def test_the_page_scrolls_on_when_the_whole_photo_is_seen(harness: Harness) -> None:
    shown(harness)
    harness.page.set_viewport_size({"width": 1200, "height": 500})
    pane(harness, "photo").hover()
    harness.page.mouse.wheel(0, 200)
    harness.page.wait_for_function("scrollY > 0")


def test_the_cursor_tells_position_heat_and_how_unusual_it_is(harness: Harness) -> None:
    shown(harness, cleanQuantiles=[[0, 0], [0.9, 30000], [0.999, 60000], [1, 65535]])
    pane(harness, "heatmap").hover(position=place_of(harness, 100, 49))
    text = "x 100, y 49 · heat 0.916 · more unusual than 99.90 % of clean pavement"
    expect(harness.page.locator(".readout")).to_have_text(text)


def test_the_threshold_line_is_dragged_and_told(harness: Harness) -> None:
    heatmap = shown(harness)
    changes(harness)
    harness.page.locator(".figures").scroll_into_view_if_needed()
    plot = harness.page.locator(".plot").bounding_box()
    assert plot is not None
    harness.page.mouse.move(plot["x"] + plot["width"] / 2, plot["y"] + 30)
    harness.page.mouse.down()
    harness.page.mouse.move(plot["x"] + plot["width"] * 0.7, plot["y"] + 30, steps=4)
    harness.page.mouse.up()
    threshold = harness.page.evaluate("changes.at(-1).threshold")
    assert threshold == pytest.approx(0.7, abs=0.003)
    assert np.array_equal(harness.mask(), cut_mask(heatmap, plain_mask(threshold=threshold)))
    harness.page.keyboard.press("End")
    assert harness.page.evaluate("changes.at(-1).threshold") == 1
    assert not harness.mask().any()


def test_clean_pavement_flagged_follows_the_quantiles(harness: Harness) -> None:
    shown(harness, cleanQuantiles=[[0, 0], [0.9, 16384], [1, 49152]])
    expect(harness.page.locator("[data-figure=cleanFlaggedPercent] dd")).to_have_text("5.00 %")


def test_the_result_is_stated_in_words(harness: Harness) -> None:
    shown(harness, verdict={"crack": False})
    status = harness.page.locator(".result[role=status]")
    expect(status).to_contain_text("Check: 3 regions marked (2.50 %), but the photo's score")
    expect(status).to_contain_text("6.0 px at most")


def test_an_opacity_of_zero_shows_the_plain_photo(harness: Harness) -> None:
    shown(harness)
    assert pixels(harness, ".marks").any()
    harness.set(HALF, opacity=0)
    assert not pixels(harness, ".marks")[..., 3].any()


def test_cracks_show_without_colour_by_a_white_casing(harness: Harness) -> None:
    shown(harness)
    marks = pixels(harness, ".marks")
    crack = (marks[..., 3] > 0) & (marks[..., 1] < 250)
    around = cv2.dilate(crack.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    casing = around & ~crack & (marks[..., 3] > 0)
    assert casing.sum() > 100
    assert (marks[casing, :3] == 255).all()


def test_two_views_are_compared_under_a_divider(harness: Harness) -> None:
    shown(harness)
    harness.page.get_by_role("radio", name="Compare").click()
    divider = harness.page.get_by_role("slider", name="Divider")
    divider.focus()
    harness.page.keyboard.press("ArrowRight")
    expect(divider).to_have_attribute("aria-valuenow", "52")
    harness.page.get_by_label("Right view").select_option("mask")
    expect(pane(harness, "mask")).to_be_visible()
    expect(pane(harness, "reconstruction")).to_be_hidden()
    harness.page.get_by_label("Left view").select_option("mask")
    expect(harness.page.get_by_label("Right view")).not_to_have_value("mask")


def test_a_photo_that_is_rebuilt_follows_one_that_is_not(harness: Harness) -> None:
    """More views are laid out then, and the pictures of the photo before are gone."""
    shown(harness)
    photo, heat = gravel(), np.zeros(gravel().shape[:2], np.uint16)
    for number in range(3):
        source = harness.add(f"plain{number}", photo, heat, reconstructionUrl=None)
        harness.show(source)
        expect(pane(harness, "reconstruction")).to_be_hidden()
        harness.show(harness.add(f"rebuilt{number}", photo, heat))
        expect(pane(harness, "reconstruction")).to_be_visible()
    expect(harness.page.locator(".notice")).to_be_hidden()


def test_the_raw_residual_stands_beside_the_heatmap(harness: Harness) -> None:
    healed = gravel()
    healed[100:120] = np.minimum(healed[100:120].astype(int) + 40, 255)
    shown(harness, reconstruction=healed)
    expect(pane(harness, "residual")).to_be_hidden()
    harness.page.get_by_role("radio", name="Compare").click()
    harness.page.get_by_label("Left view").select_option("heatmap")
    harness.page.get_by_label("Right view").select_option("residual")
    expect(pane(harness, "residual")).to_be_visible()
    harness.page.get_by_role("radio", name="Raw residual").click()
    seen = pixels(harness, "[data-view=residual] .picture")
    rows = (seen[..., 3].max(axis=1) > 0).nonzero()[0]
    seen = seen[rows[0] : rows[-1] + 1, :, :3].mean(axis=(1, 2))
    scale = len(seen) / 300
    assert seen[round(103 * scale) : round(117 * scale)].min() > 100
    assert seen[: round(95 * scale)].max() < 40


def test_the_heatmap_wears_the_chosen_colours(harness: Harness) -> None:
    shown(harness)
    before = pixels(harness, "[data-view=heatmap] .picture")
    harness.set(HALF, colours="gray")
    after = pixels(harness, "[data-view=heatmap] .picture")
    assert (before != after).any()
    assert (after[..., 0] == after[..., 2]).all()


def test_a_rerendered_page_keeps_the_viewer(harness: Harness) -> None:
    heatmap = shown(harness)
    harness.page.evaluate(
        """() => {
            const old = document.getElementById("viewer");
            const fresh = document.createElement("div");
            fresh.id = "viewer";
            old.replaceWith(fresh);
            crackdemo.viewer.mount(fresh);
            crackdemo.viewer.mount(fresh);
        }"""
    )
    assert harness.page.locator("#viewer .crack-viewer").count() == 1
    harness.page.evaluate("crackdemo.viewer.set({ threshold: 0.7 })")
    assert np.array_equal(harness.mask(), cut_mask(heatmap, plain_mask(threshold=0.7)))


def test_a_photo_shown_while_the_viewer_is_hidden_is_drawn_when_it_appears(
    harness: Harness,
) -> None:
    harness.page.evaluate("document.getElementById('viewer').hidden = true")
    heatmap = shown(harness)
    assert np.array_equal(harness.mask(), cut_mask(heatmap, HALF))
    harness.page.evaluate("document.getElementById('viewer').hidden = false")
    harness.page.evaluate("() => new Promise((r) => requestAnimationFrame(() => setTimeout(r)))")
    assert (pixels(harness, "[data-view=mask] .picture")[..., 0] > 0).any()


def test_settings_the_viewer_does_not_know_are_refused(harness: Harness) -> None:
    with pytest.raises(Error, match="Unknown settings: treshold"):
        harness.page.evaluate("crackdemo.viewer.set({ treshold: 1 })")


@pytest.mark.parametrize("width", [390, 768, 1200])
def test_nothing_sticks_out_at_any_width(harness: Harness, width: int) -> None:
    harness.page.set_viewport_size({"width": width, "height": 800})
    shown(harness)
    click_at(harness, 120, 150)
    assert harness.page.evaluate("document.documentElement.scrollWidth") <= width


def test_two_fingers_zoom_on_a_phone(browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    harness = Harness(context.new_page())
    shown(harness)
    harness.page.get_by_role("radio", name="All four").click()
    before = (pixels(harness, "[data-view=mask] .picture")[..., 0] > 0).mean()
    box = pane(harness, "photo").bounding_box()
    assert box is not None
    session = context.new_cdp_session(harness.page)
    for kind, spread in (("touchStart", 10), ("touchMove", 25), ("touchMove", 40)):
        y = box["y"] + 20
        points = [{"x": box["x"] + 60 + sign * spread, "y": y, "id": sign} for sign in (-1, 1)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    harness.page.evaluate("() => new Promise((r) => requestAnimationFrame(() => setTimeout(r)))")
    zoomed = (pixels(harness, "[data-view=mask] .picture")[..., 0] > 0).mean()
    assert zoomed > 1.5 * before
    context.close()
