import numpy as np
import pytest
import torch

from crackdemo.models.losses import class_loss
from crackdemo.models.segmenter import Segmenter, SegmenterConfig
from crackdemo.training.segmentation.config import SegmentConfig
from crackdemo.training.segmentation.data import Pair
from crackdemo.training.segmentation.judging import (
    Judge,
    Judged,
    best_mean_f1,
    calibration_of,
    likeliest,
)


def best_f1(found: list[np.ndarray], masks: list[np.ndarray]) -> tuple[float, float]:
    """Of one class."""
    return best_mean_f1([each[None] for each in found], [mask.astype(np.uint8) for mask in masks])


def truth() -> np.ndarray:
    mask = np.zeros((20, 400), np.bool_)
    mask[9:12] = True
    mask[:, 100:] = False
    return mask


def test_of_thresholds_that_are_as_good_the_middle_one_is_taken() -> None:
    mask = truth()
    ods, threshold = best_f1([np.where(mask, 0.8, 0.2).astype(np.float32)], [mask])
    assert ods == 1
    assert threshold == pytest.approx(0.5, abs=2e-3)


def test_pixels_are_pooled_over_the_photos() -> None:
    mask = truth()
    right, blind = np.where(mask, 0.8, 0.2), np.full(mask.shape, 0.1)
    ods, _ = best_f1([right.astype(np.float32), blind.astype(np.float32)], [mask, mask])
    assert ods == pytest.approx(2 / 3)  # half is found, nothing else is marked


def test_the_calibration_comes_from_cracks_and_from_what_lies_apart() -> None:
    mask = truth()
    probability = np.where(mask, 0.8, 0.2).astype(np.float32)
    pair = Pair("road/1", np.zeros((*mask.shape, 3), np.uint8), mask)
    found = calibration_of(Judged(0.1, 1.0, 0.5, [probability]), [pair], 0.98)
    assert found.r0 == pytest.approx(1)
    assert found.clean_quantiles["0.5"] == pytest.approx(0.2, abs=1e-5)
    assert 0 < found.score_threshold < 0.5  # sound pieces are cool


def test_a_photo_on_which_nothing_is_marked_is_not_called_cracked() -> None:
    mask = truth()
    probability = np.where(mask, 0.8, 0.001).astype(np.float32)
    pair = Pair("road/1", np.zeros((*mask.shape, 3), np.uint8), mask)
    found = calibration_of(Judged(0.1, 1.0, 0.5, [probability]), [pair], 0.98)
    assert found.score_threshold == 0.1


def test_a_threshold_that_is_missed_by_a_hair_marks_no_ground() -> None:
    """The best one lies just above what much of the ground has."""
    mask = np.zeros((40, 40), np.bool_)
    mask[:4] = True
    probability = np.where(mask, 0.6, 0.4).astype(np.float32)
    probability[20:] = 0.1
    f1, threshold = best_f1([probability], [mask])
    assert f1 == 1 and 0.405 <= threshold <= 0.595


def test_without_a_sound_piece_a_score_of_a_half_is_cracked() -> None:
    mask = np.ones((20, 30), np.bool_)
    pair = Pair("road/1", np.zeros((20, 30, 3), np.uint8), mask)
    judged = Judged(0.1, 1.0, 0.5, [np.full(mask.shape, 0.9, np.float32)])
    assert calibration_of(judged, [pair], 0.98).score_threshold == 0.5


def test_classes_are_cut_at_one_threshold_and_their_f1_is_averaged() -> None:
    labels = np.array([[0, 1, 2, 2]], np.uint8)
    chances = np.array([[[0.1, 0.6, 0.1, 0.1]], [[0.1, 0.1, 0.8, 0.3]]], np.float32)
    best, threshold = best_mean_f1([chances], [labels])
    assert best == 1 and 0.1 < threshold < 0.3
    assert likeliest(chances).tolist() == [[0, 1, 2, 0]]


@pytest.mark.parametrize("names", [("crack",), ("crack", "joint")])
def test_photos_are_judged_by_the_loss_that_is_learnt_by(names: tuple[str, ...]) -> None:
    torch.manual_seed(0)
    network = Segmenter(SegmenterConfig((4, 8), classes=names)).eval()
    rng = np.random.default_rng(0)
    pairs = []
    for _ in range(2):
        labels = rng.integers(0, len(names) + 1, (32, 40)).astype(np.uint8)
        photo = rng.integers(0, 256, (32, 40, 3)).astype(np.uint8)
        several = labels if len(names) > 1 else None
        pairs.append(Pair("", photo, labels > 0, classes=several))
    weights = [1.0, 2.0, 3.0][: len(names) + 1]
    config = SegmentConfig(network=network.config, flatten=None, focal_weight=0.5)
    judged = Judge(pairs, config, 3, weights)(network, torch.device("cpu"))
    images = torch.stack([torch.from_numpy(pair.photo).movedim(-1, 0) / 255 for pair in pairs])
    truth = torch.stack([torch.from_numpy(pair.labels).long() for pair in pairs])
    with torch.inference_mode():
        logits = network(images)
    expected = class_loss(logits, truth, torch.tensor(weights), 1, 0.5, 1)
    assert judged.loss == pytest.approx(expected.item(), abs=1e-3)
    assert judged.metric == ("pixel_ods" if len(names) == 1 else "mean_iou")
    assert (judged.confusion is None) == (len(names) == 1)


def test_a_class_that_is_not_learnt_marks_nothing() -> None:
    """To mark all of a photo would give it the best F1 that it can have."""
    labels = np.zeros((40, 40), np.uint8)
    labels[:2], labels[20:] = 1, 2
    crack = np.where(labels == 1, 0.4, 0.05)
    chances = np.stack([crack, np.full(labels.shape, 0.3)]).astype(np.float32)
    best, threshold = best_mean_f1([chances], [labels])
    assert 0.3 < threshold < 0.4
    assert best == pytest.approx(1 / 2)


def test_chance_does_not_make_a_class_learnt() -> None:
    rng = np.random.default_rng(0)
    labels = np.zeros((80, 80), np.uint8)
    labels[:4], labels[50:] = 1, 2
    crack = np.where(labels == 1, 0.5, 0.05)
    chances = np.stack([crack, rng.uniform(0.2, 0.3, labels.shape)]).astype(np.float32)
    assert 0.3 < best_mean_f1([chances], [labels])[1] < 0.5
