import csv
import io
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import accuracy_score, f1_score, precision_score, roc_auc_score

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.data.labelled import LabelledPhoto
from crackdemo.detection.illumination import measure_illumination, to_gray
from crackdemo.errors import DatasetError, PhotoError
from crackdemo.evaluation.partition import Member, Partition
from crackdemo.evaluation.protocol import (
    Called,
    clean_threshold,
    curves_of,
    figures,
    lay_out,
    predictions_csv,
    recipe,
    table,
    write_spotlights,
)
from crackdemo.evaluation.scorers import DetectorScore, ReconstructionError, ScoreFile
from crackdemo.photos.sources import Source
from tests.fakes import FakeDetector, one_crack

SCORES = np.random.default_rng(0).random(40)
LABELS = [number % 3 > 0 for number in range(40)]


def member(number: int, folder: Path = Path(), cracked: bool | None = None, part="test") -> Member:
    path = folder / f"{number}.png"
    cracked = LABELS[number] if cracked is None else cracked
    return Member(
        LabelledPhoto(Source(path, path.name, path.stem), cracked=cracked), f"{number}", part
    )


CALLED = [
    Called(member(number), float(score), bool(score >= 0.5)) for number, score in enumerate(SCORES)
]


class Brightness:
    """Scores a photo by its gray; counts how often."""

    def __init__(self) -> None:
        self.asked = 0

    def score(self, photo: np.ndarray) -> float:
        self.asked += 1
        return float(photo.mean() / 255)

    def pictures(self, photo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return photo, photo[:4, :4]


def test_the_recipe_is_the_published_one() -> None:
    config = recipe()
    assert (config.tile_size, config.epochs, config.objective) == (128, 10, "reconstruction")
    assert (asdict(config.network)["latent_size"], config.ssim_weight) == (128, 0)
    assert (recipe(3, 7).epochs, recipe(3, 7).seed) == (3, 7)


def test_the_threshold_is_the_95th_percentile_of_clean_errors() -> None:
    assert clean_threshold(list(range(101))) == 95
    with pytest.raises(DatasetError, match="No clean validation photo"):
        clean_threshold([])


def test_figures_are_those_of_scikit_learn() -> None:
    found = figures(CALLED)
    calls = SCORES >= 0.5
    assert found["image_auroc"] == pytest.approx(roc_auc_score(LABELS, SCORES))
    assert found["image_precision"] == pytest.approx(precision_score(LABELS, calls))
    assert found["image_f1"] == pytest.approx(f1_score(LABELS, calls))
    assert found["image_accuracy"] == pytest.approx(accuracy_score(LABELS, calls))
    clean = ~np.array(LABELS)
    assert found["clean_right"] == pytest.approx(np.mean(~calls[clean]))
    assert found["cracked_right"] == pytest.approx(np.mean(calls[~clean]))
    assert figures([each for each in CALLED if each.member.photo.cracked])["clean_right"] is None
    row = table({"a": found}).splitlines()[2]
    assert row.startswith(f"| a | {found['image_auroc']:.4f} | ")
    assert row.endswith(" % |")


def test_predictions_have_a_line_a_photo() -> None:
    lines = list(csv.DictReader(io.StringIO(predictions_csv(CALLED, 0.5))))
    assert [float(line["score"]) for line in lines] == pytest.approx(SCORES.tolist())
    assert {line["right"] for line in lines} == {"true", "false"}
    assert lines[0]["label"] == "clean"


def test_all_kinds_of_scores_are_drawn_on_one_scale() -> None:
    curves = curves_of(CALLED, 0.25)
    assert [score >= 0.5 for score in curves.scores] == [each.score >= 0.25 for each in CALLED]
    assert sorted(curves.scores) == [curves.scores[place] for place in np.argsort(SCORES)]


def test_the_fit_gets_clean_photos_of_its_two_parts(tmp_path: Path) -> None:
    members = []
    for number, part in enumerate(("train", "train", "validation", "test", "external")):
        folder = tmp_path / ("x" if number else "y")
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.png").write_text(str(number))
        members.append(member(number, folder, cracked=False, part=part))
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "0.png").write_text("another of this name")
    members.append(member(0, tmp_path / "z", cracked=False, part="train"))
    members.append(member(1, tmp_path / "x", cracked=True, part="validation"))
    for _ in range(2):
        lay_out(Partition(members, []), tmp_path / "data")
    found = {
        path.relative_to(tmp_path / "data").as_posix(): path.read_text()
        for path in (tmp_path / "data").rglob("*.png")
    }
    assert found == {
        "train/clean/0.png": "0",
        "train/clean/1.png": "1",
        "train/clean/0 (2).png": "another of this name",
        "validation/clean/2.png": "2",
    }


