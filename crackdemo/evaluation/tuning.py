"""A whole tuning: which photos choose, the search, which photos report, and the files of it."""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crackdemo.checkpoints.names import Weights
from crackdemo.data.labelled import LabelledPhoto, labelled
from crackdemo.data.layouts import in_splits, photos_in
from crackdemo.data.splits import Split
from crackdemo.errors import DatasetError, FolderError
from crackdemo.evaluation.gain import Gain, PhotoCounts, compare, set_figures
from crackdemo.evaluation.heat import KnownPhoto
from crackdemo.evaluation.tune import Chosen, Objective, Search
from crackdemo.files import reason_of, write_text, written_whole
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset, preset_json

FEW = 10
"""Photos; fewer choose or report badly, and that is said."""


@dataclass(frozen=True)
class Parts:
    """Which photos choose the settings, and which report them."""

    choosing: list[LabelledPhoto]
    """The search sees these alone."""
    reporting: list[LabelledPhoto]
    """The search never sees these."""
    choosing_split: Split
    """What the first are."""
    reporting_split: Split
    """What the others are."""

    @property
    def sentence(self) -> str:
        """In words, so that nobody takes one for the other."""
        return (
            f"{_photos(len(self.choosing))} of the {self.choosing_split} part choose the "
            f"settings; {_photos(len(self.reporting))} of the {self.reporting_split} part, "
            "which the search never sees, report them."
        )


def tuning_parts(folder: Path, choose_on: Split = "validation") -> Parts:
    """The photos with masks, by split: those of `choose_on` choose, those of test report (of
    validation, where test chooses). Raises DatasetError where one of them is empty."""
    if not folder.is_dir():
        raise DatasetError(f"There is no folder “{folder.name}”: check how its path is spelled.")
    masked = [photo for photo in photos_in(folder) if photo.truth == "mask"]
    if not masked:
        raise DatasetError(
            f"The folder “{folder.resolve().name}” holds no photos with masks, without which no "
            "mask settings can be compared: it needs images/ and masks/ with equal stems."
        )
    report_on: Split = "validation" if choose_on == "test" else "test"
    by_split: dict[Split, list[LabelledPhoto]] = {"train": [], "validation": [], "test": []}
    for placed in in_splits(masked):
        by_split[placed.split].append(labelled(placed.photo))
    for split in (choose_on, report_on):
        if not by_split[split]:
            counts = ", ".join(f"{len(found)} {name}" for name, found in by_split.items())
            raise DatasetError(
                f"None of the {len(masked)} photos with masks falls into the {split} part "
                f"({counts}): bring more, or sort them into train/, validation/ and test/."
            )
    return Parts(by_split[choose_on], by_split[report_on], choose_on, report_on)


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count} photos"


class SearchFile:
    """A search's counts on disk, so that it goes on where it was stopped."""

    def __init__(self, path: Path, photos: Sequence[KnownPhoto], settings: str) -> None:
        """settings: all that the counts depend on beside the photos."""
        content = "\n".join([settings, *(photo.heat.name for photo in photos)])
        self._fingerprint = hashlib.sha256(content.encode()).hexdigest()
        self._path = path

    def save(self, search: Search) -> None:
        """Raises FolderError when the disk is full."""
        content = io.BytesIO()
        np.savez(content, fingerprint=np.array(self._fingerprint), **search.as_arrays())  # type: ignore[arg-type]
        try:
            with written_whole(self._path) as building:
                building.write_bytes(content.getbuffer())
        except OSError as error:
            raise FolderError(
                f"The search cannot be kept ({reason_of(error)}): free some space and start again."
            ) from None

    def restore(self, search: Search) -> None:
        """From the same search of an earlier time; does nothing where there is none."""
        try:
            with np.load(self._path) as file:
                if str(file["fingerprint"]) == self._fingerprint:
                    search.go_on_from({name: file[name] for name in file.files})
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return


@dataclass(frozen=True)
class Tuning:
    """What a tuning came to."""

    objective: Objective
    """What was made as high as it goes."""
    chosen: Chosen
    """The settings, and their figure on the photos that chose them."""
    own: MaskParams
    """The calibrated settings, which are compared with."""
    choosing: dict[str, dict[str, Any]]
    """Figures on the photos that chose: of `tuned` and `calibrated` settings."""
    reporting: dict[str, dict[str, Any]]
    """Figures on the photos that the search did not see."""
    gain: Gain
    """Of the objective on these."""

    @property
    def sentence(self) -> str:
        """The gain in words."""
        gain, name = self.gain, self.objective
        figures = (
            f"{name} {self.reporting['tuned'][name]:.3f}, with the calibrated settings "
            f"{self.reporting['calibrated'][name]:.3f}"
        )
        interval = f", 95 % interval {gain.low:+.3f} to {gain.high:+.3f}"
        change = f"{gain.gain:+.3f}" + interval * (gain.finding != "too few photos")
        ends = {
            "better": "the tuned settings are better",
            "worse": "the tuned settings are worse: keep the calibrated ones",
            "within the noise": "that lies within the noise: the photos do not tell them apart",
            "too few photos": "too few photos report to tell whether that is more than chance",
        }
        return f"On photos that the search did not see: {figures} ({change}); {ends[gain.finding]}."


def conclude(
    objective: Objective,
    chosen: Chosen,
    own: MaskParams,
    choosing: Sequence[Sequence[PhotoCounts]],
    reporting: Sequence[Sequence[PhotoCounts]],
) -> Tuning:
    """From the counts of each photo with the chosen and with the calibrated settings, on the photos
    that chose and on those that report."""
    chose, reports = list(zip(*choosing, strict=True)), list(zip(*reporting, strict=True))
    names = ("tuned", "calibrated")
    return Tuning(
        objective,
        chosen,
        own,
        {name: set_figures(counts) for name, counts in zip(names, chose, strict=True)},
        {name: set_figures(counts) for name, counts in zip(names, reports, strict=True)},
        compare(reports[0], reports[1], objective),
    )


def write_tuning(out: Path, tuning: Tuning, parts: Parts, weights: Weights, data: str) -> None:
    """preset.json, which `predict`, `submit` and the page load, and tuning.json."""
    preset = Preset(tuning.chosen.mask, weights=weights.name, commit=weights.commit)
    write_text(out / "preset.json", preset_json(preset))
    values = {
        "weights": weights.name,
        "commit": weights.commit,
        "data": data,
        "objective": tuning.objective,
        "split": parts.sentence,
        "tried": tuning.chosen.tried,
        "mask": asdict(tuning.chosen.mask),
        "calibrated_mask": asdict(tuning.own),
        f"{parts.choosing_split} (chose the settings: too good)": tuning.choosing,
        f"{parts.reporting_split} (reports them)": tuning.reporting,
        "gain": asdict(tuning.gain),
        "in words": tuning.sentence,
    }
    write_text(out / "tuning.json", json.dumps(values, indent=2, ensure_ascii=False) + "\n")
