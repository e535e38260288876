"""`tune`: photos with masks to mask settings."""

import sys
import time
from argparse import Namespace
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from crackdemo.checkpoints.names import Weights
from crackdemo.cli.terminal import say
from crackdemo.cli.weights import load
from crackdemo.data.labelled import LabelledPhoto
from crackdemo.data.layouts import masks_without_photo
from crackdemo.detection.detector import Detector
from crackdemo.errors import DatasetError
from crackdemo.evaluation.gain import count_each
from crackdemo.evaluation.heat import HeatCache, KnownPhoto, UnknownPhoto
from crackdemo.evaluation.tune import Search
from crackdemo.evaluation.tuning import (
    FEW,
    SearchFile,
    conclude,
    tuning_parts,
    write_tuning,
)
from crackdemo.files import make_folder

_Photo = TypeVar("_Photo")
_SAVE_SECONDS = 10.0
"""A search that is stopped loses at most what it did in this time."""


def run(args: Namespace) -> int:
    """Photos with masks to preset.json and tuning.json."""
    parts = tuning_parts(args.folder, args.choose_on)
    weights, checkpoint = load(args.model)
    own = checkpoint.config.mask
    make_folder(args.out)
    say(parts.sentence)
    for mask in masks_without_photo(args.folder):
        say(f"{mask} belongs to no photo and is left out.")
    detector = checkpoint.detector()
    cache = HeatCache(args.out / "heat")
    both: list[list[KnownPhoto]] = []
    failed = 0
    for photos, part in (
        (parts.choosing, parts.choosing_split),
        (parts.reporting, parts.reporting_split),
    ):
        known, unknown = _scored(cache, photos, weights, detector)
        both.append(known)
        failed += unknown
        if not known:
            raise DatasetError(f"No photo of the {part} part can be used, see above.")
        if len(known) < FEW:
            say(
                f"Only {len(known)} photos of the {part} part can be used: that is little to go by."
            )
    choosing = both[0]
    if not any(photo.cracked for photo in choosing):
        raise DatasetError(
            "No mask of the photos that choose marks a crack, so that marking nothing would be "
            "best: bring photos with cracks."
        )
    search = Search(choosing, own, args.objective)
    _go(search, SearchFile(args.out / "search.npz", choosing, f"{args.objective} {own}"))
    chosen, calibration = search.chosen(), detector.calibration
    counts = [
        list(count_each(_bar(photos), (chosen.mask, own), calibration.is_cracked))
        for photos in both
    ]
    tuning = conclude(args.objective, chosen, own, *counts)
    write_tuning(args.out, tuning, parts, weights, Path(args.folder).resolve().name)
    for name, value in asdict(chosen.mask).items():
        print(f"{name:12} {value}")
    say(tuning.sentence)
    return 1 if failed else 0


def _scored(
    cache: HeatCache, photos: Sequence[LabelledPhoto], weights: Weights, detector: Detector
) -> tuple[list[KnownPhoto], int]:
    known, failed = [], 0
    outcomes = cache.score(_bar(photos), weights, detector)
    for outcome in outcomes:
        if isinstance(outcome, UnknownPhoto):
            failed += 1
            tqdm.write(f"{outcome.photo.source.file}: {outcome.reason}", file=sys.stderr)
            continue
        if outcome.note:
            tqdm.write(outcome.note, file=sys.stderr)
        known.append(outcome)
    return known, failed


def _go(search: Search, kept: SearchFile) -> None:
    """Goes on with what was kept, and keeps what is done, whatever ends it."""
    kept.restore(search)
    saved = time.monotonic()
    bar = tqdm(total=search.steps, initial=search.done, unit="photo", disable=None, leave=False)
    try:
        with bar:
            for done in search.run():
                bar.update(done - bar.n)
                if time.monotonic() - saved > _SAVE_SECONDS:
                    kept.save(search)
                    saved = time.monotonic()
    finally:
        kept.save(search)


def _bar(photos: Collection[_Photo]) -> Iterable[_Photo]:
    """Progress, drawn only on a terminal."""
    bar: Iterable[_Photo] = tqdm(photos, unit="photo", disable=None, leave=False)
    return bar
