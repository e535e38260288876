"""What the Inspect tab does, as functions of plain values: scoring, the photo on show, the region
of interest, exports.

Scoring runs on the server, once per photo and weights. The mask is cut in the page by the viewer
(`viewer/`); the server cuts it again, exactly, for exports, and draws it where a browser cannot.
"""

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crackdemo.checkpoints import CheckpointError
from crackdemo.detector import Stopped
from crackdemo.images import PhotoError
from crackdemo.masks import MaskParams
from crackdemo.presets import Polygon, Preset
from crackdemo.store import Scored
from crackdemo.ui import drawing, exports
from crackdemo.verdict import judge
from crackdemo.weights import Weights, WeightsError
from crackdemo.workbench import Workbench

STRIP_PAGE = 60
"""Thumbnails that the film strip shows at once: galleries have no virtual scroll."""

_serial = itertools.count(1)


@dataclass(frozen=True)
class Entry:
    """A photo of the film strip."""

    path: Path
    """Where the upload lies; never shown."""
    crack: bool
    """The verdict."""
    score: float
    """The photo's score, 0..1."""

    @property
    def caption(self) -> str:
        """File name and verdict."""
        return f"{self.path.name} · {'crack' if self.crack else 'sound'} {self.score:.2f}"


@dataclass(frozen=True)
class Session:
    """What one visitor has open; small, since gradio copies it."""

    entries: tuple[Entry, ...] = ()
    """Scored photos, in the order of the upload."""
    current: int = 0
    """The photo on show."""
    weights: Weights | None = None
    """The weights that the entries were scored with."""
    region: tuple[Polygon, ...] = ()
    """Region of interest of all photos, polygons in fractions of them; empty for the whole."""
    corners: Polygon = ()
    """Corners of the polygon that is being drawn."""
    dropped: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """False alarms dropped by hand: pixels (x, y) by the photo's file name."""

    @property
    def entry(self) -> Entry | None:
        """The photo on show, None without one."""
        return self.entries[self.current] if self.entries else None


class Turns:
    """Which scoring run of a visitor is the latest; an older one stops."""

    def __init__(self) -> None:
        self._latest: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, visitor: str) -> int:
        """Starts a turn, which ends the one before."""
        with self._lock:
            self._latest[visitor] = self._latest.get(visitor, 0) + 1
            return self._latest[visitor]

    def is_over(self, visitor: str, turn: int) -> bool:
        """Whether another turn has begun."""
        return self._latest.get(visitor) != turn

    def forget(self, visitor: str) -> None:
        """When the visitor has left."""
        self._latest.pop(visitor, None)


@dataclass(frozen=True)
class Progress:
    """One step of a scoring run."""

    session: Session
    """With the photos that are done."""
    message: str
    """For the person, Markdown."""
    problems: tuple[str, ...] = ()
    """One sentence for each photo that could not be scored."""
    is_running: bool = False
    """Whether more steps follow."""


def score_photos(
    bench: Workbench,
    paths: list[Path],
    weights_text: str,
    session: Session,
    is_over: Callable[[], bool],
) -> Iterator[Progress]:
    """Scores all photos, one step each; bad ones are listed and the rest goes on."""
    try:
        weights = bench.resolve(weights_text)
        threshold = bench.config(weights).calibration.score_threshold
    except (WeightsError, CheckpointError) as error:
        yield Progress(session, f"⚠️ {error}")
        return
    current = session.entry
    session = replace(session, entries=(), current=0, weights=weights)
    problems: list[str] = []
    for done, path in enumerate(paths):
        message = f"Scoring {done + 1} of {len(paths)}: {path.name}"
        yield Progress(session, message, tuple(problems), is_running=True)
        try:
            score = bench.score(path, weights, is_over).detection.score
        except Stopped:
            yield Progress(
                session, f"Stopped after {done} of {len(paths)} photos.", tuple(problems)
            )
            return
        except (PhotoError, CheckpointError) as error:
            problems.append(str(error))
            continue
        session = replace(
            session, entries=(*session.entries, Entry(path, score >= threshold, score))
        )
        if current is not None and current.path == path:
            session = replace(session, current=len(session.entries) - 1)
    yield Progress(session, _summary(session), tuple(problems))


def _summary(session: Session) -> str:
    if not session.entries or session.weights is None:
        return "Drop photos above, or try an example."
    cracked = sum(entry.crack for entry in session.entries)
    count = len(session.entries)
    commit = f" at commit `{session.weights.commit}`" if session.weights.commit else ""
    return (
        f"{count} photo{'s' * (count != 1)} scored with **{session.weights.name}**{commit}: "
        f"{cracked} called cracked."
    )


