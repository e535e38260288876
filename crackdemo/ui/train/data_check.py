"""The Train tab's look at the data of a new fit, before it is started."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

import gradio as gr

from crackdemo.errors import CrackdemoError
from crackdemo.runs.jobs import Jobs
from crackdemo.ui import owner
from crackdemo.ui.train import fit_data
from crackdemo.ui.train.faults import in_step, no_faults, shown_fault
from crackdemo.ui.train.form import Form, brought, minutes_of
from crackdemo.ui.turns import Turns
from crackdemo.ui.workbench import Workbench

_WAITS = "() => ({ __type__: 'update', visible: true, value: 'Waiting for its turn …' })"


def wire(bench: Workbench, jobs: Jobs, form: Form) -> None:
    """*Check data* says what a fit would find; what it said goes where it no longer holds."""
    no_text, no_picture = gr.Markdown(visible=False), gr.Image(visible=False)
    shown = [form.found, form.timing, form.sheet, *form.faults.values()]
    turns, lengths = Turns(), Turns()

    def check(
        profile: gr.OAuthProfile | None, request: gr.Request, *given: Any
    ) -> Iterator[dict[Any, Any]]:
        visitor = request.session_hash or ""
        with (
            turns.take(visitor) as turn,
            lengths.take(visitor) as length,
            closing(look(profile, given)) as told,
        ):
            for answer in told:
                if turn.is_over:  # the photos are others by now
                    # an answer may still be on its way that comes after what was hidden for them
                    yield {form.found: no_text, form.timing: no_text, form.sheet: no_picture}
                    return
                # the time was asked for another length
                yield {**answer, form.timing: no_text} if length.is_over else answer

    def look(
        profile: gr.OAuthProfile | None, given: Sequence[Any]
    ) -> Generator[dict[Any, Any], None, None]:
        values = form.named(given)
        yield {
            form.found: gr.Markdown("Looking at the photos …", visible=True),
            form.timing: no_text,
            form.sheet: no_picture,
            **no_faults(form.faults),
        }
        try:
            owner.check(bench.owner, profile)
            with in_step("length"):
                minutes = minutes_of(values)
            with in_step("settings"):
                config = fit_data.to_try(jobs, fit_data.settings_of(values))
            gathering = fit_data.gathered(bench, *brought(values))
            # closed at once where nobody waits any more: what was gathered goes with it
            with (
                in_step("data"),
                closing(fit_data.look_at(gathering, config, minutes)) as answers,
            ):
                for text, timing, sheet in answers:
                    yield {
                        form.found: gr.Markdown(text, visible=True),
                        form.timing: gr.Markdown(timing, visible=True),
                        form.sheet: gr.Image(sheet, visible=sheet is not None),
                    }
        except CrackdemoError as error:
            yield {form.found: no_text, form.timing: no_text, **shown_fault(form.faults, error)}

    at_once: dict[str, Any] = {
        "show_progress": "hidden", "api_visibility": "private", "queue": False
    }  # fmt: skip
    # one looks at a time: whoever waits for another visitor's is told so at once
    form.check.click(None, None, form.found, js=_WAITS, **at_once)
    form.check.click(
        check,
        form.inputs,
        shown,
        concurrency_id="check",
        concurrency_limit=1,
        trigger_mode="multiple",
        show_progress="hidden",
        api_visibility="private",
    )

    def leave(request: gr.Request) -> list[Any]:
        turns.stop(request.session_hash or "")
        return [no_text, no_text, no_picture, no_text]

    def leave_length(request: gr.Request) -> list[Any]:
        lengths.stop(request.session_hash or "")
        return [no_text, no_text]

    # what was found no longer holds for other photos or families, nor the time for another length
    widgets = form.filled_in
    gr.on(
        [widgets[name].change for name in ("family", "source", "files", "folder")],
        leave,
        None,
        [form.found, form.timing, form.sheet, form.faults["data"]],
        **at_once,
    )
    gr.on(
        [widgets[name].change for name in ("length", "minutes", "epochs")],
        leave_length,
        None,
        [form.timing, form.faults["length"]],
        **at_once,
    )

    def name_next(name: str) -> list[Any]:
        """What was started is no news any more; then the field was emptied, and it was."""
        return [no_text, no_text if name else gr.skip()]

    widgets["name"].change(name_next, widgets["name"], [form.faults["name"], form.said], **at_once)
