import numpy as np
import pytest

from crackdemo.synthesis.stones import exposed_aggregate, stone_mosaic


@pytest.mark.parametrize("shape", [(1, 1), (3, 90), (97, 131), (256, 256)])
def test_a_mosaic_is_an_image_of_the_size_that_is_asked_for(shape: tuple[int, int]) -> None:
    mosaic = stone_mosaic(*shape, np.random.default_rng(0))
    assert mosaic.shape == shape and mosaic.dtype == np.float32
    assert mosaic.min() > 0 and mosaic.max() <= 1


def test_the_seed_decides() -> None:
    one, same, other = (stone_mosaic(40, 50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_stones_are_brighter_than_what_lies_between() -> None:
    """Most of a mosaic is stone, and its darkest tenth is mortar: two heaps of gray levels."""
    for seed in range(8):
        mosaic = stone_mosaic(200, 200, np.random.default_rng(seed))
        assert np.quantile(mosaic, 0.75) > 1.2 * np.quantile(mosaic, 0.05)


def test_exposed_stones_leave_some_of_the_surface_as_it_was() -> None:
    even = np.full((128, 128), 0.5, np.float32)
    kept = [
        (np.abs(exposed_aggregate(even, np.random.default_rng(seed)) - even) < 1e-6).mean()
        for seed in range(12)
    ]
    assert 0.2 < np.median(kept) < 0.9 and max(kept) < 1
