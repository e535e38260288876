"""The command line: arguments in this process where it is safe, whole runs in processes of their
own."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.cli import arguments as commands
from crackdemo.cli.arguments import main
from crackdemo.configs import help_of
from crackdemo.data.splits import SPLITS
from crackdemo.files import sha256_of
from crackdemo.masks.cut import cut_mask
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset, preset_json
from crackdemo.photos.images import read_mask
from tests.hub_standin import HubStandIn
from tests.plain import plain_mask

pytestmark = pytest.mark.processes

SavePhoto = Callable[..., Path]
PROJECT = Path(__file__).parents[3]
SMALL_FIT = {
    "network": {"channels": [4, 8]},
    "tile_size": 32,
    "source_size": 64,
    "batch_size": 2,
    "steps_per_epoch": 2,
    "quality_tiles": 0,
    "bfloat16": False,
}


def crackdemo(*args: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """python -m crackdemo, as a person runs it."""
    return subprocess.run(
        [sys.executable, "-m", "crackdemo", *map(str, args)],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def predict(tiny_checkpoint: Path, tmp_path: Path) -> Callable[..., int]:
    """`predict` with the tiny weights into out/; gives the exit status."""

    def run(*args: object) -> int:
        given = [*map(str, args), "--model", str(tiny_checkpoint), "--out", str(tmp_path / "out")]
        return main(["predict", *given])

    return run


class TestUsage:
    def test_help_is_there_before_torch_is(self) -> None:
        code = (
            "import sys\n"
            "from crackdemo.cli.arguments import main\n"
            "try:\n    main(['--help'])\n"
            "except SystemExit as end:\n    assert end.code == 0\n"
            "print('heavy' if {'torch', 'numpy', 'cv2'} & set(sys.modules) else 'light')\n"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True)
        assert done.stdout.decode().splitlines()[-1] == "light"
        assert b"predict" in done.stdout

    @pytest.mark.parametrize(
        "argv",
        [
            [],
            ["train"],
            ["predict", "a.jpg"],
            ["predict", "--out", "out"],
            ["predict", "a.jpg", "--out", "out", "--threshold", "high"],
            ["predict", "a.jpg", "--out", "out", "--kernel", "star"],
            ["predict", "a.jpg", "--out", "out", "--only", "masks,pictures"],
            ["evaluate", "folder", "--out", "out", "--split", "all"],
            ["fit", "--family", "gan", "--data", "folder", "--out", "run"],
            ["fit", "--out", "run", "--epochs", "0"],
            ["fit", "--out", "run", "--minutes", "nan"],
            ["fit", "--out", "run", "--epochs", "1", "--minutes", "1"],
        ],
    )
    def test_a_wrong_call_exits_with_2(
        self, argv: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as caught:
            main(argv)
        assert caught.value.code == 2
        assert "usage: python -m crackdemo" in capsys.readouterr().err

    def test_the_choices_are_those_of_the_core(self) -> None:
        assert commands._SPLITS == SPLITS

    def test_every_mask_setting_has_an_option_with_its_sentence(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit):
            main(["predict", "--help"])
        said = " ".join(capsys.readouterr().out.split())
        for option in ("--threshold", "--open", "--close", "--kernel", "--min-area"):
            assert option in said
        for sentence in help_of(MaskParams).values():
            assert sentence in said.replace("- ", "-")


def predicting(photos: Path, weights: Path, out: Path, *options: str) -> list[str]:
    """The command's words."""
    words = ["predict", photos, "--model", weights, "--out", out, *options]
    return [sys.executable, "-m", "crackdemo", *map(str, words)]


