"""A search from the page, step by step: what a visitor is told, and the preset at the end."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crackdemo.data.splits import Split
from crackdemo.errors import DatasetError, Stopped
from crackdemo.evaluation.gain import PhotoCounts, count_each
from crackdemo.evaluation.heat import KnownPhoto
from crackdemo.evaluation.tune import Objective, Search
from crackdemo.evaluation.tuning import FEW, SearchFile, Tuning, conclude
from crackdemo.masks.params import MaskParams
from crackdemo.runs.wording import count
from crackdemo.ui.tune.sets import ScoredSet
from crackdemo.ui.tune.summary import FIGURES


@dataclass(frozen=True)
class Halves:
    """Which photos choose, and which report."""

    choosing: list[KnownPhoto]
    """The search sees these alone."""
    reporting: list[KnownPhoto]
    """The search never sees these."""
    sentence: str
    """In words."""


def halves(scored: ScoredSet, choose_on: Split) -> Halves:
    """Photos with masks of one part choose, all others but training ones report.

    Where nothing but training photos is left, those report. Raises DatasetError where one side
    would be empty or no crack could choose.
    """
    masked = [
        (photo, split)
        for photo, split in zip(scored.photos, scored.splits, strict=True)
        if photo.photo.mask_path is not None
    ]
    if not masked:
        raise DatasetError(
            "These photos have no masks, and without them there is nothing to cut better: bring "
            "photos with masks."
        )
    choosing = [photo for photo, split in masked if split == choose_on]
    others = [(photo, split) for photo, split in masked if split != choose_on]
    unseen = [photo for photo, split in others if split != "train"]
    reporting = unseen or [photo for photo, _ in others]
    if not choosing or not reporting:
        side = choose_on if not choosing else "other"
        raise DatasetError(
            f"Of {count(len(masked), 'photo')} with masks none is in the {side} part: choose "
            "on another part, bring more photos, or sort them into train/, validation/ and test/."
        )
    if not any(photo.cracked for photo in choosing):
        raise DatasetError(
            "No mask of the photos that choose marks a crack, so that marking nothing would be "
            "best: choose on another part, or bring photos with cracks."
        )
    rest = "" if unseen else " (training photos: weights fitted on this folder have seen them)"
    idle = len(others) - len(reporting)
    unused = (
        f" {idle} of the train part {'take' if idle > 1 else 'takes'} no part, because weights "
        "fitted on this folder have seen them."
        if idle
        else ""
    )
    reported = (
        "1 other, which the search never saw, reports"
        if len(reporting) == 1
        else f"{len(reporting)} others, which the search never saw, report"
    )
    few = " That is little to go by." if min(len(choosing), len(reporting)) < FEW else ""
    return Halves(
        choosing,
        reporting,
        f"{count(len(choosing), 'photo')} of the {choose_on} part chose, {reported}{rest}.{unused}"
        f"{few}",
    )


def run_search(
    parts: Halves,
    own: MaskParams,
    objective: Objective,
    kept: Path,
    should_stop: Callable[[], bool],
) -> Iterator[tuple[int, int] | Tuning]:
    """Photos done and in all, and at the end what it came to.

    kept: where it is kept, so that it goes on after a stop. Raises Stopped, FolderError.
    """
    search = Search(parts.choosing, own, objective)
    file = SearchFile(kept, parts.choosing, f"{objective} {own}")
    file.restore(search)
    total = search.steps + len(parts.choosing) + len(parts.reporting)
    try:
        for done in search.run():
            yield done, total
            _unless(should_stop)
    finally:
        file.save(search)
    chosen, done = search.chosen(), search.steps
    counts: list[list[list[PhotoCounts]]] = []
    for photos in (parts.choosing, parts.reporting):
        counts.append([])
        # the verdict of whole photos plays no part in the settings of masks
        for pair in count_each(photos, (chosen.mask, own), lambda _: True):
            counts[-1].append(pair)
            done += 1
            yield done, total
            _unless(should_stop)
    yield conclude(objective, chosen, own, counts[0], counts[1])


def _unless(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise Stopped


def described(tuning: Tuning, sentence: str, weights: str) -> str:
    """Markdown for the person: settings, figures of both sides, and the gain in words."""
    mask = tuning.chosen.mask
    lines = [
        f"**Best of {tuning.chosen.tried:,} settings for {weights}**: threshold "
        f"{mask.threshold:.2f}, opening {mask.opening}, closing {mask.closing}, {mask.kernel}, "
        f"grow {mask.grow}, smallest crack {mask.min_area} px.",
        "",
        sentence,
        "",
        "| | tuned | calibrated |",
        "|---|---|---|",
    ]
    for words, side in (("chose (too good)", tuning.choosing), ("report", tuning.reporting)):
        for name in ("pixel_f1", "pixel_f1_2px", "pixel_iou", "mean_image_dice"):
            cells = _cells([side["tuned"][name], side["calibrated"][name]])
            lines.append(f"| {FIGURES[name]}, {words} | {cells} |")
    in_words = tuning.sentence.replace(tuning.objective, FIGURES[tuning.objective])
    return "\n".join([*lines, "", in_words])


def _cells(values: Sequence[float]) -> str:
    return " | ".join(f"{value:.3f}" for value in values)
