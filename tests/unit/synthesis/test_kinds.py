import numpy as np
import pytest

from crackdemo.synthesis.kinds import KINDS, Kind, scenes


def tiles(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(90, 170, (96, 80)).astype(np.uint8) for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_of_each_kind_there_are_cracked_and_clean_ones_on_other_tiles(kind: Kind) -> None:
    made = scenes(kind, tiles(8), 3, np.random.default_rng(1))
    assert (len(made.painted), len(made.clean)) == (3, 3)
    assert any(scene.mask.any() for scene in made.painted)
    for image in [*(scene.image for scene in made.painted), *made.clean]:
        assert image.shape == (192, 160) and image.dtype == np.float32
        assert image.min() >= 0 and image.max() <= 1


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_one_tile_is_enough(kind: Kind) -> None:
    made = scenes(kind, tiles(1), 3, np.random.default_rng(1))
    assert len(made.painted) == len(made.clean) == 1


def test_cracks_are_darker_than_their_surroundings() -> None:
    for kind in KINDS:
        made = scenes(kind, tiles(12), 6, np.random.default_rng(2))
        inside = np.concatenate([s.image[s.mask] for s in made.painted])
        outside = np.concatenate([s.image[~s.mask] for s in made.painted])
        assert np.median(inside) < np.median(outside)
