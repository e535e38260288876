"""How fast the picture follows a slider: the viewer in the page beside a redraw on the server.

    python tests/bench/viewer_latency.py [--moves 60] [--no-server]

Median and 95th percentile, in ms, from the slider's `input` event to the end of drawing with one
pixel read back; "exact" until the exact mask is drawn; the server's until its JPEG is decoded.
"""

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Browser, Page
from skimage import data

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "e2e")]
from viewer_harness import Harness, chromium, darkness  # noqa: E402

from crackdemo.arrays import Heatmap, RgbImage  # noqa: E402
from crackdemo.masks import MaskParams, cut_mask  # noqa: E402
from crackdemo.overlays import mask_overlay  # noqa: E402

SIZES = ((512, 512), (1024, 1024), (2048, 2048), (3000, 4000))
KERNEL_SIZES = (0, 3, 5, 9, 15)
SERVER_SIZE = (1024, 1024)
THRESHOLDS = np.linspace(0.4, 0.7, 60)
DEFAULTS = {"opening": 3, "closing": 3, "min_area": 50}

MOVE = """async ({ kernel, thresholds }) => {
    const { viewer } = crackdemo;
    viewer.set({ opening: kernel, closing: kernel, kernel: "ellipse", minArea: 50 });
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

SERVER_MOVE = """async (thresholds) => {
    const slider = document.querySelector("#threshold input[type=range]");
    const times = [];
    for (const threshold of thresholds) {
        const before = document.querySelector("#picture img")?.src;
        const start = performance.now();
        slider.value = String(threshold);
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        let image;
        do {
            await new Promise((resolve) => setTimeout(resolve, 1));
            image = document.querySelector("#picture img");
        } while (!image || image.src === before);
        await image.decode();
        times.push(performance.now() - start);
    }
    return times;
}"""

RENDERER = """() => {
    const gl = document.createElement("canvas").getContext("webgl");
    const info = gl?.getExtension("WEBGL_debug_renderer_info");
    return gl ? gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER) : "none";
}"""


def cracked_photo(height: int, width: int) -> tuple[RgbImage, Heatmap]:
    """Gravel with painted cracks, and how dark it is: 0.5 lets 2 % of the pixels through."""
    rng = np.random.default_rng(0)
    tile = data.gravel()
    gray = np.tile(tile, (-(-height // 512), -(-width // 512)))[:height, :width].copy()
    for _ in range(max(2, height * width // 250_000)):
        steps = rng.normal(0, 4, (80, 2)) + rng.normal(0, 4, 2)
        path = np.cumsum(steps, axis=0) + rng.uniform(0, 1, 2) * (width, height)
        cv2.polylines(gray, [path.astype(np.int32)], False, 20, int(rng.integers(2, 6)))
    photo = np.dstack([gray] * 3)
    odds = np.quantile(darkness(photo, 1.0), 0.98) / 65536
    return photo, darkness(photo, r0=odds / (1 - odds))


def viewer_times(page: Page, kernel: int, moves: int) -> tuple[list[float], list[float]]:
    thresholds = np.resize(THRESHOLDS, moves).tolist()
    times = page.evaluate(MOVE, {"kernel": kernel, "thresholds": thresholds})
    return [drawn for drawn, _ in times], [exact for _, exact in times]


def server_times(browser: Browser, photo: RgbImage, heatmap: Heatmap, moves: int) -> list[float]:
    """A Gradio page whose slider redraws the overlay with `queue=False`, as JPEG."""
    import gradio as gr

    def redraw(threshold: float) -> Any:
        return mask_overlay(photo, cut_mask(heatmap, MaskParams(threshold, **DEFAULTS)))

    with gr.Blocks() as blocks:
        slider = gr.Slider(0, 1, 0.5, step=0.001, elem_id="threshold")
        picture = gr.Image(format="jpeg", elem_id="picture")
        slider.input(redraw, slider, picture, queue=False, show_progress="hidden")
    _, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True)
    page = browser.new_page()
    page.goto(url)
    page.locator("#threshold input[type=range]").wait_for()
    times: list[float] = page.evaluate(SERVER_MOVE, visible_moves(heatmap, moves))
    page.close()
    blocks.close()
    return times[1:]


def visible_moves(heatmap: Heatmap, moves: int) -> list[float]:
    """Thresholds that each change the mask: Gradio sends an unchanged picture no second time."""
    chosen: list[float] = []
    before = None
    for threshold in np.resize(THRESHOLDS, moves):
        mask = cut_mask(heatmap, MaskParams(float(threshold), **DEFAULTS)).tobytes()
        if mask != before:
            chosen.append(float(threshold))
        before = mask
    return chosen


def summary(times: list[float]) -> str:
    return f"{statistics.median(times):7.1f} {np.percentile(times, 95):7.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=60)
    parser.add_argument("--no-server", action="store_true")
    options = parser.parse_args()
    with chromium() as browser:
        harness = Harness(browser.new_page(viewport={"width": 1280, "height": 1000}))
        print(f"Chromium {browser.version}, WebGL renderer: {harness.page.evaluate(RENDERER)};")
        print(
            "the viewer draws with canvas 2D. Kernel: ellipse, opening and closing; min_area 50.\n"
        )
        print(f"{'photo':>11} {'kernel':>6} | {'drawn':>7} {'p95':>7} | {'exact':>7} {'p95':>7}")
        for height, width in SIZES:
            photo, heatmap = cracked_photo(height, width)
            harness.show(harness.add(f"{width}x{height}", photo, heatmap))
            for kernel in KERNEL_SIZES:
                drawn, exact = viewer_times(harness.page, kernel, options.moves)
                row = f"{summary(drawn)} | {summary(exact)}"
                print(f"{f'{width}x{height}':>11} {kernel:>6} | {row}", flush=True)
        if options.no_server:
            return
        photo, heatmap = cracked_photo(*SERVER_SIZE)
        server = server_times(browser, photo, heatmap, options.moves)
        harness.show(harness.add("beside", photo, heatmap))
        drawn, _ = viewer_times(harness.page, 3, options.moves)
        ratio = statistics.median(server) / statistics.median(drawn)
        print(f"\nServer's redraw (queue=False, JPEG) at 1024x1024, kernel 3: {summary(server)}")
        print(f"The viewer beside it: {summary(drawn)}; {ratio:.1f} times faster.")


if __name__ == "__main__":
    main()
