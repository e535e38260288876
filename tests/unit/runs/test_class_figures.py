"""How well each class is told apart, by what a config says."""

from typing import Any

import pytest

from crackdemo.masks.classes import MOST_CLASSES
from crackdemo.runs.class_figures import ClassFigures, class_figures


def test_each_class_has_its_figures_in_their_order() -> None:
    metrics: dict[str, Any] = {
        "validation mean_iou, which chose epoch and threshold": 0.7,
        "validation iou of stain": 0.75,
        "validation iou of joint": None,
        "validation dice of stain": 0.9,
        "validation confusion": {},
        "test iou of joint": 0.5,
    }
    expected = [ClassFigures("stain", 0.75, None), ClassFigures("joint", None, 0.5)]
    assert class_figures(metrics) == expected
    assert class_figures({"validation_loss": 0.1}) == class_figures({}) == []


@pytest.mark.parametrize("value", [float("nan"), -1, 7.5, True, "much", [0.5], {}, 10**400])
def test_what_is_no_share_is_none(value: object) -> None:
    [found] = class_figures({"validation iou of joint": value, "test iou of joint": value})
    assert found == ClassFigures("joint", None, None)


def test_neither_many_names_nor_half_letters_reach_a_page() -> None:
    names = [f"validation iou of {number}" for number in range(9999)]
    assert len(class_figures(dict.fromkeys(names, 0.5))) == MOST_CLASSES
    [half] = class_figures({"validation iou of \ud800": 0.5})
    assert half.name.encode()
