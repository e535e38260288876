"""Many photos to masks, heatmaps, reconstructions, overlays and one table of their measures."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import cv2

from crackdemo.arrays import RgbImage
from crackdemo.detection.detector import Detection, Detector
from crackdemo.errors import PhotoError, PredictError, Stopped
from crackdemo.files import make_folder, reason_of, sha256_of, write_text
from crackdemo.inspection.verdict import Verdict, judge
from crackdemo.masks.presets import Preset
from crackdemo.photos.images import read_photo, write_jpeg, write_png
from crackdemo.photos.overlays import mask_overlay
from crackdemo.photos.sources import Source
from crackdemo.tables import csv_text

VIEWS = ("masks", "heatmaps", "reconstructions", "overlays")
"""Folders of the output, one file for each photo in each of them."""

_PX_COLUMNS = ("length_px", "max_width_px", "mean_width_px")
_COLUMNS = (
    *("file", "sha256", "score", "crack", "state", "crack_percent"),
    *(*_PX_COLUMNS, "components", "seconds", "weights", "commit"),
)
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


def predict(
    sources: Sequence[Source], detector: Detector, preset: Preset, out: Path
) -> Iterator[Outcome]:
    """Inspects the photos and writes all files of the batch into `out`.

    The tables are complete also when it is stopped early. Raises PredictError where `out` holds
    masks that no batch made, since they may be somebody's labels; FolderError where nothing can be
    written.
    """
    results: list[dict[str, str]] = []
    errors: list[dict[str, str]] = []
    _claim(out)
    try:
        for inspected in inspect_photos(sources, detector, preset):
            outcome = _saved(out, inspected) if isinstance(inspected, Inspected) else inspected
            if isinstance(outcome, Inspected):
                results.append(result_row(outcome))
            else:
                errors.append(error_row(outcome))
            yield outcome
    finally:
        write_text(out / "results.csv", results_csv(results, preset))
        write_text(out / "errors.csv", errors_csv(errors))


def unclear_names(preset: Preset, sources: Sequence[Source]) -> list[str]:
    """Names under which the preset knows false alarms, but by which several photos are called."""
    counts = Counter(source.path.name for source in sources)
    return sorted(name for name in preset.dropped_by_name if counts[name] > 1)


def results_csv(rows: Iterable[dict[str, str]], preset: Preset) -> str:
    """Rows of `result_row` as a table; only its column `seconds` differs between two runs.

    The preset names the weights that were used.
    """
    scaled = () if preset.mm_per_px is None else _MM_COLUMNS
    is_dropped = any(preset.dropped.values()) or any(preset.dropped_by_name.values())
    by_hand = ("dropped_percent",) if is_dropped else ()
    used = {"weights": preset.weights or "", "commit": preset.commit or ""}
    return csv_text((*_COLUMNS, *scaled, *by_hand), ({**row, **used} for row in rows))


def errors_csv(rows: Iterable[dict[str, str]]) -> str:
    """Rows of `error_row` as a table."""
    return csv_text(("file", "reason"), rows)


def result_row(inspected: Inspected) -> dict[str, str]:
    """A photo's cells; `results_csv` takes those that the preset asks for."""
    verdict, report = inspected.verdict, inspected.verdict.report
    lengths = {name: getattr(report, name) for name in _PX_COLUMNS + _MM_COLUMNS}
    return {
        "file": inspected.source.file,
        "sha256": inspected.sha256,
        "score": f"{verdict.score:.6f}",
        "crack": str(verdict.crack).lower(),
        "state": verdict.state,
        "crack_percent": f"{report.crack_percent:.4f}",
        "components": str(report.components),
        "seconds": f"{inspected.seconds:.3f}",
        "dropped_percent": f"{verdict.dropped_percent:.4f}",
        **{name: f"{value:.2f}" for name, value in lengths.items() if value is not None},
    }


def error_row(failed: Failed) -> dict[str, str]:
    """A photo's line of errors.csv."""
    return {"file": failed.source.file, "reason": failed.reason}


def inspect_photo(
    source: Source,
    read: Callable[[], tuple[RgbImage, str]],
    detector: Detector,
    preset: Preset,
    clock: Callable[[], float] = time.perf_counter,
) -> Outcome:
    """Of one photo; `read` gives its pixels and its file's SHA-256, or raises PhotoError."""
    try:
        photo, sha256 = read()
        started = clock()
        detection = detector.detect(photo)
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


def _saved(out: Path, inspected: Inspected) -> Outcome:
    """Writes the photo's views."""
    source, verdict = inspected.source, inspected.verdict
    mask, heatmap, reconstruction, overlay = (out / view / source.stem for view in VIEWS)
    try:
        for view in (mask, heatmap, reconstruction, overlay):
            view.parent.mkdir(parents=True, exist_ok=True)
        write_png(_with(mask, ".png"), verdict.mask)
        write_png(_with(heatmap, ".png"), inspected.detection.heatmap)
        write_png(_with(reconstruction, ".png"), inspected.detection.reconstruction)
        write_jpeg(_with(overlay, ".jpg"), mask_overlay(inspected.photo, verdict.mask))
    except OSError as error:
        reason = f"{source.path.name} was scored, but could not be saved ({reason_of(error)})"
        return Failed(source, f"{reason}; see to the output's disk and try again.")
    return inspected


def _with(path: Path, suffix: str) -> Path:
    """The suffix added: a stem may hold dots of its own."""
    return path.with_name(path.name + suffix)


def _claim(out: Path) -> None:
    """Makes `out` and, at once, its results.csv: the sign that all in it came from a batch."""
    results = out / "results.csv"
    if not results.exists() and any((out / view).exists() for view in VIEWS):
        raise PredictError(
            f"“{out.resolve().name}” holds masks or other views that predict did not write: "
            "give another folder for the output."
        )
    make_folder(out)
    write_text(results, "")
