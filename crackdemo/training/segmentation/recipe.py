"""Photos and masks to a finished checkpoint: read, fit, calibration, card, in a run folder."""

import functools
import operator
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from crackdemo.checkpoints.card import model_card
from crackdemo.checkpoints.checkpoint import Checkpoint, CheckpointConfig, save_checkpoint
from crackdemo.data.problems import grouped
from crackdemo.detection.detector import ResidualDetector
from crackdemo.errors import DatasetError, FitError
from crackdemo.inspection.corrections import is_corrected
from crackdemo.masks.classes import CRACK
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.metrics import pixel_counts
from crackdemo.models.family import Network
from crackdemo.models.segmenter import SegmenterConfig
from crackdemo.runs.folder import EpochReport, RunFolder
from crackdemo.training.alarms import alarms_of
from crackdemo.training.failures import best_kept, failure_told, within_memory
from crackdemo.training.length import settled
from crackdemo.training.loop import use_threads
from crackdemo.training.record import record_of
from crackdemo.training.segmentation.check import look
from crackdemo.training.segmentation.config import SegmentConfig
from crackdemo.training.segmentation.data import (
    Look,
    Pair,
    SegmentData,
    learnt_from,
    read_pairs,
    readable,
    require_enough,
)
from crackdemo.training.segmentation.judging import Judge, Judged, calibration_of
from crackdemo.training.segmentation.loop import fit_pieces, seconds_per_step, weights_of
from crackdemo.training.segmentation.samples import write_sheet
from crackdemo.training.segmentation.start import (
    averaged_with_start,
    colours_of,
    kept_share,
    new_state,
    started,
    starts_from_segmenter,
)
from crackdemo.training.state import (
    TrainingState,
    checkpoint_to_start_from,
    restored,
    save_state,
)
from crackdemo.training.team import CPU_ALONE, Team
from crackdemo.training.trainer import Trainer

_CHOSE = ", which chose epoch and threshold"
_CHANCE = 0.01
_OWN_TRUTH = (
    "The truth of corrected photos is what had been marked, less what was dropped, so that this "
    "figure does not say what was unlearnt: see how many false alarms are left."
)
_MOST_TESTS = 60
"""Photos that a fit is tried on: so many take a minute."""
_LITTLE = 0.3
"""Of 1; a network that marks everything has more than nothing."""


def run_fit(
    run: RunFolder,
    config: SegmentConfig,
    folders: list[Path],
    threads: int,
    workers: int = 0,
    say: Callable[[str], None] = print,
    team: Team = CPU_ALONE,
) -> Iterator[EpochReport]:
    """Fits, or goes on where the run stopped; `run.checkpoint` is there when it ends.

    say: is told what a person should know, a sentence at a time. Raises DatasetError, or FitError
    when the fit cannot go on; the run folder then says "failed" and why.
    """
    use_threads(threads)
    with failure_told(run):
        _require_one(team)
        run.write_status("running")
        run.at("reading the photos")
        look = _looking(config, team.device, run.start)
        data = read_pairs(folders, look)
        config = _classes_settled(run, config, data.classes)
        run.write_data_summary(data.summary)
        for sentence in (*grouped(data.problems), *data.warnings, data.what_chose):
            say(sentence)
        noted = (_left_out(data.problems), *data.warnings, data.what_chose)
        run.note(" ".join(filter(None, noted)))
        measure = lambda: seconds_per_step(config, data, workers, team.device)  # noqa: E731
        config = settled(run, config, measure, say)
        config, state = yield from within_memory(
            run, config, lambda config: _fit(run, config, data, workers, say, team), say, team
        )
        photos = sum(len(folder) for folder in data.train)
        state.network.cpu()
        run.at("finding its threshold")
        alone = _of_start_alone(config, state, data, run.start)
        state.network.load_state_dict(
            averaged_with_start(config, state.best_weights, photos, run.start)
        )
        training = record_of(run, config, folders, data.summary, state, threads, team)
        checkpoint = calibrated(config, state.network, data, training)
        share = kept_share(config, photos, run.start)
        worth = _worth(
            checkpoint.config.metrics,
            averaged_with=config.start if share else "",
            has_stopped=state.epoch < config.epochs,
        )
        run.note(worth + _beside(config.start, alone, checkpoint))
        if _is_corrected(data):
            run.note(_OWN_TRUTH)
        run.at("trying it on the photos kept aside")
        checkpoint = _with_tests(checkpoint, config, data, look)
        run.note(_on_tests(checkpoint.config.metrics))
        if config.start:
            knew = checkpoint_to_start_from(config.start, run.start)
            compared = ((run.name, checkpoint), (config.start, knew))
            run.write_alarms(alarms_of(compared, folders, learnt_from(folders)))
        run.path.stat()  # saving would make a folder that was deleted meanwhile anew
        save_checkpoint(run.checkpoint, checkpoint, model_card(checkpoint.config))
        run.finish()


