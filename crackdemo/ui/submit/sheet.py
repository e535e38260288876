"""What will be submitted, as a sheet of photos to look at before the file is sent."""

from bisect import insort
from dataclasses import dataclass, field

import numpy as np

from crackdemo.arrays import RgbImage
from crackdemo.inspection.predict import Inspected
from crackdemo.photos.overlays import mask_overlay, preview

TITLE = "What will be submitted"
MOST = 12
"""Photos that are marked most, and as many of the others."""
_SIDE = 360
"""Longest side of a picture in px."""


@dataclass(order=True)
class _Entry:
    """A photo on the sheet."""

    share: float
    number: int
    caption: str = field(compare=False)
    picture: RgbImage = field(compare=False)


class Sheet:
    """Takes in photos one at a time and keeps few of them."""

    def __init__(self, gate: bool) -> None:
        """gate: photos that are not called cracked are submitted empty."""
        self._gate = gate
        self._most: list[_Entry] = []
        self._others: list[_Entry] = []
        self._number = 0

    def add(self, inspected: Inspected) -> None:
        """The photo with what will be submitted of it."""
        verdict = inspected.verdict
        is_emptied = self._gate and not verdict.crack
        mask = np.zeros_like(verdict.mask) if is_emptied else verdict.mask
        share = float(mask.mean())
        self._number += 1
        is_next = self._number % self._stride == 0
        if len(self._most) == MOST and share <= self._most[0].share and not is_next:
            return
        words = "emptied by the gate" if is_emptied else f"{100 * share:.1f} %"
        picture = preview(mask_overlay(inspected.photo, mask), _SIDE)
        entry = _Entry(share, self._number, f"{words} · {inspected.source.file}", picture)
        if len(self._most) < MOST or share > self._most[0].share:
            insort(self._most, entry)
            entry = self._most.pop(0) if len(self._most) > MOST else entry
        if entry not in self._most and (is_next or len(self._others) < MOST):
            self._others = [*self._others, entry][-MOST:]

    @property
    def _stride(self) -> int:
        """Of the others, every so many-th photo: some from all along the way."""
        return max(1, self._number // MOST)

    def title(self, earlier: int) -> str:
        """What `pictures` shows. earlier: photos that were scored before a stop, which has taken
        their pictures away."""
        most, others = len(self._most), len(self._others)
        if self._number < 2:
            said = "1 photo" if self._number else "no photo"
        elif self._number > most + others:
            said = f"the {most} most marked of {self._number} photos, then {others} of the others"
        else:
            said = f"{self._number} photos, the {f'{most} ' if others else ''}most marked first"
        left_out = f"; without {earlier} scored before the stop" if earlier else ""
        return f"{TITLE}: {said}{left_out}"

    def pictures(self) -> list[tuple[RgbImage, str]]:
        """The most marked first, then some of the others."""
        chosen = [*self._most[::-1], *self._others]
        return [(entry.picture, entry.caption) for entry in chosen]
