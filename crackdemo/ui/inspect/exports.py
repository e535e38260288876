"""What the page hands out: full-size, exact files, cut from the same heatmap as the view."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from zipfile import ZIP_STORED, ZipFile

from gradio_client.utils import strip_invalid_filename_characters

from crackdemo.detection.detector import Detector
from crackdemo.errors import DatasetError
from crackdemo.files import write_text, written_whole
from crackdemo.inspection.corrections import MARK, corrected
from crackdemo.inspection.predict import (
    Failed,
    Inspected,
    error_row,
    errors_csv,
    overlay_of,
    result_row,
    results_csv,
)
from crackdemo.inspection.store import Scored
from crackdemo.inspection.verdict import cut, judge
from crackdemo.masks.presets import Preset, preset_json
from crackdemo.photos.images import write_jpeg, write_png
from crackdemo.photos.sources import Source, output_stems
from crackdemo.photos.views import VIEWS, of_class


@dataclass(frozen=True)
class Batch:
    """What is taken away: all photos of a visitor, and the one on show."""

    shown: Inspected
    """On show."""
    every: Iterable[Inspected]
    """All that were scored, in their order; each is cut when it is asked for."""
    failed: Sequence[tuple[str, str]]
    """Names and reasons of those that were not."""
    names: Sequence[str]
    """Of `every`."""
    preset: Preset
    """The settings, with the weights that scored."""
    classes: Sequence[str] = ()
    """What these tell apart, where all of several count."""


def inspect(name: str, scored: Scored, detector: Detector, preset: Preset) -> Inspected:
    """A scored photo as `predict` would have it, under the visitor's own name."""
    dropped = preset.dropped_on(scored.sha256, name)
    verdict = judge(scored.detection, detector, preset.on(scored.sha256), dropped)
    photo, sha256 = scored.photo, scored.sha256
    return Inspected(_source(name), photo, sha256, scored.detection, verdict, scored.seconds)


def export_photo(
    folder: Path, photo: Inspected, opacity: float, only: str | None = None
) -> list[Path]:
    """Mask, 16-bit heatmap, overlay and, where there is one, reconstruction of one photo, at full
    size; named for the class that they are of alone, so that two of them do not collide."""
    stem = strip_invalid_filename_characters("-".join(filter(None, (photo.source.stem, only))))
    files = _views(folder, photo, opacity).values()
    return [file.rename(folder / f"{stem}-{file.name}") for file in files]


def _views(folder: Path, photo: Inspected, opacity: float) -> dict[str, Path]:
    """One photo's files, by those of `VIEWS` that there are of it, in their order."""
    names = dict(
        zip(VIEWS, ("mask.png", "heatmap.png", "reconstruction.png", "overlay.jpg"), strict=False)
    )
    rebuilt = photo.detection.reconstruction
    if rebuilt is None:
        del names["reconstructions"]
    else:
        write_png(folder / names["reconstructions"], rebuilt)
    write_png(folder / names["masks"], photo.verdict.mask)
    write_png(folder / names["heatmaps"], photo.detection.heatmap)
    write_jpeg(folder / names["overlays"], overlay_of(photo, opacity))
    for name, mask in photo.verdict.classes.items():
        names[of_class(name)] = f"mask-{name}.png"
        write_png(folder / names[of_class(name)], mask)
    return {view: folder / name for view, name in names.items()}


def export_tables(folder: Path, batch: Batch) -> list[Path]:
    """results.csv of all photos, the settings as preset.json, errors.csv where some failed."""
    texts = _tables(map(result_row, batch.every), batch)
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def _tables(rows: Iterable[dict[str, str]], batch: Batch) -> dict[str, str]:
    results = results_csv(rows, batch.preset, batch.classes)
    texts = {"results.csv": results, "preset.json": preset_json(batch.preset)}
    if batch.failed:
        errors = [error_row(Failed(_source(name), reason)) for name, reason in batch.failed]
        texts["errors.csv"] = errors_csv(errors)
    return texts


def export_zip(
    folder: Path, batch: Batch, opacity: float, progress: Callable[[int, str], None]
) -> Path:
    """`crackdemo.zip` in the folder: laid out as `predict` writes its output, with the preset."""
    path = folder / "crackdemo.zip"
    stems = output_stems(batch.names)
    rows = []
    with written_whole(path) as building, ZipFile(building, "w", ZIP_STORED) as archive:
        photos = iter(batch.every)
        for number, (name, stem) in enumerate(zip(batch.names, stems, strict=True)):
            progress(number, name)
            photo = next(photos)
            rows.append(result_row(photo))
            for view, file in _views(folder, photo, opacity).items():
                archive.write(file, f"{view}/{stem}{file.suffix}")
                file.unlink()
        for name, text in _tables(rows, batch).items():
            archive.writestr(name, text)
    return path


def export_corrections(folder: Path, batch: Batch) -> Path:
    """`corrections.zip` in the folder, with `images/` and `masks/` as fits read them: of each photo
    in which false alarms were dropped, what lies around these. Raises DatasetError without any."""
    path = folder / "corrections.zip"
    stems = output_stems(batch.names)
    with written_whole(path) as building, ZipFile(building, "w", ZIP_STORED) as archive:
        for photo, stem in zip(batch.every, stems, strict=True):
            preset = batch.preset.on(photo.sha256)
            dropped = batch.preset.dropped_on(photo.sha256, photo.source.file)
            region, marked, left = cut(photo.detection.heatmap, preset, dropped)
            correction = corrected(photo.photo, marked, left, region)
            if correction is None:
                continue
            for kind, image in (("images", correction.photo), ("masks", correction.mask)):
                file = folder / "part.png"
                write_png(file, image)
                archive.write(file, f"{kind}/{stem}{MARK}.png")
                file.unlink()
        if not archive.namelist():
            raise DatasetError(
                "No false alarm was dropped yet: click what is no crack in the picture, then Drop."
            )
    return path


def _source(name: str) -> Source:
    return Source(Path(name), name, PurePath(name).stem)
