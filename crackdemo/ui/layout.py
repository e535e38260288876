"""The whole page: tabs, the viewer's scripts inlined, styles."""

import json
from pathlib import Path
from typing import Any

import gradio as gr

from crackdemo.masks.cut import kernel_bitmaps
from crackdemo.photos.images import MAX_FILE_MB
from crackdemo.ui import api
from crackdemo.ui.inspect import tab as inspect_tab
from crackdemo.ui.inspect.examples import EXAMPLES
from crackdemo.ui.submit import tab as submit_tab
from crackdemo.ui.train import api as fits_api
from crackdemo.ui.train import tab as train_tab
from crackdemo.ui.tune import tab as tune_tab
from crackdemo.ui.workbench import Workbench

_UI = Path(__file__).parent
TITLE = "crackdemo"


def launch(bench: Workbench, **options: Any) -> gr.Blocks:
    """Serves the page around one workbench; `options` are those of gradio's `launch`."""
    page = build_page(bench)
    page.queue(max_size=64).launch(
        head=page_head(),
        theme=page_theme(),
        max_file_size=f"{MAX_FILE_MB}mb",
        allowed_paths=[str(EXAMPLES)],
        ssr_mode=False,
        **options,
    )
    return page


def build_page(bench: Workbench) -> gr.Blocks:
    """All tabs around one workbench."""
    with gr.Blocks(title=TITLE, delete_cache=(3600, 24 * 3600)) as page:
        gr.HTML(
            "<h1>crackdemo</h1><p>Learns what sound pavement looks like and shows what is not. "
            f"<span class='device'>Runs on {bench.device.upper()}.</span></p>",
            elem_id="headline",
        )
        with gr.Tab("Inspect", id="inspect") as inspect:
            weights = inspect_tab.build(bench, page, inspect)
        with gr.Tab("Tune", id="tune") as tune:
            tune_tab.build(bench)
        with gr.Tab("Submit", id="submit") as submit:
            submit_tab.build(bench)
        with gr.Tab("Train", id="train") as train:
            train_tab.build(bench, train, [inspect, tune, submit])
        # a fit may have finished since the page was opened
        gr.on(
            [page.load, inspect.select, weights.focus],
            lambda: gr.Dropdown(choices=bench.weights_names()),
            None,
            weights,
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
        api.build(bench)
        fits_api.build(bench)
    return page


def page_head() -> str:
    """Styles and scripts, inline and in order: no address is asked for them.

    The styles stand here since gradio's own `css` rewrites, and breaks, newer selectors.
    """
    viewer = sorted((_UI / "viewer").glob("*.js"), key=lambda file: file.name == "viewer.js")
    tune = [_UI / "tune" / "counts.js", _UI / "tune" / "charts.js", _UI / "tune" / "tune.js"]
    styles = [_read(_UI / file) for file in ("viewer/viewer.css", "style.css", "tune/tune.css")]
    data = f"window.crackdemo = {{ kernels: {json.dumps(kernel_bitmaps())} }};"
    page = sorted((_UI / "page").glob("*.js"), key=lambda file: file.name == "page.js")
    scripts = [data, *map(_read, [*viewer, _UI / "connection.js", *page, *tune])]
    return "\n".join(
        [f"<style>{style}</style>" for style in styles]
        + [f"<script>{script}</script>" for script in scripts]
    )


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def page_theme() -> gr.themes.Base:
    """System fonts only: nothing is fetched."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
    mono = ["ui-monospace", "Menlo", "Consolas", "monospace"]
    theme = gr.themes.Default(primary_hue="teal", neutral_hue="slate", font=fonts, font_mono=mono)
    return theme.set(block_border_width="1px", block_shadow="none", block_radius="10px")
