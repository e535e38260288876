"""What the page hands out: full-size, exact files, cut from the same heatmap as the view."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from gradio_client.utils import strip_invalid_filename_characters

from crackdemo.detection.detector import Detector
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


def inspect(name: str, scored: Scored, detector: Detector, preset: Preset) -> Inspected:
    """A scored photo as `predict` would have it, under the visitor's own name."""
    dropped = preset.dropped_on(scored.sha256, name)
    verdict = judge(scored.detection, detector, preset, dropped)
    photo, sha256 = scored.photo, scored.sha256
    return Inspected(_source(name), photo, sha256, scored.detection, verdict, scored.seconds)


def export_photo(folder: Path, photo: Inspected, opacity: float) -> list[Path]:
    """Mask, overlay, 16-bit heatmap and reconstruction of one photo, at full size."""
    mask, stem = photo.verdict.mask, strip_invalid_filename_characters(photo.source.stem)
    views = ("mask.png", "overlay.jpg", "heatmap.png", "reconstruction.png")
    files = [folder / f"{stem}-{view}" for view in views]
    write_png(files[0], mask)
    write_jpeg(files[1], mask_overlay(photo.photo, mask, opacity))
    write_png(files[2], photo.detection.heatmap)
    write_png(files[3], photo.detection.reconstruction)
    return files


def export_tables(
    folder: Path,
    photos: Iterable[Inspected],
    failed: Sequence[tuple[str, str]],
    preset: Preset,
) -> list[Path]:
    """results.csv of all photos, the settings as preset.json, errors.csv where some failed.

    failed: names and reasons.
    """
    texts = {
        "results.csv": results_csv(map(result_row, photos), preset),
        "preset.json": preset_json(preset),
    }
    if failed:
        errors = [error_row(Failed(_source(name), reason)) for name, reason in failed]
        texts["errors.csv"] = errors_csv(errors)
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def _source(name: str) -> Source:
    return Source(Path(name), name, PurePath(name).stem)
