"""The Submit tab: photos, settings and a sample to a competition's file, and a sheet of it."""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.data.intake import take_in
from crackdemo.errors import CrackdemoError, SourceError, SubmissionError
from crackdemo.evaluation.sample import plan_rows, read_sample
from crackdemo.evaluation.submission import RowFormat, Submission
from crackdemo.files import reason_of, sha256_of
from crackdemo.inspection.predict import Failed
from crackdemo.masks.presets import Preset, read_preset
from crackdemo.masks.rle import ORDERS
from crackdemo.photos.images import PHOTO_SUFFIXES
from crackdemo.photos.sources import Source, find_sources
from crackdemo.ui.submit.sheet import TITLE, Sheet
from crackdemo.ui.turns import Turns
from crackdemo.ui.workbench import Workbench

UPLOAD, FOLDER = "Upload", "Folder"
_AT_ONCE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}


@dataclass(frozen=True)
class Form:
    """What is filled in."""

    source: gr.Radio
    photos: gr.File
    folder: gr.Textbox
    weights: gr.Dropdown
    preset: gr.File
    sample: gr.File
    gate: gr.Checkbox
    columns: gr.Textbox
    order: gr.Radio
    base: gr.Radio
    empty: gr.Textbox

    @property
    def inputs(self) -> list[Any]:
        """In the order of `Wish`."""
        return [
            self.source, self.photos, self.folder, self.weights, self.preset, self.sample,
            self.gate, self.columns, self.order, self.base, self.empty,
        ]  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """A form's values."""

    source: str
    """UPLOAD or FOLDER."""
    photos: list[str] | None
    """Uploaded files."""
    folder: str
    """A path on the server."""
    weights: str
    """By name."""
    preset: str | None
    """File of settings; None for the weights' own."""
    sample: str | None
    """The competition's example; None for none."""
    gate: bool
    """Whether photos that are not called cracked stay empty."""
    columns: str
    """Two names with a comma; empty for the sample's or the usual ones."""
    order: Any
    """Of the pixels."""
    base: Any
    """The first pixel's number."""
    empty: str
    """For no crack."""


