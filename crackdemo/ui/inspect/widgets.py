"""The widgets of the Inspect tab, laid out; `inspect_tab` wires them."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.masks.params import KERNELS, MAX_GROW, MAX_KERNEL, MaskParams
from crackdemo.photos.images import PHOTO_SUFFIXES
from crackdemo.ui.workbench import Workbench

EXAMPLES = Path(__file__).parents[1] / "examples"

_LARGEST_MIN_AREA = 500
"""What the slider for the smallest crack reaches, unless a setting needs more."""
_KERNEL_SIZES = [("off", 0), *((str(size), size) for size in range(3, MAX_KERNEL + 1, 2))]
_THUMBNAILS: dict[str, Any] = {
    "show_label": False,
    "allow_preview": False,
    "interactive": False,
    "object_fit": "cover",
    "buttons": [],
}


@dataclass(frozen=True)
class PhotoInput:
    """Where photos and weights come in."""

    photos: gr.File
    weights: gr.Dropdown
    status: gr.HTML
    stop: gr.Button
    go_on: gr.Button
    resume: gr.Button
    problems: gr.HTML
    examples: gr.Gallery


@dataclass(frozen=True)
class Knobs:
    """What turns a heatmap into what is seen; each is named for what it holds."""

    threshold: gr.Slider
    opening: gr.Dropdown
    closing: gr.Dropdown
    kernel: gr.Dropdown
    grow: gr.Slider
    min_area: gr.Slider
    opacity: gr.Slider
    mm_per_px: gr.Number
    colours: gr.Dropdown

    @property
    def names(self) -> list[str]:
        """Of `all`."""
        return [field.name for field in fields(self)]

    @property
    def all(self) -> list[Any]:
        """What the viewer and `session.settings_of` get, by name."""
        return [getattr(self, name) for name in self.names]

    @property
    def mask(self) -> list[Any]:
        """What a `MaskParams` holds, in the order of its fields."""
        return [getattr(self, field.name) for field in fields(MaskParams)]


@dataclass(frozen=True)
class Stage:
    """Where a photo is shown."""

    film: gr.Gallery
    pager: gr.Row
    earlier: gr.Button
    later: gr.Button
    files: gr.File
    meta: gr.JSON
    dropped: gr.Textbox


@dataclass(frozen=True)
class Takeaway:
    """What is handed out, and settings that come back."""

    prepare: gr.Button
    downloads: gr.File
    load: gr.UploadButton


@dataclass(frozen=True)
class RegionTools:
    """Where the region of interest is drawn."""

    panel: gr.Accordion
    shape: gr.Radio
    close: gr.Button
    undo: gr.Button
    clear: gr.Button
    picture: gr.Image


def photo_input(bench: Workbench) -> PhotoInput:
    """Photos, what became of them, examples and weights."""
    photos = gr.File(
        file_count="multiple",
        file_types=["image", *sorted(PHOTO_SUFFIXES)],
        label="Photos: drop, paste, choose or shoot",
        elem_id="photos",
        height=150,
    )
    with gr.Row(elem_id="status-row"):
        status = gr.HTML("Drop photos above, or try an example.", elem_id="status")
        small: dict[str, Any] = {"size": "sm", "scale": 0, "min_width": 80}
        stop = gr.Button("Stop", elem_id="stop", **small)
        go_on = gr.Button("Go on", elem_id="go-on", **small)
    resume = gr.Button(visible="hidden", elem_id="resume")
    problems = gr.HTML(elem_id="problems")
    gr.Markdown("Examples (made, not photographed):", elem_id="examples-title")
    examples = gr.Gallery(
        [(str(path), path.stem) for path in example_photos()], elem_id="examples", **_THUMBNAILS
    )
    weights = gr.Dropdown(
        bench.weights_names(),
        value=DEFAULT_WEIGHTS,
        allow_custom_value=True,
        label="Weights",
        info="From the list, or a Hub id owner/name[@revision], or an allowed folder.",
        elem_id="weights",
    )
    return PhotoInput(photos, weights, status, stop, go_on, resume, problems, examples)


def example_photos() -> list[Path]:
    """The photos that come with the page."""
    return sorted(EXAMPLES.glob("*.jpg"))


def knobs(own: MaskParams) -> Knobs:
    """Sliders and lists, at the weights' own settings."""
    threshold = gr.Slider(
        0,
        1,
        own.threshold,
        step=0.001,
        label="Threshold",
        info="0.5 = calibrated; 1 marks nothing.",
        elem_id="threshold",
    )
    with gr.Row():
        opening = gr.Dropdown(
            _KERNEL_SIZES, value=own.opening, label="Opening (px)", elem_id="opening", min_width=70
        )
        closing = gr.Dropdown(
            _KERNEL_SIZES, value=own.closing, label="Closing (px)", elem_id="closing", min_width=70
        )
        kernel = gr.Dropdown(
            list(KERNELS), value=own.kernel, label="Kernel", elem_id="kernel", min_width=90, scale=2
        )
    grow = gr.Slider(
        -MAX_GROW,
        MAX_GROW,
        own.grow,
        step=1,
        label="Grow (px)",
        info="Widens the mask; below 0 thins it.",
        elem_id="grow",
    )
    min_area = gr.Slider(
        0,
        max(_LARGEST_MIN_AREA, own.min_area),
        own.min_area,
        step=1,
        label="Smallest crack (px)",
        elem_id="min-area",
    )
    opacity = gr.Slider(0, 1, 0.5, step=0.01, label="Overlay opacity", elem_id="opacity")
    with gr.Row():
        mm_per_px = gr.Number(
            0,
            label="Scale (mm per px)",
            info="0: not known",
            minimum=0,
            step=0.01,
            elem_id="scale",
            min_width=110,
        )
        colours = gr.Dropdown(
            ["inferno", "viridis", "gray"],
            value="inferno",
            label="Heatmap colours",
            elem_id="colours",
            min_width=110,
        )
    return Knobs(threshold, opening, closing, kernel, grow, min_area, opacity, mm_per_px, colours)