def _worth(metrics: Mapping[str, float], averaged_with: str = "", has_stopped: bool = False) -> str:
    """What the figure that chose says, in words, and of which weights; and which classes it never
    finds. has_stopped: by itself, so that more time would change nothing."""
    name, value = _chosen_by(metrics)
    spoken = name.removesuffix(_CHOSE).replace("_", " ").replace("iou", "IoU")
    spoken = spoken.replace("ods", "ODS (F1 at the threshold that is best for all photos)")
    figure = f"Its {spoken} is {value:.2f}"
    if averaged_with:
        figure = (
            f"The weights are those of the best epoch, averaged with {averaged_with}: so they "
            "forget less of what other photos need, which may cost a little on these few. Curve "
            "and pictures are of the network before that. Their "
            f"{spoken} is {value:.2f}"
        )
    if value < _LITTLE:
        wanted = "more photos" if has_stopped else "more time, or more photos"
        figure = f"{figure}: it tells little apart yet; give it {wanted}"
    prefix = "validation iou of "
    blind = [
        f"“{name.removeprefix(prefix)}”"
        for name, iou in metrics.items()
        if name.startswith(prefix) and iou == 0
    ]
    return f"{figure}. It does not find {', '.join(blind)} at all." if blind else f"{figure}."


def _chosen_by(metrics: Mapping[str, float]) -> tuple[str, float]:
    """The figure that chose the epoch, by its name."""
    return next((name, value) for name, value in metrics.items() if name.endswith(_CHOSE))


def _of_start_alone(
    config: SegmentConfig, state: TrainingState, data: SegmentData, own: Path | None
) -> float | None:
    """What the weights that it starts from reach by themselves; None where it does not see what
    they mark, or tells more apart than they do, and where what they marked is the truth."""
    network = config.network
    if _is_corrected(data):
        return None
    if not starts_from_segmenter(config, own) and (
        not isinstance(network, SegmenterConfig) or network.healer is None or len(data.classes) > 1
    ):
        return None
    alone = averaged_with_start(replace(config, start_share=1.0), state.best_weights, 0, own)
    state.network.load_state_dict(alone)
    return _judge(config, state.network, data, data.validation).value


def _is_corrected(data: SegmentData) -> bool:
    """Whether photos that choose have what weights marked as their truth, less what was dropped."""
    return any(is_corrected(pair.name) for pair in data.validation)


def _beside(start: str, alone: float | None, checkpoint: Checkpoint) -> str:
    """The same in words; a difference of a percent is chance."""
    if alone is None:
        return ""
    own = _chosen_by(checkpoint.config.metrics)[1]
    told = f" {start} alone has {alone:.2f}"
    if own < alone + _CHANCE:
        return f"{told}, so that nothing was gained: give it more photos, or go on with {start}."
    return f"{told}."


def telling_apart(config: SegmentConfig, classes: tuple[str, ...]) -> SegmentConfig:
    """The settings with the classes of the masks. Raises DatasetError where they name others."""
    network = config.network
    if network.classes == classes or not isinstance(network, SegmenterConfig):
        return config
    if network.classes != (CRACK,):
        raise DatasetError(
            f"The settings name the classes {', '.join(network.classes)}, but the masks hold "
            f"{', '.join(classes)}: leave network.classes out, and the masks decide."
        )
    return replace(config, network=replace(network, classes=classes))


def _classes_settled(
    run: RunFolder, config: SegmentConfig, classes: tuple[str, ...]
) -> SegmentConfig:
    """As `telling_apart`; whoever compares runs reads it there, too."""
    settled = telling_apart(config, classes)
    if settled != config:
        run.settle(asdict(settled), run.config().minutes)
    return settled


def calibrated(
    config: SegmentConfig, network: Network, data: SegmentData, training: dict[str, Any]
) -> Checkpoint:
    """A fitted network with its scale, from validation photos."""
    judged = _judge(config, network, data, data.validation)
    described = CheckpointConfig(
        family=config.family,
        network=config.network,
        flatten=config.flatten,
        heatmap=config.heatmap,
        calibration=calibration_of(judged, data.validation, config.score_quantile),
        mask=config.mask,
        training=training,
        metrics={
            "validation_loss": round(judged.loss, 4),
            f"validation {judged.metric}{_CHOSE}": round(judged.value, 4),
            **_figures("validation", judged),
        },
    )
    return Checkpoint(described, network)


