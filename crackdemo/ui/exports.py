"""What the page hands out: full-size, exact files, cut from the same heatmap as the view."""

from collections.abc import Sequence
from pathlib import Path

from crackdemo.arrays import RgbImage
from crackdemo.batch import (
    Failed,
    Inspected,
    Scorer,
    error_row,
    errors_csv,
    inspect_photos,
    result_row,
    results_csv,
)
from crackdemo.checkpoints import Calibration
from crackdemo.detector import Detection
from crackdemo.files import write_text
from crackdemo.images import write_jpeg, write_png
from crackdemo.overlays import mask_overlay
from crackdemo.presets import Preset, preset_json
from crackdemo.sources import find_sources
from crackdemo.store import Scored
from crackdemo.verdict import judge


def export_photo(
    folder: Path, name: str, scored: Scored, calibration: Calibration, preset: Preset, opacity: float
) -> list[Path]:
    """Mask, overlay, 16-bit heatmap and reconstruction of one photo, at full size."""
    folder.mkdir(parents=True, exist_ok=True)
    mask = judge(scored.detection, calibration, preset, name).mask
    views = ("mask.png", "overlay.jpg", "heatmap.png", "reconstruction.png")
    files = [folder / f"{Path(name).stem}-{view}" for view in views]
    write_png(files[0], mask)
    write_jpeg(files[1], mask_overlay(scored.photo, mask, opacity))
    write_png(files[2], scored.detection.heatmap)
    write_png(files[3], scored.detection.reconstruction)
    return files


def export_table(
    folder: Path, photos: Sequence[Path], score: Scorer, calibration: Calibration, preset: Preset
) -> list[Path]:
    """results.csv of all photos, errors.csv where some failed, and the settings as preset.json."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, errors = [], []
    for outcome in inspect_photos(find_sources(photos), score, calibration, preset):
        if isinstance(outcome, Inspected):
            rows.append(result_row(outcome))
        elif isinstance(outcome, Failed):
            errors.append(error_row(outcome))
    write_text(folder / "results.csv", results_csv(rows, preset))
    write_text(folder / "preset.json", preset_json(preset))
    files = [folder / "results.csv", folder / "preset.json"]
    if errors:
        write_text(folder / "errors.csv", errors_csv(errors))
        files.append(folder / "errors.csv")
    return files


def from_cache(scored: Scored) -> tuple[RgbImage, Detection]:
    """A cached photo as `inspect_photos` takes it."""
    return scored.photo, scored.detection
