import json
from collections import Counter
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.configs import parse_config
from crackdemo.data.splits import split_of
from crackdemo.errors import DatasetError, FitError
from crackdemo.models.cae import CaeConfig
from crackdemo.models.vae import VaeConfig
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.training.config import FitConfig
from crackdemo.training.recipe import read_data, run_fit
from crackdemo.training.state import load_state, save_state

TINY = FitConfig(
    network=CaeConfig((4, 8)),
    tile_size=32,
    source_size=48,
    batch_size=4,
    steps_per_epoch=2,
    epochs=2,
    bfloat16=False,
    quality_tiles=0,
)


def write_photo(path: Path, seed: int, side: int = 96) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    gray = np.random.default_rng(seed).normal(140, 20, (side, side)).clip(0, 255)
    Image.fromarray(gray.astype(np.uint8)).save(path)


@pytest.fixture
def road(tmp_path: Path) -> Path:
    """Twelve photos, of which chance puts one or more into each split."""
    for i in range(12):
        write_photo(tmp_path / "road" / f"{i}.png", i)
    assert {split_of(f"road/{i}") for i in range(12)} == {"train", "validation", "test"}
    return tmp_path / "road"


def create(run: RunFolder, config: FitConfig) -> None:
    run.create(RunConfig(asdict(config), []))


def fit_all(run: RunFolder, config: FitConfig, folders: list[Path], workers: int = 0) -> int:
    if not run.exists:
        create(run, config)
    return sum(1 for _ in run_fit(run, config, folders, threads=1, workers=workers))


def status(run: RunFolder) -> dict[str, str]:
    return json.loads((run.path / "status.json").read_text())


def epochs_in_metrics(run: RunFolder) -> list[int]:
    lines = (run.path / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["epoch"] for line in lines]


@pytest.mark.parametrize(
    "config",
    [TINY, replace(TINY, family="vae", network=VaeConfig((4, 8), latent_size=3))],
    ids=["cae", "vae"],
)
def test_photos_become_a_checkpoint_that_detects(tmp_path, road, config):
    run = RunFolder(tmp_path / "run")
    assert fit_all(run, config, [road]) == 2
    assert status(run)["status"] == "done"
    assert epochs_in_metrics(run) == [1, 2]
    checkpoint = load_checkpoint(run.checkpoint)
    told = checkpoint.config
    assert told.family == config.family
    assert parse_config(FitConfig, told.training["fit"]) == config
    assert told.training["data"] == ["road"]
    assert told.training["epochs_done"] == 2
    assert told.metrics["validation_loss"] > 0
    assert (run.checkpoint / "README.md").read_text().startswith("---\n")
    photo = np.random.default_rng(0).integers(0, 255, (50, 70, 3)).astype(np.uint8)
    detection = checkpoint.detector(torch.device("cpu")).detect(photo)
    assert detection.heatmap.shape == (50, 70)


@pytest.mark.processes
def test_a_fit_with_a_worker_process_makes_the_same_weights(tmp_path, road):
    alone, helped = RunFolder(tmp_path / "alone"), RunFolder(tmp_path / "helped")
    fit_all(alone, TINY, [road], workers=0)
    fit_all(helped, TINY, [road], workers=1)
    files = [(run.checkpoint / "model.safetensors").read_bytes() for run in (alone, helped)]
    assert files[0] == files[1]


def test_a_fit_that_was_stopped_goes_on_to_the_same_checkpoint(tmp_path, road):
    config = replace(TINY, epochs=3)
    whole, parts = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "parts")
    fit_all(whole, config, [road])
    create(parts, config)
    for _ in islice(run_fit(parts, config, [road], threads=1, workers=0), 2):
        pass
    assert not parts.checkpoint.exists()
    assert fit_all(parts, config, [road]) == 1
    assert epochs_in_metrics(parts) == [1, 2, 3]
    files = [(run.checkpoint / "model.safetensors").read_bytes() for run in (whole, parts)]
    assert files[0] == files[1]
    assert load_checkpoint(whole.checkpoint).config.calibration == (
        load_checkpoint(parts.checkpoint).config.calibration
    )


