"""The Train tab's left side: data and settings of a new fit."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from crackdemo.errors import DatasetError, RunError
from crackdemo.models.vae import VaeConfig
from crackdemo.photos.images import PHOTO_SUFFIXES
from crackdemo.runs.jobs import Job, Jobs
from crackdemo.training.config import FitConfig
from crackdemo.training.objectives import OBJECTIVES
from crackdemo.ui import owner
from crackdemo.ui.train import fit_data
from crackdemo.ui.train.field_help import field_help
from crackdemo.ui.workbench import Workbench

_BASIC = ("family", "objective", "tile_size", "beta", "epochs")
_HELP = field_help(FitConfig)
_NETWORK_HELP = field_help(VaeConfig)
_GROUPS = ("augment", "cracks", "flatten", "heatmap", "mask")


@dataclass(frozen=True)
class Source:
    """Where training photos come from."""

    kind: gr.Radio
    files: gr.File
    folder: gr.Textbox

    @property
    def all(self) -> list[Any]:
        return [self.kind, self.files, self.folder]


@dataclass(frozen=True)
class Settings:
    """The widgets of a FitConfig."""

    values: dict[str, Any]
    """Of its own fields, by name."""
    network: dict[str, Any]
    """Of its network's fields, by name."""
    more: gr.Textbox
    """All other fields, as JSON."""

    @property
    def all(self) -> list[Any]:
        return [*self.values.values(), *self.network.values(), self.more]

    def read(self, given: tuple[Any, ...]) -> FitConfig:
        """The values of `all` to settings. Raises ValueError."""
        split = len(self.values)
        own = dict(zip(self.values, given[:split], strict=True))
        network = dict(zip(self.network, given[split:-1], strict=True))
        return fit_data.settings_of(own, network, given[-1])


@dataclass(frozen=True)
class Form:
    """All that a new fit needs."""

    source: Source
    name: gr.Textbox
    length: gr.Radio
    minutes: gr.Number
    settings: Settings
    check: gr.Button
    start: gr.Button
    found: gr.Markdown
    sheet: gr.Image
    said: gr.Markdown


def build(bench: Workbench) -> Form:
    """Lays the form out and wires what concerns it alone."""
    gr.Markdown("### New fit")
    source = _source(bench)
    name = gr.Textbox(label="Name", placeholder="my-street", max_lines=1, elem_id="fit-name")
    values, network, length, minutes = _basics()
    with gr.Accordion("Advanced", open=False, elem_id="fit-advanced"):
        with gr.Row(equal_height=True):
            for field in fields(FitConfig):
                if field.name not in (*_BASIC, *_GROUPS, "network"):
                    values[field.name] = _widget(field.name, field.default, _HELP[field.name])
            for field in fields(VaeConfig):
                if field.name in ("channels", "skips", "crack_head"):
                    sentence = _NETWORK_HELP[field.name]
                    network[field.name] = _widget(field.name, field.default, sentence)
        more = gr.Textbox(
            "{}",
            label="Other settings, JSON",
            info=" ".join(f"{name}: {_HELP[name]}" for name in _GROUPS),
            lines=2,
        )
    with gr.Row():
        check = gr.Button("Check data", elem_id="check-data")
        start = gr.Button("Start", variant="primary", elem_id="start-fit")
    said = gr.Markdown(elem_id="fit-said", visible=False)
    found = gr.Markdown(elem_id="data-found", visible=False)
    sheet = gr.Image(
        show_label=False, interactive=False, visible=False, buttons=[], elem_id="data-sheet"
    )
    settings = Settings(values, network, more)
    form = Form(source, name, length, minutes, settings, check, start, found, sheet, said)
    _wire(bench, form)
    return form


def start(bench: Workbench, jobs: Jobs, form: Form, given: tuple[Any, ...]) -> Job:
    """A fit from the values of `inputs(form)`. Raises ValueError with a sentence."""
    kind, files, folder, name, length, minutes, *settings = given
    config = form.settings.read(tuple(settings))
    name = jobs.check_name(name or "")
    with fit_data.gathered(bench, kind, files or [], folder or "") as data:
        return fit_data.start(jobs, name, config, minutes if length == "Minutes" else None, data)


def inputs(form: Form) -> list[Any]:
    """In the order of `start`."""
    return [*form.source.all, form.name, form.length, form.minutes, *form.settings.all]


def _source(bench: Workbench) -> Source:
    kinds = [fit_data.UPLOAD, *([fit_data.FOLDER] if bench.allowed else []), fit_data.PAVEMENT]
    kind = gr.Radio(
        kinds,
        value=fit_data.UPLOAD,
        label="Crack-free surface",
        info="Photos without cracks; with images/ and masks/ in a ZIP or folder, crack-free tiles "
        "are cut.",
        elem_id="data-source",
    )
    files = gr.File(
        file_count="multiple",
        file_types=["image", ".zip", *sorted(PHOTO_SUFFIXES)],
        label="Photos or a ZIP of them",
        height=120,
        elem_id="data-files",
    )
    folder = gr.Textbox(label="Folder", visible=False, max_lines=1, elem_id="data-folder")
    return Source(kind, files, folder)


