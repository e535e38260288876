"""`export`: weights to an ONNX file that QGIS runs."""

from argparse import Namespace

from crackdemo.checkpoints.export import export
from crackdemo.cli.terminal import say
from crackdemo.cli.weights import load


def run(args: Namespace) -> int:
    """Weights to an ONNX file."""
    weights, checkpoint = load(args.model)
    checked = export(checkpoint, args.out, args.mm_per_px)
    say(
        f"Wrote {weights.name} to {args.out}. {checked.engine} ran it and agrees with torch: its "
        f"heatmap differs by at most {checked.levels:.2g} of 65,536 levels."
    )
    return 0
