"""`evaluate`, `tune` and `submit` in this process, `protocol` in one of its own."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.cli.arguments import main
from crackdemo.data.splits import split_of
from crackdemo.evaluation.protocol import recipe
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.presets import read_preset
from crackdemo.models.vae import VaeConfig
from crackdemo.photos.images import read_photo
from crackdemo.runs.folder import RunConfig, RunFolder

PROJECT = Path(__file__).parents[3]
SMALL_RECIPE = {
    "network": VaeConfig(
        channels=(4, 8), skips=False, crack_head=False, latent_size=4, tile_size=32
    ),
    "tile_size": 32,
    "source_size": 60,
    "batch_size": 2,
    "steps_per_epoch": 2,
    "bfloat16": False,
}
SavePhoto = Callable[..., Path]


def crackdemo(*args: str) -> subprocess.CompletedProcess[str]:
    """python -m crackdemo, as a person runs it: fits are not for a process that has engines."""
    command = [sys.executable, "-m", "crackdemo", *args]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=600)


def pavement(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A photo (60, 80, 3) with a dark line, and the line's mask."""
    rng = np.random.default_rng(seed)
    photo = rng.normal(150, 14, (60, 80, 3)).clip(0, 255).astype(np.uint8)
    mask = np.zeros((60, 80), np.uint8)
    cv2.line(mask, (5, int(rng.integers(5, 55))), (75, int(rng.integers(5, 55))), 255, 3)
    photo[mask > 0] = rng.integers(50, 110, (int((mask > 0).sum()), 1))
    return photo, mask


@pytest.fixture
def road(tmp_path: Path, save_photo: SavePhoto) -> Path:
    """Three photos with masks of the validation part, and three of the test part."""
    folder = tmp_path / "road"
    stems = [f"{number}" for number in range(100)]
    for split in ("validation", "test"):
        for stem in [stem for stem in stems if split_of(f"road/{stem}") == split][:3]:
            photo, mask = pavement(int(stem))
            save_photo(folder / "images" / f"{stem}.png", photo)
            save_photo(folder / "masks" / f"{stem}.png", mask)
    return folder


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


class TestEvaluate:
    def test_several_weights_and_a_preset(
        self, road: Path, tiny_checkpoint: Path, tmp_path: Path, capsys
    ) -> None:
        (tmp_path / "preset.json").write_text('{"version": 2, "mask": {"threshold": 0.61}}')
        (road / "masks" / "lonely.png").write_bytes(b"")
        models = ["--model", str(tiny_checkpoint), "--model", "cae-asphalt"]
        files = ["--preset", str(tmp_path / "preset.json"), "--out", str(tmp_path / "out")]
        status = main(["evaluate", str(road), *models, *files])
        printed = capsys.readouterr()
        assert status == 0
        assert "masks/lonely.png belongs to no photo" in printed.err
        assert printed.out.splitlines()[0].split() == ["tiny", "cae-asphalt"]
        models = json.loads((tmp_path / "out" / "metrics.json").read_text())["models"]
        assert {each["mask"]["threshold"] for each in models.values()} == {0.61}
        assert models["tiny"]["mask"]["min_area"] == 5
        assert (tmp_path / "out" / "plots" / "pixel_precision_recall.png").is_file()


class TestTune:
    def test_settings_are_searched_reported_and_usable(
        self, road: Path, tiny_checkpoint: Path, tmp_path: Path, capsys
    ) -> None:
        out = tmp_path / "out"
        call = ["tune", str(road), "--model", str(tiny_checkpoint), "--out", str(out)]
        assert main(call) == 0
        words = said(capsys)
        assert "3 photos of the validation part choose" in words
        assert "Only 3 photos of the test part can be used: that is little" in words
        own = load_checkpoint(tiny_checkpoint).config.mask
        preset = read_preset(out / "preset.json", own)
        assert preset.weights == "tiny"
        first = (out / "tuning.json").read_bytes()
        heat = {path: path.stat().st_mtime_ns for path in (out / "heat").iterdir()}
        assert len(heat) == 6
        assert main(call) == 0  # goes on where it was: at its end
        assert {path: path.stat().st_mtime_ns for path in (out / "heat").iterdir()} == heat
        assert (out / "tuning.json").read_bytes() == first

    def test_masks_without_any_crack_are_refused(
        self, road: Path, tiny_checkpoint: Path, tmp_path: Path, save_photo: SavePhoto, capsys
    ) -> None:
        for mask in (road / "masks").iterdir():
            save_photo(mask, np.zeros((60, 80), np.uint8))
        call = ["tune", str(road), "--model", str(tiny_checkpoint), "--out", str(tmp_path / "out")]
        assert main(call) == 2
        assert "marks a crack" in said(capsys)

    def test_photos_that_cannot_be_used_are_listed(
        self, road: Path, tiny_checkpoint: Path, tmp_path: Path, save_photo: SavePhoto, capsys
    ) -> None:
        mask = next(iter(sorted((road / "masks").iterdir())))
        save_photo(mask, np.zeros((61, 80), np.uint8))
        call = ["tune", str(road), "--model", str(tiny_checkpoint), "--out", str(tmp_path / "out")]
        assert main(call) == 1
        assert "differ in size" in said(capsys)
        assert (tmp_path / "out" / "preset.json").is_file()


