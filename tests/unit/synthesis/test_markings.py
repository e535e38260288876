import numpy as np

from crackdemo.synthesis.markings import lane_marking
from tests.pavements import pavement


def painted(surface: np.ndarray, count: int) -> list[np.ndarray]:
    return [lane_marking(surface, np.random.default_rng(seed)) for seed in range(count)]


def test_most_markings_are_clearly_brighter_than_the_road_and_none_leaves_white():
    surface = pavement() * 0.6
    brightest = [image.max() for image in painted(surface, 40)]
    assert np.mean([level > 1.25 * surface.max() for level in brightest]) > 0.6
    assert max(brightest) < 1.3


def test_some_lie_over_or_beside_something_dark():
    surface = pavement()
    darkest = [(image / surface).min() for image in painted(surface, 40)]
    assert 0.2 < np.mean([share < 0.9 for share in darkest]) < 0.9


def test_the_roads_grain_shows_in_worn_paint():
    """Where paint lies its opacity is below 1 or it follows the grain: never a flat white."""
    surface = pavement()
    flat = [
        np.std(image[image > 1.4 * surface.mean()])
        for image in painted(surface, 40)
        if (image > 1.4 * surface.mean()).sum() > 200
    ]
    assert len(flat) > 5 and np.median(flat) > 0.005