def _basics() -> tuple[dict[str, Any], dict[str, Any], gr.Radio, gr.Number]:
    family = gr.Radio(
        [("CAE", "cae"), ("VAE", "vae")],
        value="cae",
        label="Family",
        info=_HELP["family"],
        elem_id="fit-family",
    )
    with gr.Row():
        length = gr.Radio(
            ["Epochs", "Minutes"],
            value="Minutes",
            label="Length",
            min_width=140,
            elem_id="fit-length",
        )
        epochs = gr.Number(
            20,
            label="Epochs",
            precision=0,
            minimum=1,
            visible=False,
            min_width=100,
            elem_id="fit-epochs",
        )
        minutes = gr.Number(5, label="Minutes", minimum=0, min_width=100, elem_id="fit-minutes")
    objective = gr.Dropdown(
        list(OBJECTIVES), value="healing", label="Objective", info=_HELP["objective"]
    )
    tile_size = gr.Number(
        128, label="Tile size (px)", precision=0, info=_HELP["tile_size"], elem_id="fit-tile"
    )
    with gr.Row():
        latent_size = gr.Number(
            16,
            label="Latent size",
            precision=0,
            info=_NETWORK_HELP["latent_size"],
            visible=False,
            min_width=140,
        )
        beta = gr.Number(1e-5, label="Beta", info=_HELP["beta"], visible=False, min_width=140)
    values = {
        "family": family,
        "objective": objective,
        "tile_size": tile_size,
        "beta": beta,
        "epochs": epochs,
    }
    return values, {"latent_size": latent_size}, length, minutes


def _widget(name: str, default: Any, sentence: str) -> Any:
    """What fits the default's type."""
    title = name.replace("_", " ").capitalize().replace("Mse", "MSE").replace("Ssim", "SSIM")
    common: dict[str, Any] = {
        "label": title, "info": sentence, "elem_id": f"fit-{name}", "min_width": 150
    }  # fmt: skip
    if isinstance(default, bool):
        return gr.Checkbox(default, **common)
    if isinstance(default, tuple):
        return gr.Textbox(", ".join(map(str, default)), max_lines=1, **common)
    return gr.Number(default, precision=0 if isinstance(default, int) else None, **common)


def _wire(bench: Workbench, form: Form) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    source, values, network = form.source, form.settings.values, form.settings.network
    source.kind.change(
        lambda kind: (
            gr.File(visible=kind == fit_data.UPLOAD),
            gr.Textbox(visible=kind == fit_data.FOLDER),
        ),
        source.kind,
        [source.files, source.folder],
        queue=False,
        **quiet,
    )
    values["family"].change(
        lambda family: [gr.Number(visible=family == "vae")] * 2,
        values["family"],
        [network["latent_size"], values["beta"]],
        queue=False,
        **quiet,
    )
    form.length.change(
        lambda length: (
            gr.Number(visible=length == "Epochs"),
            gr.Number(visible=length == "Minutes"),
        ),
        form.length,
        [values["epochs"], form.minutes],
        queue=False,
        **quiet,
    )
    values["objective"].change(
        lambda objective: (objective != "reconstruction", objective == "healing"),
        values["objective"],
        [network["skips"], network["crack_head"]],
        queue=False,
        **quiet,
    )

    def check(
        profile: gr.OAuthProfile | None,
        kind: str,
        files: list[str] | None,
        folder: str,
        length: str,
        minutes: float | None,
        *given: Any,
    ) -> Iterator[Any]:
        hidden = gr.Image(visible=False)
        yield gr.Markdown("Looking at the photos …", visible=True), hidden
        try:
            owner.check(bench.owner, profile)
            config = form.settings.read(given)
            gathering = fit_data.gathered(bench, kind, files or [], folder or "")
            limit = minutes if length == "Minutes" and minutes else None
            with closing(fit_data.look_at(gathering, config, limit)) as answers:
                for text, sheet in answers:
                    picture = gr.Image(sheet, visible=sheet is not None)
                    yield gr.Markdown(text, visible=True), picture
        except (DatasetError, RunError, ValueError) as error:
            yield gr.Markdown(f"⚠️ {error}", visible=True), hidden

    form.check.click(
        check,
        [*source.all, form.length, form.minutes, *form.settings.all],
        [form.found, form.sheet],
        concurrency_id="check",
        concurrency_limit=1,
        **quiet,
    )