def build(bench: Workbench) -> gr.Dropdown:
    """Lays the tab out and wires it; returns the list of weights."""
    with gr.Row(equal_height=False, elem_id="submit"):
        with gr.Column(scale=3, min_width=300):
            form = _form(bench)
            with gr.Row():
                start = gr.Button("Make the file", variant="primary", elem_id="submit-start")
                stop = gr.Button("Stop", size="sm", min_width=80, scale=0, elem_id="submit-stop")
        with gr.Column(scale=8, min_width=320):
            status = gr.HTML("No file yet.", elem_id="submit-status")
            notes = gr.HTML(elem_id="submit-notes")
            file = gr.File(
                label="Submission", interactive=False, visible=False, elem_id="submit-file"
            )
            sheet = gr.Gallery(
                label=TITLE, elem_id="submit-sheet", object_fit="contain", buttons=[],
            )  # fmt: skip
    turns = Turns()

    def begin(
        source: str, photos: list[str] | None, folder: str, weights: str, preset: str | None,
        sample: str | None, gate: bool, columns: str, order: str, base: int, empty: str,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:  # fmt: skip
        wish = Wish(source, photos, folder, weights, preset, sample, gate, columns, order, base,
                    empty)  # fmt: skip
        visitor = request.session_hash or ""
        with turns.take(visitor) as turn:
            yield {
                file: gr.File(visible=False), sheet: gr.Gallery([], label=TITLE), notes: "",
                status: "Looking …",
            }  # fmt: skip
            try:
                for step in steps(bench, wish, visitor, lambda: turn.is_over):
                    if isinstance(step, str):
                        yield {status: step}
                    else:
                        yield {
                            status: escape(step.summary),
                            notes: _listed(step.notes),
                            file: gr.File(str(step.file), visible=True),
                            sheet: gr.Gallery(step.pictures, label=step.title),
                        }
            except CrackdemoError as refusal:
                yield {status: f"⚠️ {escape(str(refusal))}"}
            except OSError as error:
                said = f"The submission cannot be written ({reason_of(error)}): free some space."
                yield {status: f"⚠️ {escape(said)}"}

    def end(request: gr.Request) -> None:
        turns.stop(request.session_hash or "")

    start.click(
        begin, form.inputs, [status, notes, file, sheet], concurrency_limit=None,
        show_progress="hidden", api_visibility="private",
    )  # fmt: skip
    stop.click(end, None, None, **_AT_ONCE)
    return form.weights


@dataclass(frozen=True)
class Made:
    """A file that may be sent."""

    file: Path
    """The submission."""
    summary: str
    """In words."""
    notes: list[str]
    """What stands out, and what could not be done."""
    pictures: list[Any]
    """The sheet."""
    title: str
    """What the sheet shows."""


def steps(
    bench: Workbench,
    wish: Wish,
    visitor: str,
    is_over: Callable[[], bool],
    stopped: Path | None = None,
) -> Iterator[str | Made]:
    """Sentences on the progress, and at the end the file. Raises CrackdemoError.

    visitor: whose it is; only a visitor's own stopped runs go on. stopped: the folder where these
    wait; None for the app's own.
    """
    with _photos(bench, wish) as (folder, left_out):
        place = stopped or bench.scratch / "submit"
        yield from _steps(bench, wish, visitor, folder, left_out, is_over, place)


def _steps(
    bench: Workbench,
    wish: Wish,
    visitor: str,
    folder: Path,
    left_out: list[str],
    is_over: Callable[[], bool],
    place: Path,
) -> Iterator[str | Made]:
    sources = find_sources([folder])
    sample = None if wish.sample is None else read_sample(Path(wish.sample))
    rows = plan_rows(sources, sample, _columns(wish.columns))
    weights = bench.resolve(wish.weights)
    own = bench.config(weights).mask
    preset = read_preset(Path(wish.preset), own) if wish.preset else Preset(own)
    warning = preset.warning_with(weights.name, weights.commit)
    preset = replace(preset, weights=weights.name, commit=weights.commit)
    detector = bench.detector_in_turn(weights, preset.only)
    form = RowFormat(wish.order, int(wish.base), wish.empty or "")
    # a visitor's runs over the same photos meet here, so that a second start goes on
    building = place / f"{_identity(visitor, sources)}.csv"
    bench.holdings.hold(bench.visitor().name, [building])
    building.parent.mkdir(parents=True, exist_ok=True)
    submission = Submission(building, rows, form, preset, wish.gate, weights.version)
    sheet, told = Sheet(wish.gate), 0.0
    failures: list[str] = []
    earlier, total = submission.done, len(rows.photos)
    done = earlier
    for outcome in submission.run(detector):
        done += 1
        if isinstance(outcome, Failed):
            failures.append(outcome.reason)
        else:
            sheet.add(outcome)
        if is_over():
            yield f"Stopped after {done} of {total} photos; the next start goes on from here."
            return
        if time.monotonic() - told > 0.5:
            told = time.monotonic()
            yield f"{done} of {total} photos …"
    summary = submission.finish()
    with bench.export_folder() as out:
        shutil.move(building, out / "submission.csv")
    notes = [*([warning] if warning else []), *rows.notes, *left_out, *summary.warnings, *failures]
    words = f"{summary.sentence} Written, read back, decoded and compared with the masks."
    yield Made(out / "submission.csv", words, notes, sheet.pictures(), sheet.title(earlier))


def _identity(visitor: str, sources: Sequence[Source]) -> str:
    photos = [f"{source.file} {sha256_of(source.path)}" for source in sources]
    text = "\n".join([visitor, *photos])
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


@contextmanager
def _photos(bench: Workbench, wish: Wish) -> Iterator[tuple[Path, list[str]]]:
    """A folder of the photos, and what was left out; uploads are unpacked for the while."""
    if wish.source == FOLDER:
        yield _allowed(bench, wish.folder), []
        return
    if not wish.photos:
        raise SourceError("There are no photos yet: upload some, or a ZIP of them.")
    with bench.intake_folder() as scratch:
        try:
            left_out = take_in([Path(file) for file in wish.photos], scratch / "photos")
        except OSError as error:
            raise SourceError(
                f"The photos could not be kept on the server ({reason_of(error)}): free some space "
                "and try again."
            ) from None
        yield scratch / "photos", left_out


def _allowed(bench: Workbench, text: str) -> Path:
    folder = bench.allowed_folder(text)
    if folder is not None:
        return folder
    raise SourceError(
        "This folder is missing, or the app may not read it: name it with --allow when you start "
        "the app."
    )


def _columns(text: str) -> tuple[str, str] | None:
    if not (text or "").strip():
        return None
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or not all(names):
        raise SubmissionError(f"“{text}” must be two column names, as file,crack.")
    return names[0], names[1]


def _listed(notes: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>"


def _form(bench: Workbench) -> Form:
    kinds = [UPLOAD, *([FOLDER] if bench.allowed else [])]
    source = gr.Radio(kinds, value=UPLOAD, label="Photos to submit", elem_id="submit-source")
    photos = gr.File(
        file_count="multiple", file_types=["image", ".zip", *sorted(PHOTO_SUFFIXES)],
        label="Photos, or a ZIP of them", elem_id="submit-photos", height=130,
    )  # fmt: skip
    folder = gr.Textbox(
        label="Folder on the server, named with --allow", visible=False, elem_id="submit-folder"
    )
    source.input(
        lambda given: [gr.File(visible=given == UPLOAD), gr.Textbox(visible=given == FOLDER)],
        source,
        [photos, folder],
        **_AT_ONCE,
    )
    weights = gr.Dropdown(
        bench.weights_names(), value=DEFAULT_WEIGHTS, allow_custom_value=True, label="Weights",
        elem_id="submit-weights",
    )  # fmt: skip
    preset = gr.File(
        label="Preset (else the weights' own settings)",
        file_types=[".json"], elem_id="submit-preset", height=130,
    )  # fmt: skip
    sample = gr.File(
        label="Sample submission, for columns and order",
        file_types=[".csv"], elem_id="submit-sample", height=130,
    )  # fmt: skip
    gate = gr.Checkbox(
        False, label="Photos that are not called cracked stay empty", elem_id="submit-gate"
    )
    with gr.Accordion("Format", open=False):
        columns = gr.Textbox(label="Columns", placeholder="file,crack", elem_id="submit-columns")
        order = gr.Radio(list(ORDERS), value="column", label="Order of the pixels")
        base = gr.Radio([1, 0], value=1, label="Number of the first pixel")
        empty = gr.Textbox(label="Text for no crack", elem_id="submit-empty")
    return Form(
        source, photos, folder, weights, preset, sample, gate, columns, order, base, empty
    )  # fmt: skip
