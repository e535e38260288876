"""`submit`: a folder of photos to a competition's file."""

from argparse import Namespace

from crackdemo.cli.terminal import say, watch
from crackdemo.cli.weights import load, preset_for
from crackdemo.errors import SubmissionError, shortened
from crackdemo.evaluation.sample import plan_rows, read_sample
from crackdemo.evaluation.submission import RowFormat, Submission
from crackdemo.photos.sources import find_sources
from crackdemo.runs.wording import count


def run(args: Namespace) -> int:
    """A row for every photo of a folder."""
    masks = [args.folder / "masks"] if (args.folder / "images").is_dir() else []
    sources = find_sources([args.folder], without=masks)
    sample = None if args.sample is None else read_sample(args.sample)
    rows = plan_rows(sources, sample, _columns(args.columns))
    for note in rows.notes:
        say(note)
    weights, checkpoint = load(args.model)
    preset = preset_for(weights, checkpoint.config.mask, args.preset, args.only_class)
    form = RowFormat(args.order, args.base, args.empty)
    submission = Submission(args.out, rows, form, preset, args.gate, weights.version)
    detector = checkpoint.detector(only=preset.only)
    if submission.done:
        say(f"{count(submission.done, 'photo')} done by an earlier call: not scored again.")
    status = watch(submission.run(detector), len(rows.photos) - submission.done)
    summary = submission.finish()
    for sentence in (summary.sentence, *summary.warnings):
        say(sentence)
    return status


def _columns(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or not all(names):
        raise SubmissionError(f"“{shortened(text)}” must be two column names, as file,crack.")
    return names[0], names[1]
