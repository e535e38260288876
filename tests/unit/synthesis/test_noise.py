import numpy as np
import pytest

from crackdemo.synthesis.noise import smooth_noise


def neighbours(noise: np.ndarray, distance: int) -> float:
    """Correlation of pixels that lie some columns apart."""
    return float(np.corrcoef(noise[:, :-distance].ravel(), noise[:, distance:].ravel())[0, 1])


@pytest.mark.parametrize("sigma", [1.0, 2.5, 6.0, 12.0])
def test_noise_is_as_smooth_as_a_gaussian_makes_it(sigma):
    noise = smooth_noise((400, 600), sigma, np.random.default_rng(0))
    # white noise after a Gaussian: the correlation falls by half every 1.67 sigma
    distance = round(1.665 * sigma)
    expected = np.exp(-(distance**2) / (4 * sigma**2))
    assert neighbours(noise, distance) == pytest.approx(expected, abs=0.12)


@pytest.mark.parametrize("height, width", [(1, 1), (1, 50), (33, 2), (64, 65)])
@pytest.mark.parametrize("sigma", [0.5, 3, 40])
def test_noise_has_the_shape_and_is_finite(height, width, sigma):
    noise = smooth_noise((height, width), sigma, np.random.default_rng(0))
    assert noise.shape == (height, width)
    assert noise.dtype == np.float32
    assert np.isfinite(noise).all()


def test_noise_has_zero_mean_and_unit_deviation():
    noise = smooth_noise((100, 80), 2, np.random.default_rng(0))
    assert noise.mean() == pytest.approx(0, abs=1e-4)
    assert noise.std() == pytest.approx(1, abs=1e-3)


def test_noise_is_made_by_the_seed():
    first, again, other = (
        smooth_noise((20, 30), 2, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
