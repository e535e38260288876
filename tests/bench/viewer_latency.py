"""How fast the picture follows a slider: the viewer beside the server's own redraw, in the app.

    python tests/bench/viewer_latency.py [--moves 40] [--sizes]

One page of the app in one browser, photos of 1024 x 1024, threshold moves, milliseconds from the
slider's `input` event: for the viewer until its drawing is done and one pixel is read back, for
"Views drawn by the server" until the photo with its mask is decoded in the browser. `--sizes` adds
the viewer alone up to 12 megapixels: until it has drawn, and until its mask is exact.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page
from skimage import data

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from crackdemo.arrays import Heatmap, RegionMask, RgbImage  # noqa: E402
from crackdemo.checkpoints.names import Weights  # noqa: E402
from crackdemo.detection.detector import Around, Detection, Detector  # noqa: E402
from crackdemo.masks.cut import cut_mask  # noqa: E402
from crackdemo.masks.params import MaskParams  # noqa: E402
from crackdemo.photos.images import write_png  # noqa: E402
from crackdemo.ui.layout import launch  # noqa: E402
from crackdemo.ui.workbench import Workbench  # noqa: E402
from tests.e2e.viewer_harness import Harness, chromium, darkness  # noqa: E402
from tests.e2e.visitor import Visitor  # noqa: E402

SIDE = 1024
SHAPES = [MaskParams(closing=size, min_area=40) for size in (3, 9, 15)]
SHAPES += [replace(shape, opening=shape.closing) for shape in SHAPES]
SIZES = ((512, 512), (1024, 1024), (2048, 2048), (3000, 4000))
KERNEL_SIZES = (0, 3, 5, 9, 15)
THRESHOLDS = np.arange(400, 701, 10) / 1000

VIEWER_MOVES = """async (thresholds) => {
    const slider = document.querySelector("#threshold input[type=range]");
    const canvases = document.querySelectorAll(".marks, [data-view=mask] canvas");
    const times = [];
    for (const threshold of thresholds) {
        await new Promise(requestAnimationFrame);
        const start = performance.now();
        const drawn = new Promise((resolve) => {
            const stop = crackdemo.viewer.onstate(() => {
                for (const canvas of canvases) canvas.getContext("2d").getImageData(0, 0, 1, 1);
                stop();
                resolve(performance.now() - start);
            });
        });
        slider.value = String(threshold);
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        times.push(await drawn);
        await crackdemo.viewer.ready;
    }
    return times;
}"""

SERVER_MOVES = """async (thresholds) => {
    const slider = document.querySelector("#threshold input[type=range]");
    const picture = () => document.querySelector("#server-views img");
    const times = [];
    for (const threshold of thresholds) {
        const before = picture().src;
        const start = performance.now();
        slider.value = String(threshold);
        for (const event of ["input", "change"]) {
            slider.dispatchEvent(new Event(event, { bubbles: true }));
        }
        while (picture().src === before) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            if (performance.now() - start > 20_000) throw new Error(`No answer to ${threshold}`);
        }
        for (let decoded = false; !decoded; ) {
            const { src } = picture();
            try {
                await picture().decode();
                decoded = true;
            } catch (fault) {
                if (picture().src === src) throw fault; // else a newer one took its place
            }
        }
        times.push(performance.now() - start);
        await new Promise((resolve) => setTimeout(resolve, 150));
    }
    return times;
}"""

ALONE = """async ({ kernel, thresholds }) => {
    const { viewer } = crackdemo;
    viewer.set({ opening: kernel, closing: kernel, kernel: "ellipse", min_area: 50 });
    await viewer.ready;
    const slider = document.getElementById("threshold");
    const canvases = document.querySelectorAll(".marks, [data-view=mask] canvas");
    const times = [];
    for (const threshold of thresholds) {
        await new Promise(requestAnimationFrame);
        slider.value = String(threshold);
        const start = performance.now();
        slider.dispatchEvent(new Event("input"));
        for (const canvas of canvases) canvas.getContext("2d").getImageData(0, 0, 1, 1);
        const drawn = performance.now() - start;
        await viewer.ready;
        times.push([drawn, performance.now() - start]);
    }
    return times;
}"""

RENDERER = """() => {
    const gl = document.createElement("canvas").getContext("webgl");
    const info = gl?.getExtension("WEBGL_debug_renderer_info");
    return gl ? gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER) : "none";
}"""


class DarkBench(Workbench):
    """Takes darkness for the heatmap, so that a photo decides how noisy it is."""

    def detector(self, weights: Weights) -> Detector:
        return _Darkness(super().detector(weights))


class _Darkness(Around):
    def detect(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None, heal: bool = True
    ) -> Detection:
        return Detection(cv2.medianBlur(photo, 15), heatmap_of(photo), score=0.9)

    def score(self, detection: Detection, region: RegionMask | None = None) -> float:
        return detection.score


def heatmap_of(photo: RgbImage) -> Heatmap:
    """On a scale on which 0.5 lets a tenth of the pixels through."""
    odds = np.quantile(darkness(photo, 1.0), 0.9) / 65536
    return darkness(photo, r0=odds / (1 - odds))


def cracked(gray: np.ndarray) -> RgbImage:
    """A surface with painted cracks."""
    rng = np.random.default_rng(0)
    height, width = gray.shape
    gray = gray.copy()
    for _ in range(max(2, height * width // 250_000)):
        steps = rng.normal(0, 4, (80, 2)) + rng.normal(0, 4, 2)
        path = np.cumsum(steps, axis=0) + rng.uniform(0, 1, 2) * (width, height)
        cv2.polylines(gray, [path.astype(np.int32)], False, 20, int(rng.integers(2, 20)))
    return np.dstack([gray] * 3)


def gravel(height: int, width: int) -> np.ndarray:
    tile = data.gravel()
    return np.tile(tile, (-(-height // 512), -(-width // 512)))[:height, :width]


def compare(visitor: Visitor, photo: RgbImage, name: str, moves: int) -> None:
    """Prints the rows of one photo."""
    heatmap = heatmap_of(photo)
    share = 100 * np.mean(heatmap >= np.median(THRESHOLDS) * 65536)
    with tempfile.TemporaryDirectory() as folder:
        write_png(Path(folder) / f"{name}.png", photo)
        visitor.score(Path(folder) / f"{name}.png")
    page = visitor.page
    for shape in SHAPES:
        visitor.set(shape)
        page.evaluate("crackdemo.viewer.ready")
        masks = [cut_mask(heatmap, replace(shape, threshold=t)) for t in THRESHOLDS]
        visitor.slide("threshold", 1)
        viewer = page.evaluate(VIEWER_MOVES, np.resize(THRESHOLDS, moves).tolist())
        visitor.slide("threshold", 1)
        server = server_times(page, visible_moves(masks, moves // 2))
        ours, theirs = statistics.median(viewer), statistics.median(server)
        print(
            f"| {name} ({share:.1f} %) | {shape.opening or 'off'} | {shape.closing} "
            f"| {ours:.1f} | {np.percentile(viewer, 95):.1f} | {theirs:.0f} "
            f"| {np.percentile(server, 95):.0f} | {theirs / ours:.1f} |",
            flush=True,
        )


def visible_moves(masks: list[np.ndarray], moves: int) -> list[float]:
    """Thresholds that each change the mask: gradio sends an unchanged picture no second time."""
    chosen = [0]
    for i in range(1, len(masks)):
        if not np.array_equal(masks[i], masks[chosen[-1]]):
            chosen.append(i)
    return np.resize(THRESHOLDS[chosen], moves + 1).tolist()


def server_times(page: Page, thresholds: list[float]) -> list[float]:
    """With the viewer at rest: both would share one processor."""
    views = page.locator("#server-views input[type=checkbox]")
    page.evaluate("() => { window.set = crackdemo.page.set; crackdemo.page.set = () => {}; }")
    views.check()
    page.locator("#server-views img").nth(3).wait_for()
    times: list[float] = page.evaluate(SERVER_MOVES, thresholds)
    views.uncheck()
    page.locator("#server-views img").first.wait_for(state="detached")
    page.evaluate("() => { crackdemo.page.set = window.set; }")
    return times[1:]


def print_sizes(page: Page, moves: int) -> None:
    """The viewer alone, opening and closing both of the kernel's size."""
    harness = Harness(page)
    print("\n| viewer alone | kernel | drawn | p95 | exact | p95 |\n|---|---|---|---|---|---|")
    for height, width in SIZES:
        photo = cracked(gravel(height, width))
        harness.show(harness.add(f"{width}x{height}", photo, heatmap_of(photo)))
        for kernel in KERNEL_SIZES:
            thresholds = np.resize(THRESHOLDS, moves).tolist()
            times = page.evaluate(ALONE, {"kernel": kernel, "thresholds": thresholds})
            cells = [
                f"{value:.1f}"
                for column in zip(*times, strict=True)
                for value in (statistics.median(column), np.percentile(column, 95))
            ]
            print(f"| {width} x {height} | {kernel} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--sizes", action="store_true")
    options = parser.parse_args()
    smooth = np.random.default_rng(0).normal(150, 3, (SIDE, SIDE)).clip(0, 255).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        app = launch(DarkBench(Path(folder)), prevent_thread_lock=True, quiet=True)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        visitor = Visitor(page, app.local_url)
        page.locator("#server-views button").first.click()
        print(f"Chromium {browser.version}, WebGL renderer: {page.evaluate(RENDERER)};")
        print("the viewer draws with canvas 2D. Ellipse, smallest crack 40 px; milliseconds.\n")
        print("| 1024 x 1024 (hot) | opening | closing | viewer | p95 | server | p95 | ratio |")
        print("|---|---|---|---|---|---|---|---|")
        compare(visitor, cracked(smooth), "smooth", options.moves)
        page.locator("#photos").get_by_label("Clear").click()
        compare(visitor, cracked(gravel(SIDE, SIDE)), "gravel", options.moves)
        if options.sizes:
            print_sizes(browser.new_page(viewport={"width": 1280, "height": 1000}), options.moves)
        app.close(verbose=False)


if __name__ == "__main__":
    main()
