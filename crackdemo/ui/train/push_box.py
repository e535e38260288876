"""Publishing a run's weights on the Hugging Face Hub: with a token at home, a login on a Space."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.export import onnx_file
from crackdemo.checkpoints.hub import push
from crackdemo.errors import CheckpointError, ExportError, HubError, RunError
from crackdemo.models.families import FAMILIES, family_named
from crackdemo.runs.job import Job
from crackdemo.runs.jobs import Jobs
from crackdemo.ui import owner
from crackdemo.ui.workbench import Workbench

_PROGRESS = gr.Progress()
_SCOPE = "contribute-repos"
_MM_PER_PX = 1.0
"""What the ONNX file says it is meant for; QGIS lets a person change it."""


@dataclass(frozen=True)
class PushBox:
    """What is shown only of a run with weights."""

    box: gr.Accordion
    onnx: gr.Checkbox

    def shown(self, job: Job | None) -> dict[Any, Any]:
        """For a run; QGIS has no use for a classifier, which outlines nothing."""
        has_weights = job is not None and job.has_weights
        family = job.settings.get("family") if job is not None else ""
        outlines = family in FAMILIES and family_named(str(family)).kind != "saliency"
        return {
            self.box: gr.Accordion(visible=has_weights),
            self.onnx: gr.Checkbox(visible=True) if outlines else gr.Checkbox(False, visible=False),
        }


def build(bench: Workbench, jobs: Jobs, choice: gr.Radio) -> PushBox:
    """Lays the box out and wires it; the token field is there only without a login."""
    box = gr.Accordion(
        "Publish on the Hugging Face Hub", open=False, visible=False, elem_id="push-box"
    )
    with box:
        with gr.Row():
            repo = gr.Textbox(
                label="Model", placeholder="owner/name", max_lines=1, elem_id="push-repo"
            )
            token = gr.Textbox(
                label="Token",
                info="With the right to write; it is used once and not kept.",
                type="password",
                max_lines=1,
                visible=bench.owner is None,
                elem_id="push-token",
            )
        with gr.Row():
            private = gr.Checkbox(True, label="Private", elem_id="push-private")
            with_onnx = gr.Checkbox(False, label="With an ONNX file for QGIS", elem_id="push-onnx")
        publish = gr.Button("Publish this run’s weights", size="sm", elem_id="push")
        said = gr.Markdown(visible=False, elem_id="push-said")

    def run(
        chosen: str | None,
        repo_id: str,
        key: str,
        is_private: bool,
        has_onnx: bool,
        profile: gr.OAuthProfile | None,
        login: gr.OAuthToken | None,
        progress: Any = _PROGRESS,
    ) -> tuple[Any, str]:
        repo_id = (repo_id or "").strip()
        try:
            owner.check(bench.owner, profile)
            folder = jobs.run_folder(chosen or "").checkpoint
            key = token_of(bench.owner, key or "", login)
            if has_onnx:
                progress(0.2, desc="Writing ONNX")
            onnx = onnx_file(load_checkpoint(folder), _MM_PER_PX) if has_onnx else None
            url = push(
                folder,
                repo_id,
                key,
                is_private,
                bench.endpoint,
                on_progress=lambda step: progress(0.5, desc=step),
                onnx=onnx,
            )
        except (RunError, HubError, CheckpointError, ExportError) as error:
            return gr.Markdown(f"⚠️ {error}", visible=True), ""
        told = f"Published `{chosen}`: [{repo_id}]({url})"
        return gr.Markdown(told, visible=True), ""

    publish.click(
        run,
        [choice, repo, token, private, with_onnx],
        [said, token],
        show_progress="minimal",
        api_visibility="private",
    )
    # what was said, and the model's name, are of the run before; in the page alone: a late answer
    # of the server would wipe out a name that was typed meanwhile, and so would the page itself if
    # it had to set the field once more after the box was opened: it is told that it is visible
    choice.change(
        None,
        None,
        [said, repo],
        js="""() => {
            const update = { __type__: "update" };
            return [{ ...update, visible: false }, { ...update, visible: true, value: "" }];
        }""",
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    return PushBox(box, with_onnx)


def token_of(owner_name: str | None, typed: str, login: gr.OAuthToken | None) -> str:
    """The typed one at home, the login's on a Space. Raises HubError without one."""
    if owner_name is None and not typed.strip():
        raise HubError("The token is missing: make one with the right to write, and paste it here.")
    if owner_name is None:
        return typed
    if login is None or _SCOPE not in login.scope.split():
        raise HubError(
            f"The login does not let this app publish: log in again and allow “{_SCOPE}”."
        )
    return str(login.token)
