import numpy as np
import pytest

from crackdemo.synthesis import light, markings, marks, stones, structures, surfaces
from tests.pavements import pavement

PAINTERS = [
    light.light_gradient,
    light.shadow_edge,
    light.pole_shadow,
    light.leaf_shadow,
    markings.lane_marking,
    marks.stain,
    marks.drips,
    marks.tyre_mark,
    marks.specks,
    marks.pits,
    structures.joint,
    structures.kerb,
    structures.cable,
    stones.exposed_aggregate,
]


@pytest.mark.parametrize("paint", PAINTERS)
@pytest.mark.parametrize("height, width", [(96, 112), (16, 16), (2, 150), (1, 1)])
def test_a_painted_surface_is_a_surface(paint, height, width):
    for seed in range(10):
        painted = paint(pavement(height, width), np.random.default_rng(seed))
        assert painted.shape == (height, width)
        assert painted.dtype == np.float32
        assert np.isfinite(painted).all()


@pytest.mark.parametrize("paint", [*PAINTERS, surfaces.add_distractions])
def test_the_same_seed_paints_the_same_and_leaves_the_surface_as_it_was(paint):
    surface = pavement()
    before = surface.copy()
    first, again = (paint(surface, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, again)
    assert np.array_equal(surface, before)


@pytest.mark.parametrize("paint", PAINTERS)
def test_painting_is_seen(paint):
    surface = pavement()
    changes = [np.abs(paint(surface, np.random.default_rng(s)) - surface).max() for s in range(20)]
    assert np.median(changes) > 0.01


def test_distractions_stay_in_0_to_1_and_differ():
    images = [surfaces.add_distractions(pavement(), np.random.default_rng(s)) for s in range(60)]
    assert all(image.dtype == np.float32 for image in images)
    assert min(image.min() for image in images) >= 0
    assert max(image.max() for image in images) <= 1
    assert len({image.tobytes() for image in images}) > 50
