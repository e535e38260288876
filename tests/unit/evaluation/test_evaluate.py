import csv
import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    f1_score,
    jaccard_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.data.labelled import find_labelled
from crackdemo.detection.detector import Detector
from crackdemo.errors import FolderError
from crackdemo.evaluation.evaluate import Evaluation, image_metrics
from crackdemo.evaluation.report import write_report
from crackdemo.inspection.predict import Failed
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.metrics import ods, ois, threshold_curves
from crackdemo.masks.params import MaskParams
from crackdemo.photos.images import read_photo

SavePhoto = Callable[..., Path]


@pytest.fixture(scope="module")
def detector(tiny_checkpoint: Path) -> Detector:
    return load_checkpoint(tiny_checkpoint).detector(torch.device("cpu"))


@pytest.fixture(scope="module")
def own(tiny_checkpoint: Path) -> MaskParams:
    return load_checkpoint(tiny_checkpoint).config.mask


def pavement(seed: int, line_width: int) -> tuple[np.ndarray, np.ndarray]:
    """A photo (60, 80, 3) with a dark line, and the line's mask; no line for a width of 0."""
    rng = np.random.default_rng(seed)
    photo = rng.normal(150, 14, (60, 80, 3)).clip(0, 255).astype(np.uint8)
    mask = np.zeros((60, 80), np.uint8)
    if line_width:
        ends = (5, int(rng.integers(5, 55))), (75, int(rng.integers(5, 55)))
        cv2.line(mask, *ends, 255, line_width)
        photo[mask > 0] = rng.integers(50, 110, (int((mask > 0).sum()), 1))
    return photo, mask


@pytest.fixture
def masked(tmp_path: Path, save_photo: SavePhoto) -> Path:
    """Four photos with masks; the last shows no crack."""
    folder = tmp_path / "road"
    for number, width in enumerate((1, 2, 4, 0)):
        photo, mask = pavement(number, width)
        save_photo(folder / "images" / f"{number}.png", photo)
        save_photo(folder / "masks" / f"{number}.png", mask)
    return folder


