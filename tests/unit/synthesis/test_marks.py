import numpy as np

from crackdemo.synthesis import marks
from tests.pavements import pavement


def test_a_tyre_mark_only_darkens():
    surface = pavement()
    for seed in range(10):
        assert (marks.tyre_mark(surface, np.random.default_rng(seed)) <= surface + 1e-6).all()


def test_drips_run_one_way():
    """Along a streak the light changes slowly, across it quickly."""
    even = np.full((96, 112), 0.5, np.float32)
    ratios = []
    for seed in range(40):
        down, right = np.gradient(marks.drips(even, np.random.default_rng(seed)))
        tensor = np.array([[(down**2).mean(), (down * right).mean()], [0, (right**2).mean()]])
        tensor[1, 0] = tensor[0, 1]
        least, most = np.linalg.eigvalsh(tensor)
        if most > 1e-6:
            ratios.append(least / most)
    assert len(ratios) > 15 and np.median(ratios) < 0.3
