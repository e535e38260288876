import cv2
import numpy as np
import pytest

from crackdemo.synthesis import surfaces

PAINTERS = [
    surfaces.light_gradient,
    surfaces.shadow_edge,
    surfaces.stain,
    surfaces.paint_band,
    surfaces.joint,
    surfaces.tyre_mark,
    surfaces.specks,
    surfaces.pits,
]


def pavement(height: int = 96, width: int = 112) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0.5, 0.05, (height, width)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 0.7).clip(0, 1)


@pytest.mark.parametrize("paint", PAINTERS)
@pytest.mark.parametrize("height, width", [(96, 112), (16, 16), (2, 150)])
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


@pytest.mark.parametrize("paint", [surfaces.shadow_edge, surfaces.joint, surfaces.tyre_mark])
def test_shadows_joints_and_tyre_marks_only_darken(paint):
    surface = pavement()
    for seed in range(10):
        assert (paint(surface, np.random.default_rng(seed)) <= surface + 1e-6).all()


def test_a_lane_marking_is_brighter_than_dark_pavement():
    surface = pavement() * 0.5
    painted = [surfaces.paint_band(surface, np.random.default_rng(seed)) for seed in range(10)]
    assert np.max([image.max() for image in painted]) > 0.5
    assert all((image >= surface - 1e-6).all() for image in painted)


def test_a_joint_is_straight_and_of_one_width():
    even = np.full((96, 112), 0.5, np.float32)
    lines = 0
    for seed in range(20):
        dark = surfaces.joint(even, np.random.default_rng(seed)) < 0.5 * 0.99
        y, x = np.nonzero(dark)
        if len(x) < 60:
            continue  # it only touched a corner
        _, (across, along), _ = cv2.minAreaRect(np.stack([x, y], 1).astype(np.float32))
        across, along = min(across, along), max(across, along)
        lines += along > 3 * across
    assert lines > 10


def test_distractions_stay_in_0_to_1_and_differ():
    images = [surfaces.add_distractions(pavement(), np.random.default_rng(s)) for s in range(30)]
    assert all(image.dtype == np.float32 for image in images)
    assert min(image.min() for image in images) >= 0
    assert max(image.max() for image in images) <= 1
    assert len({image.tobytes() for image in images}) > 25
