"""The whole page: tabs, the viewer's scripts inlined, styles."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import gradio as gr
from gradio.routes import file_upload_statuses
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

from crackdemo.masks.cut import kernel_bitmaps
from crackdemo.ui import api
from crackdemo.ui.fair_states import FairStates
from crackdemo.ui.gate import Gate, Rules
from crackdemo.ui.inspect import tab as inspect_tab
from crackdemo.ui.inspect.examples import EXAMPLES
from crackdemo.ui.refusals import SayingBlocks
from crackdemo.ui.submit import tab as submit_tab
from crackdemo.ui.train import api as fits_api
from crackdemo.ui.train import tab as train_tab
from crackdemo.ui.tune import tab as tune_tab
from crackdemo.ui.visitors import cookie_in
from crackdemo.ui.workbench import TIDY_SECONDS, Workbench

_UI = Path(__file__).parent
TITLE = "crackdemo"
_QUEUE = 2_000
"""Events of all visitors that may wait; `Limits.events` bounds each one's."""
_THREADS = 256
"""Events that may be at work at once; nearly all of them only wait for their turn."""
_SESSIONS = 1_000
"""Open pages; each takes a third of a megabyte."""


class Agents(Protocol):
    """A server for agents, as `agents.py` makes it where its library is installed."""

    app: ASGIApp

    def running(self) -> AbstractAsyncContextManager[None]:
        """Inside, it answers."""
        ...


def launch(
    bench: Workbench,
    names: Sequence[str] | None = None,
    is_space: bool = False,
    agents: Agents | None = None,
    **options: Any,
) -> gr.Blocks:
    """Serves the page around one workbench; `options` are those of gradio's `launch`.

    names: hosts under which the page may be asked for, None for any. is_space: the Hub shows it.
    agents: what answers them, None where they are not wanted.
    """
    page = build_page(bench, has_logins=bool(options.get("auth")))

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        # outside of all that gradio puts around itself, which has no place for more
        rules = replace(
            _rules(bench, page, is_space), names=names, agents=agents.app if agents else None
        )
        app.state_holder = FairStates(rules.sessions.owner_of, bench.is_here)
        app.state_holder.set_blocks(page)
        gate: ASGIApp = Gate(app.middleware_stack, rules, bench.audience)
        if names is not None:
            gate = TrustedHostMiddleware(gate, [*names], www_redirect=False)
        app.middleware_stack = gate
        tidying = asyncio.create_task(_tidy(bench))
        try:
            async with agents.running() if agents else nullcontext():
                yield
        finally:
            tidying.cancel()

    page.queue(max_size=_QUEUE, api_open=False).launch(
        head=page_head(),
        theme=page_theme(),
        max_file_size=f"{bench.limits.upload_mb}mb",
        max_threads=_THREADS,
        allowed_paths=[str(EXAMPLES)],
        ssr_mode=False,
        run_history=False,
        enable_monitoring=False,
        state_session_capacity=_SESSIONS,
        app_kwargs={"lifespan": lifespan},
        **options,
    )
    return page


def _rules(bench: Workbench, page: gr.Blocks, is_space: bool) -> Rules:
    def waiting(name: str) -> int:
        """Events of a visitor, by its cookie or address, that wait or run."""
        queue = page._queue
        events = [event for job in queue.active_jobs if job for event in job]
        for each in queue.event_queue_per_concurrency_id.values():
            events += each.queue
        return sum(name in _names(event.request) for event in events)

    def uploaded(cookie: str, files: list[str]) -> None:
        # each lies in a folder of its own, named for its content
        bench.holdings.hold(cookie, [Path(file) for file in files])

    def watched(upload: str) -> None:
        # gradio keeps a signal for each name that was ever asked for
        getattr(file_upload_statuses, "_signals", {}).pop(upload, None)

    public = {
        path.removeprefix("/"): {
            each["parameter_name"]: each["parameter_has_default"] for each in call["parameters"]
        }
        for path, call in page.get_api_info()["named_endpoints"].items()
    }

    return Rules(
        bench.limits,
        is_space,
        uploads=bench.uploads,
        waiting=waiting,
        uploaded=uploaded,
        watched=watched,
        has_event=lambda number: number in page.fns,
        parameters=public.get,
        has_call=lambda name: any(name == each.api_name for each in page.fns.values()),
    )


def _names(request: Any) -> tuple[str, str]:
    address = request.client.host if request.client else ""
    cookie = cookie_in(request.cookies)
    return cookie, "" if cookie else address


async def _tidy(bench: Workbench) -> None:
    while True:
        await asyncio.sleep(TIDY_SECONDS)
        await asyncio.to_thread(bench.tidy)


def build_page(bench: Workbench, has_logins: bool = False) -> gr.Blocks:
    """All tabs around one workbench. has_logins: whether people log in, with name and password."""
    log_out = " <a href='logout'>Log out</a>" if has_logins else ""
    with SayingBlocks(title=TITLE, delete_cache=(3600, 24 * 3600)) as page:
        gr.HTML(
            "<h1>crackdemo</h1><p>Learns what sound pavement looks like and shows what is not. "
            f"<span class='device'>Runs on {bench.device.upper()}.</span>{log_out}</p>",
            elem_id="headline",
        )
        with gr.Tab("Inspect", id="inspect") as inspect:
            weights = inspect_tab.build(bench, page, inspect)
        with gr.Tab("Tune", id="tune") as tune:
            tuned = tune_tab.build(bench)
        with gr.Tab("Submit", id="submit") as submit:
            submitted = submit_tab.build(bench)
        with gr.Tab("Train", id="train") as train:
            train_tab.build(bench, train, [inspect, tune, submit])
        # a fit may have finished since the page was opened
        gr.on(
            [page.load, *(tab.select for tab in (inspect, tune, submit)), weights.focus],
            lambda: 3 * [gr.Dropdown(choices=bench.weights_names())],
            None,
            [weights, tuned, submitted],
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
