"""The Tune tab's widgets, laid out; `tab` wires them."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.data.splits import SPLITS
from crackdemo.evaluation.tune import OBJECTIVES
from crackdemo.masks.params import MaskParams
from crackdemo.photos.images import PHOTO_SUFFIXES
from crackdemo.ui.mask_knobs import MaskKnobs, mask_knobs
from crackdemo.ui.tune import summary
from crackdemo.ui.workbench import Workbench

UPLOAD, FOLDER = "Upload", "Folder"
MOST_WEIGHTS = 4
_AT_ONCE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}


@dataclass(frozen=True)
class Intake:
    """Labelled photos and weights."""

    source: gr.Radio
    photos: gr.File
    masks: gr.File
    folder: gr.Textbox
    weights: gr.Dropdown
    start: gr.Button
    stop: gr.Button
    status: gr.HTML
    problems: gr.HTML

    @property
    def inputs(self) -> list[Any]:
        return [self.source, self.photos, self.masks, self.folder, self.weights]


@dataclass(frozen=True)
class Results:
    """What is drawn of a scored set."""

    data: gr.File
    exact: gr.HTML
    of: gr.Dropdown
    order: gr.Dropdown
    film: gr.Gallery
    photo: gr.Image
    places: gr.State
    """Of the photos in the strip, in its order."""
    shown: gr.State
    """The place of the photo on show; None without one."""
    recount: gr.Button
    """Hidden: the page presses it when a hand has let a slider, a field or a line go."""
    redraw: gr.Button
    """Hidden: the page presses it as a knob moves while a photo is on show."""
    part: gr.Textbox
    """Hidden: the part of the photos that the page counts, or “all”."""
    take: gr.Button
    taken: gr.File
    """Hidden: a preset of the sliders' settings, on its way to Inspect."""


@dataclass(frozen=True)
class Finder:
    """The search."""

    objective: gr.Dropdown
    choose_on: gr.Dropdown
    start: gr.Button
    stop: gr.Button
    status: gr.HTML
    result: gr.Markdown
    use: gr.Button
    preset: gr.File
    found: gr.JSON


def intake(bench: Workbench) -> Intake:
    sources = [UPLOAD, *([FOLDER] if bench.allowed else [])]
    source = gr.Radio(
        sources,
        value=UPLOAD,
        label="Photos with their truth",
        info="Photos and masks of the same names; or a ZIP or folder with images/ and masks/, "
        "or clean/ and cracked/.",
    )
    kinds = ["image", ".zip", *sorted(PHOTO_SUFFIXES)]
    photos = gr.File(
        file_count="multiple",
        file_types=kinds,
        label="Photos, or a ZIP of a data folder",
        elem_id="tune-photos",
        height=130,
    )
    masks = gr.File(
        file_count="multiple",
        file_types=kinds,
        label="Masks of the same names",
        elem_id="tune-masks",
        height=130,
    )
    folder = gr.Textbox(
        label="Folder on the server, named with --allow", visible=False, elem_id="tune-folder"
    )
    weights = gr.Dropdown(
        bench.weights_names(),
        value=[DEFAULT_WEIGHTS],
        multiselect=True,
        max_choices=MOST_WEIGHTS,
        allow_custom_value=True,
        label="Weights, up to four beside each other",
        elem_id="tune-weights",
    )
    with gr.Row():
        start = gr.Button("Score the photos", variant="primary", elem_id="tune-start")
        stop = gr.Button("Stop", size="sm", min_width=80, scale=0, elem_id="tune-stop")
    status = gr.HTML("No photos yet.", elem_id="tune-status")
    problems = gr.HTML(elem_id="tune-problems")
    source.input(
        lambda given: [gr.File(visible=given == UPLOAD), gr.File(visible=given == UPLOAD),
                       gr.Textbox(visible=given == FOLDER)],
        source,
        [photos, masks, folder],
        **_AT_ONCE,
    )  # fmt: skip
    return Intake(source, photos, masks, folder, weights, start, stop, status, problems)


def knobs(own: MaskParams) -> MaskKnobs:
    cut = mask_knobs(own, "tune-")
    cut.kernel.render()
    return cut


def results() -> Results:
    gr.HTML("<div class='tune-place'></div>", elem_id="tune-plots", apply_default_css=False)
    data = gr.File(file_count="multiple", visible="hidden", elem_id="tune-data")
    exact = gr.HTML(elem_id="tune-exact")
    take = gr.Button(
        "Use the sliders' settings in Inspect", size="sm", visible=False, elem_id="tune-take"
    )
    with gr.Row():
        of = gr.Dropdown([], label="Photos as seen by", elem_id="tune-of", min_width=120)
        order = gr.Dropdown(
            list(summary.ORDERS), value="Dice", label="Worst first by", elem_id="tune-order",
            min_width=120,
        )  # fmt: skip
    film = gr.Gallery(
        show_label=False, height=300, allow_preview=False, elem_id="tune-strip",
        object_fit="cover", buttons=[],
    )  # fmt: skip
    photo = gr.Image(
        format="png", interactive=False, show_label=False, elem_id="tune-photo", buttons=[],
        visible=False,
    )  # fmt: skip
    gr.HTML(
        "<p class='tune-key'><i class='right'></i> right <i class='wrong'></i> wrong "
        "<i class='missed'></i> missed</p>",
        apply_default_css=False,
    )
    recount = gr.Button(visible="hidden", elem_id="tune-recount")
    redraw = gr.Button(visible="hidden", elem_id="tune-redraw")
    part = gr.Textbox("all", visible="hidden", elem_id="tune-counted")
    taken = gr.File(visible="hidden", elem_id="tune-taken")
    places, shown = gr.State([]), gr.State(None)
    return Results(
        data, exact, of, order, film, photo, places, shown, recount, redraw, part, take, taken
    )


def finder() -> Finder:
    with gr.Accordion("Search for settings", open=False, elem_id="tune-search"):
        gr.Markdown(
            "One part of the photos chooses threshold, opening, closing, kernel, grow and smallest "
            "crack together; the others, which the search never sees, report the gain."
        )
        objective = gr.Dropdown(
            [(summary.FIGURES[each], each) for each in OBJECTIVES], value=OBJECTIVES[0],
            label="What is to be high",
            elem_id="tune-objective",
        )  # fmt: skip
        choose_on = gr.Dropdown(
            list(SPLITS), value="validation", label="The part that chooses",
            info="Photos fall into parts by the hash of their names, or by train/, validation/ and "
            "test/ folders.",
            elem_id="tune-choose-on",
        )  # fmt: skip
        with gr.Row():
            start = gr.Button("Search", elem_id="tune-find")
            stop = gr.Button("Stop", size="sm", min_width=80, scale=0, elem_id="tune-find-stop")
        status = gr.HTML(elem_id="tune-find-status")
        result = gr.Markdown(elem_id="tune-found")
        use = gr.Button("Use the settings found in Inspect", visible=False, elem_id="tune-use")
        preset = gr.File(
            label="Preset for predict, submit and Inspect", interactive=False, visible=False,
            elem_id="tune-preset",
        )  # fmt: skip
        found = gr.JSON(visible="hidden")
    return Finder(objective, choose_on, start, stop, status, result, use, preset, found)
