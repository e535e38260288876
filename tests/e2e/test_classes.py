"""Weights that tell several classes apart, in a real browser."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.detection.classes import ClassDetector
from crackdemo.masks.cut import cut_mask
from crackdemo.photos.images import read_mask
from crackdemo.photos.overlays import class_colour
from tests.e2e.app_server import OTHER_WEIGHTS, App, running_app
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


def badges(app: App, photos: list[Path], name: str) -> list[str]:
    """What the strip says of photos when one class is shown; on each of them both are marked."""
    alone = ClassDetector(load_checkpoint(app.checkpoint()).detector(), name)
    scores = [alone.score(alone.only(app.detect(photo)), None) for photo in photos]
    return [
        f"{photo.name}, {name.capitalize()}, score {score:.2f}"
        for photo, score in zip(photos, scores, strict=True)
    ]


def says(visitor: Visitor, titles: list[str]) -> None:
    """Waits until the strip says so of all photos, and the filters count them."""
    for cell, title in zip(visitor.strip.all(), titles, strict=True):
        expect(cell).to_have_attribute("title", title)
    word = titles[0].split(", ")[1]
    counted = ["All 4", f"{word} 4", "Check 0", f"No {word.lower()} 0"]
    expect(visitor.page.locator("[data-filter]")).to_have_text(counted)


def test_the_strip_follows_the_class(app: App, visitor: Visitor, survey: list[Path]) -> None:
    photos = survey[:4]
    visitor.score(*photos)
    expect(visitor.strip.locator(".state")).to_have_text(["Defect"] * 4)
    for name in ("joint", "crack", "joint"):
        visitor.choose("class", name)
        says(visitor, badges(app, photos, name))
    visitor.choose("class", "All classes")
    expect(visitor.strip.locator(".state")).to_have_text(["Defect"] * 4)


def test_verdicts_of_one_class_never_stand_under_the_word_of_another(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    """Of photos that are not on show none is known until it is judged, and what was asked of the
    class before comes too late."""
    photos = survey[:4]
    visitor.score(*photos)
    expect(visitor.strip.locator(".state")).to_have_text(["Defect"] * 4)
    with app.bench.overloaded(*photos[1:]):
        with visitor.asks():
            visitor.choose("class", "joint")
        visitor.choose("class", "crack")
        visitor.sees(visitor.verdict, "Crack")
        known = badges(app, photos, "crack")[:1] + [photo.name for photo in photos[1:]]
        for cell, title in zip(visitor.strip.all(), known, strict=True):
            expect(cell).to_have_attribute("title", title)
        counted = ["All 4", "Crack 1", "Check 0", "No crack 0"]
        expect(visitor.page.locator("[data-filter]")).to_have_text(counted)
    says(visitor, badges(app, photos, "crack"))
    visitor.settles()
    says(visitor, badges(app, photos, "crack"))


def test_a_class_chosen_while_other_weights_score_is_the_one_that_is_shown(
    app: App, visitor: Visitor, survey: list[Path]
) -> None:
    photos = survey[:4]
    visitor.score(*photos)
    visitor.choose("class", "joint")
    visitor.sees(visitor.verdict, "Joint")
    with app.bench.only(0) as permits:
        visitor.choose("weights", OTHER_WEIGHTS)
        visitor.sees(visitor.status, "Scoring 1 of 4")
        visitor.choose("class", "crack")
        visitor.settles()
        permits.release(4)
        visitor.sees(visitor.status, f"4 photos scored with {OTHER_WEIGHTS}")
    visitor.sees(visitor.verdict, "Crack")
    expect(visitor.strip.locator(".state")).to_have_text(["Crack"] * 4)
    visitor.sees_mask(cut_mask(app.detect(photos[0], OTHER_WEIGHTS).classes["crack"], plain_mask()))
    expect(visitor.page.locator("#class input")).to_have_value("crack")


def test_a_class_chosen_right_after_other_weights_is_not_taken_back(
    app: App, visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    for weights, name in ((OTHER_WEIGHTS, "joint"), (DEFAULT_WEIGHTS, "crack")):
        visitor.choose("weights", weights)
        visitor.choose("class", name)
        visitor.sees(visitor.status, f"scored with {weights}")
        visitor.settles()
        expect(visitor.page.locator("#class input")).to_have_value(name)
        heat = app.detect(cracked, weights).classes[name]
        visitor.sees_mask(cut_mask(heat, plain_mask()))


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
