"""Weights that tell several classes apart, in a real browser."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from crackdemo.masks.cut import cut_mask
from crackdemo.photos.images import read_mask
from crackdemo.photos.overlays import class_colour
from tests.e2e.app_server import App, running_app
from tests.e2e.visitor import Visitor, visit
from tests.plain import plain_mask


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, classes_checkpoint: Path) -> Iterator[App]:
    with running_app(tmp_path_factory.mktemp("app"), classes_checkpoint, r0=0.3) as app:
        yield app


@pytest.fixture
def visitor(browser: Browser, app: App) -> Iterator[Visitor]:
    with visit(browser, app.url) as visitor:
        yield visitor


def test_a_class_is_chosen_shown_and_taken_away(
    app: App, visitor: Visitor, cracked: Path, tmp_path: Path
) -> None:
    choice, key = visitor.page.locator("#class"), visitor.page.locator("#class-key li")
    expect(choice).to_have_count(0)
    expect(key).to_have_count(0)
    visitor.score(cracked)
    found = app.detect(cracked)
    masks = {name: cut_mask(heat, plain_mask()) for name, heat in found.classes.items()}
    assert not np.array_equal(masks["crack"], masks["joint"]) and masks["joint"].any()
    visitor.sees_mask(cut_mask(found.heatmap, plain_mask()))
    expect(choice).to_be_visible()
    expect(key).to_have_text([re.compile("crack"), re.compile("joint")])
    expect(key.nth(1).locator("span")).to_have_css("color", f"rgb{class_colour(2)}")
    visitor.sees(visitor.verdict, "Defect")
    visitor.choose("class", "joint")
    visitor.sees_mask(masks["joint"])
    visitor.sees(visitor.verdict, "Joint")
    colour = visitor.page.evaluate("crackdemo.colours.CRACK")
    assert tuple(colour) == class_colour(2)
    files = visitor.downloads(tmp_path / "joint")
    assert np.array_equal(read_mask(files["mask.png"]), masks["joint"])
    assert files["mask.png"].name.endswith("-joint-mask.png")
    assert json.loads(files["preset.json"].read_text())["class"] == "joint"
    [row] = csv.DictReader(files["results.csv"].open(encoding="utf-8"))
    assert row["class"] == "joint" and list(row)[4:6] == ["state", "class"]
    visitor.choose("class", "All classes")
    visitor.sees_mask(cut_mask(found.heatmap, plain_mask()))


def test_all_classes_are_taken_away_by_name(
    app: App, visitor: Visitor, cracked: Path, tmp_path: Path
) -> None:
    visitor.score(cracked)
    files = visitor.downloads(tmp_path / "all")
    for name, heat in app.detect(cracked).classes.items():
        # it is called road-mask-joint.png
        assert np.array_equal(read_mask(files[f"{name}.png"]), cut_mask(heat, plain_mask()))
    header = files["results.csv"].read_text().splitlines()[0].split(",")
    assert "percent_of_joint" in header and "class" not in header
    assert "class" not in json.loads(files["preset.json"].read_text())


def test_a_preset_brings_its_class(visitor: Visitor, app: App, cracked: Path) -> None:
    visitor.score(cracked)
    preset = cracked.with_name("mine.json")
    preset.write_text('{"version": 2, "class": "joint"}')
    visitor.load_preset(preset)
    visitor.sees_mask(cut_mask(app.detect(cracked).classes["joint"], plain_mask()))
    expect(visitor.page.locator("#class input")).to_have_value("joint")


def test_a_preset_of_a_class_that_is_not_there_is_said(visitor: Visitor, cracked: Path) -> None:
    visitor.score(cracked)
    preset = cracked.with_name("mine.json")
    preset.write_text('{"version": 2, "class": "pothole"}')
    visitor.load_preset(preset)
    note = visitor.page.get_by_role("status").filter(has_text="know no class “pothole”")
    expect(note).to_be_visible()
    expect(visitor.page.locator("#class input")).to_have_value("All classes")
