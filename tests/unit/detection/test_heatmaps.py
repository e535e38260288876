from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crackdemo.detection.heatmaps import (
    DensityGate,
    residual_of,
    thinned,
    to_heatmap,
)
from crackdemo.detection.illumination import local_mean
from crackdemo.errors import CheckpointError
from tests.plain import plain_heat

CLEAN = Path(__file__).parents[3].parent / "shared" / "data" / "metu" / "clean"


def residuals(*values: float) -> np.ndarray:
    return np.array([values], np.float32)


def test_the_heatmap_is_the_contracts_formula():
    r0 = 0.03
    r = np.linspace(0, 2, 5001, dtype=np.float32).reshape(1, -1)
    expected = [min(65535, round(65536 * float(x) / (float(x) + r0))) for x in r[0]]
    heatmap = to_heatmap(r, r0)
    assert heatmap.dtype == np.uint16
    assert heatmap[0].tolist() == expected


@pytest.mark.parametrize("r0", [1e-6, 0.01, 0.4, 100.0])
def test_the_scale_has_its_fixed_points(r0):
    assert to_heatmap(np.array([[0, r0, 1e30]]), r0).tolist() == [[0, 32768, 65535]]


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_no_number_is_no_sound_surface(broken):
    with pytest.raises(CheckpointError, match="what is no number"):
        to_heatmap(np.array([[0, broken, 0.1]]), 0.02)


def test_more_residual_is_never_less_heat():
    r = np.sort(np.random.default_rng(0).exponential(0.05, (1, 10000)).astype(np.float32))
    heatmap = to_heatmap(r, 0.02)[0].astype(int)
    assert (np.diff(heatmap) >= 0).all()
    assert len(set(heatmap)) > 5000


def test_the_dark_residual_is_what_the_photo_lacks_in_light():
    config = plain_heat(residual="dark", blur_sigma=0)
    image, healed = residuals(0.2, 0.5, 0.9), residuals(0.5, 0.5, 0.5)
    assert residual_of(image, healed, config)[0] == pytest.approx([0.3, 0, 0])


def test_the_absolute_residual_counts_both_sides():
    config = plain_heat(residual="absolute", blur_sigma=0)
    image, healed = residuals(0.2, 0.5, 0.9), residuals(0.5, 0.5, 0.5)
    assert residual_of(image, healed, config)[0] == pytest.approx([0.3, 0, 0.4])


def test_the_gradient_residual_sees_edges_and_not_levels():
    config = plain_heat(residual="gradient", blur_sigma=0)
    even = np.full((20, 30), 0.3, np.float32)
    edge = even.copy()
    edge[:, 15:] = 0.7
    assert not residual_of(even, even + 0.2, config).any()
    seen = residual_of(edge, even, config)
    # a step of 0.4, seen by both of its neighbours: 0.2 per pixel
    assert seen[:, 14:16] == pytest.approx(0.2, abs=1e-6)
    assert not seen[:, :13].any()


@pytest.mark.parametrize("residual", ["dark", "absolute", "gradient"])
def test_a_reconstruction_that_is_the_photo_leaves_no_residual(residual):
    image = np.random.default_rng(0).random((30, 40)).astype(np.float32)
    left = residual_of(image, image.copy(), plain_heat(residual=residual))
    assert left == pytest.approx(0, abs=1e-7)


def test_the_blur_is_a_gaussian_that_loses_nothing():
    image = np.ones((41, 41), np.float32)
    image[20, 20] = 0
    config = plain_heat(residual="dark", blur_sigma=2)
    residual = residual_of(image, np.ones_like(image), config)
    assert residual.sum() == pytest.approx(1, abs=1e-4)
    assert residual[20, 20] == pytest.approx(1 / (2 * np.pi * 4), rel=0.02)


@pytest.mark.parametrize(
    "wrong",
    [
        {"residual": "bright"},
        {"scales": ()},
        {"scales": (1.0, 0.0)},
        {"scales": (2.0,)},
        {"scales": (0.5,) * 100},
        {"weights": (1.0,)},
        {"weights": (1.0, 0.0, 1.0)},
        {"residual": "absolute", "sharpened": True},
        {"blur_sigma": -1},
        {"blur_sigma": float("nan")},
    ],
)
def test_a_heatmap_config_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"residual|scale|blur|weights"):
        plain_heat(**wrong)


def sparse(residual: np.ndarray, scale: float, gate: DensityGate) -> np.ndarray:
    """One scale's residual as a gate leaves it."""
    limit = gate.limit_at(scale)
    if limit is None:
        return residual
    around = local_mean((residual > gate.level).astype(np.float32), gate.sigma)[:]
    return thinned(residual, around, limit)


class TestDensityGate:
    GATE = DensityGate(level=0.1, sigma=12, limit=0.16, power=4)

    @staticmethod
    def line() -> np.ndarray:
        residual = np.zeros((160, 160), np.float32)
        residual[78:82] = 0.5
        return residual

    def test_a_single_crack_keeps_its_residual(self) -> None:
        line = self.line()
        assert sparse(line, 1.0, self.GATE)[80] == pytest.approx(line[80], rel=0.3)

    def test_texture_loses_nearly_all(self) -> None:
        texture = np.zeros((160, 160), np.float32)
        texture[::3] = 0.5
        assert sparse(texture, 1.0, self.GATE).max() < 0.04

    def test_the_denser_the_surroundings_the_less_is_left(self) -> None:
        left = []
        for step in (40, 20, 10, 5):
            residual = np.zeros((160, 160), np.float32)
            residual[::step] = residual[1::step] = 0.5
            left.append(float(sparse(residual, 0.5, self.GATE).max()))
        assert left == sorted(left, reverse=True)

    @pytest.mark.parametrize("scale", [0.25, 0.125])
    def test_without_a_limit_coarse_scales_always_count(self, scale: float) -> None:
        texture = np.full((40, 40), 0.5, np.float32)
        assert sparse(texture, scale, self.GATE) is texture

    def test_dark_ground_loses_what_a_coarse_scale_says_and_a_wide_crack_nothing(self) -> None:
        gate = replace(self.GATE, coarse_limit=0.4)
        ground = np.zeros((160, 160), np.float32)
        ground[110:] = 0.5  # to the border
        crack = np.zeros((160, 160), np.float32)
        crack[75:85] = 0.5
        assert sparse(ground, 0.125, gate)[140].max() < 0.005
        assert sparse(crack, 0.125, gate)[80] == pytest.approx(crack[80], rel=0.2)
