"""The whole page: tabs, the viewer's scripts inlined, styles."""

import json
from pathlib import Path

import gradio as gr

from crackdemo.masks import KERNELS, MAX_KERNEL, kernel_bitmap
from crackdemo.ui import api, inspect_tab
from crackdemo.workbench import Workbench

_UI = Path(__file__).parent
TITLE = "crackdemo"


def build_page(bench: Workbench) -> gr.Blocks:
    """All tabs around one workbench."""
    with gr.Blocks(title=TITLE, delete_cache=(3600, 24 * 3600)) as page:
        gr.HTML(
            "<h1>crackdemo</h1><p>Learns what sound pavement looks like and shows what is not. "
            f"<span class='device'>Runs on {bench.device.upper()}.</span></p>",
            elem_id="headline",
        )
        with gr.Tab("Inspect", id="inspect"):
            inspect_tab.build(bench)
        api.build(bench)
    return page


def page_head() -> str:
    """The scripts of the page, inline and in order: no address is asked for them."""
    viewer = sorted((_UI / "viewer").glob("*.js"), key=lambda file: file.name == "viewer.js")
    scripts = [file.read_text(encoding="utf-8") for file in (*viewer, _UI / "page.js")]
    kernels = {
        kernel: {size: kernel_bitmap(kernel, size).tolist() for size in range(3, MAX_KERNEL + 1, 2)}
        for kernel in KERNELS
    }
    data = f"window.crackdemo = {{ kernels: {json.dumps(kernels)} }};"
    return "\n".join(f"<script>{script}</script>" for script in (data, *scripts))


def page_css() -> str:
    """All styles of the page."""
    files = (_UI / "viewer" / "viewer.css", _UI / "style.css")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def page_theme() -> gr.themes.Base:
    """System fonts only: nothing is fetched."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
    mono = ["ui-monospace", "Menlo", "Consolas", "monospace"]
    return gr.themes.Soft(primary_hue="teal", neutral_hue="slate", font=fonts, font_mono=mono)
