"""The sliders and the list of a mask's settings, as every tab has them that cuts masks."""

from dataclasses import asdict, dataclass, fields
from typing import Any

import gradio as gr

from crackdemo.masks.params import KERNELS, MAX_GROW, MAX_KERNEL, MaskParams

LARGEST_MIN_AREA = 500
"""What the slider for the smallest crack reaches, unless a setting needs more."""


@dataclass(frozen=True)
class MaskKnobs:
    """Each is named as in `MaskParams`."""

    threshold: gr.Slider
    opening: gr.Slider
    closing: gr.Slider
    kernel: gr.Dropdown
    grow: gr.Slider
    min_area: gr.Slider

    @property
    def all(self) -> list[Any]:
        """In the order of `MaskParams`."""
        return [getattr(self, field.name) for field in fields(MaskParams)]


def mask_knobs(own: MaskParams, prefix: str = "") -> MaskKnobs:
    """At the weights' own settings; the kernel is not drawn yet, and has a place of its own.

    prefix: of the widgets' ids.
    """
    threshold = gr.Slider(
        0,
        1,
        own.threshold,
        step=0.001,
        label="Threshold",
        info="0.5 = calibrated; weak marks that stand alone show below it; 1 marks nothing.",
        elem_id=f"{prefix}threshold",
    )
    opening = _size_slider("Opening (px)", "Removes specks thinner than it.", own.opening, prefix)
    closing = _size_slider("Closing (px)", "Bridges gaps narrower than it.", own.closing, prefix)
    grow = gr.Slider(
        -MAX_GROW,
        MAX_GROW,
        own.grow,
        step=1,
        label="Grow (px)",
        info="Widens the mask; below 0 thins it.",
        elem_id=f"{prefix}grow",
    )
    min_area = gr.Slider(
        0,
        max(LARGEST_MIN_AREA, own.min_area),
        own.min_area,
        step=1,
        label="Smallest crack (px)",
        info="Removes what has fewer pixels, after growing.",
        elem_id=f"{prefix}min-area",
    )
    kernel = gr.Dropdown(
        list(KERNELS),
        value=own.kernel,
        label="Kernel",
        elem_id=f"{prefix}kernel",
        min_width=90,
        render=False,
    )
    return MaskKnobs(threshold, opening, closing, kernel, grow, min_area)


def mask_values(mask: MaskParams) -> list[Any]:
    """Settings as new values of `MaskKnobs.all`."""
    largest = max(LARGEST_MIN_AREA, mask.min_area)
    values = {**asdict(mask), "min_area": gr.Slider(value=mask.min_area, maximum=largest)}
    return list(values.values())


def _size_slider(label: str, effect: str, value: int, prefix: str) -> gr.Slider:
    """Of a kernel; the page leaves out the even sizes."""
    return gr.Slider(
        0,
        MAX_KERNEL,
        value,
        step=1,
        label=label,
        info=f"{effect} Odd; 0 is off.",
        elem_id=prefix + label.split()[0].lower(),
    )
