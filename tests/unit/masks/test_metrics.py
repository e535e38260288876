import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    f1_score,
    jaccard_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from crackdemo.masks.cut import cut_mask
from crackdemo.masks.metrics import (
    THRESHOLDS,
    Confusion,
    Counts,
    auroc,
    average_precision,
    confusion,
    image_auroc,
    ods,
    ois,
    pixel_counts,
    pixel_histogram,
    threshold_curves,
)
from crackdemo.masks.params import MaskParams
from tests.plain import plain_mask


def scene(seed: int, height: int = 40, width: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """A heatmap that knows something about its true mask."""
    generator = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(generator.random((height, width)), 1.5)
    gt_mask = field > np.quantile(field, 0.85)
    noisy = gt_mask * 0.3 + generator.random((height, width)) * 0.7
    return np.round(noisy * 65535).astype(np.uint16), gt_mask


def within(pixels: np.ndarray, others: np.ndarray, distance: float) -> int:
    """How many pixels have one of the others within the distance, pair by pair."""
    gaps = np.argwhere(pixels)[:, None] - np.argwhere(others)[None]
    return int((np.hypot(*np.moveaxis(gaps, -1, 0)) <= distance).any(1).sum())


def test_a_three_by_three_mask_counted_by_hand() -> None:
    mask = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 0]], bool)
    gt_mask = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 1]], bool)
    assert pixel_counts(mask, gt_mask, 0) == Counts(1, 2, 1, 3)
    assert pixel_counts(mask, gt_mask, 1) == Counts(2, 2, 1, 3)
    assert pixel_counts(mask, gt_mask, 2) == Counts(2, 2, 2, 3)
    assert pixel_counts(mask, gt_mask, math.sqrt(5)) == Counts(2, 2, 3, 3)


def test_precision_recall_f1_and_iou_by_hand() -> None:
    counts = Counts(1, 2, 1, 3)
    assert (counts.precision, counts.recall) == (1 / 2, 1 / 3)
    assert (counts.f1, counts.iou) == (pytest.approx(0.4), 1 / 4)


@pytest.mark.parametrize("tolerance_px", [0, 1, 1.5, 2, 5])
def test_counts_with_tolerance_equal_a_search_over_all_pairs(tolerance_px: float) -> None:
    heatmap, gt_mask = scene(1)
    mask = heatmap > 45000
    counts = pixel_counts(mask, gt_mask, tolerance_px)
    assert counts.right_predicted == within(mask, gt_mask, tolerance_px)
    assert counts.found_truth == within(gt_mask, mask, tolerance_px)
    assert (counts.predicted, counts.truth) == (mask.sum(), gt_mask.sum())


@pytest.mark.parametrize("tolerance_px", [2, 5])
def test_counts_with_tolerance_equal_scipys_distance_transform(tolerance_px: float) -> None:
    heatmap, gt_mask = scene(2, 150, 200)
    mask = heatmap > 62000
    to_truth = ndimage.distance_transform_edt(~gt_mask)
    to_mask = ndimage.distance_transform_edt(~mask)
    counts = pixel_counts(mask, gt_mask, tolerance_px)
    assert counts.right_predicted == np.sum(mask & (to_truth <= tolerance_px))
    assert counts.found_truth == np.sum(gt_mask & (to_mask <= tolerance_px))


def test_exact_figures_equal_scikit_learn() -> None:
    heatmap, gt_mask = scene(3)
    mask = heatmap > 50000
    counts = pixel_counts(mask, gt_mask)
    truth, predicted = gt_mask.ravel(), mask.ravel()
    assert counts.precision == pytest.approx(precision_score(truth, predicted))
    assert counts.recall == pytest.approx(recall_score(truth, predicted))
    assert counts.f1 == pytest.approx(f1_score(truth, predicted))
    assert counts.iou == pytest.approx(jaccard_score(truth, predicted))


def test_counts_of_photos_add_up_to_the_counts_of_their_mosaic() -> None:
    photos = [(heatmap > 50000, gt_mask) for heatmap, gt_mask in map(scene, range(3))]
    pooled = sum((pixel_counts(mask, gt_mask) for mask, gt_mask in photos), Counts())
    masks, gt_masks = zip(*photos, strict=True)
    assert pooled == pixel_counts(np.hstack(masks), np.hstack(gt_masks))


@pytest.mark.parametrize(
    ("predicts", "has_truth", "figure"),
    [(False, False, 1.0), (True, False, 0.0), (False, True, 0.0), (True, True, 1.0)],
)
def test_empty_masks_agree_with_each_other_and_with_nothing_else(
    predicts: bool, has_truth: bool, figure: float
) -> None:
    counts = pixel_counts(np.full((3, 4), predicts), np.full((3, 4), has_truth), 2)
    assert (counts.precision, counts.recall, counts.f1, counts.iou) == (figure,) * 4


