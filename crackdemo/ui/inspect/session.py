"""What the Inspect tab shows and hands out, as functions of plain values.

The mask is cut in the page by the viewer (`viewer/`); the server cuts it again, exactly, for
exports, and draws it where a browser cannot.
"""

import itertools
import json
import re
from dataclasses import dataclass, field
from typing import Any

from crackdemo.checkpoints.checkpoint import Calibration
from crackdemo.detection.heatmaps import photo_score
from crackdemo.inspection.store import Scored
from crackdemo.inspection.verdict import cut
from crackdemo.masks.cut import MaskParams, region_mask
from crackdemo.masks.presets import Preset
from crackdemo.ui import drawing
from crackdemo.ui.inspect import exports
from crackdemo.ui.inspect.region import Region
from crackdemo.ui.inspect.scoring import Entry, Roll
from crackdemo.ui.workbench import Workbench

STRIP_PAGE = 60
"""Thumbnails that the film strip shows at once: galleries have no virtual scroll."""

_serial = itertools.count(1)


@dataclass(frozen=True)
class Session:
    """What one visitor has open. Each part is changed by other events, so none undoes another."""

    roll: Roll = field(default_factory=Roll)
    """The scored photos."""
    on_show: str | None = None
    """Name of the photo that was chosen last; the first one is shown if it is not there."""
    region: Region = field(default_factory=Region)
    """Region of interest of all photos."""

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
    calibration: Calibration
    """Of the weights that scored it."""


def on_show(bench: Workbench, session: Session) -> OnShow | None:
    """None without a photo. Raises PhotoError where its file is gone."""
    entry, weights = session.entry, session.roll.weights
    if entry is None or weights is None:
        return None
    scored = bench.score(entry.upload.path, weights)
    return OnShow(entry, scored, bench.config(weights).calibration)


def page_data(bench: Workbench, session: Session) -> tuple[list[str] | None, dict[str, Any] | None]:
    """The photo on show for the viewer: its files, and what stands beside them."""
    shown = on_show(bench, session)
    if shown is None:
        return None, None
    scored, calibration, name = shown.scored, shown.calibration, shown.entry.upload.name
    polygons = session.region.polygons
    files = [scored.folder / file for file in ("photo.jpg", "reconstruction.jpg", "heatmap.png")]
    if polygons:
        files.append(drawing.region_file(scored, polygons))
    score = _score(shown, session.region)
    return [str(file) for file in files], {
        "id": str(next(_serial)),
        "name": name,
        "score": score,
        "scoreThreshold": calibration.score_threshold,
        "crack": score >= calibration.score_threshold,
        "hasRegion": bool(polygons),
        "cleanQuantiles": [
            [float(share), round(65536 * value)]
            for share, value in calibration.clean_quantiles.items()
        ],
    }


def _score(shown: OnShow, region: Region) -> float:
    """Of what counts of the photo, as `judge` has it."""
    detection = shown.scored.detection
    if not region.polygons:
        return detection.score
    inside = region_mask(region.polygons, *detection.heatmap.shape)
    return photo_score(detection.heatmap[inside], shown.calibration.score_top_share)


def strip(bench: Workbench, session: Session, page: int) -> list[tuple[str, str]]:
    """Thumbnails and captions of one page of the film strip."""
    weights = session.roll.weights
    if weights is None:
        return []
    return [
        (
            str(drawing.thumbnail_file(bench.score(entry.upload.path, weights))),
            caption(entry, session.region),
        )
        for entry in session.roll.entries[page * STRIP_PAGE : (page + 1) * STRIP_PAGE]
    ]


def place(session: Session, page: int) -> int | None:
    """Where in that page the photo on show is, None if it is on another."""
    if session.entry is None:
        return None
    index = session.roll.entries.index(session.entry) - page * STRIP_PAGE
    return index if 0 <= index < STRIP_PAGE else None


def caption(entry: Entry, region: Region) -> str:
    """Name, and verdict and score where these are of the whole photo."""
    if region.polygons:
        return entry.upload.name
    return f"{entry.upload.name} · {'crack' if entry.crack else 'sound'} {entry.score:.2f}"


def captioned(text: str) -> str:
    """The name in a caption."""
    return re.sub(r" · (crack|sound) \d\.\d\d$", "", text)


@dataclass(frozen=True)
class Settings:
    """The sliders' values."""

    preset: Preset
    """Mask settings, region of interest, scale and false alarms."""
    opacity: float
    """Of the mask over the photo, 0..1."""


def settings_of(
    threshold: float,
    opening: int,
    closing: int,
    kernel: str,
    min_area: float | None,
    opacity: float,
    mm_per_px: float | None,
    dropped: str,
    session: Session,
) -> Settings:
    """Widget values to settings; an empty field counts as 0."""
    mask = MaskParams(
        float(threshold), int(opening), int(closing), kernel, max(0, round(min_area or 0))
    )
    points = {
        name: tuple((int(x), int(y)) for x, y in pixels)
        for name, pixels in json.loads(dropped or "{}").items()
        if pixels
    }
    return Settings(Preset(mask, session.region.polygons, mm_per_px or None, points), opacity)


def dropped_text(preset: Preset) -> str:
    """A preset's false alarms as the page keeps them: pixels [x, y] by photo, in JSON."""
    return json.dumps(preset.dropped)


def export(bench: Workbench, session: Session, settings: Settings) -> list[str]:
    """Files of the photo on show, the tables of all photos, and the preset."""
    shown, weights = on_show(bench, session), session.roll.weights
    if shown is None or weights is None:
        return []
    preset, calibration = settings.preset, shown.calibration
    name = shown.entry.upload.name
    scored = (
        (entry.upload.name, bench.score(entry.upload.path, weights))
        for entry in session.roll.entries
    )
    failed = [(problem.upload.name, problem.reason) for problem in session.roll.problems]
    with bench.export_folder() as folder:
        files = exports.export_photo(
            folder, name, shown.scored, calibration, preset, settings.opacity
        )
        files += exports.export_tables(folder, scored, failed, calibration, preset)
    return [str(file) for file in files]


def draw(bench: Workbench, session: Session, settings: Settings) -> tuple[Any, ...]:
    """The four views, drawn here; None for each without a photo."""
    shown = on_show(bench, session)
    if shown is None:
        return (None,) * 4
    heatmap, name = shown.scored.detection.heatmap, shown.entry.upload.name
    _, _, mask = cut(heatmap, settings.preset, name)
    return drawing.four_views(shown.scored, mask, settings.opacity)
