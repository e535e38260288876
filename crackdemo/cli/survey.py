"""`survey`: archives of photos to Parquet, on one machine or a cluster."""

import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from tqdm import tqdm

from crackdemo.cli.terminal import say
from crackdemo.cli.weights import load, preset_for
from crackdemo.errors import SurveyError
from crackdemo.inspection.predict import unclear_names
from crackdemo.masks.presets import Preset
from crackdemo.photos.sources import Source
from crackdemo.survey.cluster import connected
from crackdemo.survey.parts import opened
from crackdemo.survey.rows import Row
from crackdemo.survey.sources import Photo, find_photos_of
from crackdemo.survey.survey import settings_of, survey


def run(args: Namespace) -> int:
    """Archives of photos to Parquet."""
    weights, checkpoint = load(args.model)
    preset = preset_for(weights, checkpoint.config.mask, args.preset)
    photos = find_photos_of(args.sources)
    preset = preset.without_names(_unclear(preset, photos))
    with (
        opened(args.out, settings_of(checkpoint, preset)) as parts,
        connected(args.address, args.workers) as cluster,
    ):
        try:
            status = _watch(survey(photos, checkpoint, preset, cluster, parts), len(photos))
        except SurveyError as error:
            say(str(error))
            status = 1
    if parts.replaced:
        say(
            f"{parts.replaced} older rows went, for these photos have changed, or others of the "
            "same names came in their place."
        )
    return status


def _unclear(preset: Preset, photos: list[Photo]) -> list[str]:
    """As `predict` says it."""
    unclear = unclear_names(preset, [Source(Path(p.file), p.file, "") for p in photos])
    for name in unclear:
        say(f"The preset knows false alarms on “{name}” by this name alone: none is dropped there.")
    return unclear


def _watch(rows: Iterable[Row | None], total: int) -> int:
    """Progress on a terminal; failures are said, and counted at the end."""
    failed = before = 0
    for row in tqdm(rows, total=total, unit="photo", disable=None, leave=False, smoothing=0.05):
        before += row is None
        if row is not None and row["reason"]:
            failed += 1
            tqdm.write(f"{row['file']}: {row['reason']}", file=sys.stderr)
    told = f"{total - failed} of {total} photos done"
    if before:
        told += f", {before} of them before"
    say(told + (f"; {failed} failed, see the column reason." if failed else "."))
    return 1 if failed else 0
