"""Scoring a visitor's photos: one step each, stoppable, never two runs of one visitor at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from crackdemo.checkpoints.names import Weights
from crackdemo.errors import CheckpointError, CrackdemoError, PhotoError, Stopped
from crackdemo.inspection.store import shown_file
from crackdemo.models.families import family_named
from crackdemo.ui.uploads import Upload
from crackdemo.ui.workbench import Workbench


@dataclass(frozen=True)
class Entry:
    """A photo that was scored."""

    upload: Upload
    """Its file and name."""
    score: float
    """Of the whole photo, 0..1."""
    crack: bool
    """Whether the weights take the whole photo for cracked."""
    sha256: str
    """The photo's identity: of its file."""
    thumbnail: Path
    """A small JPEG of it; may be gone when much else was scored since."""


@dataclass(frozen=True)
class Problem:
    """A photo that could not be scored."""

    upload: Upload
    """Its file and name."""
    reason: str
    """One sentence, which names it."""
    may_pass: bool = False
    """Whether another try may go well, as when there is room on the disk again."""


@dataclass(frozen=True)
class Roll:
    """What scoring made of the visitor's photos; small, since gradio copies it."""

    weights: Weights | None = None
    """What scored the entries."""
    entries: tuple[Entry, ...] = ()
    """In the order of the uploads."""
    problems: tuple[Problem, ...] = ()
    """In the order in which they were met."""

    def of(self, uploads: Sequence[Upload]) -> "Roll":
        """What it says of these uploads, in their order."""
        known = {entry.upload: entry for entry in self.entries}
        entries = tuple(known[upload] for upload in uploads if upload in known)
        return Roll(self.weights, entries, tuple(p for p in self.problems if p.upload in uploads))


@dataclass(frozen=True)
class Progress:
    """One step of a run."""

    roll: Roll
    """With what is done."""
    message: str
    """For the person."""
    is_running: bool = False
    """Whether more steps follow."""
    is_cut_short: bool = False
    """Whether it ended before all photos were tried."""
    fault: str = ""
    """Why the weights cannot be used, where they cannot."""


def score_photos(
    bench: Workbench,
    uploads: Sequence[Upload],
    weights_text: str,
    before: Roll,
    first: str | None,
    is_over: Callable[[], bool],
) -> Iterator[Progress]:
    """Scores the uploads; bad ones are listed and the rest goes on.

    before: what is done already with the same weights is kept. first: name of the photo that is
    scored before the others, since it is on show.
    """
    yield Progress(before.of(uploads), "Opening the weights…", is_running=True)
    try:
        weights = bench.resolve(weights_text)
        heatmap = family_named(bench.config(weights).family).heatmap
    except CrackdemoError as error:
        message = "Nothing was scored: these weights cannot be used."
        yield Progress(before.of(uploads), message, is_cut_short=True, fault=str(error))
        return
    roll = Roll(weights, before.entries if before.weights == weights else ()).of(uploads)
    uploads, beyond = uploads[: bench.limits.photos], uploads[bench.limits.photos :]
    done = {entry.upload for entry in roll.entries}
    waiting = [upload for upload in uploads if upload not in done]
    for upload in sorted(waiting, key=lambda upload: upload.name != first):
        number = len(roll.entries) + len(roll.problems) + 1
        message = f"Scoring {number} of {len(uploads)}: {upload.name}{_place(bench)}"
        yield Progress(roll, message, is_running=True)
        try:
            scored = _score(bench, upload, weights, is_over)
        except Stopped:
            message = f"Stopped: {len(roll.entries)} of {len(uploads)} photos scored."
            yield Progress(roll, message, is_cut_short=True)
            return
        if isinstance(scored, Entry):
            roll = replace(roll, entries=(*roll.entries, scored)).of(uploads)
        else:
            roll = replace(roll, problems=(*roll.problems, scored))
    if beyond:
        too_many = _too_many(beyond, bench.limits.photos)
        roll = replace(roll, problems=(*roll.problems, too_many))
    may_go_on = any(problem.may_pass for problem in roll.problems)
    yield Progress(roll, f"{_summary(roll)} {heatmap}".strip(), is_cut_short=may_go_on)


def _place(bench: Workbench) -> str:
    """In the line, where there is one."""
    others = bench.photos.line.before(bench.visitor().name)
    return f" ({others} other visitor{'s' * (others != 1)} waiting; photos take turns)" * bool(
        others
    )


def _too_many(beyond: Sequence[Upload], most: int) -> Problem:
    first = beyond[0]
    them = f"{first.name} and {len(beyond) - 1:,} more were" if beyond[1:] else f"{first.name} was"
    return Problem(
        first, f"{them} not scored: at most {most:,} photos are open at once; remove some others."
    )


def _score(
    bench: Workbench, upload: Upload, weights: Weights, is_over: Callable[[], bool]
) -> Entry | Problem:
    try:
        scored = bench.score(upload.path, weights, is_over)
    except PhotoError as error:  # it begins with the file's name as the server knows it
        return Problem(upload, upload.name + str(error).removeprefix(upload.path.name))
    except CheckpointError as error:
        return Problem(upload, f"{upload.name} was not scored: {error}")
    except OSError:
        reason = "most likely for lack of disk space on the server; free some there, then try again"
        sentence = f"What was found in {upload.name} could not be kept, {reason}."
        return Problem(upload, sentence, may_pass=True)
    except (MemoryError, RuntimeError, cv2.error):
        reason = "most likely for lack of memory; save it with fewer pixels"
        return Problem(upload, f"{upload.name} could not be scored, {reason}.")
    score, thumbnail = scored.detection.score, shown_file(scored.folder, "thumbnail.jpg")
    crack = bench.detector(weights).calibration.is_cracked(score)
    return Entry(upload, score, crack, scored.sha256, thumbnail)


def _summary(roll: Roll) -> str:
    if roll.weights is None:
        return ""
    commit = f" at commit {roll.weights.commit}" if roll.weights.commit else ""
    name = f"{roll.weights.name}{commit}"
    count = len(roll.entries)
    if count == 0 and roll.problems:
        return "None of the photos could be scored."
    if count == 0:
        return f"Drop photos above, or try an example: {name} will score them."
    return f"{count} photo{'s' * (count != 1)} scored with {name}."
