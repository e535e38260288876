"""Weights that tell several classes apart, on the command line."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.cli.arguments import main
from crackdemo.detection.detector import Detection
from crackdemo.masks.classes import Confusion, strongest
from crackdemo.masks.cut import cut_mask
from crackdemo.photos.images import read_mask, read_photo
from tests.plain import plain_mask

SavePhoto = Callable[..., Path]
NAMES = ("crack", "joint")


@pytest.fixture
def road(tmp_path: Path, save_photo: SavePhoto, photo: np.ndarray) -> Path:
    """Two photos with true classes."""
    for number in range(2):
        save_photo(tmp_path / "road" / "images" / f"{number}.png", np.roll(photo, 20 * number, 0))
        labels = np.zeros(photo.shape[:2], np.uint8)
        labels[:30], labels[50:60] = 1, 2
        save_photo(tmp_path / "road" / "masks" / f"{number}.png", labels)
    (tmp_path / "road" / "classes.json").write_text('{"1": "crack", "2": "joint"}')
    return tmp_path / "road"


def detection(weights: Path, photo: Path) -> Detection:
    return load_checkpoint(weights).detector().detect(read_photo(photo))


def masks(found: Detection) -> dict[str, np.ndarray]:
    cut = {name: cut_mask(heat, plain_mask()) for name, heat in found.classes.items()}
    assert all(0.02 < mask.mean() < 0.98 for mask in cut.values())
    return cut


def row_of(out: Path) -> dict[str, str]:
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.DictReader(file))


def test_predict_writes_a_mask_of_each_class(
    classes_checkpoint: Path, road: Path, tmp_path: Path
) -> None:
    out, photo = tmp_path / "out", road / "images" / "0.png"
    assert main(["predict", str(photo), "--model", str(classes_checkpoint), "--out", str(out)]) == 0
    expected = masks(detection(classes_checkpoint, photo))
    for name in NAMES:
        assert np.array_equal(read_mask(out / "classes" / name / "0.png"), expected[name])
        share = float(row_of(out)[f"percent_of_{name}"])
        assert share == pytest.approx(100 * expected[name].mean(), abs=1e-3)
    assert "class" not in row_of(out)
    whole = cut_mask(detection(classes_checkpoint, photo).heatmap, plain_mask())
    assert np.array_equal(read_mask(out / "masks" / "0.png"), whole)


def test_predict_takes_one_class_by_its_name_or_from_a_preset(
    classes_checkpoint: Path, road: Path, tmp_path: Path
) -> None:
    out, photo = tmp_path / "out", road / "images" / "0.png"
    expected = masks(detection(classes_checkpoint, photo))
    preset = tmp_path / "mine.json"
    preset.write_text('{"version": 2, "class": "crack"}')
    call = ["predict", str(photo), "--model", str(classes_checkpoint), "--out", str(out)]
    for options, name in ((["--class", "joint"], "joint"), (["--preset", str(preset)], "crack")):
        assert main([*call, *options]) == 0
        assert np.array_equal(read_mask(out / "masks" / "0.png"), expected[name])
        row = row_of(out)
        assert not (out / "classes").exists() and "percent_of_joint" not in row
        assert row["class"] == name and list(row)[4:6] == ["state", "class"]


@pytest.mark.parametrize("command", ["predict", "evaluate", "submit"])
def test_a_class_that_is_not_known_is_said(
    command: str, classes_checkpoint: Path, road: Path, tmp_path: Path, capsys
) -> None:
    out = tmp_path / ("out.csv" if command == "submit" else "out")
    call = [command, str(road), "--model", str(classes_checkpoint), "--out", str(out)]
    assert main([*call, "--class", "pothole"]) == 2
    assert "know no class “pothole”: take crack or joint" in capsys.readouterr().err


def test_submit_says_that_a_row_holds_all_classes_unless_one_is_chosen(
    classes_checkpoint: Path, road: Path, tmp_path: Path, capsys
) -> None:
    call = ["submit", str(road), "--model", str(classes_checkpoint)]
    assert main([*call, "--out", str(tmp_path / "all.csv")]) == 0
    assert "A row holds all that is crack or joint" in capsys.readouterr().err
    assert main([*call, "--out", str(tmp_path / "one.csv"), "--class", "joint"]) == 0
    assert "A row holds" not in capsys.readouterr().err


def test_evaluate_gives_figures_by_class(
    classes_checkpoint: Path, road: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    call = ["evaluate", str(road), "--model", str(classes_checkpoint), "--out", str(out)]
    assert main(call) == 0
    figures = json.loads((out / "metrics.json").read_text())
    pooled = None
    for number in range(2):
        found = detection(classes_checkpoint, road / "images" / f"{number}.png")
        truth = np.zeros(found.heatmap.shape, np.uint8)
        truth[:30], truth[50:60] = 1, 2
        one = Confusion.of(truth, strongest(found.classes, masks(found)), NAMES)
        pooled = one if pooled is None else pooled + one
    assert pooled is not None
    assert figures["mean_iou"] == pytest.approx(pooled.mean_iou)
    assert figures["confusion"] == pooled.shares
    assert main([*call, "--class", "joint"]) == 0
    figures = json.loads((out / "metrics.json").read_text())
    hits = pooled.counts  # of one class alone others do not matter
    assert "mean_iou" not in figures and figures["pixel_recall"] >= hits[2, 2] / hits[2].sum()


def test_masks_that_say_nothing_of_a_class_are_said(
    classes_checkpoint: Path, road: Path, tmp_path: Path, save_photo: SavePhoto, capsys
) -> None:
    (road / "classes.json").unlink()
    for number in range(2):
        save_photo(road / "masks" / f"{number}.png", np.zeros((96, 128), np.uint8))
    call = ["evaluate", str(road), "--model", str(classes_checkpoint), "--out", str(tmp_path / "o")]
    assert main([*call, "--class", "joint"]) == 1
    assert "says nothing of joint: name its values in classes.json" in capsys.readouterr().err
    assert main([*call, "--class", "crack"]) == 0
