"""Labelled photos to a finished classifier: data, search, fit, calibration, card, in a run
folder."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from crackdemo.checkpoints.card import model_card
from crackdemo.checkpoints.checkpoint import Checkpoint, CheckpointConfig, save_checkpoint
from crackdemo.data.layouts import photos_in
from crackdemo.data.problems import grouped
from crackdemo.errors import FitError
from crackdemo.models.family import network_config
from crackdemo.photos.images import write_jpeg
from crackdemo.runs.folder import EpochReport, RunFolder
from crackdemo.runs.trials import Search
from crackdemo.training.classifier.calibrate import calibrate, test_figures
from crackdemo.training.classifier.check import look
from crackdemo.training.classifier.config import ClassifierFitConfig
from crackdemo.training.classifier.data import ClassData, read_class_data, require_labels
from crackdemo.training.classifier.loop import fit, seconds_per_step
from crackdemo.training.classifier.samples import Samples
from crackdemo.training.classifier.views import variation_sheet
from crackdemo.training.config import START_LEARNING_RATE
from crackdemo.training.failures import best_kept, failure_told, within_memory
from crackdemo.training.length import settled
from crackdemo.training.loop import use_threads
from crackdemo.training.record import record_of
from crackdemo.training.search import Settings, search, trials_lost
from crackdemo.training.state import (
    TrainingState,
    load_state,
    new_state,
    save_state,
    start_of,
)
from crackdemo.training.team import CPU_ALONE, Team
from crackdemo.training.trainer import Trainer

_TRIAL_EPOCHS, _TRIAL_STEPS = 3, 40
"""Of a search's short fits."""
_FEW = 100
"""Photos: of fewer one that is called wrongly moves a figure by more than a percent."""
_SHOWN = 4
"""Photos whose variations are shown."""


