"""One photo through the weights of two runs, for the Train tab's comparison."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import cv2
import gradio as gr

from crackdemo.arrays import RgbImage
from crackdemo.errors import CrackdemoError
from crackdemo.inspection.verdict import judge
from crackdemo.masks.presets import Preset
from crackdemo.photos.images import PHOTO_SUFFIXES
from crackdemo.photos.overlays import preview
from crackdemo.runs.jobs import Job
from crackdemo.ui.drawing import four_views
from crackdemo.ui.workbench import Workbench

_VIEWS = ("photo with mask", "reconstruction", "heatmap", "mask")
_SIDE = 480
"""Longest side of a view, in pixels."""
_OPACITY = 0.5


@dataclass(frozen=True)
class SameSight:
    """The photo, and what both runs see in it."""

    photo: gr.File
    views: gr.HTML


def build() -> SameSight:
    """Hidden until two runs with weights are compared."""
    photo = gr.File(
        label="The same photo through both",
        file_types=["image", *sorted(PHOTO_SUFFIXES)],
        height=125,
        visible=False,
        elem_id="compare-photo",
    )
    return SameSight(photo, gr.HTML(visible=False, elem_id="compare-views"))


def wire(bench: Workbench, sight: SameSight, choice: gr.Radio, other: gr.Dropdown) -> None:
    """Draws when the photo or one of the runs changes."""

    def draw(photo: str | None, first: str | None, second: str | None) -> gr.HTML:
        if not (photo and first and second):
            return gr.HTML(visible=False)
        return gr.HTML(side_by_side(bench, Path(photo), [first, second]), visible=True)

    gr.on(
        [sight.photo.change, choice.input, other.input],
        draw,
        [sight.photo, choice, other],
        sight.views,
        show_progress="minimal",
        trigger_mode="always_last",
        api_visibility="private",
    )


def can_compare(first: Job, second: Job | None) -> bool:
    """Whether both runs have weights."""
    return second is not None and first.has_weights and second.has_weights


def side_by_side(bench: Workbench, photo: Path, runs: Sequence[str]) -> str:
    """HTML: a row of views for each run, cut at the run's own settings, and its verdict."""
    return f"<div class='fit same-sight'>{''.join(_row(bench, photo, run) for run in runs)}</div>"


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
    pictures = "".join(
        f"<img alt='{escape(run, quote=True)}: {name}' title='{name}' src='{_inline(view)}'>"
        for name, view in zip(_VIEWS, views, strict=True)
        if view is not None
    )
    return f"<p>{told}</p><div class='views'>{pictures}</div>"


def _inline(view: RgbImage) -> str:
    bgr = cv2.cvtColor(preview(view, _SIDE), cv2.COLOR_RGB2BGR)
    data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
