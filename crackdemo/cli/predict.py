"""`predict`: photos to a folder of results."""

import os
import signal
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields, replace

import torch

from crackdemo.cli.terminal import say, tell_all, watch
from crackdemo.cli.weights import load, preset_for
from crackdemo.configs import explained
from crackdemo.detection.detector import Detector
from crackdemo.inspection.batch import BatchConfig, predict
from crackdemo.inspection.predict import unclear_names
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset
from crackdemo.photos.sources import find_sources
from crackdemo.photos.views import VIEWS

_CORES_A_HELPER = 4
"""Reading and writing a photo takes about a quarter of what its detection takes."""


def run(args: Namespace) -> int:
    """Photos to a folder of results."""
    sources = find_sources(args.photos, without=[args.out / view for view in VIEWS])
    weights, checkpoint = load(args.model)
    preset = preset_for(weights, checkpoint.config.mask, args.preset, args.only_class)
    preset = _changed(args, preset)
    unclear = unclear_names(preset, sources)
    for name in unclear:
        say(
            f"The preset knows false alarms on “{name}” by this name alone, which several photos "
            "have: nothing is dropped on them. Save the preset again from the page."
        )
    preset = preset.without_names(unclear)
    if args.verbose:
        tell_all()
    side_by_side = min(2, torch.get_num_threads())
    config = BatchConfig(
        views=args.only or VIEWS,
        resume=args.resume,
        fingerprint=checkpoint.fingerprint(),
        at_once=side_by_side,
        helpers=max(1, (os.cpu_count() or 1) // _CORES_A_HELPER),
    )
    detector = checkpoint.detector(streams=side_by_side, only=preset.only)
    for lack in _lacking(args.only or (), detector):
        say(lack)
    outcomes = predict(sources, detector, preset, args.out, config, say=say)
    try:
        with _term_like_ctrl_c(), closing(outcomes):
            status = watch(outcomes, len(sources))
    except KeyboardInterrupt:
        say("Stopped. What is done is in results.csv; the same call with --resume goes on.")
        return 1
    if args.verbose:
        say(f"Engine: {detector.engine_name or 'none, for no photo came so far'}.")
    return status


@contextmanager
def _term_like_ctrl_c() -> Iterator[None]:
    """Containers and batch queues stop a command with SIGTERM: its tables are to be whole, too. A
    second one disturbs neither their writing nor the end."""

    def stop(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is stop:
            signal.signal(signal.SIGTERM, before)


def _lacking(views: Sequence[str], detector: Detector) -> Iterator[str]:
    """What was asked for by name and cannot be had."""
    if "reconstructions" in views and not detector.rebuilds:
        yield "There will be no reconstructions, for these weights rebuild nothing."
    if "classes" in views and len(detector.classes) < 2:
        yield "There will be no classes, for these weights tell none apart."


def _changed(args: Namespace, preset: Preset) -> Preset:
    """With the settings that are given one by one."""
    given = {setting.name: getattr(args, setting.name) for setting in fields(MaskParams)}
    changes = {name: value for name, value in given.items() if value is not None}
    scale = preset.mm_per_px if args.mm_per_px is None else args.mm_per_px
    with explained():
        return replace(preset, mask=replace(preset.mask, **changes), mm_per_px=scale)
