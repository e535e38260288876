import itertools
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest

from crackdemo.evaluation.tune import OBJECTIVES, Search, SearchSpace, Tally
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.metrics import THRESHOLDS, Counts, pixel_counts
from crackdemo.masks.params import MaskParams
from tests.plain import plain_mask

SPACE = SearchSpace(
    openings=(0, 3), closings=(0, 3), kernels=("ellipse", "rect"), grows=(0, 1), min_areas=(0, 30)
)


@dataclass
class Kept:
    """A photo whose arrays are at hand."""

    heatmap: np.ndarray
    gt_mask: np.ndarray
    score: float = 0.9
    reads: int = 0

    def read(self):
        self.reads += 1
        return self.heatmap, self.gt_mask


def cracked(seed: int) -> Kept:
    """Specks all over, and a crack with gaps whose label is wider than what is hot."""
    rng = np.random.default_rng(seed)
    heat = rng.random((60, 80)) ** 4 * 0.6
    line = np.zeros((60, 80), np.uint8)
    cv2.line(line, (5, int(rng.integers(5, 55))), (75, int(rng.integers(5, 55))), 1, 2)
    heat[(line > 0) & (rng.random(line.shape) > 0.2)] = 0.8
    truth = cv2.dilate(line, np.ones((3, 3), np.uint8)) > 0
    return Kept(np.round(heat * 65535).astype(np.uint16), truth)


def sound(seed: int) -> Kept:
    heat = np.random.default_rng(seed).random((60, 80)) ** 4 * 0.6
    return Kept(np.round(heat * 65535).astype(np.uint16), np.zeros((60, 80), bool))


PHOTOS = [cracked(1), cracked(2), sound(3)]
OWN = plain_mask(threshold=0.5, closing=3, min_area=10)


def figure(photos: list[Kept], params: MaskParams, objective: str) -> float:
    counts = [pixel_counts(cut_mask(each.heatmap, params), each.gt_mask) for each in photos]
    if objective == "mean_image_dice":
        return float(np.mean([each.dice for each in counts]))
    pooled = sum(counts, Counts())
    return pooled.iou if objective == "pixel_iou" else pooled.f1


def everything(space: SearchSpace) -> list[MaskParams]:
    """All settings of a space, without thought."""
    areas = sorted({*space.min_areas, OWN.min_area})
    return [
        replace(shape, threshold=threshold, min_area=area)
        for shape, threshold, area in itertools.product(space.shapes(OWN), THRESHOLDS, areas)
    ]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_best_settings_are_found_as_by_trying_all(objective) -> None:
    search = Search(PHOTOS, OWN, objective, SPACE)
    assert list(search.run()) == list(range(1, search.steps + 1))
    chosen = search.chosen()
    assert chosen.figure == pytest.approx(figure(PHOTOS, chosen.mask, objective))
    best = max(figure(PHOTOS, params, objective) for params in everything(SPACE))
    assert chosen.figure == pytest.approx(best)
    assert chosen.figure > figure(PHOTOS, OWN, objective)
    assert chosen.mask.grow == 1


def test_the_checkpoints_own_settings_are_among_those_tried() -> None:
    own = plain_mask(threshold=0.5, opening=7, closing=9, kernel="cross", grow=-3, min_area=77)
    narrow = SearchSpace((0,), (0,), ("rect",), (0,), (0,))
    assert own in narrow.shapes(own)
    search = Search(PHOTOS, own, "pixel_f1", narrow)
    list(search.run())
    assert search.chosen().figure >= figure(PHOTOS, own, "pixel_f1")


def test_kernels_that_shape_nothing_are_tried_once() -> None:
    shapes = SPACE.shapes(OWN)
    assert len(shapes) == len(set(shapes)) == 2 * (1 + 3 * 2)


@pytest.mark.parametrize("stop", [1, 2, 3, 4, 5])
def test_a_search_that_was_stopped_goes_on_and_ends_alike(stop: int) -> None:
    whole = Search(PHOTOS, OWN, "pixel_f1", SPACE)
    list(whole.run())
    stopped = Search(PHOTOS, OWN, "pixel_f1", SPACE)
    for done in stopped.run():
        if done == stop:
            break
    again = [replace(photo, reads=0) for photo in PHOTOS]
    resumed = Search(again, OWN, "pixel_f1", SPACE)
    resumed.go_on_from(stopped.as_arrays())
    assert resumed.done == stop
    list(resumed.run())
    assert resumed.chosen() == whole.chosen()
    assert sum(photo.reads for photo in again) == 2 * len(PHOTOS) - stop


def test_counts_of_another_search_are_refused() -> None:
    other = Search(PHOTOS, OWN, "pixel_f1", SearchSpace())
    with pytest.raises(ValueError, match="another search"):
        Search(PHOTOS, OWN, "pixel_f1", SPACE).go_on_from(other.as_arrays())


def test_a_sound_photo_counts_in_full_where_nothing_is_marked() -> None:
    tally = Tally(1, 2)
    tally.add(np.array([[0, 0]]), np.array([[0, 5]]), 0)
    tally.add(np.array([[2, 2]]), np.array([[4, 2]]), 2)
    assert tally.figures("mean_image_dice")[0].tolist() == pytest.approx([(1 + 2 / 3) / 2, 0.5])
    assert tally.figures("pixel_f1")[0].tolist() == pytest.approx([4 / 6, 4 / 9])
    assert tally.figures("pixel_iou")[0].tolist() == pytest.approx([2 / 4, 2 / 7])
