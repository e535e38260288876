"""The Train tab's runs and one of them in detail: their place on the page, what stands there."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from crackdemo.errors import shortened
from crackdemo.runs.job import Job
from crackdemo.runs.jobs import Jobs
from crackdemo.ui.refusals import literal
from crackdemo.ui.train import fits, push_box, side_by_side
from crackdemo.ui.train.push_box import PushBox
from crackdemo.ui.train.side_by_side import SameSight
from crackdemo.ui.workbench import Workbench

Seen = tuple[str, str, int]
"""What a visitor was shown last: its signature, the run, and that run's epochs."""


@dataclass(frozen=True)
class Runs:
    """The runs and one of them in detail."""

    choice: gr.Radio
    other: gr.Dropdown
    sight: SameSight
    detail: gr.HTML
    epoch: gr.Slider
    sample: gr.HTML
    cancel: gr.Button
    resume: gr.Button
    use: gr.Button
    used: gr.JSON
    zip: gr.Button
    download: gr.File
    new_name: gr.Textbox
    rename: gr.Button
    delete: gr.Button
    name_said: gr.Markdown
    push: PushBox
    said: gr.Markdown
    seen: gr.State

    @property
    def current(self) -> list[Any]:
        """What decides on what is shown."""
        return [self.choice, self.other, self.epoch, self.seen]

    @property
    def shown(self) -> list[Any]:
        """What a tick may change."""
        return [
            self.choice, self.other, self.sight.photos, self.detail, self.epoch, self.sample,
            self.cancel, self.resume, self.use, self.zip, self.rename, self.delete, self.seen,
            self.push.box, self.push.onnx, self.sight.runs, self.said, self.new_name,
        ]  # fmt: skip


def build(bench: Workbench, jobs: Jobs) -> Runs:
    gr.Markdown("### Runs")
    choice = gr.Radio(
        [], label="Runs", show_label=False, elem_id="runs", info="No fit has been started yet."
    )
    other = gr.Dropdown([], label="Compare with", elem_id="compare", visible=False)
    said = gr.Markdown(visible=False, elem_id="runs-said")
    detail = gr.HTML(elem_id="run-detail")
    with gr.Row():
        cancel = gr.Button("Cancel", size="sm", min_width=80, visible=False, elem_id="cancel-fit")
        resume = gr.Button("Resume", size="sm", min_width=80, visible=False, elem_id="resume-fit")
        use = gr.Button(
            "Use in Inspect",
            variant="primary",
            size="sm",
            min_width=80,
            visible=False,
            elem_id="use",
        )
        used = gr.JSON(visible="hidden")
        pack = gr.Button("Weights as ZIP", size="sm", min_width=80, visible=False, elem_id="zip")
    download = gr.File(label="Weights", interactive=False, visible=False, elem_id="weights-zip")
    sight = side_by_side.build()
    epoch = gr.Slider(
        1, 2, 1, step=1, label="Pictures after epoch", visible=False, elem_id="sample-epoch"
    )
    sample = gr.HTML(elem_id="sample")
    with gr.Accordion("Rename or delete", open=False):
        with gr.Row(equal_height=True):
            new_name = gr.Textbox(
                label="New name",
                min_width=120,
                max_lines=1,
                elem_id="new-name",
            )
            rename = gr.Button(
                "Rename", size="sm", min_width=80, interactive=False, elem_id="rename"
            )
            delete = gr.Button(
                "Delete", size="sm", variant="stop", min_width=80, interactive=False,
                elem_id="delete",
            )  # fmt: skip
        name_said = gr.Markdown(visible=False, elem_id="name-said")
    push = push_box.build(bench, jobs, choice)
    return Runs(
        choice, other, sight, detail, epoch, sample, cancel, resume, use, used, pack, download,
        new_name, rename, delete, name_said, push, said, gr.State(("", "", 0)),
    )  # fmt: skip


def show(
    jobs: Jobs,
    runs: Runs,
    chosen: object,
    other: object,
    epoch: object,
    seen: Seen = ("", "", 0),
    is_asked: bool = False,
) -> dict[Any, Any]:
    """What stands there for the runs as they are now; the pictures follow the latest epoch until
    an earlier one is asked for.

    is_asked: by the page, which keeps what it holds, and may hold another choice by now.
    """
    held = other
    chosen, other, epoch = text(chosen), text(other), whole(epoch)
    everything = {job.name: job for job in jobs.jobs()}
    job = everything.get(chosen) or next(iter(everything.values()), None)
    second = everything.get(other)
    names = [(fits.label(each), each.name) for each in everything.values()]
    gone: dict[Any, Any] = {}
    if chosen and chosen not in everything:
        # what was typed was meant for another run than the one that is on show from here on
        told = f"The run “{literal(shortened(chosen))}” is no longer there: somebody renamed or "
        told += "deleted it."
        gone = {runs.said: gr.Markdown(told, visible=True), runs.new_name: ""}
    if job is None:
        none, idle = gr.Button(visible=False), gr.Button(interactive=False)
        return {
            runs.choice: gr.Radio([], value=None, info="No fit has been started yet."),
            runs.detail: "",
            runs.sample: "",
            runs.epoch: gr.Slider(visible=False),
            runs.cancel: none,
            runs.resume: none,
            runs.use: none,
            runs.zip: none,
            runs.other: gr.Dropdown(visible=False),
            runs.sight.photos: gr.File(visible=False),
            runs.sight.runs: "",
            runs.rename: idle,
            runs.delete: idle,
            runs.seen: (signature([], "", other), "", 0),
            **runs.push.shown(None),
            **gone,
        }
    done = len(job.history)
    _, before, latest = seen
    at = epoch if job.name == before and 0 < epoch < latest else done
    at_rest = not job.status.is_live
    others = [("none", "")] + [(name, name) for name in everything if name != job.name]
    second = None if second is job else second

    def value(shown: object, sent: object) -> dict[str, Any]:
        return {} if is_asked and shown == sent else {"value": shown}

    return {
        runs.choice: gr.Radio(names, info=None, **value(job.name, chosen)),
        runs.other: gr.Dropdown(
            others, visible=len(names) > 1, **value(second.name if second else "", held)
        ),
        runs.sight.photos: gr.File(visible=side_by_side.can_compare(job, second)),
        runs.sight.runs: f"{job.name}\n{second.name}" if second else "",
        runs.detail: fits.describe(job, second),
        runs.epoch: gr.Slider(1, max(done, 2), visible=done > 1, **value(max(at, 1), epoch)),
        runs.sample: fits.sample_html(jobs, job.name, at) if done else "",
        runs.cancel: gr.Button(visible=not at_rest),
        runs.resume: gr.Button(visible=at_rest and job.state != "done"),
        runs.use: gr.Button(visible=job.is_choosable),
        runs.zip: gr.Button(visible=job.has_weights),
        runs.rename: gr.Button(interactive=at_rest),
        runs.delete: gr.Button(interactive=at_rest),
        runs.seen: (signature(everything.values(), job.name, other), job.name, done),
        **runs.push.shown(job),
        **gone,
    }


def signature(jobs: Iterable[Job], chosen: str, other: str) -> str:
    """Changes with whatever is shown."""
    lines = [f"{job.state} {fits.label(job)} {job.status.message}" for job in jobs]
    return "\n".join([chosen, other, *lines])


def text(sent: object) -> str:
    """As the page sent it, or a stranger anything else; gradio has not looked at it."""
    return sent if isinstance(sent, str) else ""


def whole(sent: object) -> int:
    """The same of a whole number."""
    return int(sent) if isinstance(sent, int | float) and math.isfinite(sent) else 0