@pytest.fixture
def photos(tmp_path: Path, save_photo) -> list[Member]:
    for number in range(40):
        save_photo(tmp_path / f"{number}.png", np.full((16, 16, 3), number * 6, np.uint8))
    return [member(number, tmp_path) for number in range(40)]


def test_scores_are_kept_and_no_photo_is_scored_twice(photos: list[Member], tmp_path: Path) -> None:
    scorer = Brightness()
    running = ScoreFile(tmp_path / "s.txt", "these").score(photos, scorer)
    for _ in range(10):
        next(running)
    del running
    with (tmp_path / "s.txt").open("a") as file:
        file.write("39 0.")  # half a line, as a stop may leave it
    again = Brightness()
    scores = list(ScoreFile(tmp_path / "s.txt", "these").score(photos, again))
    assert scores == pytest.approx([number * 6 / 255 for number in range(40)])
    assert (scorer.asked, again.asked) == (10, 30)
    other = Brightness()
    list(ScoreFile(tmp_path / "s.txt", "others").score(photos[:3], other))
    assert other.asked == 3


def test_a_photo_that_cannot_be_read_holds_nothing_up(photos: list[Member], tmp_path: Path) -> None:
    photos[1].path.write_text("no photo")
    first, second, third = ScoreFile(tmp_path / "s.txt", "").score(photos[:3], Brightness())
    assert isinstance(second, PhotoError)
    assert (first, third) == (0, pytest.approx(12 / 255))


def test_the_clearest_right_and_wrong_calls_are_shown(photos: list[Member], tmp_path: Path) -> None:
    called = [
        Called(each, float(s), bool(s >= 0.5)) for each, s in zip(photos, SCORES, strict=True)
    ]
    (tmp_path / "out").mkdir()
    write_spotlights(tmp_path / "out", "w", called, Brightness(), 0.5)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"w-right.jpg", "w-wrong.jpg"}
    sheet = np.asarray(Image.open(tmp_path / "out" / "w-wrong.jpg").convert("L"))
    wrong = [each for each in called if not each.is_right and not each.member.photo.cracked]
    clearest = max(wrong, key=lambda each: abs(each.score - 0.5))
    assert abs(int(sheet[150, 100]) - 6 * int(clearest.member.sha256)) < 4


def test_the_error_of_a_reconstruction_is_its_mean_square(tiny_checkpoint: Path) -> None:
    checkpoint = load_checkpoint(tiny_checkpoint)
    photo = np.random.default_rng(1).integers(60, 200, (128, 128, 3), np.uint8)
    gray = to_gray(photo, checkpoint.config.flatten.channel)
    image = measure_illumination(gray, checkpoint.config.flatten).flatten(gray)
    with torch.no_grad():
        tensor = torch.from_numpy(image)[None, None]
        rebuilt = checkpoint.network.eval().predict(tensor).reconstruction[0, 0].numpy()
    scorer = ReconstructionError(checkpoint)
    assert scorer.score(photo) == pytest.approx(float(np.mean((image - rebuilt) ** 2)), rel=1e-3)
    enlarged = np.repeat(np.repeat(photo, 2, axis=0), 2, axis=1)
    assert scorer.score(enlarged) == pytest.approx(scorer.score(photo), rel=1e-3)
    assert [picture.shape for picture in scorer.pictures(photo)] == [(128, 128, 3)] * 2


def test_other_weights_keep_their_own_score() -> None:
    scorer = DetectorScore(FakeDetector(one_crack()))
    assert scorer.score(np.zeros((10, 12, 3), np.uint8)) == one_crack().score
    rebuilt, heat = scorer.pictures(np.zeros((10, 12, 3), np.uint8))
    assert rebuilt.shape == heat.shape == (10, 12, 3)
