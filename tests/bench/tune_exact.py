"""How soon the Tune tab shows exact figures of a set after a move of its morphology.

    python tests/bench/tune_exact.py [--photos 50]

uploads made photos of 512 x 512 with their masks to the app, in Chromium, scores them with
cae-asphalt, moves the closing to and fro, and prints what a move takes until the figures that the
server counted stand in the page: the median and the slowest of 10; and the forward passes, which a
move must not add to.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.photos.images import write_png
from crackdemo.synthesis.cracks import CrackConfig, paint_cracks
from crackdemo.synthesis.grounds import pavement
from crackdemo.ui.layout import launch
from crackdemo.ui.workbench import Workbench
from tests.e2e.viewer_harness import chromium

SIDE = 512
CLOSINGS = [3, 5, 7, 9, 11, 9, 7, 5, 3, 0]
MOVE = """(closing) => new Promise((resolve) => {
  const place = document.querySelector("#tune-exact");
  const before = place.innerText;
  const slider = document.querySelector("#tune-closing input[type=range]");
  const start = performance.now();
  const observer = new MutationObserver(() => {
    if (place.innerText === before) return;
    observer.disconnect();
    resolve(performance.now() - start);
  });
  observer.observe(place, { subtree: true, childList: true, characterData: true });
  slider.value = String(closing);
  for (const event of ["input", "change"]) {
    slider.dispatchEvent(new Event(event, { bubbles: true }));
  }
})"""


def made_set(folder: Path, photos: int) -> None:
    for kind in ("photos", "masks"):
        (folder / kind).mkdir()
    for number in range(photos):
        rng = np.random.default_rng(number)
        painted = paint_cracks(pavement(SIDE, SIDE, rng), CrackConfig(), rng)
        gray = np.round(255 * np.clip(painted.image, 0, 1)).astype(np.uint8)
        write_png(folder / "photos" / f"{number}.png", gray)
        write_png(folder / "masks" / f"{number}.png", painted.mask)


def upload(page: Page, folder: Path, photos: int) -> None:
    page.get_by_role("tab", name="Tune").click()
    for kind in ("photos", "masks"):
        files = [str(path) for path in sorted((folder / kind).iterdir())]
        page.locator(f"#tune-{kind} input[type=file]").set_input_files(files)
        expect(page.locator(f"#tune-{kind}").get_by_role("link")).to_have_count(photos)
    page.locator("#tune-start").click()
    expect(page.locator("#tune-status")).to_contain_text(f"{photos} of {photos}", timeout=600_000)
    expect(page.locator("#tune-exact b").first).to_be_visible()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=50)
    photos = parser.parse_args().photos
    expect.set_options(timeout=60_000)
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        made_set(Path(scratch), photos)
        bench = Workbench(Path(scratch) / "app")
        app = launch(bench, prevent_thread_lock=True, quiet=True)
        page = browser.new_page()
        page.goto(app.local_url)
        upload(page, Path(scratch), photos)
        passes = bench.scored_count
        times = sorted(page.evaluate(MOVE, closing) for closing in CLOSINGS)
        print(
            f"morphology moved, {photos} photos of {SIDE} x {SIDE}: exact figures after a median "
            f"of {times[len(times) // 2] / 1000:.2f} s, at most {times[-1] / 1000:.2f} s; "
            f"{bench.scored_count - passes} forward passes more"
        )
        app.close(verbose=False)


if __name__ == "__main__":
    main()
