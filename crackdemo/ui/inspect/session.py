"""What the Inspect tab shows and hands out, as functions of plain values.

The mask is cut in the page by the viewer (`viewer/`); the server cuts it again, exactly, for
exports, and draws it where a browser cannot.
"""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_type_hints

from crackdemo.arrays import RgbImage
from crackdemo.checkpoints.names import Weights
from crackdemo.configs import parse_config
from crackdemo.detection.classes import ClassDetector
from crackdemo.detection.detector import Detector
from crackdemo.errors import ConfigError, DatasetError
from crackdemo.inspection.predict import Inspected
from crackdemo.inspection.store import Scored, heatmap_file, shown_file
from crackdemo.inspection.verdict import cut
from crackdemo.masks.classes import CRACK
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset
from crackdemo.masks.region import region_mask
from crackdemo.models.families import family_named
from crackdemo.photos.overlays import class_colour
from crackdemo.ui import drawing
from crackdemo.ui.given import object_given
from crackdemo.ui.inspect import exports
from crackdemo.ui.inspect.regions import Regions
from crackdemo.ui.inspect.scoring import Entry, Roll
from crackdemo.ui.workbench import Workbench

_serial = itertools.count(1)


@dataclass(frozen=True)
class Session:
    """What one visitor has open. Each part is changed by other events, so none undoes another."""

    roll: Roll = field(default_factory=Roll)
    """The scored photos."""
    on_show: str | None = None
    """Name of the photo that was chosen last; the first one is shown if it is not there."""
    regions: Regions = field(default_factory=Regions)
    """What of the photos counts."""
    only: str = ""
    """Of weights that tell several classes apart the one that counts; empty: all of them."""

    @property
    def entry(self) -> Entry | None:
        """The photo on show, None without one."""
        entries = self.roll.entries
        chosen = (entry for entry in entries if entry.upload.name == self.on_show)
        return next(chosen, entries[0] if entries else None)


@dataclass(frozen=True)
class OnShow:
    """The photo on show with all that is known of it."""

    entry: Entry
    """Its file, name and score."""
    scored: Scored
    """From the cache."""
    weights: Weights
    """That scored it."""
    detector: Detector
    """Of these weights, or of the class that counts."""
    heatmap: Path
    """For the viewer."""
    sought: "Sought"
    """In it."""
    colour: tuple[int, int, int]
    """Of its mask."""


@dataclass(frozen=True)
class Sought:
    """What is looked for in photos."""

    only: str
    """The class that counts alone; empty where none does."""
    what: str
    """As people call it: a crack, one of several classes, or a defect of any of them."""


def sought(bench: Workbench, weights: Weights, only: str) -> Sought:
    """By weights of which one class may be chosen; one that they do not know is as none. Raises
    CheckpointError."""
    every = bench.detector(weights).classes
    if only in every:
        return Sought(only, only)
    return Sought("", CRACK if len(every) < 2 else "defect")


def classes_of(bench: Workbench, roll: Roll) -> tuple[str, ...]:
    """What the weights that score tell apart; nothing before they have scored. Raises
    CheckpointError."""
    return () if roll.weights is None else bench.config(roll.weights).network.classes


def seen(bench: Workbench, path: Path, weights: Weights, only: str) -> tuple[Scored, Detector]:
    """A photo as its weights see it, or, where they tell several classes apart, the one that
    counts; a class that they do not know is as none. Raises CrackdemoError."""
    scored, detector = bench.score(path, weights), bench.detector(weights)
    if only not in scored.detection.classes:
        return scored, detector
    alone = ClassDetector(detector, only)
    return replace(scored, detection=alone.only(scored.detection)), alone


def on_show(bench: Workbench, session: Session) -> OnShow | None:
    """None without a photo. Raises PhotoError where its file is gone."""
    entry, weights = session.entry, session.roll.weights
    if entry is None or weights is None:
        return None
    path, only = entry.upload.path, session.only
    heatmap = heatmap_file(bench.score(path, weights), only)
    scored, detector = seen(bench, path, weights, only)
    every = bench.detector(weights).classes
    number = 1 + every.index(only) if only in every else 1
    looked_for = sought(bench, weights, only)
    return OnShow(entry, scored, weights, detector, heatmap, looked_for, class_colour(number))


def page_data(bench: Workbench, session: Session) -> tuple[list[str] | None, dict[str, Any] | None]:
    """The photo on show for the viewer: its files, and what stands beside them."""
    shown = on_show(bench, session)
    if shown is None:
        return None, None
    scored, calibration = shown.scored, shown.detector.calibration
    polygons = session.regions.of(scored.sha256)
    is_rebuilt = scored.detection.reconstruction is not None
    files = [shown_file(scored.folder, "photo.jpg"), shown.heatmap]
    if is_rebuilt:
        files.append(shown_file(scored.folder, "reconstruction.jpg"))
    inside = region_mask(polygons, *scored.detection.heatmap.shape) if polygons else None
    if inside is not None:
        files.append(drawing.region_file(scored, polygons, inside))
    score = shown.detector.score(scored.detection, inside)
    return [str(file) for file in files], {
        "id": str(next(_serial)),
        "name": shown.entry.upload.name,
        "sha256": scored.sha256,
        "score": score,
        "scoreSays": family_named(bench.config(shown.weights).family).score,
        "scoreThreshold": calibration.score_threshold,
        "crack": calibration.is_cracked(score),
        "weights": shown.weights.identity,
        "asked": session.only,
        **asdict(shown.sought),
        "colour": list(shown.colour),
        "hasReconstruction": is_rebuilt,
        "hasRegion": bool(polygons),
        "cleanQuantiles": [
            [float(share), round(65536 * value)]
            for share, value in calibration.clean_quantiles.items()
        ],
    }


