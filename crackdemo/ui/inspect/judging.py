"""What the present settings make of photos that are not on show, for the film strip."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

from crackdemo.errors import CrackdemoError
from crackdemo.inspection.verdict import State, cut, state_of
from crackdemo.ui import drawing
from crackdemo.ui.inspect.session import Session, Settings, seen
from crackdemo.ui.workbench import Workbench

_PAUSE = 0.7
"""Seconds after which what is judged so far is told."""


@dataclass(frozen=True)
class Judged:
    """A photo's verdict at the settings it was judged by."""

    state: State
    """What score and mask say together."""
    score: float
    """Of what counts of it, 0..1."""
    mask: str
    """A small picture of its mask as a data address."""


def judge_photos(
    bench: Workbench,
    session: Session,
    settings: Settings,
    names: Sequence[str],
    is_over: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[dict[str, dict[str, object]]]:
    """`Judged` by name, as plain values: all so far, every now and then, since the page may miss
    what another step follows at once; photos that are gone have none."""
    entries = {entry.upload.name: entry for entry in session.roll.entries}
    weights = session.roll.weights
    told = clock()
    judged: dict[str, dict[str, object]] = {}
    # each once, and only those that there are: whoever pretends to be a page sends any list
    for name in dict.fromkeys(name for name in names if name in entries):
        if weights is None or is_over():
            break
        entry, preset = entries[name], settings.preset.on(entries[name].sha256)
        try:
            scored, detector = seen(bench, entry.upload.path, weights, session.only)
        except CrackdemoError:
            continue  # it is said where the photo itself is shown
        dropped = preset.dropped_on(entry.sha256, name)
        region, marked, mask = cut(scored.detection.heatmap, preset, dropped)
        score = detector.score(scored.detection, region)
        crack = detector.calibration.is_cracked(score)
        state = state_of(crack, bool(mask.any()), bool((marked & ~mask).any()))
        judged[name] = asdict(Judged(state, score, drawing.mask_picture(mask)))
        if clock() - told > _PAUSE:
            yield dict(judged)
            told = clock()
    yield judged
