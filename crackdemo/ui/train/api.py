"""Public endpoints for fits: start, status, cancel."""

from dataclasses import asdict
from typing import Any

import gradio as gr

from crackdemo.errors import ConfigError
from crackdemo.runs.job import Job
from crackdemo.runs.jobs import Jobs, check_letters
from crackdemo.training.trainer import parse_settings
from crackdemo.ui import owner
from crackdemo.ui.refusals import said
from crackdemo.ui.train import fit_data, fits
from crackdemo.ui.workbench import Workbench


def report(job: Job) -> dict[str, Any]:
    """A run for programs."""
    return {
        "name": job.name,
        "state": job.state,
        "message": job.status.message,
        "place": job.place,
        "epoch": len(job.history),
        "epochs": job.epochs,
        "seconds_left": job.seconds_left,
        "history": [asdict(epoch) for epoch in job.history],
        "has_weights": job.has_weights,
    }


def build(bench: Workbench) -> None:
    """Registers `/start_fit`, `/fit_status` and `/cancel_fit`."""

    def jobs() -> Jobs:
        if bench.jobs is None:
            raise gr.Error(fits.TRAINING_OFF)
        return bench.jobs

    def own_jobs() -> Jobs:
        owner.check(bench.owner, None)  # a program has no login
        return jobs()

    def start_fit(
        name: str, folder: str, settings: dict[str, Any], minutes: float
    ) -> dict[str, Any]:
        """Starts a fit on an allowed folder, or on procedural pavement where `folder` is empty.

        `settings` are those of a fit of their `family`, `cae` unless they name another; with
        `minutes` above 0 these decide on the epochs.
        """
        with said():
            is_number = isinstance(minutes, int | float) and not isinstance(minutes, bool)
            if not (
                isinstance(name, str)
                and isinstance(folder, str)
                and isinstance(settings, dict)
                and is_number
            ):
                raise ConfigError(
                    "The name and the folder of a fit are texts, its settings are an object, and "
                    "its minutes a number: send them as such."
                )
            check_letters([settings, folder])
            config = parse_settings(settings)
            here, checked = own_jobs(), jobs().check_name(name)
            source = fit_data.FOLDER if folder.strip() else fit_data.PAVEMENT
            with fit_data.gathered(bench, source, [], folder) as data:
                fit_data.check_enough(data, config)
                return report(fit_data.start(here, checked, config, minutes or None, data))

    def fit_status(name: str) -> dict[str, Any]:
        """State, epochs and losses of a run."""
        with said():
            return report(jobs().job(name))

    def cancel_fit(name: str) -> dict[str, Any]:
        """Ends a fit; it has ended when the answer comes."""
        with said():
            return report(own_jobs().cancel(name))

    for endpoint in (start_fit, fit_status, cancel_fit):
        gr.api(endpoint, api_name=endpoint.__name__)
