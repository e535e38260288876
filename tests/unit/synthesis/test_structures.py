import cv2
import numpy as np

from crackdemo.synthesis import structures
from tests.pavements import pavement


def test_a_joint_only_darkens():
    surface = pavement()
    for seed in range(10):
        assert (structures.joint(surface, np.random.default_rng(seed)) <= surface + 1e-6).all()


def test_most_joints_are_straight_and_of_one_width():
    even = np.full((96, 112), 0.5, np.float32)
    lines = 0
    for seed in range(30):
        dark = structures.joint(even, np.random.default_rng(seed)) < 0.5 * 0.99
        y, x = np.nonzero(dark)
        if len(x) < 60:
            continue  # it only touched a corner
        _, (across, along), _ = cv2.minAreaRect(np.stack([x, y], 1).astype(np.float32))
        across, along = min(across, along), max(across, along)
        lines += along > 3 * across
    assert lines > 12  # a third of them cross another


def test_a_kerb_parts_two_materials():
    even = np.full((96, 112), 0.5, np.float32)
    for seed in range(10):
        built = structures.kerb(even, np.random.default_rng(seed))
        assert (np.abs(built - even) < 1e-6).any()
        assert len(np.unique(built)) > 100


def test_a_cable_is_of_one_darkness_along_its_length():
    even = np.full((96, 112), 0.5, np.float32)
    for seed in range(10):
        laid = structures.cable(even, np.random.default_rng(seed))
        assert 0 < (np.abs(laid - even) > 0.02).mean() < 0.7