def mask_values(mask: MaskParams) -> list[Any]:
    """Settings as new values of `Knobs.mask`."""
    largest = max(_LARGEST_MIN_AREA, mask.min_area)
    values = {**asdict(mask), "min_area": gr.Slider(value=mask.min_area, maximum=largest)}
    return list(values.values())


def stage() -> Stage:
    """The verdict, the film strip and the viewer."""
    _place("verdict")
    film = gr.Gallery(visible=False, elem_id="strip", **_THUMBNAILS)
    with gr.Row(visible=False, elem_id="pager") as pager:
        earlier = gr.Button("Earlier photos", size="sm")
        later = gr.Button("Later photos", size="sm")
    _place("viewer")
    files = gr.File(file_count="multiple", visible="hidden", elem_id="viewer-files")
    meta = gr.JSON(visible="hidden", elem_id="viewer-meta")
    dropped = gr.Textbox(visible="hidden", elem_id="dropped")
    return Stage(film, pager, earlier, later, files, meta, dropped)


def _place(name: str) -> None:
    """Where `page.js` draws."""
    gr.HTML(f"<div class='{name}-place'></div>", elem_id=name, apply_default_css=False)


def takeaway() -> Takeaway:
    """Downloads, and a preset to load."""
    with gr.Row():
        prepare = gr.Button("Prepare downloads", size="md", elem_id="prepare", variant="primary")
        load = gr.UploadButton(
            "Load a preset", size="md", file_types=[".json"], elem_id="load-preset"
        )
    downloads = gr.File(
        label="Mask, overlay, heatmap, reconstruction; table of all photos; settings",
        file_count="multiple",
        interactive=False,
        visible=False,
        elem_id="downloads",
    )
    return Takeaway(prepare, downloads, load)


def region_tools() -> RegionTools:
    """A picture to click corners into."""
    with gr.Accordion("Region of interest", open=False, elem_id="region") as panel:
        gr.Markdown("Click corners into the photo; what lies outside counts for nothing.")
        with gr.Row():
            shape = gr.Radio(["Box", "Polygon"], value="Box", show_label=False, min_width=220)
            close = gr.Button("Close polygon", size="sm", min_width=100)
            undo = gr.Button("Undo", size="sm", min_width=80)
            clear = gr.Button("Whole photo", size="sm", min_width=100)
        picture = gr.Image(
            format="jpeg", interactive=False, show_label=False, elem_id="region-view", buttons=[]
        )
    return RegionTools(panel, shape, close, undo, clear, picture)
