"""The viewer alone in a real browser: a page served from memory, photos as the app sends them."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, Route, sync_playwright

from crackdemo.arrays import CrackMask, Heatmap, RegionMask, RgbImage
from crackdemo.masks.cut import kernel_bitmaps
from crackdemo.masks.params import MaskParams

ORIGIN = "http://viewer.test/"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, _BROWSERS)), None)
"""Where the operating system's browser is; None without one."""
_TESTS = Path(__file__).parents[1]
_VIEWER = _TESTS.parent / "crackdemo" / "ui" / "viewer"


def page_html() -> str:
    """The harness page with the viewer inlined in any order but for viewer.js, which comes last."""
    scripts = sorted(_VIEWER.glob("*.js"), key=lambda path: (path.name == "viewer.js", path.name))
    inlined = (
        f"<style>{(_VIEWER / 'viewer.css').read_text()}</style>"
        "<script>window.crackdemo = {};</script>"
    ) + "".join(f"<script>{path.read_text()}</script>\n" for path in scripts)
    harness = (_TESTS / "viewer" / "harness.html").read_text()
    return harness.replace("<!-- VIEWER -->", inlined)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser of the operating system."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Harness:
    """The harness page in a browser, and the photos that its server knows."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.files: dict[str, bytes] = {"": page_html().encode()}
        self.held: dict[str, list[Route]] = {}
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.is_connected = True
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.route(ORIGIN + "**", self._answer)
        page.goto(ORIGIN)

    def _answer(self, route: Route) -> None:
        name = route.request.url.removeprefix(ORIGIN)
        self.requests.append(name)
        if not self.is_connected:
            route.abort("internetdisconnected")
        elif name in self.held:
            self.held[name].append(route)
        elif name in self.files:
            kind = "image/png" if name.endswith(".png") else "text/html"
            route.fulfill(body=self.files[name], content_type=kind)
        else:
            route.fulfill(status=404)

    def hold(self, name: str) -> None:
        """Answers no request for this file until it is released."""
        self.held[name] = []

    def release(self, name: str) -> None:
        """Answers the requests that were held."""
        for route in self.held.pop(name):
            route.fulfill(body=self.files[name], content_type="image/png")

    def add(
        self,
        name: str,
        photo: RgbImage,
        heatmap: Heatmap,
        region: RegionMask | None = None,
        reconstruction: RgbImage | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Puts a photo on the server; what it returns goes to `show`."""
        healed = photo if reconstruction is None else reconstruction
        self.files[f"{name}/photo.png"] = png(photo[..., ::-1])
        self.files[f"{name}/reconstruction.png"] = png(healed[..., ::-1])
        self.files[f"{name}/heatmap.png"] = png(packed_heatmap(heatmap))
        source = {
            "id": name,
            "photoUrl": f"{name}/photo.png",
            "reconstructionUrl": f"{name}/reconstruction.png",
            "heatmapUrl": f"{name}/heatmap.png",
            "kernels": kernel_bitmaps(),
            **more,
        }
        if region is not None:
            self.files[f"{name}/region.png"] = png(region.astype(np.uint8) * 255)
            source["regionUrl"] = f"{name}/region.png"
        return source

    def show(self, source: dict[str, Any]) -> None:
        """Shows a photo and waits until its exact mask is drawn."""
        self.page.evaluate("source => crackdemo.viewer.show(source)", source)

    def set(self, params: MaskParams, **more: Any) -> None:
        """Applies settings and waits until the exact mask is drawn."""
        script = "async s => { crackdemo.viewer.set(s); await crackdemo.viewer.ready; }"
        self.page.evaluate(script, {**asdict(params), **more})

    def mask(self) -> CrackMask:
        """The page's mask, (H, W)."""
        return shown_mask(self.page)


def shown_mask(page: Page) -> CrackMask:
    """The mask on show in a page with a viewer, (H, W), as soon as there is one."""
    script = """() => {
        const mask = crackdemo.viewer.mask();
        if (!mask) return null;
        const { width, height, data } = mask;
        const bits = new Uint8Array(Math.ceil(data.length / 8));
        data.forEach((bit, i) => (bits[i >> 3] |= bit << (7 - (i & 7))));
        let text = "";
        bits.forEach((byte) => (text += String.fromCharCode(byte)));
        return { width, height, bits: btoa(text) };
    }"""
    answer = page.wait_for_function(script).json_value()
    bits = np.frombuffer(base64.b64decode(answer["bits"]), np.uint8)
    height, width = answer["height"], answer["width"]
    return np.unpackbits(bits, count=height * width).reshape(height, width).astype(np.bool_)


def packed_heatmap(heatmap: Heatmap) -> NDArray[np.uint8]:
    """(H, W) 16-bit to (H, W, 3) in OpenCV's order: high byte red, low byte green."""
    high, low = (heatmap >> 8).astype(np.uint8), (heatmap & 255).astype(np.uint8)
    return np.dstack([np.zeros_like(low), low, high])


def png(image: NDArray[np.uint8]) -> bytes:
    """The bytes of a PNG file of an image in OpenCV's channel order."""
    return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def darkness(photo: RgbImage, r0: float = 9.0) -> Heatmap:
    """How much darker than its surroundings each pixel is, on the fixed scale: (H, W) uint16."""
    gray = photo.astype(np.float32).mean(axis=2)
    dark = cv2.GaussianBlur(gray, (0, 0), 12) - cv2.GaussianBlur(gray, (0, 0), 1)
    residual = np.maximum(0, dark)
    scaled = np.rint(65536 * residual / (residual + r0))
    return np.minimum(65535, scaled).astype(np.uint16)