def test_a_fit_that_was_stopped_before_its_checkpoint_still_gets_one(tmp_path, road):
    run = RunFolder(tmp_path / "run")
    create(run, TINY)
    for _ in islice(run_fit(run, TINY, [road], threads=1, workers=0), 2):
        pass
    assert not run.checkpoint.exists()
    run.checkpoint.mkdir()  # as half a copy leaves it
    (run.checkpoint / "model.safetensors").touch()
    assert fit_all(run, TINY, [road]) == 0
    assert load_checkpoint(run.checkpoint).config.training["epochs_done"] == 2
    assert not list(run.path.glob(".checkpoint*"))


def test_a_fit_that_fails_says_so_in_its_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    run = RunFolder(tmp_path / "run")
    with pytest.raises(DatasetError):
        fit_all(run, TINY, [tmp_path / "empty"])
    assert status(run)["status"] == "failed"
    assert "“empty”" in status(run)["message"]
    assert str(tmp_path) not in status(run)["message"]


def test_a_fit_whose_loss_runs_away_ends_with_the_weights_from_before(tmp_path, road):
    run = RunFolder(tmp_path / "run")
    create(run, TINY)
    list(islice(run_fit(run, TINY, [road], threads=1, workers=0), 1))
    state = load_state(run.last_state, TINY)
    next(state.network.parameters()).data[0] = float("nan")
    save_state(run.last_state, state)
    assert fit_all(run, TINY, [road]) == 0
    assert status(run)["status"] == "done"
    assert status(run)["message"] == (
        "The loss became infinite in epoch 2: try a lower learning rate. The weights are the best "
        "of the epochs before."
    )
    assert epochs_in_metrics(run) == [1]
    weights = load_checkpoint(run.checkpoint).network.state_dict()
    assert all(torch.equal(value, state.best_weights[name]) for name, value in weights.items())


def test_a_fit_whose_loss_runs_away_at_once_says_so_in_its_folder(tmp_path, road):
    broken = replace(TINY, mse_weight=1e6, learning_rate=1.0, weight_decay=1.0, epochs=1)
    run = RunFolder(tmp_path / "run")
    create(run, broken)
    state = load_state(run.last_state, broken)
    next(state.network.parameters()).data[0] = float("nan")
    state.best_weights = {}
    state.optimizer.zero_grad()
    sum(p.sum() for p in state.network.parameters()).backward()
    state.optimizer.step()  # the file holds its tensors
    save_state(run.last_state, state)
    with pytest.raises(FitError, match="infinite in epoch 1: try a lower learning rate"):
        fit_all(run, broken, [road])
    assert status(run)["status"] == "failed"
    assert not run.checkpoint.exists()


def test_training_and_validation_photos_are_those_of_their_split(road):
    data = read_data([road], 48, "luma")
    validation = [i for i in range(12) if split_of(f"road/{i}") == "validation"]
    train = [i for i in range(12) if split_of(f"road/{i}") == "train"]
    assert len(data.validation) == len(validation) * 3**2  # tiles at 0, 24 and 48
    assert len(data.train) == len(train) * 4**2  # at 0, 16, 32 and 48
    assert data.problems == []
    seen = {tile.tobytes() for tile in data.train}
    assert not any(tile.tobytes() in seen for tile in data.validation)


def test_where_chance_leaves_no_validation_photo_the_last_ones_validate(tmp_path):
    stems = [i for i in range(200) if split_of(f"few/{i}") == "train"][:3]
    for stem in stems:
        write_photo(tmp_path / "few" / f"{stem}.png", stem, side=48)
    data = read_data([tmp_path / "few"], 48, "luma")
    assert (len(data.train), len(data.validation)) == (2, 1)


def test_where_one_side_of_a_few_photos_shows_no_sound_surface_they_are_shared_out(tmp_path):
    sides = {"train": 0, "validation": 0, "test": 0}
    for i in range(60):
        split = split_of(f"few/{i}")
        if sides[split] < 3:
            sides[split] += 1
            write_photo(tmp_path / "few" / "images" / f"{i}.png", i)
            white = np.full((96, 96), 255 * (split == "validation"), np.uint8)
            (tmp_path / "few" / "masks").mkdir(exist_ok=True)
            Image.fromarray(white).save(tmp_path / "few" / "masks" / f"{i}.png")
    data = read_data([tmp_path / "few"], 48, "luma")
    assert data.train and data.validation
    learnt = {tile.tobytes() for tile in data.train}
    assert learnt.isdisjoint(tile.tobytes() for tile in data.validation)