@pytest.fixture
def classed(tmp_path: Path, save_photo: SavePhoto) -> Path:
    """Six clean and six cracked photos."""
    folder = tmp_path / "wall"
    for number in range(6):
        save_photo(folder / "clean" / f"{number}.png", pavement(number, 0)[0])
        save_photo(folder / "cracked" / f"{number}.png", pavement(number + 10, number // 2)[0])
    return folder


def evaluated(folder: Path, detector: Detector, own: MaskParams) -> Evaluation:
    evaluation = Evaluation(detector, own)
    list(evaluation.run(find_labelled(folder)))
    return evaluation


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def heatmaps_and_truth(folder: Path, detector: Detector) -> list[tuple[np.ndarray, np.ndarray]]:
    return [
        (
            detector.detect(read_photo(path)).heatmap,
            cv2.imread(str(folder / "masks" / path.name), cv2.IMREAD_GRAYSCALE) > 0,
        )
        for path in sorted((folder / "images").iterdir())
    ]


def pooled(pairs: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    predicted, truth = zip(*pairs, strict=True)
    return np.concatenate([p.ravel() for p in predicted]), np.concatenate(
        [t.ravel() for t in truth]
    )


class TestPixelFigures:
    def test_masks_are_judged_as_by_scikit_learn(
        self, masked: Path, detector: Detector, own: MaskParams
    ) -> None:
        figures = evaluated(masked, detector, own).metrics()
        params = own
        pairs = heatmaps_and_truth(masked, detector)
        predicted, truth = pooled([(cut_mask(h, params), t) for h, t in pairs])
        assert 0 < predicted.sum() < predicted.size
        assert figures["pixel_precision"] == pytest.approx(precision_score(truth, predicted))
        assert figures["pixel_recall"] == pytest.approx(recall_score(truth, predicted))
        assert figures["pixel_f1"] == pytest.approx(f1_score(truth, predicted))
        assert figures["pixel_iou"] == pytest.approx(jaccard_score(truth, predicted))

    def test_heatmaps_are_judged_as_by_scikit_learn(
        self, masked: Path, detector: Detector, own: MaskParams
    ) -> None:
        figures = evaluated(masked, detector, own).metrics()
        values, truth = pooled(heatmaps_and_truth(masked, detector))
        assert figures["pixel_auroc"] == pytest.approx(roc_auc_score(truth, values))
        assert figures["pixel_average_precision"] == pytest.approx(
            average_precision_score(truth, values)
        )

    def test_ods_is_the_best_f1_of_one_threshold_with_the_same_morphology(
        self, masked: Path, detector: Detector, own: MaskParams
    ) -> None:
        figures = evaluated(masked, detector, own).metrics()
        assert own.closing and own.min_area
        pairs = heatmaps_and_truth(masked, detector)

        def f1_at(threshold: float) -> float:
            params = replace(own, threshold=threshold)
            predicted, truth = pooled([(cut_mask(h, params), t) for h, t in pairs])
            return float(f1_score(truth, predicted))

        best = max(f1_at(step / 100) for step in range(1, 100))
        assert figures["pixel_ods_with_morphology"] == pytest.approx(best)
        assert f1_at(figures["pixel_ods_threshold"]) == pytest.approx(best)
        assert figures["pixel_ods_with_morphology"] >= figures["pixel_f1"]

    def test_dice_is_the_mean_over_photos_and_counts_empty_ones_in_full(
        self, masked: Path, detector: Detector, own: MaskParams
    ) -> None:
        own = replace(own, threshold=0.6, min_area=40)
        figures = evaluated(masked, detector, own).metrics()
        dice = []
        for heatmap, truth in heatmaps_and_truth(masked, detector):
            mask = cut_mask(heatmap, own)
            dice.append(f1_score(truth.ravel(), mask.ravel(), zero_division=1.0))
        assert figures["mean_image_dice"] == pytest.approx(np.mean(dice))

    def test_ois_pools_each_photos_counts_at_its_own_best_threshold(
        self, masked: Path, detector: Detector, own: MaskParams
    ) -> None:
        figures = evaluated(masked, detector, own).metrics()
        curves = [
            threshold_curves(heatmap, truth, own, [2.0])[2.0]
            for heatmap, truth in heatmaps_and_truth(masked, detector)
        ]
        assert figures["pixel_ois_with_morphology_2px"] == pytest.approx(ois(curves).f1)
        assert figures["pixel_ods_with_morphology_2px"] == pytest.approx(ods(curves)[1].f1)

    def test_more_tolerance_never_lowers_a_figure(
        self, masked: Path, detector: Detector, own: MaskParams
    ) -> None:
        figures = evaluated(masked, detector, own).metrics()
        for name in ("pixel_f1", "pixel_ods_with_morphology", "pixel_ois_with_morphology"):
            assert figures[name] <= figures[f"{name}_2px"] <= figures[f"{name}_5px"]

    def test_without_any_crack_there_is_no_auroc(
        self, tmp_path: Path, save_photo: SavePhoto, detector: Detector, own: MaskParams
    ) -> None:
        photo, mask = pavement(1, 0)
        save_photo(tmp_path / "images" / "a.png", photo)
        save_photo(tmp_path / "masks" / "a.png", mask)
        figures = evaluated(tmp_path, detector, own).metrics()
        assert figures["pixel_auroc"] is None
        assert figures["pixel_average_precision"] is None
        assert figures["pixel_photos"] == 1

    def test_there_are_no_image_figures(
        self, masked: Path, detector: Detector, own: MaskParams
    ) -> None:
        figures = evaluated(masked, detector, own).metrics()
        assert not [name for name in figures if name.startswith("image_")]


class TestImageFigures:
    def test_scores_are_judged_as_by_scikit_learn(
        self, classed: Path, detector: Detector, own: MaskParams
    ) -> None:
        evaluation = evaluated(classed, detector, own)
        figures = evaluation.metrics()
        scores = [
            detector.detect(read_photo(path)).score
            for label in ("clean", "cracked")
            for path in sorted((classed / label).iterdir())
        ]
        labels = np.repeat([False, True], 6)
        called = np.array(scores) >= detector.calibration.score_threshold
        assert figures["image_auroc"] == pytest.approx(roc_auc_score(labels, scores))
        assert figures["image_precision"] == pytest.approx(precision_score(labels, called))
        assert figures["image_recall"] == pytest.approx(recall_score(labels, called))
        assert figures["image_f1"] == pytest.approx(f1_score(labels, called))
        names = ("true_negatives", "false_positives", "false_negatives", "true_positives")
        counts = [figures[f"image_{name}"] for name in names]
        assert counts == confusion_matrix(labels, called).ravel().tolist()
        assert not [name for name in figures if name.startswith("pixel_")]

    def test_by_hand(self) -> None:
        figures = image_metrics(
            [0.1, 0.6, 0.5, 0.9], [False, False, True, True], [False, True, True, True]
        )
        assert figures == {
            "image_photos": 4,
            "image_auroc": 0.75,
            "image_precision": pytest.approx(2 / 3),
            "image_recall": 1,
            "image_f1": pytest.approx(0.8),
            "image_accuracy": 0.75,
            "image_true_positives": 2,
            "image_false_positives": 1,
            "image_false_negatives": 0,
            "image_true_negatives": 1,
        }

    def test_one_kind_alone_has_no_auroc(self) -> None:
        assert image_metrics([0.1, 0.6], [True, True], [False, True])["image_auroc"] is None


class TestFiles:
    def test_metrics_and_a_line_per_photo_are_written(
        self, masked: Path, detector: Detector, tmp_path: Path, own: MaskParams
    ) -> None:
        evaluation = evaluated(masked, detector, own)
        out = tmp_path / "out"
        out.mkdir()
        write_report(out, {"tiny": evaluation}, {"split": "test"}, [{"weights": "tiny"}])
        values = json.loads((out / "metrics.json").read_text())
        assert values["weights"] == "tiny"
        assert values["photos"] == values["pixel_photos"] == 4
        assert values["mask"] == {
            "threshold": 0.3,
            "opening": 0,
            "closing": 3,
            "kernel": "ellipse",
            "grow": 0,
            "min_area": 5,
        }
        assert values["seconds_per_megapixel"] > 0
        table = rows(out / "per_image.csv")
        assert [row["file"] for row in table] == [f"images/{n}.png" for n in range(4)]
        assert [row["gt_crack"] for row in table] == ["true", "true", "true", "false"]
        [(_, truth), *_] = pairs = heatmaps_and_truth(masked, detector)
        mask = cut_mask(pairs[0][0], own)
        assert float(table[0]["pixel_f1"]) == pytest.approx(
            f1_score(truth.ravel(), mask.ravel()), abs=1e-4
        )
        assert rows(out / "errors.csv") == []

    def test_several_weights_stand_beside_each_other(
        self, masked: Path, detector: Detector, tmp_path: Path, own: MaskParams
    ) -> None:
        strict = replace(own, threshold=0.9)
        both = {"own": evaluated(masked, detector, own), "a/b": evaluated(masked, detector, strict)}
        write_report(tmp_path, both, {"data": "road"}, [{"weights": "own"}, {"weights": "a/b"}])
        models = json.loads((tmp_path / "metrics.json").read_text())["models"]
        assert list(models) == ["own", "a/b"]
        assert models["a/b"]["mask"]["threshold"] == 0.9
        assert models["own"]["pixel_auroc"] == models["a/b"]["pixel_auroc"]
        assert [row["weights"] for row in rows(tmp_path / "per_image.csv")] == [
            *["own"] * 4,
            *["a/b"] * 4,
        ]
        assert {path.name for path in (tmp_path / "galleries").iterdir()} == {
            f"{name}-{kind}.jpg" for name in ("own", "a-b") for kind in ("worst", "best")
        }
        assert (tmp_path / "plots" / "pixel_f1.svg").is_file()

    def test_photos_without_masks_leave_the_pixel_columns_empty(
        self, classed: Path, detector: Detector, tmp_path: Path, own: MaskParams
    ) -> None:
        write_report(tmp_path, {"tiny": evaluated(classed, detector, own)}, {}, [{}])
        table = rows(tmp_path / "per_image.csv")
        assert len(table) == 12
        assert {row["pixel_f1"] for row in table} == {""}
        assert [row["gt_crack"] for row in table] == ["false"] * 6 + ["true"] * 6

    def test_photos_that_cannot_be_judged_are_listed_and_count_for_nothing(
        self,
        masked: Path,
        save_photo: SavePhoto,
        detector: Detector,
        tmp_path: Path,
        own: MaskParams,
    ) -> None:
        expected = evaluated(masked, detector, own).metrics()
        photo, mask = pavement(7, 3)
        save_photo(masked / "images" / "unlabelled.png", photo)
        save_photo(masked / "images" / "other-size.png", photo)
        save_photo(masked / "masks" / "other-size.png", mask[:-1])
        save_photo(masked / "images" / "bad-mask.png", photo)
        (masked / "masks" / "bad-mask.png").write_text("no mask")
        save_photo(masked / "masks" / "bad-photo.png", mask)
        (masked / "images" / "bad-photo.png").touch()
        evaluation = evaluated(masked, detector, own)
        figures = evaluation.metrics()
        reasons = {failure.source.path.stem: failure.reason for failure in evaluation.failures}
        assert set(reasons) == {"unlabelled", "other-size", "bad-mask", "bad-photo"}
        assert "mask unlabelled.png was not found" in reasons["unlabelled"]
        assert "differ in size" in reasons["other-size"]
        assert "mask bad-mask.png is not a photo" in reasons["bad-mask"]
        assert "is an empty file" in reasons["bad-photo"]
        assert (figures["photos"], figures["failed_photos"]) == (4, 4)
        for name in set(figures) - {"failed_photos", "seconds_per_megapixel"}:
            assert figures[name] == expected[name]

    def test_on_a_full_disk_the_report_before_stays(
        self, tmp_path: Path, detector: Detector, own: MaskParams
    ) -> None:
        nothing = Evaluation(detector, own)
        write_report(tmp_path, {"tiny": nothing}, {}, [{}])
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

        class OnFullDisk(Evaluation):
            def curves(self) -> Any:
                raise OSError(errno.ENOSPC, "No space left on device")

        with pytest.raises(FolderError, match="No space left on device"):
            write_report(tmp_path, {"other": OnFullDisk(detector, own)}, {"data": "x"}, [{}])
        assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before

    def test_when_nothing_could_be_judged_there_is_still_a_report(
        self, tmp_path: Path, detector: Detector, own: MaskParams
    ) -> None:
        (tmp_path / "clean").mkdir()
        (tmp_path / "clean" / "a.jpg").touch()
        evaluation = Evaluation(detector, own)
        [outcome] = evaluation.run(find_labelled(tmp_path))
        assert isinstance(outcome, Failed)
        write_report(tmp_path, {"tiny": evaluation}, {}, [{}])
        assert json.loads((tmp_path / "metrics.json").read_text())["photos"] == 0
