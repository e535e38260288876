"""The public endpoint for programs: a photo and settings in, mask, heatmap and report out."""

import inspect as signatures
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeAlias, get_args, get_type_hints

import gradio as gr
from numpy.typing import NDArray

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.configs import parse_config
from crackdemo.errors import BusyError, PhotoError, Stopped
from crackdemo.inspection.verdict import judge
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset
from crackdemo.photos.images import write_png
from crackdemo.ui import visitors
from crackdemo.ui.refusals import said
from crackdemo.ui.workbench import Workbench

API_VERSION = 1
"""Grows when something in an answer changes its meaning."""

_DESCRIPTION = (
    "Inspects one photo. `weights`: a shipped name or a Hub id owner/name[@revision]. `threshold`: "
    "0..1, 0.5 = calibrated; `opening`, `closing`: 0 or odd 3..15 px; `kernel`; `min_area` in px: "
    "each the weights' own where it is left out. Returns mask (PNG, 255 = crack), heatmap (16-bit "
    "PNG), reconstruction (PNG; none by weights that rebuild nothing) and a report."
)

Inspection: TypeAlias = tuple[str | None, str | None, str | None, dict[str, Any]]
"""Files of mask, heatmap and reconstruction, and the report."""


def inspect(
    bench: Workbench,
    photo: str | None,
    weights: str,
    mask: Mapping[str, Any],
    mm_per_px: float | None,
    is_gone: Callable[[], bool] = lambda: False,
) -> Inspection:
    """Mask (PNG), heatmap (16-bit PNG), reconstruction (PNG) and report of one photo.

    mask: settings by name; those that are None are the weights' own. is_gone: whether nobody waits
    for the answer any more. Raises CrackdemoError, and Stopped where nobody does.
    """
    if photo is None:
        raise PhotoError("No photo was given: send one as the file `photo`.")
    file, resolved = Path(photo), bench.resolve(weights)
    own, detector = bench.config(resolved).mask, bench.detector(resolved)
    params = parse_config(MaskParams, {**asdict(own), **_given(mask)})
    preset = parse_config(Preset, {"mask": params, "mm_per_px": mm_per_px or None})
    visitor = bench.visitor()
    line, longest = bench.photos.line, bench.limits.waiting
    # nothing is decoded, and no mask cut, before its turn: a photo takes much more than its file
    with line.turn(visitor.name, visitor.group, is_gone, longest), bench.export_folder() as folder:
        scored = bench.score(file, resolved, is_gone)
        verdict = judge(scored.detection, detector, preset)
        arrays: dict[str, NDArray[Any] | None] = {
            "mask.png": verdict.mask,
            "heatmap.png": scored.detection.heatmap,
            "reconstruction.png": scored.detection.reconstruction,
        }
        for name, array in arrays.items():
            if array is not None:
                write_png(folder / name, array)
    report = {
        "api": API_VERSION,
        "file": file.name,
        "weights": resolved.name,
        "commit": resolved.commit,
        "score": round(verdict.score, 6),
        "crack": verdict.crack,
        "state": verdict.state,
        **asdict(verdict.report),
    }
    mask_file, heatmap_file, reconstruction_file = (
        None if array is None else str(folder / name) for name, array in arrays.items()
    )
    return mask_file, heatmap_file, reconstruction_file, report


def _given(mask: Mapping[str, Any]) -> dict[str, Any]:
    """The widgets behind the endpoint make floats of whole numbers."""
    given = {name: value for name, value in mask.items() if value is not None}
    whole = {name for name, kind in get_type_hints(MaskParams).items() if kind is int}
    return {
        name: int(value)
        if name in whole and isinstance(value, float) and value.is_integer()
        else value
        for name, value in given.items()
    }


def build(bench: Workbench) -> None:
    """Registers `/inspect`; its widgets exist for programs only."""
    names = [field.name for field in fields(MaskParams)]

    def endpoint(photo: Any, weights: Any, *values: Any) -> Inspection:
        *mask, mm_per_px = values
        asked, streams = bench.audience.now(), visitors.streams()

        def is_gone() -> bool:
            return bench.audience.is_gone(streams, asked)

        given = dict(zip(names, mask, strict=True))
        with said():
            try:
                return inspect(bench, photo, weights, given, mm_per_px, is_gone)
            except Stopped:
                raise BusyError("Nobody waited for the answer any more: ask again.") from None

    endpoint.__signature__ = _signature(names)  # type: ignore[attr-defined]  # its clients' words
    with gr.Row(visible=False):
        inputs = [
            gr.File(label="photo", type="filepath"),
            gr.Textbox(DEFAULT_WEIGHTS, label="weights"),
            *(_widget(name, kind) for name, kind in get_type_hints(MaskParams).items()),
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
            api_description=_DESCRIPTION,
            concurrency_limit=None,
        )


def _widget(name: str, kind: Any) -> Any:
    choices = get_args(kind)
    return gr.Dropdown(choices, value=None, label=name) if choices else gr.Number(None, label=name)


def _signature(mask: list[str]) -> signatures.Signature:
    """By its names programs say what they send; what has a default may be left out."""
    defaults = {"weights": DEFAULT_WEIGHTS, **dict.fromkeys([*mask, "mm_per_px"])}
    kind = signatures.Parameter.POSITIONAL_OR_KEYWORD
    return signatures.Signature(
        [
            signatures.Parameter("photo", kind),
            *(signatures.Parameter(name, kind, default=value) for name, value in defaults.items()),
        ]
    )
