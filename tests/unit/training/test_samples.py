from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from crackdemo.models.cae import CaeConfig
from crackdemo.photos.images import read_photo
from crackdemo.training.config import FitConfig
from crackdemo.training.samples import TILES, Samples, best_f1_residual
from tests.plain import network_of

CONFIG = FitConfig(network=CaeConfig((4, 8)), tile_size=32)


def tiles() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(130, 10, (48, 48)).clip(0, 255).astype(np.uint8) for _ in range(4)]


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return network_of(CONFIG.network)


def test_a_sheet_has_a_row_for_each_tile_and_is_the_same_every_time() -> None:
    sheets = [Samples(CONFIG, tiles()).sheet(network()) for _ in range(2)]
    assert np.array_equal(*sheets)
    height, width = sheets[0].shape[:2]
    assert height > TILES * 128
    assert width > 4 * 128


def test_sheets_show_what_the_network_has_learned() -> None:
    samples, learned = Samples(CONFIG, tiles()), network()
    before = samples.sheet(learned)
    with torch.no_grad():
        learned.decoder.last.bias[0] += 0.2
    assert (samples.sheet(learned) != before).any()


def test_the_heatmap_asks_the_crack_head_where_the_config_does() -> None:
    plain = replace(CONFIG, heatmap=replace(CONFIG.heatmap, confirmed=False))
    learned = network()
    torch.nn.init.normal_(learned.decoder.last.weight)
    sheets = [Samples(config, tiles()).sheet(learned) for config in (CONFIG, plain)]
    assert (sheets[0] != sheets[1]).any()


def test_each_epoch_has_its_file(tmp_path: Path) -> None:
    samples = Samples(CONFIG, tiles())
    for epoch in (1, 12):
        samples.write(tmp_path / "samples" / f"epoch-{epoch:04}.jpg", network())
    files = sorted((tmp_path / "samples").iterdir())
    assert [file.name for file in files] == ["epoch-0001.jpg", "epoch-0012.jpg"]
    assert read_photo(files[0]).shape == samples.sheet(network()).shape


def test_the_tiles_go_from_much_painted_to_little() -> None:
    painted = [mask.mean() for mask in Samples(CONFIG, tiles())._masks]
    assert painted == sorted(painted, reverse=True)
    assert painted[0] > painted[-1]


def f1(threshold: float, values: np.ndarray, truth: np.ndarray) -> float:
    marked = values >= threshold
    return 2 * (marked & truth).sum() / (marked.sum() + truth.sum())


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("levels", [3, 50, 10**9])
def test_the_best_residual_is_that_of_trying_all(seed, levels):
    rng = np.random.default_rng(seed)
    truth = rng.random((2, 12, 15)) < rng.uniform(0.02, 0.4)
    values = rng.random((2, 12, 15)) + truth * rng.uniform(0, 1)
    values = np.floor(values * levels) / levels  # few levels: many equal values
    best = best_f1_residual(list(values), list(truth))
    every = [f1(threshold, values, truth) for threshold in np.unique(values)]
    assert f1(best, values, truth) == pytest.approx(max(every))


def test_photos_of_several_sizes_are_pooled():
    values = [np.array([[0.1, 0.9]]), np.array([[0.2], [0.8], [0.7]])]
    truth = [np.array([[False, True]]), np.array([[False], [True], [False]])]
    assert best_f1_residual(values, truth) == 0.8


def test_without_a_painted_crack_the_best_residual_is_zero():
    assert best_f1_residual([np.ones((3, 3))], [np.zeros((3, 3), bool)]) == 0
