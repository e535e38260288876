"""The command line's words; each command is a module, imported when it is called."""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from crackdemo.configs import help_of
from crackdemo.errors import CrackdemoError
from crackdemo.inspection.views import VIEWS
from crackdemo.masks.params import MaskParams
from crackdemo.models.families import FAMILIES

_SHORTER = {"opening": "open", "closing": "close"}
_SPLITS = ("train", "validation", "test")
_MODEL = "a shipped name, a checkpoint folder, or owner/name[@revision] on the Hugging Face Hub"


def main(argv: Sequence[str]) -> int:
    """0: done; 1: some or all inputs failed and are listed; 2: the call itself cannot be met.

    Raises SystemExit, as argparse does, for --help (0) and a wrong usage (2).
    """
    args = _parser().parse_args(argv)
    try:
        # only now, for torch takes seconds, which --help should not
        command: Callable[[argparse.Namespace], int]
        command = import_module(f"crackdemo.cli.{args.command}").run
        return command(args)
    except CrackdemoError as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m crackdemo",
        description="Shows cracks in photos of pavement and concrete.",
        epilog="Exit status: 0 done; 1 some or all inputs failed and are listed; 2 wrong usage, "
        "unknown weights, or a missing or empty folder.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_predict(commands.add_parser("predict", help="photos to masks, heatmaps and measures"))
    _add_evaluate(commands.add_parser("evaluate", help="figures on photos with known cracks"))
    _add_fit(commands.add_parser("fit", help="new weights from photos of sound surface"))
    return parser


def _add_predict(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("photos", nargs="+", type=Path, metavar="PHOTO|FOLDER", help="folders: recursively")
    add("--model", metavar="NAME", help=_MODEL)
    add("--out", required=True, type=Path, metavar="DIR", help="results.csv, masks/ and more")
    add("--preset", type=Path, metavar="FILE", help="settings that the page saved")
    _add_mask_settings(parser)
    add("--mm-per-px", type=float, metavar="S", help="scale: adds measures in mm")
    add(
        "--only",
        type=_views,
        metavar="VIEW,VIEW...",
        help=f"of {', '.join(VIEWS)}; all by default, and the tables always",
    )
    add("--resume", action="store_true", help="keep what was done in DIR with the same settings")
    add("--verbose", action="store_true", help="say which engine ran the network")


def _add_mask_settings(parser: argparse.ArgumentParser) -> None:
    """An option for every field of MaskParams, with its sentence as help."""
    kinds = {name: field.annotation for name, field in _mask_fields().items()}
    for name, sentence in help_of(MaskParams).items():
        flag = _SHORTER.get(name, name.replace("_", "-"))
        choices = get_args(kinds[name])
        kind: dict[str, Any] = {"choices": choices}
        if not choices:
            kind = {"type": kinds[name], "metavar": flag.partition("-")[0][0].upper()}
        parser.add_argument(f"--{flag}", dest=name, help=sentence.replace("%", "%%"), **kind)


def _mask_fields() -> dict[str, Any]:
    fields: dict[str, Any] = MaskParams.__pydantic_fields__  # type: ignore[attr-defined]
    return fields


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "folder",
        type=Path,
        metavar="FOLDER",
        help="images/ and masks/ give pixel figures, clean/ and cracked/ give image figures",
    )
    add("--model", metavar="NAME", help=_MODEL)
    add("--out", required=True, type=Path, metavar="DIR", help="metrics.json, per_image.csv")
    add("--split", choices=_SPLITS, help="only this part: a fit on FOLDER never sees test")


def _add_fit(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--family", choices=FAMILIES, help="needed unless --config says it")
    add(
        "--data",
        nargs="+",
        type=Path,
        metavar="FOLDER",
        help="images/ and masks/ (crack-free tiles are cut), clean/, or plain photos",
    )
    add("--out", required=True, type=Path, metavar="RUN", help="the result is RUN/checkpoint")
    add("--start", metavar="WEIGHTS", help="shipped name or Hub id to start from; else untrained")
    add("--config", type=Path, metavar="FILE", help="settings of the fit, JSON")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=_count, metavar="N")
    length.add_argument("--minutes", type=_minutes, metavar="M", help="epochs that fit in there")
    add("--seed", type=int, metavar="S")
    add("--threads", type=_count, metavar="T", help="all cores by default")
    add("--dry-run", action="store_true", help="only say how long an epoch would take")
    add("--resume", action="store_true", help="go on with RUN, whose own data and settings hold")


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError("must be a whole number from 1 on")
    return int(text)


def _views(text: str) -> tuple[str, ...]:
    views = tuple(text.split(","))
    unknown = [view for view in views if view not in VIEWS]
    if unknown:
        raise argparse.ArgumentTypeError(f"“{unknown[0]}” is none of {', '.join(VIEWS)}")
    return views


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 < minutes < math.inf:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return minutes