@dataclass(frozen=True)
class Settings:
    """The sliders' values."""

    preset: Preset
    """Mask settings, region of interest, scale and false alarms."""
    opacity: float
    """Of the mask over the photo, 0..1."""


def settings_of(values: Mapping[str, Any], dropped: str, session: Session) -> Settings:
    """Widget values by name to settings. Raises ConfigError, also where a field is empty.

    dropped: as the page keeps it, see `dropped_text`.
    """
    kinds = get_type_hints(MaskParams)
    mask = {name: _typed(name, values[name], kind) for name, kind in kinds.items()}
    for name in ("opening", "closing"):
        mask[name] = 0 if mask[name] == 1 else mask[name]  # a kernel of one pixel changes nothing
    by_hash = {entry.sha256 for entry in session.roll.entries}
    points = object_given(
        "The list of false alarms", dropped
    )  # an empty list says that nothing is dropped any more
    preset = parse_config(
        Preset,
        {
            "mask": mask,
            "region": session.regions.everywhere,
            "regions": dict(session.regions.photos),
            "only": session.only or None,
            "mm_per_px": values["mm_per_px"] or None,
            "dropped": {photo: dots for photo, dots in points.items() if photo in by_hash},
            "dropped_by_name": {p: dots for p, dots in points.items() if p not in by_hash},
        },
    )
    return Settings(preset, values["opacity"])


def _typed(name: str, value: Any, kind: type) -> Any:
    """Sliders give whole numbers as floats, and emptied fields None."""
    if value is None:
        raise ConfigError(f"The field of {name} is empty: give it a number, or press Reset.")
    try:
        return value if kind not in (int, float) else kind(value)
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{name} must be a number: give it one, or press Reset.") from None


def dropped_text(preset: Preset, roll: Roll) -> str:
    """A preset's false alarms as the page keeps them: pixels [x, y] by a photo's hash, in JSON.

    What is said of a name alone becomes its photo's; of a name that is not there, it stays so.
    """
    known = {entry.upload.name: entry.sha256 for entry in roll.entries}
    by_name = {known.get(name, name): dots for name, dots in preset.dropped_by_name.items()}
    return json.dumps({**by_name, **preset.dropped})


def export(bench: Workbench, session: Session, settings: Settings) -> list[str]:
    """Files of the photo on show, the tables of all photos, and the preset."""
    batch = _batch(bench, session, settings)
    if batch is None:
        return []
    with bench.export_folder() as folder:
        files = exports.export_photo(folder, batch.shown, settings.opacity, batch.preset.only)
        files += exports.export_tables(folder, batch)
    return [str(file) for file in files]


def export_all(
    bench: Workbench, session: Session, settings: Settings, progress: Callable[[int, str], None]
) -> str | None:
    """One ZIP with all views of all photos, the tables and the preset; None without a photo.

    progress: called before each photo with how many are done and its name.
    """
    batch = _batch(bench, session, settings)
    if batch is None:
        return None
    with bench.export_folder() as folder:
        return str(exports.export_zip(folder, batch, settings.opacity, progress))


def export_corrections(bench: Workbench, session: Session, settings: Settings) -> str | None:
    """A ZIP that a fit can learn from, see `exports.export_corrections`; None without a photo.

    Raises DatasetError, also for weights of several classes: a false alarm is of no class.
    """
    if len(classes_of(bench, session.roll)) > 1:
        raise DatasetError(
            "These weights tell several classes apart, and a dropped false alarm does not say of "
            "which class it is: choose weights of cracks alone, or correct the masks by hand."
        )
    batch = _batch(bench, session, settings)
    if batch is None:
        return None
    with bench.export_folder() as folder:
        return str(exports.export_corrections(folder, batch))


def _batch(bench: Workbench, session: Session, settings: Settings) -> exports.Batch | None:
    shown, weights = on_show(bench, session), session.roll.weights
    if shown is None or weights is None:
        return None
    preset = replace(settings.preset, weights=weights.name, commit=weights.commit)

    def inspected(entry: Entry) -> Inspected:
        scored, detector = seen(bench, entry.upload.path, weights, session.only)
        return exports.inspect(entry.upload.name, scored, detector, preset)

    return exports.Batch(
        shown=inspected(shown.entry),
        every=map(inspected, session.roll.entries),
        failed=[(problem.upload.name, problem.reason) for problem in session.roll.problems],
        names=[entry.upload.name for entry in session.roll.entries],
        preset=preset,
        classes=shown.detector.classes if shown.scored.detection.classes else (),
    )


def draw(bench: Workbench, session: Session, settings: Settings) -> tuple[RgbImage | None, ...]:
    """The four views, drawn here; None for each without a photo."""
    shown = on_show(bench, session)
    if shown is None:
        return (None,) * 4
    sha256 = shown.scored.sha256
    dropped = settings.preset.dropped_on(sha256, shown.entry.upload.name)
    _, _, mask = cut(shown.scored.detection.heatmap, settings.preset.on(sha256), dropped)
    return drawing.four_views(shown.scored, mask, settings.opacity)
