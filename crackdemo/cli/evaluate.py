"""`evaluate`: labelled photos to figures."""

from argparse import Namespace

from crackdemo.cli.terminal import watch
from crackdemo.cli.weights import load
from crackdemo.data.labelled import find_labelled
from crackdemo.evaluation.evaluate import Evaluation
from crackdemo.files import make_folder


def run(args: Namespace) -> int:
    """Labelled photos to figures."""
    photos = find_labelled(args.folder, args.split)
    weights, checkpoint = load(args.model)
    make_folder(args.out)
    evaluation = Evaluation(checkpoint.detector(), checkpoint.config.mask)
    status = watch(evaluation.run(photos), len(photos))
    evaluation.write(
        args.out,
        {
            "weights": weights.name,
            "commit": weights.commit,
            "data": args.folder.resolve().name,
            "split": args.split,
        },
    )
    for name, value in evaluation.metrics().items():
        print(f"{name:34} {value:.4g}" if isinstance(value, float) else f"{name:34} {value}")
    return status
