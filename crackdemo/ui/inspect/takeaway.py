"""What is handed out, and settings that come back."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from crackdemo.errors import PresetError
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset, read_preset
from crackdemo.ui.inspect import session as inspection
from crackdemo.ui.inspect.classes import choices
from crackdemo.ui.inspect.events import QUIET
from crackdemo.ui.inspect.knobs import Knobs, session_and_settings
from crackdemo.ui.inspect.regions import Regions, regions_text
from crackdemo.ui.inspect.scoring import Roll
from crackdemo.ui.inspect.session import Session, classes_of
from crackdemo.ui.inspect.stage import Stage
from crackdemo.ui.inspect.states import States, session_of
from crackdemo.ui.mask_knobs import mask_values
from crackdemo.ui.refusals import said
from crackdemo.ui.workbench import Workbench

_notes = itertools.count(1)
"""Of two notes that say the same the page would not hear the second."""
_OF_ONE = "Pictures of this photo; table of all photos; settings"
_OF_ALL = "All photos in one ZIP: pictures, table, settings"
_LESSON = "False alarms in one ZIP: photos and corrected masks"
"""Titles of the box for downloads, by what is in it."""


@dataclass(frozen=True)
class Takeaway:
    """Downloads, and a preset to load."""

    prepare: gr.Button
    prepare_all: gr.Button
    learn: gr.Button | None
    """Takes false alarms to the Train tab; None where nothing can be fitted."""
    load: gr.UploadButton
    note: gr.JSON
    """What there is to say of a preset that was loaded."""
    downloads: gr.File


def takeaway(can_fit: bool) -> Takeaway:
    """Buttons, then files."""
    with gr.Row(elem_id="takeaway"):
        prepare = gr.Button("Prepare downloads", size="md", elem_id="prepare", variant="primary")
        prepare_all = gr.Button("All photos as ZIP", size="md", elem_id="prepare-all")
        load = gr.UploadButton(
            "Load a preset", size="md", file_types=[".json"], elem_id="load-preset"
        )
        learn = (
            gr.Button("Learn from false alarms", size="md", elem_id="learn") if can_fit else None
        )
    note = gr.JSON(visible="hidden", elem_id="preset-note")
    downloads = gr.File(
        label=_OF_ONE,
        file_count="multiple",
        interactive=False,
        visible=False,
        elem_id="downloads",
    )
    return Takeaway(prepare, prepare_all, learn, load, note, downloads)


def note_on(preset: Preset, roll: Roll, classes: Sequence[str]) -> str:
    """Where the preset was made with other weights than those that score, or its class is none of
    the `classes` that these tell apart; else nothing."""
    weights = roll.weights
    notes = [] if weights is None else [preset.warning_with(weights.name, weights.commit)]
    if preset.only is not None and weights is None:
        notes.append(f"Its class “{preset.only}” is not chosen: load it again with a photo here.")
    elif preset.only is not None and preset.only not in classes:
        notes.append(
            f"These weights know no class “{preset.only}”, which the preset names: all count."
        )
    return " ".join(filter(None, notes))


def _names(bench: Workbench, session: Session) -> list[str]:
    return [name for _, name in choices(bench, session.roll)]


def wire(bench: Workbench, knobs: Knobs, takeaway: Takeaway, stage: Stage, states: States) -> None:
    """Downloads are made of what is shown; a preset sets what is shown."""

    def load(file: str | None, *parts: Any) -> list[Any]:
        with said():
            before = session_of(*parts)
            weights = before.roll.weights
            if file is None:
                raise PresetError("There is no preset: choose its file.")
            own = bench.config(weights).mask if weights else MaskParams()
            preset = read_preset(Path(file), own)
            regions = Regions(preset.region, preset.regions)
            has_drops = any(preset.dropped.values()) or any(preset.dropped_by_name.values())
            only = preset.only if preset.only in _names(bench, before) else ""
            session = replace(before, regions=regions, only=only or "")
            return [
                *mask_values(preset.mask),
                preset.mm_per_px or 0,
                inspection.dropped_text(preset, session.roll),
                regions_text(session.regions),
                {
                    "text": note_on(preset, session.roll, classes_of(bench, session.roll)),
                    "name": Path(file).name,
                    "hasDrops": has_drops,
                    "hasRegion": bool(preset.region or any(preset.regions.values())),
                    "number": next(_notes),
                },
                session.only,
                *inspection.page_data(bench, session),
            ]

    def prepare(*values: Any) -> gr.File:
        with said():
            files = inspection.export(bench, *session_and_settings(knobs, values))
        if not files:
            raise _no_photo()
        return gr.File(files, label=_OF_ONE, visible=True)

    def prepare_all(*values: Any, progress: Any = gr.Progress()) -> gr.File:  # noqa: B008
        session, settings = _checked(knobs, values)
        total = len(session.roll.entries)

        def tell(number: int, name: str) -> None:
            progress((number, total), desc=name, unit="photos")

        with said():
            file = inspection.export_all(bench, session, settings, tell)
        if file is None:
            raise _no_photo()
        return gr.File([file], label=_OF_ALL, visible=True)

    def learn(*values: Any) -> gr.File:
        with said():
            file = inspection.export_corrections(bench, *session_and_settings(knobs, values))
        if file is None:
            raise _no_photo()
        return gr.File([file], label=_LESSON, visible=True)

    takeaway.load.upload(
        load,
        [takeaway.load, *states.all],
        [
            *(*knobs.mask, knobs.mm_per_px, stage.dropped, states.regions, takeaway.note),
            *(states.only, stage.files, stage.meta),
        ],
        js="(...values) => { crackdemo.page.beforePreset(); return values; }",
        **QUIET,
    )
    takeaway.note.change(
        None, takeaway.note, js="(note) => { crackdemo.page.afterPreset(note); }", **QUIET
    )
    for button, make, progress, then in (
        (takeaway.prepare, prepare, "minimal", "endDownloads()"),
        (takeaway.prepare_all, prepare_all, "full", "endDownloads()"),
        (takeaway.learn, learn, "minimal", "learn(files)"),
    ):
        if button is not None:
            button.click(
                make,
                [*knobs.all, stage.dropped, *states.all],
                takeaway.downloads,
                js="(...values) => { crackdemo.page.beginDownloads(); return values; }",
                show_progress=progress,
                api_visibility="private",
            ).success(
                None,
                takeaway.downloads,
                js=f"(files) => {{ crackdemo.page.{then}; }}",
                **QUIET,
            )


def _no_photo() -> gr.Error:
    return gr.Error("There is no photo yet: drop one first.", print_exception=False)


def _checked(knobs: Knobs, values: Any) -> Any:
    with said():
        return session_and_settings(knobs, values)
