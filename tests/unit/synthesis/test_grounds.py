import numpy as np
import pytest

from crackdemo.synthesis.grounds import concrete, pavement


@pytest.mark.parametrize("surface", [pavement, concrete])
@pytest.mark.parametrize("height, width", [(1, 1), (7, 300), (128, 96)])
def test_made_surfaces_have_any_size_and_follow_their_seed(surface, height, width) -> None:
    first, again, other = (
        surface(height, width, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert first.shape == (height, width)
    assert first.min() > 0 and first.max() <= 1
    assert np.array_equal(first, again)
    assert height * width == 1 or (first != other).any()
