from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_curve

from crackdemo.evaluation.evaluate import SetCurves
from crackdemo.evaluation.plots import roc_points, write_plots
from crackdemo.masks.metrics import TOLERANCES_PX, Counts

RISING = [Counts(90 - n // 2, 200 - 2 * n, 90 - n // 2, 100) for n in range(99)]
MASKED = SetCurves(dict.fromkeys(TOLERANCES_PX, RISING), 0.5, [], [], 0.5)
SCORES = [0.1, 0.2, 0.6, 0.6, 0.7, 0.9]
LABELS = [False, False, True, False, True, True]
WHOLE = SetCurves({}, 0.5, SCORES, LABELS, 0.5)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_each_plot_is_there_as_png_and_svg(tmp_path: Path) -> None:
    plots = write_plots(tmp_path, {"a": MASKED, "owner/b": WHOLE})
    assert plots == [
        *("pixel_precision_recall", "pixel_f1"),
        *("image_roc", "image_scores", "image_confusion"),
    ]
    assert names(tmp_path) == {f"{plot}.{kind}" for plot in plots for kind in ("png", "svg")}
    for plot in plots:
        pixels = np.asarray(Image.open(tmp_path / f"{plot}.png").convert("L"))
        assert len(np.unique(pixels)) > 10


def test_weights_are_named_and_lie_over_each_other(tmp_path: Path) -> None:
    write_plots(tmp_path, {"first": MASKED, "second": MASKED})
    drawing = (tmp_path / "pixel_f1.svg").read_text()
    for name in ("first", "second"):
        assert f"<!-- {name}, within 2 px -->" in drawing


def test_the_same_plot_is_the_same_file(tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        write_plots(folder, {"a": MASKED})
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("labels", [[True] * 6, [False] * 6])
def test_one_kind_of_photo_has_no_roc(tmp_path: Path, labels: list[bool]) -> None:
    plots = write_plots(tmp_path, {"a": SetCurves({}, 0.5, SCORES, labels, 0.5)})
    assert plots == ["image_scores", "image_confusion"]


def test_nothing_marked_and_nothing_true_is_drawn_too(tmp_path: Path) -> None:
    empty = SetCurves(dict.fromkeys(TOLERANCES_PX, [Counts()] * 99), 0.455, [], [], 0.5)
    assert write_plots(tmp_path, {"a": empty}) == ["pixel_precision_recall", "pixel_f1"]
    assert write_plots(tmp_path, {"a": SetCurves({}, 0.5, [], [], 0.5)}) == []


def test_the_roc_is_that_of_scikit_learn() -> None:
    expected = roc_curve(LABELS, SCORES, drop_intermediate=False)
    false, true = roc_points(SCORES, LABELS)
    assert false.tolist() == pytest.approx(expected[0].tolist())
    assert true.tolist() == pytest.approx(expected[1].tolist())
