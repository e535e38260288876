"""`predict`: photos to a folder of results."""

from argparse import Namespace
from dataclasses import fields, replace

from crackdemo.cli.terminal import say, watch
from crackdemo.cli.weights import load
from crackdemo.configs import explained
from crackdemo.inspection import predict
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset, read_preset
from crackdemo.photos.sources import find_sources


def run(args: Namespace) -> int:
    """Photos to a folder of results."""
    sources = find_sources(args.photos, without=[args.out / view for view in predict.VIEWS])
    weights, checkpoint = load(args.model)
    preset = _preset(args, checkpoint.config.mask)
    preset = replace(preset, weights=weights.name, commit=weights.commit)
    unclear = predict.unclear_names(preset, sources)
    for name in unclear:
        say(
            f"The preset knows false alarms on “{name}” by this name alone, which several photos "
            "have: nothing is dropped on them. Save the preset again from the page."
        )
    preset = preset.without_names(unclear)
    outcomes = predict.predict(sources, checkpoint.detector(), preset, args.out)
    return watch(outcomes, len(sources))


def _preset(args: Namespace, own: MaskParams) -> Preset:
    """The preset's settings or the checkpoint's own, but for those that are given one by one."""
    preset = read_preset(args.preset, own) if args.preset else Preset(own)
    given = {setting.name: getattr(args, setting.name) for setting in fields(MaskParams)}
    changes = {name: value for name, value in given.items() if value is not None}
    scale = preset.mm_per_px if args.mm_per_px is None else args.mm_per_px
    with explained():
        return replace(preset, mask=replace(preset.mask, **changes), mm_per_px=scale)
