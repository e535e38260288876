"""What is taken away from the page and what comes back to it, in a real browser."""

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path
from zipfile import ZipFile

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS
from crackdemo.cli.arguments import main
from crackdemo.detection.score import photo_score
from crackdemo.files import sha256_of
from crackdemo.masks.cut import cut_mask, drop_components
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset, preset_json, read_preset
from crackdemo.masks.region import region_mask
from crackdemo.photos.images import read_mask, read_photo
from tests.e2e.app_server import OWN_MASK, App
from tests.e2e.visitor import Visitor, without_largest


def test_what_is_downloaded_is_what_was_shown(
    app: App, visitor: Visitor, cracked: Path, survey: list[Path], tmp_path: Path
) -> None:
    params = replace(OWN_MASK, threshold=0.25, kernel="rect")
    detection = app.detect(cracked)
    visitor.score(cracked, survey[0])
    visitor.set(params)
    visitor.draw_box((0.1, 0.1), (0.9, 0.8))
    visitor.drop_largest()
    visitor.sees(visitor.verdict, "1 region dropped by hand")
    files = visitor.downloads(tmp_path / "saved")
    preset = json.loads(files["preset.json"].read_text())
    assert preset["mask"] == asdict(params)
    (box,) = preset["region"]
    assert np.allclose(box[0] + box[2], (0.1, 0.1, 0.9, 0.8), atol=0.02)
    region = region_mask(preset["region"], *detection.heatmap.shape)
    expected = without_largest(cut_mask(detection.heatmap, params, region))
    visitor.sees_mask(expected)
    assert np.array_equal(read_mask(files["mask.png"]), expected)
    heatmap = cv2.imread(str(files["heatmap.png"]), cv2.IMREAD_UNCHANGED)
    assert heatmap.dtype == np.uint16 and np.array_equal(heatmap, detection.heatmap)
    assert np.array_equal(read_photo(files["reconstruction.png"]), detection.reconstruction)
    assert read_photo(files["overlay.jpg"]).shape == detection.reconstruction.shape
    first, second = csv.DictReader(files["results.csv"].open())
    score = photo_score(detection.heatmap[region], 0.01)
    assert float(first["score"]) == pytest.approx(score, abs=1e-5)
    visitor.sees(visitor.verdict, f"score {score:.3f} in the region of interest")
    assert float(first["crack_percent"]) == pytest.approx(100 * expected.sum() / region.sum(), 1e-3)
    assert float(first["dropped_percent"]) > 0 and float(second["dropped_percent"]) == 0
    assert (first["file"], second["file"]) == ("road.png", "km 0.png")

    visitor.slide("threshold", 0.5)
    expect(visitor.page.locator("#downloads")).to_be_hidden()


def test_one_zip_holds_everything_of_all_photos(
    app: App, visitor: Visitor, survey: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "empty.jpg").touch()
    visitor.score(*survey[:3], tmp_path / "empty.jpg")
    visitor.page.locator("#prepare-all").click()
    link = visitor.page.locator("#downloads a[download]")
    expect(link).to_have_count(1)
    box = visitor.page.locator("#downloads")
    visitor.sees(box, "All photos in one ZIP: pictures, table, settings")
    with visitor.page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "crackdemo.zip"
    download.value.save_as(tmp_path / "crackdemo.zip")
    folder = tmp_path / "unpacked"
    with ZipFile(tmp_path / "crackdemo.zip") as archive:
        archive.extractall(folder)
    stems = [photo.stem for photo in survey[:3]]
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    views = (("masks", "png"), ("heatmaps", "png"), ("reconstructions", "png"), ("overlays", "jpg"))
    expected = {f"{view}/{stem}.{suffix}" for view, suffix in views for stem in stems}
    assert found == expected | {"results.csv", "errors.csv", "preset.json"}
    for photo in survey[:3]:
        mask = read_mask(folder / "masks" / f"{photo.stem}.png")
        assert np.array_equal(mask, cut_mask(app.heatmap(photo), OWN_MASK))
    rows = list(csv.DictReader((folder / "results.csv").open(encoding="utf-8")))
    assert [row["file"] for row in rows] == [photo.name for photo in survey[:3]]
    assert {row["weights"] for row in rows} == {DEFAULT_WEIGHTS}
    visitor.downloads(tmp_path / "saved")
    visitor.sees(box, "Pictures of this photo; table of all photos; settings")