def run_fit(
    run: RunFolder,
    config: ClassifierFitConfig,
    folders: list[Path],
    threads: int,
    workers: int = 1,
    say: Callable[[str], None] = print,
    team: Team = CPU_ALONE,
) -> Iterator[EpochReport]:
    """Searches where that is asked for and fits, or goes on where the run stopped; `run.checkpoint`
    is there when it ends. As `recipe.run_fit`."""
    use_threads(threads)
    with failure_told(run):
        run.write_status("running")
        run.at("reading the photos")
        data = _data(config, folders)
        run.write_data_summary({**data.summary, "problems": data.problems})
        for sentence in (*grouped(data.problems), *data.warnings):
            say(sentence)
        if data.problems:
            run.note(f"{len(data.problems)} photos were left out; the first: {data.problems[0]}")
        if data.warnings:
            run.note(" ".join(data.warnings))
        run.samples.mkdir(exist_ok=True)
        shown = data.train.photos[:: max(1, len(data.train.photos) // _SHOWN)][:_SHOWN]
        write_jpeg(
            run.samples / "variations.jpg",
            variation_sheet(shown, config.input_size, config.vary, config.seed),
        )
        config = replace(config, heatmap=_for_data(config, data))
        config = _searched(run, config, data, say)
        config = team.shared(
            settled(run, config, lambda: seconds_per_step(config, data, workers, team), say)
        )
        config, state = yield from within_memory(
            run, config, lambda config: _fit(run, config, data, workers, say, team), say, team
        )
        state.network.load_state_dict(state.best_weights)
        state.network.cpu().eval()
        checkpoint = _checkpoint(run, config, state, data, folders, threads, team)
        run.path.stat()  # saving would make a folder that was deleted meanwhile anew
        save_checkpoint(run.checkpoint, checkpoint, model_card(checkpoint.config))
        run.finish()


def follow_fit(
    run: RunFolder,
    config: ClassifierFitConfig,
    folders: list[Path],
    threads: int,
    workers: int,
    team: Team,
) -> None:
    """The part of every process but the leader in a fit of several: it writes nothing."""
    use_threads(threads)
    data = _data(config, folders)
    config = team.shared(config)
    state = team.shared_start(lambda: load_state(run.last_state, config, team.device, run.start))
    for _ in fit(config, state, data, workers, team):
        pass


def _data(config: ClassifierFitConfig, folders: list[Path]) -> ClassData:
    channel = "luma" if config.flatten is None else config.flatten.channel
    return read_class_data(folders, config.input_size, channel)


def _for_data(config: ClassifierFitConfig, data: ClassData) -> Any:
    """Large photos are looked at in parts as large as the photos that were learnt from."""
    heatmap = replace(config.heatmap, tile_size=data.tile_size, input_size=config.input_size)
    depth = getattr(config.network, "depth", heatmap.level)
    return replace(heatmap, level=min(heatmap.level, depth))


def _searched(
    run: RunFolder, config: ClassifierFitConfig, data: ClassData, say: Callable[[str], None]
) -> ClassifierFitConfig:
    """With the best settings of the search, if one is asked for."""
    if not config.trials:
        return config

    def attempt(settings: Settings) -> Iterator[float]:
        short = replace(
            with_settings(config, settings),
            epochs=_TRIAL_EPOCHS,
            steps_per_epoch=min(_TRIAL_STEPS, config.steps_per_epoch),
        )
        for report in fit(short, new_state(short), data, workers=0):
            yield report.validation_loss

    begun = run.search()
    if begun is None and run.has_search:
        raise trials_lost("cannot be read")
    begun = begun or Search(config.trials)
    found = replace(begun, wanted=config.trials)
    run.at("searching for settings")
    for now in search(found, config.seed, attempt):
        found = now
        run.write_search(found)
        latest = found.trials[-1]
        run.at(f"searching for settings, trial {latest.number} of {found.wanted}")
        if latest.state != "running":
            reached = "nothing" if latest.loss is None else f"{latest.loss:.4f}"
            say(f"trial {latest.number}/{found.wanted}  {latest.state}  validation {reached}")
    if found.best is None:
        raise FitError("No trial of the search came to its end: give it more trials.")
    best = with_settings(config, found.best.settings)
    say(f"The best trial was number {found.best.number}: {found.best.settings}")
    run.settle(asdict(best), run.config().minutes)
    return best


def with_settings(config: ClassifierFitConfig, settings: Settings) -> ClassifierFitConfig:
    """A trial's settings in the place of a fit's own."""
    own = {name: settings[name] for name in settings if hasattr(config, name)}
    network = {**asdict(config.network), **{k: v for k, v in settings.items() if k not in own}}
    return replace(config, **own, network=network_config(config.family, network))


def _fit(
    run: RunFolder,
    config: ClassifierFitConfig,
    data: ClassData,
    workers: int,
    say: Callable[[str], None],
    team: Team,
) -> Generator[EpochReport, None, TrainingState]:
    state = team.shared_start(lambda: load_state(run.last_state, config, team.device, run.start))
    run.keep_metrics(state.epoch)
    samples = Samples(config, data.validation)
    with best_kept(run, state, say):
        for report in fit(config, state, data, workers, team):
            run.add_metrics(replace(report, device=team.name))
            save_state(run.last_state, state)
            samples.write(run.sample(report.epoch), state.network)
            yield report
    return state


def _checkpoint(
    run: RunFolder,
    config: ClassifierFitConfig,
    state: TrainingState,
    data: ClassData,
    folders: list[Path],
    threads: int,
    team: Team,
) -> Checkpoint:
    """A fitted network with its scale, from the validation photos."""
    calibration = calibrate(
        state.network,
        data.validation.labels,
        config.flatten,
        config.heatmap,
        config.clean_share,
        config.seed,
        lambda share: run.at(f"finding its threshold, {100 * share:.0f} % done"),
    )
    run.at("trying it on the photos kept aside")
    tested = test_figures(
        state.network,
        data.tests,
        config.flatten,
        config.heatmap,
        calibration.score_threshold,
        config.seed,
    )
    run.note(_worth(tested))
    training = record_of(run, config, folders, data.summary, state, threads, team)
    described = CheckpointConfig(
        family=config.family,
        network=config.network,
        flatten=config.flatten,
        heatmap=config.heatmap,
        calibration=calibration,
        mask=config.mask,
        training=training,
        metrics={"validation_loss": state.best_loss, **tested},
    )
    return Checkpoint(described, state.network)


def _worth(tested: dict[str, float]) -> str:
    """What photos that it has not seen say of it, in words."""
    if not tested:
        return "No photos of both kinds were left to try it on: judge it on some it has not seen."
    shares = (tested[f"test image_{name}"] for name in ("accuracy", "precision", "recall"))
    accuracy, precision, recall = (f"{100 * share:.1f} %" for share in shares)
    few = " So few tell little: judge it on more." if tested["test photos"] < _FEW else ""
    return (
        f"Of {tested['test photos']} photos that were kept aside it calls {accuracy} rightly: of "
        f"those that it calls cracked {precision} are, and of the cracked ones it finds "
        f"{recall}.{few}"
    )


def _started(config: ClassifierFitConfig, own: Path | None) -> ClassifierFitConfig:
    if config.start:
        start_of(config, own)
    if config.start and config.trials:
        raise FitError(
            "A search tries other networks, which cannot start from weights: leave start empty, or "
            "set trials to 0."
        )
    return config


def _seconds_per_step(
    config: ClassifierFitConfig, folders: list[Path], workers: int, team: Team
) -> float:
    return seconds_per_step(config, _data(config, folders), workers, team)


def _require(config: ClassifierFitConfig, folder: Path, most: int) -> None:
    if len(photos_in(folder)) <= most:
        _data(config, [folder])
    else:
        require_labels(folder)


TRAINER = Trainer(
    settings=ClassifierFitConfig,
    with_start={"learning_rate": START_LEARNING_RATE},
    started=_started,
    fit=run_fit,
    follow=follow_fit,
    seconds_per_step=_seconds_per_step,
    require=_require,
    look=look,
)
"""Of networks that judge pictures as a whole: fitted on photos labelled as a whole."""