def page_data(bench: Workbench, session: Session) -> tuple[list[str] | None, dict[str, Any] | None]:
    """The photo on show for the viewer: its files, and what stands beside them."""
    scored = current_scored(bench, session)
    if scored is None or session.entry is None or session.weights is None:
        return None, None
    calibration = bench.config(session.weights).calibration
    files = [scored.folder / name for name in ("photo.jpg", "reconstruction.jpg", "heatmap.png")]
    if session.region:
        files.append(drawing.region_file(scored, session.region))
    return [str(file) for file in files], {
        "id": f"{next(_serial)}",
        "name": session.entry.path.name,
        "score": session.entry.score,
        "scoreThreshold": calibration.score_threshold,
        "crack": session.entry.crack,
        "cleanQuantiles": [
            [float(share), round(65536 * value)]
            for share, value in calibration.clean_quantiles.items()
        ],
        "dropped": [
            {"x": x, "y": y} for x, y in session.dropped.get(session.entry.path.name, ())
        ],
    }


def current_scored(bench: Workbench, session: Session) -> Scored | None:
    """The photo on show with its detection, from the cache."""
    if session.entry is None or session.weights is None:
        return None
    return bench.score(session.entry.path, session.weights)


def strip(bench: Workbench, session: Session, page: int) -> list[tuple[str, str]]:
    """Thumbnails and captions of one page of the film strip."""
    if session.weights is None:
        return []
    shown = session.entries[page * STRIP_PAGE : (page + 1) * STRIP_PAGE]
    return [
        (str(drawing.thumbnail_file(bench.score(e.path, session.weights))), e.caption)
        for e in shown
    ]


@dataclass(frozen=True)
class Settings:
    """The sliders' values."""

    preset: Preset
    """Mask settings, region of interest and scale."""
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
    session: Session,
) -> Settings:
    """Widget values to settings; an empty field counts as 0."""
    mask = MaskParams(
        float(threshold), int(opening), int(closing), kernel, max(0, round(min_area or 0))
    )
    return Settings(Preset(mask, session.region, mm_per_px or None, session.dropped), opacity)


def export(bench: Workbench, session: Session, settings: Settings) -> list[str]:
    """Files of the photo on show, the table of all photos, and the preset."""
    scored = current_scored(bench, session)
    if scored is None or session.entry is None or session.weights is None:
        return []
    weights = session.weights
    calibration = bench.config(weights).calibration
    folder = bench.new_export_folder()
    files = exports.export_photo(
        folder, session.entry.path.name, scored, calibration, settings.preset, settings.opacity
    )
    files += exports.export_table(
        folder,
        [entry.path for entry in session.entries],
        lambda path: exports.from_cache(bench.score(path, weights)),
        calibration,
        settings.preset,
    )
    return [str(file) for file in files]


def draw(bench: Workbench, session: Session, settings: Settings) -> tuple[Any, ...]:
    """The four views, drawn here; None for each without a photo."""
    scored = current_scored(bench, session)
    if scored is None or session.entry is None or session.weights is None:
        return (None,) * 4
    calibration = bench.config(session.weights).calibration
    mask = judge(scored.detection, calibration, settings.preset, session.entry.path.name).mask
    return drawing.four_views(scored, mask, settings.opacity)


def add_corner(session: Session, x: float, y: float, shape: str) -> Session:
    """A click into the region's picture, in fractions of it; a box is done after two."""
    corners = (*session.corners, (min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)))
    if shape == "Box" and len(corners) == 2:
        (left, top), (right, bottom) = corners
        box = ((left, top), (right, top), (right, bottom), (left, bottom))
        return replace(session, region=(*session.region, box), corners=())
    return replace(session, corners=corners)


def close_polygon(session: Session) -> Session:
    """The corners so far become a polygon of the region."""
    if len(session.corners) < 3:
        return session
    return replace(session, region=(*session.region, session.corners), corners=())


def undo_corner(session: Session) -> Session:
    """Takes back the last corner, or else the last polygon."""
    if session.corners:
        return replace(session, corners=session.corners[:-1])
    return replace(session, region=session.region[:-1])



def clear_region(session: Session) -> Session:
    """The whole photo counts."""
    return replace(session, region=(), corners=())


def with_dropped(session: Session, points: list[dict[str, int]]) -> Session:
    """What was dropped by hand on the photo on show, as the viewer tells it."""
    if session.entry is None:
        return session
    name = session.entry.path.name
    pixels = tuple((int(point["x"]), int(point["y"])) for point in points)
    return replace(session, dropped={**session.dropped, name: pixels})


def mask_values(mask: MaskParams) -> list[Any]:
    """In the order of the widgets."""
    return [mask.threshold, mask.opening, mask.closing, mask.kernel, mask.min_area]