def test_test_photos_are_never_used(tmp_path):
    stems = [i for i in range(200) if split_of(f"held/{i}") == "test"][:5]
    for stem in stems:
        write_photo(tmp_path / "held" / f"{stem}.png", stem)
    with pytest.raises(DatasetError, match="at least 2 photos"):
        read_data([tmp_path / "held"], 48, "luma")


def test_one_photo_is_too_little(tmp_path):
    write_photo(tmp_path / "one" / "a.png", 0)
    with pytest.raises(DatasetError, match="at least 2 photos"):
        read_data([tmp_path / "one"], 48, "luma")


def test_one_photo_may_join_a_larger_folder(tmp_path, road):
    stem = next(i for i in range(100) if split_of(f"one/{i}") == "train")
    write_photo(tmp_path / "one" / f"{stem}.png", 99)
    alone, joined = read_data([road], 48, "luma"), read_data([road, tmp_path / "one"], 48, "luma")
    assert len(joined.train) > len(alone.train)
    assert len(joined.validation) == len(alone.validation)


def test_a_small_folder_counts_as_much_as_a_large_one(tmp_path, road):
    for i in range(100):
        if split_of(f"wall/{i}") in ("train", "validation") and i < 30:
            write_photo(tmp_path / "wall" / f"{i}.png", 1000 + i, side=48)
    data = read_data([road, tmp_path / "wall"], 48, "luma")
    large, small = read_data([road], 48, "luma"), read_data([tmp_path / "wall"], 48, "luma")
    for part in ("train", "validation"):
        counts = Counter(tile.tobytes() for tile in getattr(data, part))
        of_large = sum(counts[tile.tobytes()] for tile in getattr(large, part))
        of_small = sum(counts[tile.tobytes()] for tile in getattr(small, part))
        assert of_large == of_small
        repeats = {counts[tile.tobytes()] for tile in getattr(small, part)}
        assert max(repeats) - min(repeats) <= 1


def test_the_same_folder_twice_is_one_folder(road):
    once, twice = read_data([road], 48, "luma"), read_data([road, road], 48, "luma")
    assert len(once.train) == len(twice.train)
    assert len(once.validation) == len(twice.validation)


def test_a_photo_in_two_folders_cannot_leak_from_training_to_validation(tmp_path, road):
    trained = next(i for i in range(12) if split_of(f"road/{i}") == "train")
    leak = next(i for i in range(100) if split_of(f"copy/{i}") == "validation")
    copy = tmp_path / "copy" / f"{leak}.png"
    write_photo(tmp_path / "copy" / "x.png", 50)
    write_photo(tmp_path / "copy" / "y.png", 51)
    copy.write_bytes((road / f"{trained}.png").read_bytes())
    data = read_data([road, tmp_path / "copy"], 48, "luma")
    seen = {tile.tobytes() for tile in data.train}
    assert not any(tile.tobytes() in seen for tile in data.validation)


def test_photos_that_cannot_be_read_are_named_and_the_rest_is_used(road):
    stem = next(i for i in range(12) if split_of(f"road/{i}") == "train")
    (road / f"{stem}.png").write_bytes(b"no photo")
    data = read_data([road], 48, "luma")
    assert len(data.problems) == 1
    assert f"{stem}.png" in data.problems[0]
    assert data.train


def test_a_finished_fit_is_measured_beside_the_shipped_weights_on_photos_kept_aside(
    road: Path, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "street")
    fit_all(run, replace(TINY, epochs=1, quality_tiles=2), [road])
    own, shipped = run.quality()
    assert (own.weights, shipped.weights) == ("street", "cae-asphalt")
    assert own.tiles == shipped.tiles == 2
    for quality in (own, shipped):
        assert 0 <= quality.found <= 1
        assert 0 <= quality.marked <= 1