def _judge(
    config: SegmentConfig, network: Network, data: SegmentData, pairs: Sequence[Pair]
) -> Judged:
    judge = Judge(pairs, config, colours_of(network), weights_of(config, data))
    return judge(network, torch.device("cpu"))


def _figures(split: str, judged: Judged) -> dict[str, Any]:
    """Of several classes: by class, and what they were taken for."""
    if judged.confusion is None:
        return {}
    figures = {
        f"{split} {name}": value if value is None else round(value, 4)
        for name, value in judged.confusion.metrics().items()
    }
    return {**figures, f"{split} confusion": judged.confusion.shares}


def _with_tests(
    checkpoint: Checkpoint, config: SegmentConfig, data: SegmentData, look: Look | None
) -> Checkpoint:
    """With the figures of photos that were kept aside: by class where there are several, else the
    pixel F1 of their masks, of `_MOST_TESTS` at most: `evaluate` counts all."""
    tests = data.tests if len(data.classes) > 1 else data.tests[:_MOST_TESTS]
    pairs = [pair for pair in readable(tests, data.classes, [], look) if pair is not None]
    if not pairs:
        return checkpoint
    if len(data.classes) > 1:
        figures = _figures("test", _judge(config, checkpoint.network, data, pairs))
    else:
        figures = {"test photos": len(pairs), "test pixel_f1": round(_f1(checkpoint, pairs), 4)}
    metrics = {**checkpoint.config.metrics, **figures}
    return replace(checkpoint, config=replace(checkpoint.config, metrics=metrics))


def _f1(checkpoint: Checkpoint, pairs: Sequence[Pair]) -> float:
    """Pooled, of the masks at the checkpoint's own settings, 0..1; 0 px of tolerance."""
    detector, mask = checkpoint.detector(), checkpoint.config.mask
    counts = (
        pixel_counts(cut_mask(detector.detect(pair.photo, heal=False).heatmap, mask), pair.mask)
        for pair in pairs
    )
    return functools.reduce(operator.add, counts).f1


def _on_tests(metrics: Mapping[str, Any]) -> str:
    """In words, what photos that were kept aside came to; empty where none were."""
    for name, what in (("test pixel_f1", "pixel F1"), ("test mean_iou", "mean IoU")):
        if metrics.get(name) is not None:
            return f"On the photos kept aside for tests its {what} is {metrics[name]:.2f}."
    return ""


def _fit(
    run: RunFolder,
    config: SegmentConfig,
    data: SegmentData,
    workers: int,
    say: Callable[[str], None],
    team: Team,
) -> Generator[EpochReport, None, TrainingState]:
    device = team.device
    state = restored(run.last_state, new_state(config, device, run.start), device)
    run.keep_metrics(state.epoch)
    with best_kept(run, state, say):
        reports = fit_pieces(
            config,
            state,
            data,
            workers,
            device,
            lambda judged: write_sheet(run.sample(state.epoch + 1), data.validation, judged),
        )
        for report in reports:
            run.add_metrics(replace(report, device=team.name))
            save_state(run.last_state, state)
            yield report
    return state


def _looking(config: SegmentConfig, device: torch.device, own: Path | None = None) -> Look | None:
    """What makes the evidence, by the weights that the fit starts from; None where none is seen."""
    if config.heatmap.evidence is None:
        return None
    healer = new_state(config, torch.device("cpu"), own).network.get_submodule("healer")
    assert isinstance(healer, Network)
    detector = ResidualDetector(healer, config.heatmap.evidence, device)
    return lambda photo: detector.detect(photo, heal=False).heatmap


def _left_out(problems: list[str]) -> str:
    if not problems:
        return ""
    return f"{len(problems)} of the photos are odd or were left out; the first: {problems[0]}"


def _require_one(team: Team) -> None:
    if team.size > 1:
        raise FitError("A segmenter is fitted by one process: start it without a launcher.")


def _follow(
    run: RunFolder,
    config: SegmentConfig,
    folders: list[Path],
    threads: int,
    workers: int,
    team: Team,
) -> None:
    _require_one(team)


def _seconds_per_step(
    config: SegmentConfig, folders: list[Path], workers: int, team: Team
) -> float:
    data = read_pairs(folders, _looking(replace(config, start=""), team.device))
    return seconds_per_step(telling_apart(config, data.classes), data, workers, team.device)


def _require(config: SegmentConfig, folder: Path, most: int) -> None:
    telling_apart(config, require_enough(folder, most))


TRAINER = Trainer(
    settings=SegmentConfig,
    with_start={},
    started=started,
    fit=run_fit,
    follow=_follow,
    seconds_per_step=_seconds_per_step,
    require=_require,
    look=look,
)
"""Of networks that say how likely each pixel is crack: fitted on photos and masks."""
