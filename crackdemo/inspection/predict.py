"""Photos to what is said of them, one by one, and tables of many."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from crackdemo.arrays import RgbImage
from crackdemo.detection.detector import Detection, Detector
from crackdemo.errors import PhotoError, Stopped
from crackdemo.files import sha256_of
from crackdemo.inspection.verdict import Verdict, judge
from crackdemo.masks.classes import strongest
from crackdemo.masks.presets import Preset
from crackdemo.photos.images import read_photo
from crackdemo.photos.overlays import classes_overlay, mask_overlay
from crackdemo.photos.sources import Source
from crackdemo.tables import csv_text

_PX_COLUMNS = ("length_px", "max_width_px", "mean_width_px")
_VERDICT = ("file", "sha256", "score", "crack", "state")
_MEASURES = ("crack_percent", *_PX_COLUMNS, "components", "seconds", "weights", "commit")
_MM_COLUMNS = ("length_mm", "max_width_mm", "mean_width_mm")


@dataclass(frozen=True)
class Inspected:
    """A photo that was done."""

    source: Source
    """Where it came from."""
    photo: RgbImage
    """(H, W, 3), upright."""
    sha256: str
    """The photo's identity: of its file."""
    detection: Detection
    """What the network says."""
    verdict: Verdict
    """What the settings make of it."""
    seconds: float
    """What the detection took."""


@dataclass(frozen=True)
class Failed:
    """A photo that was not done."""

    source: Source
    """Where it came from."""
    reason: str
    """One sentence for the person."""


Outcome: TypeAlias = Inspected | Failed


def inspect_photos(
    sources: Iterable[Source],
    detector: Detector,
    preset: Preset,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Outcome]:
    """One outcome per photo, in order; a photo that fails holds nothing up. Stopped ends it."""
    with suppress(Stopped):
        for source in sources:
            yield inspect_photo(source, partial(_read, source.path), detector, preset, clock)


def unclear_names(preset: Preset, sources: Sequence[Source]) -> list[str]:
    """Names under which the preset knows false alarms, but by which several photos are called."""
    counts = Counter(source.path.name for source in sources)
    return sorted(name for name in preset.dropped_by_name if counts[name] > 1)


def results_csv(rows: Iterable[dict[str, str]], preset: Preset, classes: Iterable[str] = ()) -> str:
    """Rows of `result_row` as a table; only its column `seconds` differs between two runs.

    The preset names the weights that were used. classes: what they tell apart, where these are
    several; each has a column. Where one of several was chosen, it is named in `class`.
    """
    rows = list(rows)
    scaled = () if preset.mm_per_px is None else _MM_COLUMNS
    is_dropped = any(preset.dropped.values()) or any(preset.dropped_by_name.values())
    by_hand = ("dropped_percent",) if is_dropped else ()
    used = {"weights": preset.weights or "", "commit": preset.commit or ""}
    chosen = next(filter(None, (row.get("class") for row in rows)), None)
    alone = () if chosen is None else ("class",)
    if chosen is not None:  # rows that an older version began do not say it
        used["class"] = chosen
    columns = (*_VERDICT, *alone, *_MEASURES, *scaled, *by_hand, *map(_percent_of, classes))
    return csv_text(columns, ({**row, **used} for row in rows))


def errors_csv(rows: Iterable[dict[str, str]]) -> str:
    """Rows of `error_row` as a table."""
    return csv_text(("file", "reason"), rows)


def result_row(inspected: Inspected) -> dict[str, str]:
    """A photo's cells; `results_csv` takes those that the preset asks for."""
    verdict, report = inspected.verdict, inspected.verdict.report
    lengths = {name: getattr(report, name) for name in _PX_COLUMNS + _MM_COLUMNS}
    only = inspected.detection.only
    return {
        "file": inspected.source.file,
        "sha256": inspected.sha256,
        "score": f"{verdict.score:.6f}",
        "crack": str(verdict.crack).lower(),
        "state": verdict.state,
        **({} if only is None else {"class": only}),
        "crack_percent": f"{report.crack_percent:.4f}",
        "components": str(report.components),
        "seconds": f"{inspected.seconds:.3f}",
        "dropped_percent": f"{verdict.dropped_percent:.4f}",
        **{name: f"{value:.2f}" for name, value in lengths.items() if value is not None},
        **{
            _percent_of(name): f"{100 * float(np.count_nonzero(mask)) / verdict.area:.4f}"
            for name, mask in verdict.classes.items()
        },
    }


def _percent_of(name: str) -> str:
    """The column of a class: what its mask covers of the region of interest."""
    return f"percent_of_{name}"


def overlay_of(inspected: Inspected, opacity: float = 0.5) -> RgbImage:
    """The photo with its mask, or with each of several classes in its colour."""
    photo, verdict = inspected.photo, inspected.verdict
    if not verdict.classes:
        return mask_overlay(photo, verdict.mask, opacity)
    return classes_overlay(photo, strongest(inspected.detection.classes, verdict.classes), opacity)


def error_row(failed: Failed) -> dict[str, str]:
    """A photo's line of errors.csv."""
    return {"file": failed.source.file, "reason": failed.reason}


def inspect_photo(
    source: Source,
    read: Callable[[], tuple[RgbImage, str]],
    detector: Detector,
    preset: Preset,
    clock: Callable[[], float] = time.perf_counter,
    should_stop: Callable[[], bool] | None = None,
    heal: bool = True,
) -> Outcome:
    """Of one photo; `read` gives its pixels and its file's SHA-256, or raises PhotoError.

    heal: whether its reconstruction is wanted. Raises Stopped.
    """
    try:
        photo, sha256 = read()
        started = clock()
        detection = detector.detect(photo, should_stop, heal)
        seconds = clock() - started
        dropped = preset.dropped_on(sha256, source.path.name)
        verdict = judge(detection, detector, preset.on(sha256), dropped)
    except PhotoError as error:
        return Failed(source, str(error))
    except (MemoryError, RuntimeError, cv2.error):
        reason = "most likely for lack of memory; save it with fewer pixels or close other programs"
        return Failed(source, f"{source.path.name} could not be scored, {reason}.")
    return Inspected(source, photo, sha256, detection, verdict, seconds)


def _read(path: Path) -> tuple[RgbImage, str]:
    return read_photo(path), sha256_of(path)
