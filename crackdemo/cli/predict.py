"""`predict`: photos to a folder of results."""

import os
from argparse import Namespace
from contextlib import closing
from dataclasses import fields, replace

import torch

from crackdemo.cli.terminal import say, tell_all, watch
from crackdemo.cli.weights import load, preset_for
from crackdemo.configs import explained
from crackdemo.inspection.batch import BatchConfig, predict
from crackdemo.inspection.predict import unclear_names
from crackdemo.inspection.views import VIEWS
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset
from crackdemo.photos.sources import find_sources

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
    with closing(predict(sources, detector, preset, args.out, config)) as outcomes:
        status = watch(outcomes, len(sources))
    if args.verbose:
        say(f"Engine: {detector.engine_name or 'none, for no photo came so far'}.")
    return status


def _changed(args: Namespace, preset: Preset) -> Preset:
    """With the settings that are given one by one."""
    given = {setting.name: getattr(args, setting.name) for setting in fields(MaskParams)}
    changes = {name: value for name, value in given.items() if value is not None}
    scale = preset.mm_per_px if args.mm_per_px is None else args.mm_per_px
    with explained():
        return replace(preset, mask=replace(preset.mask, **changes), mm_per_px=scale)
