"""What the page hands out: full-size, exact files, cut from the same heatmap as the view."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from gradio_client.utils import strip_invalid_filename_characters

from crackdemo.checkpoints.checkpoint import Calibration
from crackdemo.files import write_text
from crackdemo.inspection.predict import (
    Failed,
    Inspected,
    error_row,
    errors_csv,
    result_row,
    results_csv,
)
from crackdemo.inspection.store import Scored
from crackdemo.inspection.verdict import judge
from crackdemo.masks.presets import Preset, preset_json
from crackdemo.photos.images import write_jpeg, write_png
from crackdemo.photos.overlays import mask_overlay
from crackdemo.photos.sources import Source


def export_photo(
    folder: Path,
    name: str,
    scored: Scored,
    calibration: Calibration,
    preset: Preset,
    opacity: float,
) -> list[Path]:
    """Mask, overlay, 16-bit heatmap and reconstruction of one photo, at full size."""
    mask = judge(scored.detection, calibration, preset, name).mask
    stem = strip_invalid_filename_characters(PurePath(name).stem)
    views = ("mask.png", "overlay.jpg", "heatmap.png", "reconstruction.png")
    files = [folder / f"{stem}-{view}" for view in views]
    write_png(files[0], mask)
    write_jpeg(files[1], mask_overlay(scored.photo, mask, opacity))
    write_png(files[2], scored.detection.heatmap)
    write_png(files[3], scored.detection.reconstruction)
    return files


def export_tables(
    folder: Path,
    photos: Iterable[tuple[str, Scored]],
    failed: Sequence[tuple[str, str]],
    calibration: Calibration,
    preset: Preset,
) -> list[Path]:
    """results.csv of all photos, the settings as preset.json, errors.csv where some failed.

    photos: each with its name. failed: names and reasons.
    """
    rows = [result_row(_inspected(*photo, calibration, preset)) for photo in photos]
    texts = {"results.csv": results_csv(rows, preset), "preset.json": preset_json(preset)}
    if failed:
        errors = [error_row(Failed(_source(name), reason)) for name, reason in failed]
        texts["errors.csv"] = errors_csv(errors)
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def _inspected(name: str, scored: Scored, calibration: Calibration, preset: Preset) -> Inspected:
    verdict = judge(scored.detection, calibration, preset, name)
    return Inspected(_source(name), scored.photo, scored.detection, verdict, scored.seconds)


def _source(name: str) -> Source:
    return Source(Path(name), name, PurePath(name).stem)