class TestPredict:
    def test_a_survey_with_bad_files_run_twice(
        self, tiny_checkpoint: Path, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        survey = tmp_path / "my survey"
        save_photo(survey / "a b.jpg")
        save_photo(survey / "km 1" / "Straße 'ä' \"ö\" 路.png")
        (survey / "empty.jpg").touch()
        (survey / "text.jpg").write_text("hello")
        files = []
        for out in (tmp_path / "one", tmp_path / "two"):
            done = crackdemo("predict", survey, "--model", tiny_checkpoint, "--out", out)
            assert done.returncode == 1
            assert done.stdout == ""
            assert "empty.jpg is an empty file" in done.stderr
            assert "text.jpg is not a photo" in done.stderr
            assert "2 of 4 photos done" in done.stderr
            assert str(tmp_path) not in done.stderr
            results = [{**row, "seconds": ""} for row in rows(out / "results.csv")]
            assert [row["file"] for row in results] == ["a b.jpg", "km 1/Straße 'ä' \"ö\" 路.png"]
            assert [row["file"] for row in rows(out / "errors.csv")] == ["empty.jpg", "text.jpg"]
            written = sorted(path for path in out.rglob("*.*") if path.name != "results.csv")
            files.append((results, [(p.relative_to(out), p.read_bytes()) for p in written]))
        assert len(files[0][1]) == 2 + 4 * 2
        assert files[0] == files[1]

    def test_views_that_cannot_be_had_are_named(
        self,
        predict: Callable[..., int],
        tmp_path: Path,
        save_photo: SavePhoto,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert predict(save_photo(tmp_path / "a.png"), "--only", "classes") == 0
        assert "There will be no classes" in capsys.readouterr().err

    @pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM there")
    def test_sigterm_leaves_whole_tables(
        self, tiny_checkpoint: Path, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        for number in range(300):
            save_photo(tmp_path / "in" / f"{number:03}.png")
        out = tmp_path / "out"
        command = predicting(tmp_path / "in", tiny_checkpoint, out, "--only", "masks")
        process = subprocess.Popen(command, cwd=PROJECT)
        while len(list((out / "masks").glob("*.png"))) < 3:
            assert process.poll() is None
            time.sleep(0.01)
        for _ in range(3):  # more of them do not disturb it
            process.terminate()
            time.sleep(0.002)
        assert process.wait(60) == 1
        done = {row["file"] for row in rows(out / "results.csv")}
        assert 3 <= len(done) < 300
        assert done == {path.name for path in (out / "masks").iterdir()}

    def test_what_was_done_is_kept_and_only_what_is_wanted_is_written(
        self,
        predict: Callable[..., int],
        tmp_path: Path,
        save_photo: SavePhoto,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        photo, other = save_photo(tmp_path / "a.png"), save_photo(tmp_path / "b.png")
        assert predict(photo, "--only", "masks", "--verbose") == 0
        said = capsys.readouterr().err
        assert "1 of 1 photos done." in said and "Engine: OpenVINO" in said
        assert predict(photo, other, "--only", "masks", "--resume") == 0
        assert "2 of 2 photos done, 1 of them before." in capsys.readouterr().err
        assert predict(photo, other, "--only", "masks", "--resume", "--threshold", "0.9") == 0
        assert "2 of 2 photos done." in capsys.readouterr().err
        assert [path.name for path in (tmp_path / "out").iterdir() if path.is_dir()] == ["masks"]

    @pytest.mark.skipif(sys.platform == "win32", reason="files are not bounded there")
    def test_a_full_disk_is_said_and_what_is_small_enough_is_done(
        self, tiny_checkpoint: Path, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)
        save_photo(tmp_path / "in" / "large.png", noise)
        save_photo(tmp_path / "in" / "small.png", noise[:20, :30])
        command = predicting(tmp_path / "in", tiny_checkpoint, tmp_path / "out")
        limited = ["bash", "-c", 'ulimit -f 16; exec "$@"', "-", *command]
        done = subprocess.run(limited, cwd=PROJECT, capture_output=True, text=True)
        assert done.returncode == 1, done.stderr
        assert "large.png was scored, but could not be saved" in done.stderr
        assert "1 of 2 photos done" in done.stderr and "Traceback" not in done.stderr
        assert [row["file"] for row in rows(tmp_path / "out" / "results.csv")] == ["small.png"]
        left = [path.name for path in (tmp_path / "out").rglob("*") if path.name.startswith(".")]
        assert left == []

    @pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
    def test_ctrl_c_leaves_whole_tables_from_which_it_goes_on(
        self, tiny_checkpoint: Path, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        for number in range(400):
            save_photo(tmp_path / "in" / f"{number}.png", np.full((64, 64, 3), number % 250, "u1"))
        out = tmp_path / "out"
        command = predicting(tmp_path / "in", tiny_checkpoint, out, "--only", "masks")
        process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True)
        while len(list((out / "masks").glob("*.png")) if out.exists() else []) < 5:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
        assert (
            process.returncode == 1 and "with --resume goes on" in said and "Traceback" not in said
        )
        masks = {path.stem for path in (out / "masks").glob("*.png")}
        table = {Path(row["file"]).stem for row in rows(out / "results.csv")}
        assert 5 <= len(table) < 400 and table == masks
        done = crackdemo(*command[3:], "--resume")
        assert f"400 of 400 photos done, {len(table)} of them before." in done.stderr
        assert len(rows(out / "results.csv")) == 400

    def test_weights_come_from_the_hub_by_their_id(
        self, tiny_checkpoint: Path, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        photo = save_photo(tmp_path / "a.png")
        with HubStandIn() as hub:
            hub.add_repo("owner/tiny", {p.name: p.read_bytes() for p in tiny_checkpoint.iterdir()})
            there = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home")}
            good, bad = (
                crackdemo("predict", photo, "--model", model, "--out", tmp_path / "out", **there)
                for model in ("owner/tiny", "owner/none")
            )
        assert good.returncode == 0, good.stderr
        assert (tmp_path / "out" / "masks" / "a.png").is_file()
        assert bad.returncode == 2
        assert "no such model" in bad.stderr

    def test_all_good_is_0_and_only_failures_are_listed(
        self,
        predict: Callable[..., int],
        tmp_path: Path,
        save_photo: SavePhoto,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert predict(save_photo(tmp_path / "a.png"), save_photo(tmp_path / "b.png")) == 0
        assert capsys.readouterr().err == "2 of 2 photos done.\n"

    def test_without_options_the_checkpoints_own_settings_hold(
        self,
        predict: Callable[..., int],
        tiny_checkpoint: Path,
        tmp_path: Path,
        save_photo: SavePhoto,
    ) -> None:
        assert predict(save_photo(tmp_path / "a.png")) == 0
        out = tmp_path / "out"
        heatmap = cv2.imread(str(out / "heatmaps" / "a.png"), cv2.IMREAD_UNCHANGED)
        own = cut_mask(heatmap, load_checkpoint(tiny_checkpoint).config.mask)
        assert np.array_equal(read_mask(out / "masks" / "a.png"), own)
        assert not np.array_equal(cut_mask(heatmap, plain_mask()), own)

    def test_every_mask_option_reaches_the_mask(
        self, predict: Callable[..., int], tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        photo = save_photo(tmp_path / "a.png")
        options = ["--threshold", ".2", "--open", "3", "--close", "5", "--kernel", "cross"]
        assert predict(photo, *options, "--min-area", "40") == 0
        out = tmp_path / "out"
        heatmap = cv2.imread(str(out / "heatmaps" / "a.png"), cv2.IMREAD_UNCHANGED)
        mask = (heatmap >= 0.2 * 65536).astype(np.uint8)
        for operation, size in ((cv2.MORPH_OPEN, 3), (cv2.MORPH_CLOSE, 5)):
            cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (size, size))
            mask = cv2.morphologyEx(mask, operation, cross)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        expected = (stats[labels, cv2.CC_STAT_AREA] >= 40) & (mask > 0)
        assert expected.any()
        assert np.array_equal(read_mask(out / "masks" / "a.png"), expected)

    def test_a_preset_holds_but_for_options_that_are_given_beside_it(
        self, predict: Callable[..., int], tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        photo = save_photo(tmp_path / "a.png")
        left = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
        preset = Preset(plain_mask(threshold=0.3), region=(left,), mm_per_px=2)
        (tmp_path / "mine.json").write_text(preset_json(preset))
        out = tmp_path / "out"
        assert predict(photo, "--preset", tmp_path / "mine.json") == 0
        assert float(rows(out / "results.csv")[0]["length_mm"]) > 0
        with_preset = read_mask(out / "masks" / "a.png")
        assert with_preset.any() and not with_preset[:, 65:].any()
        assert predict(photo, "--preset", tmp_path / "mine.json", "--threshold", "1") == 0
        assert not read_mask(out / "masks" / "a.png").any()
        assert predict(photo, "--mm-per-px", "0.5") == 0
        [row] = rows(out / "results.csv")
        assert float(row["length_mm"]) == pytest.approx(float(row["length_px"]) / 2, abs=0.01)

    def test_output_inside_the_survey_is_not_scored_the_next_time(
        self, tiny_checkpoint: Path, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        save_photo(tmp_path / "a.png")
        for _ in range(2):
            given = [str(tmp_path), "--model", str(tiny_checkpoint), "--out", str(tmp_path)]
            assert main(["predict", *given]) == 0
        assert [row["file"] for row in rows(tmp_path / "results.csv")] == ["a.png"]

    @pytest.mark.parametrize(
        ("args", "reason"),
        [
            (["missing"], "no folder “missing”"),
            (["empty"], "“empty” holds no photos"),
            (["a.png", "--model", "no-such-weights"], "no weights “no-such-weights”"),
            (["a.png", "--model", "empty"], "“empty” lack config.json"),
            (["a.png", "--open", "4"], "opening must be 0"),
            (["a.png", "--threshold", "1.5"], "threshold must be at most 1"),
            (["a.png", "--threshold", "nan"], "threshold must be a finite number"),
            (["a.png", "--mm-per-px", "0"], "mm_per_px must be above 0"),
            (["a.png", "--preset", "gone.json"], "“gone.json” cannot be used"),
            (["a.png", "--out", "a.png"], "“a.png”"),
        ],
    )
    def test_what_cannot_be_met_exits_with_2_and_one_sentence(
        self,
        args: list[str],
        reason: str,
        tiny_checkpoint: Path,
        tmp_path: Path,
        save_photo: SavePhoto,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        save_photo(tmp_path / "a.png")
        (tmp_path / "empty").mkdir()
        monkeypatch.chdir(tmp_path)
        assert main(["predict", "--model", str(tiny_checkpoint), "--out", "out", *args]) == 2
        sentence = capsys.readouterr().err
        assert reason in sentence
        assert sentence.count("\n") == 1
        assert str(tmp_path) not in sentence
        assert not (tmp_path / "out").exists()


class TestEvaluate:
    def test_a_folder_with_both_kinds_of_truth(
        self, tiny_checkpoint: Path, tmp_path: Path, save_photo: SavePhoto, photo: np.ndarray
    ) -> None:
        data, out = tmp_path / "road", tmp_path / "out"
        save_photo(data / "images" / "a.png")
        save_photo(data / "masks" / "a.png", (photo[..., 0] < 60).astype(np.uint8) * 255)
        save_photo(data / "clean" / "b.png", np.full((64, 64, 3), 140, np.uint8))
        save_photo(data / "cracked" / "c.png")
        save_photo(data / "cracked" / "d.png")
        (data / "cracked" / "e.png").touch()
        done = crackdemo("evaluate", data, "--model", tiny_checkpoint, "--out", out)
        assert done.returncode == 1
        assert "e.png is an empty file" in done.stderr
        figures = json.loads((out / "metrics.json").read_text())
        assert (figures["weights"], figures["data"]) == ("tiny", "road")
        assert 0.5 < figures["pixel_f1"] <= figures["pixel_f1_2px"] <= 1
        assert (figures["image_auroc"], figures["image_f1"]) == (1, 1)
        assert "pixel_f1 " in done.stdout and "image_auroc " in done.stdout
        assert len(rows(out / "per_image.csv")) == 4
        assert len(rows(out / "errors.csv")) == 1

    def test_only_the_photos_of_a_split(
        self, tiny_checkpoint: Path, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        for number in range(12):
            pixels = np.full((8, 8, 3), number, np.uint8)
            save_photo(tmp_path / "wall" / "clean" / f"{number}.png", pixels)
        given = [str(tmp_path / "wall"), "--model", str(tiny_checkpoint)]
        counts = {}
        for split in SPLITS:
            out = tmp_path / split
            assert main(["evaluate", *given, "--split", split, "--out", str(out)]) == 0
            counts[split] = json.loads((out / "metrics.json").read_text())["photos"]
        assert sum(counts.values()) == 12
        assert min(counts.values()) > 0

    @pytest.mark.parametrize("args", [["missing"], ["empty"], ["road", "--model", "no-such"]])
    def test_what_cannot_be_met_exits_with_2(
        self,
        args: list[str],
        tiny_checkpoint: Path,
        tmp_path: Path,
        save_photo: SavePhoto,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        save_photo(tmp_path / "road" / "clean" / "a.png")
        (tmp_path / "empty").mkdir()
        monkeypatch.chdir(tmp_path)
        assert main(["evaluate", "--model", str(tiny_checkpoint), "--out", "out", *args]) == 2
        assert not (tmp_path / "out").exists()


class TestFit:
    @pytest.fixture
    def data(self, tmp_path: Path, save_photo: SavePhoto) -> Path:
        """Sound surface."""
        rng = np.random.default_rng(0)
        for number in range(4):
            noise = rng.normal(150, 15, (96, 96, 3)).clip(0, 255).astype(np.uint8)
            save_photo(tmp_path / "data" / f"{number}.png", noise)
        return tmp_path / "data"

    @pytest.fixture
    def config(self, tmp_path: Path) -> Path:
        path = tmp_path / "small.json"
        path.write_text(json.dumps(SMALL_FIT))
        return path

    @pytest.mark.slow
    def test_weights_are_fitted_for_some_minutes_and_predict_takes_them(
        self, data: Path, config: Path, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        run = tmp_path / "run"
        given = ["--data", data, "--out", run, "--config", config, "--threads", 1]
        done = crackdemo("fit", "--family", "vae", *given, "--minutes", 0.0001, "--seed", 5)
        assert done.returncode == 0, done.stderr
        assert "epoch 1/1" in done.stderr
        assert json.loads((run / "config.json").read_text())["fit"]["epochs"] == 1
        assert json.loads((run / "status.json").read_text())["status"] == "done"
        made = load_checkpoint(run / "checkpoint").config
        assert made.family == "vae"
        assert made.training["fit"]["seed"] == 5
        photo, out = save_photo(tmp_path / "a.png"), tmp_path / "out"
        fitted = ["--model", str(run / "checkpoint")]
        assert main(["predict", str(photo), *fitted, "--out", str(out)]) == 0

    def test_weights_that_do_not_fit_are_no_start_and_leave_no_run(
        self, data: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        given = ["--data", str(data), "--out", str(tmp_path / "run"), "--config", str(config)]
        assert main(["fit", "--family", "cae", *given, "--start", "cae-asphalt"]) == 2
        assert "cannot start from “cae-asphalt”" in capsys.readouterr().err
        assert not (tmp_path / "run").exists()

    def test_a_run_beside_it_is_a_start(
        self, data: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        given = ["fit", "--family", "cae", "--data", str(data), "--config", str(config)]
        runs = tmp_path / "runs"
        assert main([*given, "--out", str(runs / "street")]) == 0
        assert main([*given, "--out", str(runs / "more"), "--start", "street"]) == 0
        made = load_checkpoint(runs / "more" / "checkpoint").config
        assert made.training["fit"]["start"] == "street"
        assert made.training["start_sha256"] == sha256_of(
            runs / "street" / "checkpoint" / "model.safetensors"
        )
        capsys.readouterr()
        assert main([*given, "--out", str(tmp_path / "far"), "--start", "street"]) == 2
        assert "There are no weights “street”" in capsys.readouterr().err

    @pytest.mark.slow
    def test_only_a_classifier_searches(
        self, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = tmp_path / "run"
        given = ["--data", str(data), "--out", str(run), "--trials", "3"]
        assert main(["fit", "--family", "cae", *given]) == 2
        assert "A search (--trials) is for classifiers only" in capsys.readouterr().err
        assert not run.exists()
        start = ["--start", "classifier-concrete"]
        assert main(["fit", "--family", "classifier", *start, *given]) == 2
        assert "leave start empty" in capsys.readouterr().err
        assert not run.exists()

    def test_a_fit_that_is_interrupted_says_so_and_can_be_resumed(
        self, data: Path, config: Path, tmp_path: Path
    ) -> None:
        run = tmp_path / "my run"
        given = ["--data", data, "--out", run, "--config", config, "--epochs", 400, "--threads", 1]
        fit = subprocess.Popen(
            [sys.executable, "-m", "crackdemo", "fit", "--family", "cae", *map(str, given)],
            cwd=PROJECT,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert fit.stderr is not None
        next(line for line in fit.stderr if line.startswith("epoch 1/"))
        os.killpg(fit.pid, signal.SIGINT)  # as a terminal's Ctrl-C does
        said = fit.stderr.read()
        assert fit.wait(60) == 1
        assert f"fit --out '{run}' --resume" in said
        assert "Traceback" not in said
        assert json.loads((run / "status.json").read_text())["status"] == "cancelled"
        done = len((run / "metrics.jsonl").read_text().splitlines())
        assert 0 < done < 400

        values = json.loads((run / "config.json").read_text())
        values["fit"]["epochs"] = done + 1  # so that the rest is short
        (run / "config.json").write_text(json.dumps(values))
        resumed = crackdemo("fit", "--out", run, "--resume", "--threads", 1)
        assert resumed.returncode == 0, resumed.stderr
        assert f"epoch {done + 1}/{done + 1}" in resumed.stderr
        assert f"epoch {done}/" not in resumed.stderr
        assert (run / "checkpoint" / "model.safetensors").is_file()
        assert "done already" in crackdemo("fit", "--out", run, "--resume").stderr

    def test_what_cannot_be_met_exits_with_2_and_leaves_no_run(
        self, data: Path, config: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "list.json").write_text("[]")
        (tmp_path / "misspelt.json").write_text('{"learning_rat": 1}')
        (tmp_path / "vae.json").write_text('{"family": "vae"}')
        taken = tmp_path / "taken"
        taken.mkdir()
        (taken / "config.json").write_text("{}")
        run, cae = tmp_path / "run", ["--family", "cae"]
        calls = {
            "no folder “missing”": [*cae, "--data", tmp_path / "missing"],
            "“empty” holds no photos": [*cae, "--data", data, tmp_path / "empty"],
            "give --data": cae,
            "give --family": ["--data", data],
            "no run in “run” to resume": ["--resume"],
            "“gone.json” cannot be read": [
                *cae,
                "--data",
                data,
                "--config",
                tmp_path / "gone.json",
            ],
            "must be a JSON object": [*cae, "--data", data, "--config", tmp_path / "list.json"],
            "learning_rat is not known": [
                *cae,
                "--data",
                data,
                "--config",
                tmp_path / "misspelt.json",
            ],
            "a run in “taken” already": [*cae, "--data", data, "--out", taken],
            "the config is for vae": [*cae, "--data", data, "--config", tmp_path / "vae.json"],
        }
        argvs = [["fit", "--out", str(run), *map(str, args)] for args in calls.values()]
        code = (
            "import json, sys\n"
            "from crackdemo.cli.arguments import main\n"
            "print([main(argv) for argv in json.loads(sys.argv[1])])\n"
        )
        # in a process of its own, since a fit changes how memory is freed
        done = subprocess.run(
            [sys.executable, "-c", code, json.dumps(argvs)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.stdout.strip() == str([2] * len(calls)), done.stderr
        sentences = done.stderr.splitlines()
        for reason, sentence in zip(calls, sentences, strict=True):
            assert reason in sentence
        assert not run.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "a.png", "--out", ""],
        ["predict", "", "--out", "out"],
        ["predict", "a.png", "--out", "out", "--preset", ""],
        ["submit", "", "--out", "out.csv"],
        ["submit", ".", "--out", "out.csv", "--sample", " "],
        ["evaluate", "", "--out", "out"],
        ["tune", "", "--out", "out"],
        ["protocol", "", "--out", "out"],
        ["survey", "", "--out", "out"],
        ["fit", "--data", " ", "--out", "out"],
        ["fit", "--data", ".", "--out", "out", "--config", ""],
        ["export", "cae-asphalt", "--out", ""],
    ],
)
def test_an_empty_path_is_a_wrong_usage(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a script's unset variable: it would be the folder that the script stands in."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "is empty: name a file or folder" in capsys.readouterr().err


def test_minutes_that_no_fit_takes_leave_no_run(
    tmp_path: Path, save_photo: SavePhoto, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(2):
        save_photo(tmp_path / "clean" / f"{number}.png")
    words = ["fit", "--family", "cae", "--data", str(tmp_path / "clean")]
    assert main([*words, "--out", str(tmp_path / "run"), "--minutes", "10081"]) == 2
    assert "at most 10,080, a week" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
