"""The weights that `--model` names, and the settings that `--preset` names for them."""

from dataclasses import replace
from pathlib import Path

from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, Weights, resolve_weights
from crackdemo.cli.terminal import say
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset, read_preset


def load(model: str | None) -> tuple[Weights, Checkpoint]:
    """Found and read; the app's default where none is named. Raises WeightsError and
    CheckpointError."""
    weights = resolve_weights(DEFAULT_WEIGHTS if model is None else model)
    return weights, load_checkpoint(weights.folder)


def preset_for(
    weights: Weights, own: MaskParams, file: Path | None, only: str | None = None
) -> Preset:
    """The file's settings, or the weights' own; it names these weights. That it was made with
    others is said. only: the class that counts, whatever the file says. Raises PresetError."""
    preset = Preset(own) if file is None else read_preset(file, own)
    warning = preset.warning_with(weights.name, weights.commit)
    if warning:
        say(warning)
    only = preset.only if only is None else only
    return replace(preset, weights=weights.name, commit=weights.commit, only=only)
