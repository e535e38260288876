import shutil
from pathlib import Path

from PIL import Image

from crackdemo.training.classifier.check import look
from crackdemo.training.classifier.data import read_class_data


def test_it_says_how_many_there_are_of_each_kind_and_what_becomes_of_them(labelled: Path) -> None:
    found = look(labelled)
    assert "**24 labelled photos**, 48 px on the shorter side." in found.said
    assert "`██████████░░░░░░░░░░` 12 with and 12 without cracks." in found.said
    assert "To learn from: 6 without and 6 with cracks." in found.said
    assert "times" not in found.said
    assert found.problems == ()
    assert found.sheet is not None


def test_it_counts_as_a_fit_will_that_moves_photos_to_choose_by(
    tmp_path: Path, labelled: Path
) -> None:
    shutil.copytree(labelled, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "validation" / "cracked")
    fitted = read_class_data([tmp_path], 32, "luma").summary
    said = look(tmp_path).said
    learnt, chosen = (
        f"{fitted[f'{part}_clean']} without and {fitted[f'{part}_cracked']} with cracks."
        for part in ("train", "validation")
    )
    assert f"To learn from: {learnt} To choose by: {chosen}" in said
    assert (fitted["train_cracked"], fitted["validation_cracked"]) == (5, 1)
    assert "A cracked photo counts 1.2 times" in said


def test_the_rarer_kind_counts_more(tmp_path: Path, labelled: Path) -> None:
    for number, path in enumerate(sorted(labelled.rglob("*.png"))):
        if path.parent.name == "clean" or number % 3 == 0:
            copy = tmp_path / path.parent.name / path.name
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(path.read_bytes())
    assert "A cracked photo counts" in look(tmp_path).said


def test_photos_that_cannot_be_read_are_named_and_the_rest_goes_on(
    tmp_path: Path, labelled: Path
) -> None:
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "broken.png").write_bytes(b"no photo")
    (tmp_path / "clean" / "a.png").write_bytes(
        next((labelled / "train" / "clean").iterdir()).read_bytes()
    )
    found = look(tmp_path)
    assert "broken.png" in found.problems[0]
    assert "a classifier needs at least 2 of each kind" in found.warnings[0]


def test_a_photo_that_looks_like_one_elsewhere_is_told(tmp_path: Path, labelled: Path) -> None:
    shutil.copytree(labelled, tmp_path / "walls")
    first = sorted((tmp_path / "walls" / "train" / "clean").iterdir())[0]
    copy = tmp_path / "walls" / "test" / "cracked" / "copy.jpg"
    Image.open(first).save(copy, quality=95)
    warnings = read_class_data([tmp_path / "walls"], 32, "luma").warnings
    assert "“copy.jpg”, in test, looks" in warnings[0]
    assert "“copy.jpg”, labelled as cracked, looks" in warnings[1]
    assert look(tmp_path / "walls").warnings == warnings


def test_a_folder_without_labels_is_said_to_be_one(tmp_path: Path) -> None:
    assert "holds no labelled photos" in look(tmp_path).warnings[0]
