import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, jaccard_score

from crackdemo.masks.classes import Confusion, strongest

NAMES = ("crack", "joint", "stain")


def labels(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4, (30, 40)).astype(np.uint8)


def test_figures_are_those_of_scikit_learn() -> None:
    truth, found = labels(0), labels(1)
    found[:20] = truth[:20]
    confusion = Confusion.of(truth, found, NAMES)
    flat = truth.ravel(), found.ravel()
    assert np.array_equal(confusion.counts, confusion_matrix(*flat))
    iou = jaccard_score(*flat, labels=[1, 2, 3], average=None)
    assert list(confusion.iou.values()) == pytest.approx(list(iou))
    assert confusion.mean_iou == pytest.approx(iou.mean())
    dice = f1_score(*flat, labels=[1, 2, 3], average=None)
    assert list(confusion.dice.values()) == pytest.approx(list(dice))
    assert confusion.pixel_accuracy == pytest.approx((truth == found).mean())
    by_truth = confusion_matrix(*flat, normalize="true")
    assert list(confusion.shares["joint"].values()) == pytest.approx(by_truth[2], abs=1e-4)
    assert confusion.metrics()["iou of stain"] == pytest.approx(iou[2])


def test_photos_are_pooled_by_their_pixels() -> None:
    parts = [(labels(0), labels(1)), (labels(2)[:5], labels(3)[:5])]
    pooled = Confusion.of(*parts[0], NAMES) + Confusion.of(*parts[1], NAMES)
    truth, found = (np.vstack(each) for each in zip(*parts, strict=True))
    whole = Confusion.of(truth, found, NAMES)
    assert np.array_equal(pooled.counts, whole.counts)


def test_a_class_that_is_nowhere_has_no_figure_and_does_not_count() -> None:
    truth = np.array([[0, 1]], np.uint8)
    confusion = Confusion.of(truth, truth, NAMES)
    assert confusion.iou == {"crack": 1.0, "joint": None, "stain": None}
    assert set(confusion.shares["joint"].values()) == {None}
    assert confusion.shares["crack"] == {"background": 0, "crack": 1, "joint": 0, "stain": 0}
    assert confusion.mean_iou == 1
    assert Confusion.of(truth * 0, truth * 0, NAMES).mean_iou == 0


def test_a_pixel_belongs_to_the_hottest_class_whose_mask_is_there() -> None:
    heat = {"crack": np.array([[9, 9, 0, 0]]), "joint": np.array([[7, 99, 0, 0]])}
    heatmaps = {name: each.astype(np.uint16) for name, each in heat.items()}
    masks = {
        "crack": np.array([[True, True, False, True]]),
        "joint": np.array([[True, False, False, False]]),
    }
    assert strongest(heatmaps, masks).tolist() == [[1, 1, 0, 1]]
