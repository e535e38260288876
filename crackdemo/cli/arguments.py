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
from crackdemo.masks.params import MaskParams
from crackdemo.models.families import FAMILIES
from crackdemo.photos.views import VIEWS

_SHORTER = {"opening": "open", "closing": "close"}
_DEVICES = ("auto", "cpu", "cuda", "mps")
_OBJECTIVES = ("pixel_f1", "mean_image_dice", "pixel_iou")
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
    _add_tune(commands.add_parser("tune", help="mask settings from photos with masks"))
    _add_submit(commands.add_parser("submit", help="a competition's file of masks"))
    _add_protocol(commands.add_parser("protocol", help="the published study of concrete photos"))
    _add_fit(commands.add_parser("fit", help="new weights from photos of sound surface"))
    _add_survey(commands.add_parser("survey", help="archives of photos to Parquet, on Ray"))
    _add_export(commands.add_parser("export", help="weights to an ONNX file that QGIS runs"))
    return parser


def _text(text: str) -> str:
    """An unset variable of a script is no wish to read or fill the folder that it stands in."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty: name a file or folder")
    return text


def _path(text: str) -> Path:
    return Path(_text(text))


def _add_predict(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("photos", nargs="+", type=_path, metavar="PHOTO|FOLDER", help="folders: recursively")
    add("--model", metavar="NAME", help=_MODEL)
    add("--out", required=True, type=_path, metavar="DIR", help="results.csv, masks/ and more")
    add("--preset", type=_path, metavar="FILE", help="settings that the page saved")
    _add_mask_settings(parser)
    _add_class(parser)
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


def _add_class(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--class",
        dest="only_class",
        metavar="NAME",
        help="of weights that tell several classes apart the one that counts; by default all",
    )


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "folder",
        type=_path,
        metavar="FOLDER",
        help="images/ and masks/ give pixel figures, clean/ and cracked/ give image figures",
    )
    add("--model", action="append", metavar="NAME", help=f"{_MODEL}; several beside each other")
    add("--preset", type=_path, metavar="FILE", help="mask settings of tune or of the page")
    _add_class(parser)
    add("--out", required=True, type=_path, metavar="DIR", help="metrics.json, plots/ and more")
    add("--split", choices=_SPLITS, help="only this part: a fit on FOLDER never sees test")


def _add_tune(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", type=_path, metavar="FOLDER", help="images/ and masks/ with equal stems")
    add("--model", metavar="NAME", help=_MODEL)
    add("--out", required=True, type=_path, metavar="DIR", help="preset.json, tuning.json")
    add("--objective", choices=_OBJECTIVES, default=_OBJECTIVES[0], help="what is to be high")
    add(
        "--choose-on",
        choices=_SPLITS,
        default="validation",
        help="the part that chooses; test reports (validation, where test chooses)",
    )


def _add_submit(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", type=_path, metavar="FOLDER", help="each of its photos gets a row")
    add("--out", required=True, type=_path, metavar="FILE.csv")
    add("--model", metavar="NAME", help=_MODEL)
    add("--preset", type=_path, metavar="FILE", help="settings of tune or of the page")
    _add_class(parser)
    add(
        "--sample", type=_path, metavar="FILE.csv", help="the competition's: names, spelling, order"
    )
    add("--gate", action="store_true", help="photos that are not called cracked stay empty")
    add("--columns", metavar="A,B", help="file,crack unless a sample says otherwise")
    add("--order", choices=("column", "row"), default="column", help="of the pixels")
    add("--base", type=int, choices=(0, 1), default=1, help="the first pixel's number")
    add("--empty", default="", metavar="TEXT", help="for no crack; nothing by default")


def _add_protocol(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", type=_path, metavar="FOLDER", help="clean/ and cracked/")
    add("--out", required=True, type=_path, metavar="DIR", help="figures, predictions, spotlights")
    add(
        "--external", type=_path, metavar="FOLDER", help="external set; by default a part of FOLDER"
    )
    add("--model", action="append", metavar="NAME", help=f"beside the recipe: {_MODEL}")
    add("--epochs", type=_count, metavar="N", help="of the recipe; 10 as published")
    add("--seed", type=int, default=0, metavar="S")


def _add_fit(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--family", choices=FAMILIES, help="needed unless --config says it")
    add(
        "--data",
        nargs="+",
        type=_path,
        metavar="FOLDER",
        help="images/ and masks/ (crack-free tiles are cut), clean/, or plain photos",
    )
    add("--out", required=True, type=_path, metavar="RUN", help="the result is RUN/checkpoint")
    add("--start", metavar="WEIGHTS", help="shipped name or Hub id to start from; else untrained")
    add("--config", type=_path, metavar="FILE", help="settings of the fit, JSON")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=_count, metavar="N")
    length.add_argument("--minutes", type=_positive, metavar="M", help="epochs that fit in there")
    add("--seed", type=int, metavar="S")
    add("--trials", type=_count, metavar="N", help="of a search for settings; classifiers only")
    add("--threads", type=_count, metavar="T", help="all cores by default")
    add("--device", choices=_DEVICES, default="auto", help="the best that there is by default")
    add("--dry-run", action="store_true", help="only say how long an epoch would take")
    add("--resume", action="store_true", help="go on with RUN, whose own data and settings hold")


def _add_survey(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "sources",
        nargs="+",
        type=_text,
        metavar="SOURCE",
        help="photo, folder, glob, list of photos (.txt), s3://, gs:// or http(s):// address",
    )
    add("--model", metavar="NAME", help=_MODEL)
    add("--out", required=True, type=_path, metavar="DIR", help="a begun survey in it goes on")
    add("--preset", type=_path, metavar="FILE", help="settings that the page saved")
    add("--workers", type=_count, metavar="N", help="one for each graphics card or else core")
    add("--address", metavar="ADDRESS", help="of a Ray cluster; by default this machine alone")


def _add_export(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", metavar="NAME", help=_MODEL)
    add("--out", required=True, type=_path, metavar="FILE.onnx", help="for QGIS with Deepness")
    add(
        "--mm-per-px",
        type=_positive,
        default=1.0,
        metavar="S",
        help="of the photos it is meant for, kept in the file; QGIS scales its map to it (1)",
    )


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


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return number
