"""The weights that `--model` names."""

from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, Weights, resolve_weights


def load(model: str | None) -> tuple[Weights, Checkpoint]:
    """Found and read; the app's default where none is named. Raises WeightsError and
    CheckpointError."""
    weights = resolve_weights(DEFAULT_WEIGHTS if model is None else model)
    return weights, load_checkpoint(weights.folder)