def test_a_preset_gives_the_same_mask_on_another_page_and_on_the_command_line(
    app: App, visitor: Visitor, cracked: Path, tmp_path: Path
) -> None:
    heatmap = app.heatmap(cracked)
    polygon = ((0.1, 0.05), (0.95, 0.3), (0.5, 0.95))
    params = MaskParams(threshold=0.1234567, opening=3, kernel="cross", min_area=700)
    region = region_mask([polygon], *heatmap.shape)
    marked = cut_mask(heatmap, replace(params, min_area=0), region)
    y, x = (int(place[0]) for place in np.nonzero(cut_mask(heatmap, params, region)))
    preset = Preset(params, (polygon,), 0.5, {sha256_of(cracked): ((x, y),)})
    (tmp_path / "preset.json").write_text(preset_json(preset))
    expected = drop_components(cut_mask(heatmap, params, region), [(x, y)])
    assert marked.any()

    visitor.score(cracked)
    visitor.load_preset(tmp_path / "preset.json")
    visitor.sees_mask(expected)
    expect(visitor.page.locator("#scale input")).to_have_value("0.5")
    again = visitor.downloads(tmp_path / "saved")
    assert np.array_equal(read_mask(again["mask.png"]), expected)
    assert read_preset(again["preset.json"], MaskParams()) == replace(
        preset, weights=DEFAULT_WEIGHTS
    )

    call = ["predict", str(cracked), "--model", str(app.checkpoint()), "--out", str(tmp_path / "o")]
    assert main([*call, "--preset", str(again["preset.json"])]) == 0
    assert np.array_equal(read_mask(tmp_path / "o" / "masks" / "road.png"), expected)


def test_an_older_preset_drops_by_name_until_the_photo_itself_is_known(
    app: App, visitor: Visitor, cracked: Path, tmp_path: Path
) -> None:
    marked = cut_mask(app.heatmap(cracked), OWN_MASK)
    y, x = (int(place[0]) for place in np.nonzero(marked))
    old = {"mask": asdict(OWN_MASK), "dropped": {cracked.name: [[x, y]]}}
    (tmp_path / "old.json").write_text(json.dumps(old))
    visitor.score(cracked)
    visitor.load_preset(tmp_path / "old.json")
    visitor.sees_mask(drop_components(marked, [(x, y)]))
    saved = json.loads(visitor.downloads(tmp_path / "saved")["preset.json"].read_text())
    assert saved["photos"] == {sha256_of(cracked): {"dropped": [[x, y]]}}


def test_a_preset_that_drops_nothing_says_what_it_takes_back(
    visitor: Visitor, cracked: Path, tmp_path: Path
) -> None:
    for name in ("one.json", "two.json", "three.json"):
        (tmp_path / name).write_text(preset_json(Preset(OWN_MASK)))
    visitor.score(cracked)
    said = visitor.page.locator("#settings-said")
    visitor.load_preset(tmp_path / "one.json")
    visitor.sees(said, "Settings of one.json.")
    assert "dropped by hand" not in said.inner_text()
    visitor.drop_largest()
    visitor.sees(visitor.verdict, "1 region dropped by hand")
    visitor.load_preset(tmp_path / "two.json")
    visitor.sees(said, "What you had dropped by hand counts no longer.")
    visitor.page.locator("#viewer").get_by_role("button", name="Undo").click()
    visitor.sees(visitor.verdict, "1 region dropped by hand")
    visitor.page.locator("#viewer").get_by_role("button", name="Redo").click()
    expect(visitor.verdict).not_to_contain_text("region dropped by hand")
    expect(said).not_to_contain_text("Settings of")  # its Undo would have undone it twice
    visitor.page.locator("#viewer").get_by_role("button", name="Undo").click()
    visitor.sees(visitor.verdict, "1 region dropped by hand")
    visitor.load_preset(tmp_path / "three.json")
    visitor.sees(said, "What you had dropped by hand counts no longer.")
    said.get_by_role("button", name="Undo").click()
    visitor.sees(visitor.verdict, "1 region dropped by hand")


