"""The same photos through the weights of two runs, for the Train tab's comparison."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import repeat
from pathlib import Path

import cv2
import gradio as gr

from crackdemo.arrays import RgbImage
from crackdemo.errors import CrackdemoError
from crackdemo.inspection.verdict import judge
from crackdemo.masks.presets import Preset
from crackdemo.photos.images import PHOTO_SUFFIXES
from crackdemo.photos.overlays import preview
from crackdemo.runs.job import Job
from crackdemo.ui.drawing import four_views
from crackdemo.ui.workbench import Workbench

_VIEWS = ("photo with mask", "reconstruction", "heatmap", "mask")
_SIDE = 480
"""Longest side of a view, in pixels."""
_OPACITY = 0.5
_MOST = 8
"""Photos that are shown: what more of them say is `evaluate`'s to count."""


@dataclass(frozen=True)
class SameSight:
    """The photos, and what both runs see in them."""

    photos: gr.File
    views: gr.HTML
    runs: gr.Textbox
    """The names of both, a line each. The lists that they are chosen from cannot be asked: Gradio
    refuses a name that is in one no longer by the time that it gets there."""


def build() -> SameSight:
    """Hidden until two runs with weights are compared."""
    photos = gr.File(
        label="The same photos through both",
        file_count="multiple",
        file_types=["image", *sorted(PHOTO_SUFFIXES)],
        height=125,
        visible=False,
        elem_id="compare-photos",
    )
    views = gr.HTML(visible=False, elem_id="compare-views")
    return SameSight(photos, views, gr.Textbox(visible="hidden"))


def wire(bench: Workbench, sight: SameSight) -> None:
    """Draws when the photos or one of the runs change."""

    def draw(photos: list[str] | None, names: str | None) -> gr.HTML:
        runs = (names or "").splitlines()
        if not photos or len(runs) != 2:
            return gr.HTML(visible=False)
        return gr.HTML(side_by_side(bench, list(map(Path, photos)), runs), visible=True)

    gr.on(
        [sight.photos.change, sight.runs.change],
        draw,
        [sight.photos, sight.runs],
        sight.views,
        show_progress="minimal",
        trigger_mode="always_last",
        api_visibility="private",
    )


def can_compare(first: Job, second: Job | None) -> bool:
    """Whether both runs have weights that their names mean."""
    return second is not None and first.is_choosable and second.is_choosable


def side_by_side(bench: Workbench, photos: Sequence[Path], runs: Sequence[str]) -> str:
    """HTML: of each photo a row of views for each run, cut at the run's own settings, and its
    verdict."""
    rows = "".join(_of_photo(bench, photo, runs) for photo in photos[:_MOST])
    if len(photos) > _MOST:
        rows += (
            f"<p>The first {_MOST} of {len(photos)} photos are shown; of photos with masks "
            "<code>python -m crackdemo evaluate</code> counts all.</p>"
        )
    return f"<div class='fit same-sight'>{rows}</div>"


def _of_photo(bench: Workbench, photo: Path, runs: Sequence[str]) -> str:
    heads = "".join(f"<b>{view}</b>" for view in _VIEWS)
    rows = "".join(_row(bench, photo, run) for run in runs)
    return f"<h4>{escape(photo.name)}</h4><div class='views heads'>{heads}</div>{rows}"


def _row(bench: Workbench, photo: Path, run: str) -> str:
    try:
        weights = bench.resolve(run)
        config = bench.config(weights)
        scored = bench.score(photo, weights)
    except CrackdemoError as error:
        return f"<p>⚠️ {escape(str(error))}</p>"
    verdict = judge(scored.detection, bench.detector(weights), Preset(config.mask))
    called = "crack" if verdict.crack else "sound"
    share = verdict.report.crack_percent
    told = f"<b>{escape(run)}</b> · {called}, score {verdict.score:.2f} · {share:.2f} % marked"
    views = four_views(scored, verdict.mask, _OPACITY)
    pictures = "".join(map(_cell, _VIEWS, views, repeat(run)))
    return f"<p>{told}</p><div class='views'>{pictures}</div>"


def _cell(name: str, view: RgbImage | None, run: str) -> str:
    """Of a view that a run has not, its place: the rows of two runs lie below each other."""
    if view is None:
        return "<span class='none'>no reconstruction</span>"
    described = escape(f"{run}: {name}", quote=True)
    return f"<img alt='{described}' title='{name}' src='{_inline(view)}'>"


def _inline(view: RgbImage) -> str:
    bgr = cv2.cvtColor(preview(view, _SIDE), cv2.COLOR_RGB2BGR)
    data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