def test_masks_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(4, 5\)"):
        pixel_counts(np.zeros((4, 4), bool), np.zeros((4, 5), bool))
    with pytest.raises(ValueError, match="bool"):
        pixel_counts(np.zeros((4, 4), bool), np.full((4, 4), 255, np.uint8))


@pytest.mark.parametrize(
    "params",
    [plain_mask(), plain_mask(opening=3), plain_mask(closing=3, kernel="rect", min_area=20)],
)
def test_curves_equal_the_masks_cut_one_by_one(params: MaskParams) -> None:
    heatmap, gt_mask = scene(4)
    curves = threshold_curves(heatmap, gt_mask, params, (0, 2, 5))
    assert list(curves) == [0, 2, 5]
    for tolerance_px, curve in curves.items():
        for threshold, counts in zip(THRESHOLDS, curve, strict=True):
            mask = cut_mask(heatmap, replace(params, threshold=threshold))
            assert counts == pixel_counts(mask, gt_mask, tolerance_px)


def test_ods_is_the_best_f1_of_all_pixels_together() -> None:
    photos = [scene(seed) for seed in range(4)]
    values = np.concatenate([heatmap.ravel() for heatmap, _ in photos])
    truth = np.concatenate([gt_mask.ravel() for _, gt_mask in photos])
    figures = [f1_score(truth, values >= threshold * 65536) for threshold in THRESHOLDS]
    curves = [threshold_curves(*photo, plain_mask(), (0,))[0] for photo in photos]
    threshold, counts = ods(curves)
    assert counts.f1 == pytest.approx(max(figures))
    assert threshold == THRESHOLDS[int(np.argmax(figures))]


def test_ois_lets_each_photo_choose_and_pools_the_counts() -> None:
    wanted = np.zeros((4, 4), bool)
    wanted[0] = True
    faint = np.where(wanted, 20000, 10000).astype(np.uint16)
    strong = np.where(wanted, 60000, 40000).astype(np.uint16)
    curves = [threshold_curves(image, wanted, plain_mask(), (0,))[0] for image in (faint, strong)]
    assert ois(curves) == Counts(8, 8, 8, 8)
    assert ods(curves)[1] == Counts(4, 4, 4, 8)


def test_a_sound_photo_chooses_the_threshold_that_marks_nothing() -> None:
    heatmap = np.full((5, 5), 30000, np.uint16)
    curve = threshold_curves(heatmap, np.zeros((5, 5), bool), plain_mask(), (0,))[0]
    assert ois([curve]) == Counts()


def test_pixel_auroc_and_average_precision_equal_scikit_learn() -> None:
    photos = [scene(seed) for seed in range(3)]
    photos[0] = (photos[0][0] // 4096 * 4096, photos[0][1])  # many ties
    histogram = sum(pixel_histogram(*photo) for photo in photos)
    values = np.concatenate([heatmap.ravel() for heatmap, _ in photos])
    truth = np.concatenate([gt_mask.ravel() for _, gt_mask in photos])
    assert auroc(histogram) == pytest.approx(roc_auc_score(truth, values))
    assert average_precision(histogram) == pytest.approx(average_precision_score(truth, values))


def test_both_ends_of_the_scale_are_in_the_histogram() -> None:
    heatmap = np.array([[0, 65535]], np.uint16)
    assert auroc(pixel_histogram(heatmap, heatmap > 0)) == 1.0
    assert auroc(pixel_histogram(heatmap, heatmap == 0)) == 0.0


def test_image_auroc_equals_scikit_learn() -> None:
    generator = np.random.default_rng(5)
    labels = generator.random(300) < 0.3
    for scores in (generator.normal(labels, 1.0), generator.integers(0, 5, 300)):
        assert image_auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


def test_figures_that_need_both_classes_refuse_one() -> None:
    heatmap, _ = scene(6)
    with pytest.raises(ValueError, match="both"):
        auroc(pixel_histogram(heatmap, np.zeros(heatmap.shape, bool)))
    with pytest.raises(ValueError, match="both"):
        average_precision(pixel_histogram(heatmap, np.ones(heatmap.shape, bool)))
    with pytest.raises(ValueError, match="both"):
        image_auroc([0.1, 0.2], [True, True])


def test_confusion_equals_scikit_learn() -> None:
    labels = [True, True, False, False, True]
    called = [True, True, True, False, False]
    result = confusion(called, labels)
    matrix = [
        [result.true_negatives, result.false_positives],
        [result.false_negatives, result.true_positives],
    ]
    assert matrix == confusion_matrix(labels, called).tolist()
    assert result == Confusion(2, 1, 1, 1)
    assert result.precision == pytest.approx(precision_score(labels, called))
    assert result.recall == pytest.approx(recall_score(labels, called))
    assert result.f1 == pytest.approx(f1_score(labels, called))