def test_what_is_dropped_before_a_presets_answer_is_told_and_comes_back(
    visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    page, said = visitor.page, visitor.page.locator("#settings-said")
    page.evaluate("crackdemo.page.beforePreset()")
    visitor.drop_largest()
    visitor.sees(visitor.verdict, "1 region dropped by hand")
    page.evaluate("crackdemo.page.afterPreset({ text: '', name: 'one.json', hasDrops: false })")
    visitor.sees(said, "What you had dropped by hand counts no longer.")
    said.get_by_role("button", name="Undo").click()
    visitor.sees(visitor.verdict, "1 region dropped by hand")


def test_nothing_is_dropped_of_a_mask_whose_weights_count_no_longer(
    visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    visitor.drop_largest()
    visitor.sees(visitor.verdict, "1 region dropped by hand")
    dropped = visitor.page.locator("#dropped textarea")
    own = """name => {
        crackdemo.page.beforeWeights(name);
        crackdemo.page.own({ weights: name, commit: null, mask: {}, engine: null });
    }"""
    visitor.page.evaluate(own, "others")
    expect(dropped).to_have_value("{}")
    visitor.drop_largest()
    expect(dropped).to_have_value("{}")
    visitor.page.evaluate(own, DEFAULT_WEIGHTS)  # they are on show all the time
    visitor.drop_largest()
    expect(dropped).not_to_have_value("{}")


def test_a_name_that_is_refused_leaves_what_was_dropped(visitor: Visitor, cracked: Path) -> None:
    visitor.score(cracked)
    visitor.drop_largest()
    visitor.sees(visitor.verdict, "1 region dropped by hand")
    dropped = visitor.page.locator("#dropped textarea")
    before = dropped.input_value()
    visitor.name_weights("no such weights")
    visitor.sees(visitor.page.locator("#status"), "cannot be used")
    visitor.name_weights(DEFAULT_WEIGHTS)
    visitor.sees(visitor.status, "scored with")
    visitor.settles()
    assert dropped.input_value() == before
    visitor.sees(visitor.verdict, "1 region dropped by hand")


def test_a_photo_that_replaces_another_of_its_name_keeps_its_own_cracks(
    app: App, visitor: Visitor, survey: list[Path], tmp_path: Path
) -> None:
    twins = []
    for number, folder in enumerate("ab"):
        (tmp_path / folder).mkdir()
        twins.append(tmp_path / folder / "IMG_1.png")
        twins[-1].write_bytes(survey[number].read_bytes())
    visitor.score(twins[0])
    visitor.drop_largest()
    visitor.sees(visitor.verdict, "1 region dropped by hand")
    visitor.clear()
    visitor.score(twins[1])
    visitor.sees_mask(cut_mask(app.heatmap(twins[1]), OWN_MASK))
    visitor.clear()
    visitor.score(twins[0])
    visitor.sees(visitor.verdict, "1 region dropped by hand")


def test_downloads_stay_out_of_sight_until_they_hold_what_is_shown(
    visitor: Visitor, cracked: Path
) -> None:
    visitor.score(cracked)
    shown = "document.body.dataset.downloads"
    page = visitor.page
    page.evaluate("crackdemo.page.beginDownloads(); crackdemo.page.endDownloads()")
    assert page.evaluate(shown) == "new"
    page.evaluate("crackdemo.page.beginDownloads()")  # those of before are not offered again
    assert page.evaluate(shown) == "old"
    visitor.slide("threshold", 0.7)
    expect(page.locator("#threshold input[type=number]")).to_have_value("0.7")
    page.wait_for_function("crackdemo.viewer.ready.then(() => true)")
    page.evaluate("crackdemo.page.endDownloads()")  # the answer comes after the move
    assert page.evaluate(shown) == "old"


def test_a_file_that_is_no_preset_is_refused_and_nothing_is_lost(
    visitor: Visitor, cracked: Path, tmp_path: Path
) -> None:
    visitor.score(cracked)
    before = visitor.mask()
    (tmp_path / "mine.json").write_text('{"mask": {"threshold": 7}}')
    visitor.load_preset(tmp_path / "mine.json")
    toast = visitor.page.get_by_test_id("toast-body")
    visitor.sees(toast, "The preset “mine.json” cannot be used: mask.threshold must be at most 1")
    assert "/tmp" not in toast.inner_text()
    assert np.array_equal(visitor.mask(), before)
