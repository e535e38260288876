"""The public endpoint for programs: a photo and settings in, mask, heatmap and report out."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr
from numpy.typing import NDArray

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.errors import CheckpointError, PhotoError, WeightsError
from crackdemo.inspection.verdict import judge
from crackdemo.masks.cut import KERNELS, MaskParams
from crackdemo.masks.presets import Preset
from crackdemo.photos.images import write_png
from crackdemo.ui.workbench import Workbench


def inspect(
    bench: Workbench,
    photo: str | None,
    weights: str,
    threshold: float,
    opening: float,
    closing: float,
    kernel: str,
    min_area: float,
    mm_per_px: float | None,
) -> tuple[str, str, str, dict[str, Any]]:
    """Mask (PNG), heatmap (16-bit PNG), reconstruction (PNG) and report of one photo.

    Raises gr.Error with one sentence for bad input.
    """
    if photo is None:
        raise gr.Error("No photo was given: send one as the file `photo`.")
    try:
        params = MaskParams(threshold, int(opening), int(closing), kernel, int(min_area))
        preset = Preset(params, mm_per_px=mm_per_px or None)
        resolved = bench.resolve(weights)
        scored = bench.score(Path(photo), resolved)
    except (PhotoError, WeightsError, CheckpointError, ValueError) as error:
        raise gr.Error(str(error), print_exception=False) from None
    calibration = bench.config(resolved).calibration
    verdict = judge(scored.detection, calibration, preset, Path(photo).name)
    folder = bench.new_export_folder()
    files = [folder / name for name in ("mask.png", "heatmap.png", "reconstruction.png")]
    detection = scored.detection
    arrays: tuple[NDArray[Any], ...] = (
        verdict.mask,
        detection.heatmap,
        detection.reconstruction,
    )
    for file, array in zip(files, arrays, strict=True):
        write_png(file, array)
    report = {
        "file": Path(photo).name,
        "weights": resolved.name,
        "commit": resolved.commit,
        "score": round(verdict.score, 6),
        "crack": verdict.crack,
        **asdict(verdict.report),
    }
    return str(files[0]), str(files[1]), str(files[2]), report


def build(bench: Workbench) -> None:
    """Registers `/inspect`; its widgets exist for programs only."""

    def endpoint(
        photo: str | None,
        weights: str = DEFAULT_WEIGHTS,
        threshold: float = 0.5,
        opening: float = 0,
        closing: float = 0,
        kernel: str = "ellipse",
        min_area: float = 0,
        mm_per_px: float | None = None,
    ) -> tuple[str, str, str, dict[str, Any]]:
        return inspect(
            bench, photo, weights, threshold, opening, closing, kernel, min_area, mm_per_px
        )

    with gr.Row(visible=False):
        inputs = [
            gr.File(label="photo", type="filepath"),
            gr.Textbox(DEFAULT_WEIGHTS, label="weights"),
            gr.Slider(0, 1, 0.5, label="threshold"),
            gr.Slider(0, 15, 0, step=1, label="opening"),
            gr.Slider(0, 15, 0, step=1, label="closing"),
            gr.Dropdown(list(KERNELS), value="ellipse", label="kernel"),
            gr.Number(0, label="min_area", precision=0),
            gr.Number(None, label="mm_per_px"),
        ]
        outputs = [
            gr.File(label="mask"),
            gr.File(label="heatmap"),
            gr.File(label="reconstruction"),
            gr.JSON(label="report"),
        ]
        gr.Button("inspect").click(
            endpoint,
            inputs,
            outputs,
            api_name="inspect",
            api_description=(
                "Inspects one photo: `weights` is a shipped name or a Hub id owner/name[@revision],"
                " `threshold` 0..1 (0.5 = calibrated), `opening` and `closing` 0 or odd 3..15 px, "
                "`min_area` in px. Returns mask (PNG, 255 = crack), heatmap (16-bit PNG), "
                "reconstruction (PNG) and a report."
            ),
            concurrency_limit=None,
        )
