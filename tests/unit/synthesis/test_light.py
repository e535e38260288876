import numpy as np
import pytest

from crackdemo.synthesis import light
from tests.pavements import pavement


@pytest.mark.parametrize("shade", [light.shadow_edge, light.pole_shadow, light.leaf_shadow])
def test_shadows_only_darken_and_take_nothing_of_the_grain(shade):
    surface = pavement()
    for seed in range(10):
        factor = shade(np.ones_like(surface), np.random.default_rng(seed))
        assert factor.max() <= 1 + 1e-6 and factor.min() > 0.3
        shaded = shade(surface, np.random.default_rng(seed))
        assert np.allclose(shaded, surface * factor, atol=1e-6)
