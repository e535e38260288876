from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from crackdemo.checkpoints.names import Weights
from crackdemo.data.labelled import LabelledPhoto
from crackdemo.errors import DatasetError, Stopped
from crackdemo.evaluation.heat import KnownPhoto
from crackdemo.evaluation.tuning import Tuning
from crackdemo.photos.sources import Source
from crackdemo.ui.tune.search import described, halves, run_search
from crackdemo.ui.tune.sets import ScoredSet
from tests.unit.evaluation.test_tune import OWN, cracked


@dataclass(frozen=True)
class SmallKnown(KnownPhoto):
    """Cut down, so that a whole search takes a moment."""

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        heatmap, truth = super().read()
        return heatmap[:30, :40].copy(), truth[:30, :40].copy()


@pytest.fixture
def scored(tmp_path: Path) -> ScoredSet:
    known = []
    for number in range(6):
        photo = cracked(number)
        heat = tmp_path / f"{number}.npz"
        np.savez(heat, heatmap=photo.heatmap, truth=np.packbits(photo.gt_mask), score=0.9)
        given = LabelledPhoto(Source(tmp_path / f"{number}.png", f"{number}.png", ""), tmp_path)
        known.append(SmallKnown(given, "0", heat, 0.9, True))
    splits = ("validation", "validation", "test", "test", "train", "train")
    return ScoredSet(Weights(tmp_path, "tiny"), tuple(known), splits)


def test_the_halves_share_no_photo(scored: ScoredSet) -> None:
    parts = halves(scored, "validation")
    assert parts.choosing == list(scored.photos[:2])
    assert parts.reporting == list(scored.photos[2:4])
    assert "2 photos of the validation part chose, 2 others" in parts.sentence
    assert "2 of the train part take no part" in parts.sentence
    assert "little to go by" in parts.sentence
    few = replace(scored, photos=scored.photos[1:3], splits=("validation", "test"))
    assert halves(few, "validation").sentence.startswith(
        "1 photo of the validation part chose, 1 other, which the search never saw, reports."
    )
    assert halves(scored, "train").reporting == list(scored.photos[:4])
    only = replace(scored, splits=("validation", *["train"] * 5))
    alone = halves(only, "validation").sentence
    assert "have seen them" in alone
    assert "take no part" not in alone


def test_a_side_without_photos_or_cracks_is_refused(scored: ScoredSet) -> None:
    with pytest.raises(DatasetError, match="none is in the validation part"):
        halves(replace(scored, splits=("test",) * 6), "validation")
    with pytest.raises(DatasetError, match="none is in the other part"):
        halves(replace(scored, splits=("test",) * 6), "test")
    bare = replace(scored.photos[0].photo, mask_path=None)
    without = tuple(replace(photo, photo=bare) for photo in scored.photos)
    with pytest.raises(DatasetError, match="have no masks"):
        halves(replace(scored, photos=without), "validation")
    sound = replace(scored, photos=tuple(replace(p, cracked=False) for p in scored.photos))
    with pytest.raises(DatasetError, match="marks a crack"):
        halves(sound, "validation")


def test_a_search_tells_its_progress_and_goes_on_after_a_stop(
    scored: ScoredSet, tmp_path: Path
) -> None:
    parts = halves(scored, "validation")
    asked = iter([False, True])
    with pytest.raises(Stopped):
        list(run_search(parts, OWN, "pixel_f1", tmp_path / "k.npz", lambda: next(asked)))
    *steps, tuning = run_search(parts, OWN, "pixel_f1", tmp_path / "k.npz", lambda: False)
    assert steps[0] == (3, 8)
    assert steps[-1] == (8, 8)
    assert isinstance(tuning, Tuning)
    text = described(tuning, parts.sentence, "tiny")
    assert "| F1, chose (too good) |" in text
    assert "_" not in text
    assert "settings for tiny**" in text
    assert text.endswith(tuning.sentence.replace("pixel_f1", "F1"))