class TestSubmit:
    def test_every_photo_of_the_folder_gets_a_row(
        self, road: Path, tiny_checkpoint: Path, tmp_path: Path, capsys
    ) -> None:
        out = tmp_path / "submission.csv"
        (tmp_path / "sample.csv").write_bytes(b"\xef\xbb\xbfImageId,EncodedPixels\r\n")
        call = ["submit", str(road), "--model", str(tiny_checkpoint), "--out", str(out)]
        assert main([*call, "--sample", str(tmp_path / "sample.csv")]) == 0
        with out.open(newline="") as file:
            header, *rows = csv.reader(file)
        photos = sorted((road / "images").iterdir())
        assert header == ["ImageId", "EncodedPixels"]
        assert [row[0] for row in rows] == [photo.name for photo in photos]
        checkpoint = load_checkpoint(tiny_checkpoint)
        mask = cut_mask(
            checkpoint.detector().detect(read_photo(photos[0])).heatmap, checkpoint.config.mask
        )
        numbers = list(map(int, rows[0][1].split()))
        assert sum(numbers[1::2]) == mask.sum()
        assert numbers[0] == np.flatnonzero(mask.T.ravel())[0] + 1
        assert "6 rows" in said(capsys)

    @pytest.mark.parametrize("columns", ["a", "a,b,c", ",", "a,"])
    def test_columns_are_two_names(self, road: Path, tmp_path: Path, columns: str, capsys) -> None:
        out = str(tmp_path / "s.csv")
        assert main(["submit", str(road), "--out", out, "--columns", columns]) == 2
        assert "two column names" in said(capsys)

    def test_a_photo_that_cannot_be_read_is_listed_and_has_a_row(
        self, road: Path, tiny_checkpoint: Path, tmp_path: Path, capsys
    ) -> None:
        (road / "images" / "0.png").write_text("none")
        out = tmp_path / "s.csv"
        call = ["submit", str(road), "--model", str(tiny_checkpoint), "--out", str(out)]
        assert main([*call, "--empty", "-1"]) == 1
        assert out.read_text().splitlines()[1] == "0.png,-1"
        assert "0.png is not a photo" in said(capsys)


class TestProtocol:
    @pytest.mark.slow  # the fit's calibration paints scenes of seven kinds
    @pytest.mark.processes
    def test_the_study_goes_from_photos_to_tables(
        self, tiny_checkpoint: Path, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        wall, out = tmp_path / "wall", tmp_path / "out"
        for number in range(60):
            photo, mask = pavement(number)
            save_photo(wall / "cracked" / f"{number}.png", photo)
            photo[mask > 0] = 150
            save_photo(wall / "clean" / f"{number}.png", photo)
        run = RunFolder(out / "run")
        run.path.mkdir(parents=True)
        # as if a small fit had been stopped before its first epoch
        small = replace(recipe(1), **SMALL_RECIPE)
        run.create(RunConfig(asdict(small), [str((out / "data").resolve())], None))
        call = ["protocol", str(wall), "--out", str(out), "--model", str(tiny_checkpoint)]
        done = crackdemo(*call)
        assert done.returncode == 0, done.stderr
        assert "no content in two parts" in done.stderr
        assert done.stdout.count("| ConvVAE recipe |") == done.stdout.count("| tiny |") == 2
        values = json.loads((out / "protocol.json").read_text())
        assert values["contents in two parts"] == 0
        assert values["photos"]["external"] == {"clean": 15, "cracked": 45}
        for name in ("ConvVAE-recipe", "tiny"):
            with (out / "predictions" / f"{name}_external_cracked.csv").open(newline="") as file:
                rows = list(csv.DictReader(file))
            assert len(rows) == 45
            right = sum(row["right"] == "true" for row in rows)
            found = values["external"]["ConvVAE recipe" if "recipe" in name else name]
            assert found["image_true_positives"] == right
        scores = (out / "scores" / "ConvVAE-recipe.txt").read_text().split("\n")[1:-1]
        with (out / "partition.csv").open(newline="") as file:
            parts = {row["sha256"]: row for row in csv.DictReader(file)}
        clean = [
            float(score)
            for sha256, score in map(str.split, scores)
            if parts[sha256]["part"] == "validation" and parts[sha256]["label"] == "clean"
        ]
        assert values["thresholds"]["ConvVAE recipe"] == pytest.approx(np.percentile(clean, 95))
        assert (out / "plots" / "image_roc.png").is_file()
        assert list((out / "spotlights").iterdir())
        assert "fitted already" in crackdemo(*call).stderr
