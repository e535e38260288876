import base64
from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
import pytest

from crackdemo.checkpoints.names import Weights
from crackdemo.data.labelled import LabelledPhoto
from crackdemo.evaluation.heat import KnownPhoto
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.metrics import pixel_counts
from crackdemo.photos.overlays import MISSED_COLOUR, RIGHT_COLOUR, WRONG_COLOUR
from crackdemo.photos.sources import Source
from crackdemo.ui.tune.by_hand import strip
from crackdemo.ui.tune.sets import ScoredSet
from crackdemo.ui.tune.summary import (
    STEPS,
    caption,
    counted,
    page_data,
    passing_at,
    shown,
    tally,
    worst_first,
)
from tests.plain import plain_mask
from tests.unit.evaluation.test_tune import PHOTOS

PLAIN = plain_mask()


@pytest.fixture
def scored(tmp_path: Path, save_photo) -> ScoredSet:
    """Two cracked photos and a sound one, with masks; scored .9, .2 and .7."""
    known = []
    for number, (photo, score) in enumerate(zip(PHOTOS, (0.9, 0.2, 0.7), strict=True)):
        path = save_photo(tmp_path / f"{number}.png", np.full((60, 80, 3), 120, np.uint8))
        heat = tmp_path / f"{number}.npz"
        np.savez(heat, heatmap=photo.heatmap, truth=np.packbits(photo.gt_mask), score=score)
        source = Source(path, f"images/{number}.png", f"{number}")
        given = LabelledPhoto(source, tmp_path / "mask.png")
        known.append(KnownPhoto(given, "0", heat, score, bool(photo.gt_mask.any())))
    weights = Weights(tmp_path, "tiny")
    return ScoredSet(weights, tuple(known), ("validation", "validation", "test"))


def test_counts_at_each_step_of_the_slider_are_those_of_the_cut_mask() -> None:
    photo = PHOTOS[0]
    counts = tally(photo.heatmap, photo.gt_mask)
    for step in (0, 1, 137, 500, 737, 999, STEPS):
        mask = cut_mask(photo.heatmap, replace(PLAIN, threshold=step / STEPS))
        exact = pixel_counts(mask, photo.gt_mask)
        assert (counts.predicted[step], counts.right[step]) == (exact.predicted, exact.found_truth)
        for px, (right, found) in counts.near.items():
            within = pixel_counts(mask, photo.gt_mask, px)
            assert (right[step], found[step]) == (within.right_predicted, within.found_truth)
    assert counts.truth == photo.gt_mask.sum()


def test_no_values_pass_nowhere() -> None:
    assert not passing_at(np.array([], np.uint16)).any()


def test_the_page_gets_what_it_needs(scored: ScoredSet) -> None:
    data = page_data(scored, PLAIN, 0.6)
    assert data["parts"] == ["validation", "test"]
    assert (data["weights"], data["own"]["threshold"], data["scoreThreshold"]) == ("tiny", 0.5, 0.6)
    first = data["photos"][0]
    packed = np.frombuffer(base64.b64decode(first["predicted"]), "<u4")
    assert packed.tolist() == passing_at(PHOTOS[0].heatmap).tolist()
    sums = (
        tally(PHOTOS[0].heatmap, PHOTOS[0].gt_mask).near[2][0]
        + (tally(PHOTOS[1].heatmap, PHOTOS[1].gt_mask).near[2][0])
    )
    assert data["near"]["validation"]["2"][0] == sums.tolist()


def test_the_worst_photos_come_first(scored: ScoredSet) -> None:
    params = plain_mask(threshold=0.5)
    counts = list(counted(scored.photos, params))
    by_dice = worst_first(scored.photos, counts, "Dice")
    dice = [counts[place].exact.dice for place in by_dice]
    assert dice == sorted(dice)
    alarms = [counts[place].exact.predicted - counts[place].exact.right_predicted
              for place in worst_first(scored.photos, counts, "False positives")]  # fmt: skip
    assert alarms == sorted(alarms, reverse=True)
    missed = [counts[place].exact.truth - counts[place].exact.found_truth
              for place in worst_first(scored.photos, counts, "False negatives")]  # fmt: skip
    assert missed == sorted(missed, reverse=True)
    # cracked with a score of .2, then sound with .7, then cracked with .9
    assert worst_first(scored.photos, counts, "Score") == [1, 2, 0]
    bare = [replace(photo, photo=replace(photo.photo, mask_path=None)) for photo in scored.photos]
    assert worst_first(bare, counts, "Dice") == [1, 2, 0]
    assert caption(scored.photos[0], counts[0]) == f"Dice {counts[0].exact.dice:.2f} · 0.png"


def test_the_photo_on_show_has_its_truth_in_three_colours(scored: ScoredSet) -> None:
    params = plain_mask(threshold=0.5)
    picture = shown(scored.photos[0], params)
    mask = cut_mask(PHOTOS[0].heatmap, params)
    truth = PHOTOS[0].gt_mask
    for where, colour in (
        (mask & truth, RIGHT_COLOUR),
        (mask & ~truth, WRONG_COLOUR),
        (truth & ~mask, MISSED_COLOUR),
        (~truth & ~mask, (120, 120, 120)),
    ):
        assert where.any()
        assert (picture[where] == colour).all()


def test_a_disk_that_takes_no_small_picture_is_told(scored: ScoredSet, tmp_path: Path) -> None:
    counts = list(counted(scored.photos, PLAIN))
    [(picture, _)] = strip(scored.photos, counts, [1])
    assert Path(picture).exists()
    lost = replace(scored.photos[0], heat=tmp_path / "gone" / "0.npz")
    with pytest.raises(gr.Error, match="The server's disk could not do it"):
        strip([lost], counts, [0])
