import cv2
import numpy as np
import pytest

from crackdemo.synthesis.cracks import CrackConfig, Stroke, draw_cracks, paint_cracks, rasterise

PLAIN = CrackConfig(
    width_min=3, width_max=3, depth_min=4, depth_max=4, paths_max=1, network_probability=0
)
NET = CrackConfig(network_probability=1)


def strokes_of(config: CrackConfig, seed: int) -> list[Stroke]:
    cracks = draw_cracks(128, 128, config, np.random.default_rng(seed))
    return [stroke for crack in cracks for stroke in crack]


def pavement(height: int = 128, width: int = 128, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.55, 0.08, (height, width)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 1).clip(0, 1)


def straight(width: float, angle: float = 0.0) -> Stroke:
    """A stroke across a tile of 128 pixels, through its middle."""
    along = np.arange(-150, 150.0)[:, None] * (np.cos(angle), np.sin(angle))
    return Stroke(64 + along, np.full((300, 2), width / 2))


@pytest.mark.parametrize("width", [0.8, 2.0, 7.0, 20.0])
@pytest.mark.parametrize("angle", [0.0, 0.5, np.pi / 4, 1.3])
def test_a_stroke_is_as_wide_as_it_says(width, angle):
    coverage = rasterise([straight(width, angle)], 128, 128)
    across = abs(np.cos(angle)) if angle < np.pi / 4 else np.sin(angle)
    cut = coverage[:, 64] if angle < np.pi / 4 else coverage[64]
    # OpenCV paints the outline too: a sub-pixel, a quarter of a pixel, more
    assert cut.sum() * across == pytest.approx(width + 0.2, abs=0.25)


def test_a_stroke_lies_where_its_points_are():
    stroke = Stroke(np.array([[-5.0, 10.25], [200.0, 10.25]]), np.full((2, 2), 2.0))
    coverage = rasterise([stroke], 32, 128)
    rows = np.arange(32)[:, None] + 0.5  # a pixel's middle lies half a pixel in
    assert (coverage * rows).sum() / coverage.sum() == pytest.approx(10.25, abs=0.2)
    assert coverage.max() == 1
    assert not coverage[:8].any()
    assert not coverage[13:].any()


def test_flanks_are_the_two_sides():
    flanks = np.tile((4.0, 0.0), (2, 1))
    one_sided = Stroke(np.array([[-5.0, 16.0], [200.0, 16.0]]), flanks)
    coverage = rasterise([one_sided], 32, 128)
    assert coverage[16:20, 64].min() > 0.9
    assert coverage[:15].max() == 0


def test_strokes_are_interrupted_where_their_width_is_zero():
    stroke = straight(4)
    stroke.flanks[130:170] = 0
    coverage = rasterise([stroke], 128, 128)
    assert coverage[64, 20] == coverage[64, 110] == 1
    assert not coverage[:, 50:75].any()


def test_what_lies_outside_of_the_tile_is_not_painted():
    far = Stroke(straight(5).points + np.array([0, 500]), straight(5).flanks)
    assert not rasterise([far], 128, 128).any()
    assert not rasterise([], 128, 128).any()


@pytest.mark.parametrize("config", [CrackConfig(), PLAIN, NET], ids=["default", "plain", "net"])
@pytest.mark.parametrize("height, width", [(128, 128), (1, 1), (3, 200), (200, 3), (97, 131)])
def test_painted_tiles_are_images_of_any_size(config, height, width):
    surface = pavement(height, width)
    for seed in range(10):
        painted = paint_cracks(surface, config, np.random.default_rng(seed))
        assert painted.image.shape == painted.mask.shape == (height, width)
        assert painted.image.dtype == np.float32
        assert painted.mask.dtype == np.bool_
        assert painted.image.min() >= 0
        assert painted.image.max() <= 1


@pytest.mark.parametrize("config", [CrackConfig(), NET], ids=["default", "net"])
def test_the_same_seed_paints_the_same_crack(config):
    surface = pavement()
    first, again, other = (
        paint_cracks(surface, config, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.mask, again.mask)
    assert not np.array_equal(first.mask, other.mask)


def test_the_surface_itself_is_not_touched():
    surface = pavement()
    before = surface.copy()
    paint_cracks(surface, CrackConfig(), np.random.default_rng(0))
    assert np.array_equal(surface, before)


@pytest.mark.parametrize("config", [CrackConfig(), PLAIN, NET], ids=["default", "plain", "net"])
def test_cracks_are_darker_than_what_they_are_painted_on(config):
    surface = pavement()
    for seed in range(20):
        painted = paint_cracks(surface, config, np.random.default_rng(seed))
        if painted.mask.any():
            assert painted.image[painted.mask].mean() < surface[painted.mask].mean()


@pytest.mark.parametrize("config", [CrackConfig(), PLAIN, NET], ids=["default", "plain", "net"])
def test_nothing_changes_far_from_the_cracks(config):
    surface = pavement()
    for seed in range(20):
        painted = paint_cracks(surface, config, np.random.default_rng(seed))
        drawn = rasterise(strokes_of(config, seed), 128, 128) > 0
        # rough outlines, blur and sunlit rims reach a few pixels beyond what was drawn
        near = cv2.dilate(drawn.astype(np.uint8), np.ones((31, 31))).astype(bool)
        assert np.array_equal(painted.image[~near], surface[~near])
        assert not painted.mask[~near].any()


def test_deeper_cracks_are_darker():
    def contrast(depth: float) -> float:
        config = CrackConfig(
            width_min=4, width_max=4, depth_min=depth, depth_max=depth, network_probability=0
        )
        surface = pavement()
        tiles = [paint_cracks(surface, config, np.random.default_rng(seed)) for seed in range(20)]
        return float(np.mean([(surface - tile.image)[tile.mask].mean() for tile in tiles]))

    assert contrast(0.5) < contrast(1.5) < contrast(4)


def test_widths_follow_the_config():
    def drawn(width: float) -> float:
        config = CrackConfig(
            width_min=width, width_max=width, branch_probability=0, network_probability=0
        )
        widths = [s.flanks.sum(-1) for seed in range(60) for s in strokes_of(config, seed)]
        return float(np.median([np.median(along[along > 0]) for along in widths]))

    for width in (1.5, 6, 20):
        assert drawn(width) == pytest.approx(width, rel=0.35)


def test_some_paths_are_interrupted_and_most_are_not():
    config = CrackConfig(branch_probability=0, network_probability=0)
    strokes = [stroke for seed in range(100) for stroke in strokes_of(config, seed)]
    interrupted = [bool((stroke.flanks.sum(-1) == 0).any()) for stroke in strokes]
    assert 0.1 < np.mean(interrupted) < 0.6


def test_a_crack_branches_as_often_as_the_config_says():
    def strokes_of_a_crack(probability: float) -> float:
        config = CrackConfig(branch_probability=probability, network_probability=0, paths_max=1)
        drawn = (draw_cracks(128, 128, config, np.random.default_rng(seed)) for seed in range(200))
        return float(np.mean([len(crack) for cracks in drawn for crack in cracks]))

    assert strokes_of_a_crack(0) == 1
    assert strokes_of_a_crack(0.5) == pytest.approx(2, abs=0.3)


def off_a_straight_line(stroke: Stroke) -> float:
    """How far its middle strays to both sides, in pixels for each 200 of its length."""
    away = stroke.points - stroke.points.mean(0)
    across = np.linalg.svd(away, full_matrices=False)[2][1]
    length = np.hypot(*np.diff(stroke.points, axis=0).T).sum()
    return float(np.ptp(away @ across) / length * 200)


def test_straight_cracks_leave_their_line_and_hardly_so():
    def strays(share: float) -> list[float]:
        config = CrackConfig(
            width_max=4, straight_share=share, branch_probability=0, network_probability=0
        )
        return [off_a_straight_line(s) for seed in range(100) for s in strokes_of(config, seed)]

    assert np.median(strays(0)) > 10
    assert np.median(strays(1)) == pytest.approx(3.5, abs=1.5)
    assert np.quantile(strays(1), 0.05) > 0.5  # a joint's are 0
    assert np.median(strays(0)) > np.median(strays(0.5)) > np.median(strays(1))


def test_straight_cracks_may_be_even_but_no_wide_ones():
    def unevenness(share: float, width: float) -> float:
        config = CrackConfig(
            width, width, straight_share=share, branch_probability=0, network_probability=0
        )
        strokes = [s for seed in range(100) for s in strokes_of(config, seed)]
        middles = [s.flanks.sum(-1)[len(s.points) // 3 : -len(s.points) // 3] for s in strokes]
        return float(np.median([np.log(along[along > 0]).std() for along in middles]))

    assert unevenness(1, 2) < 0.7 * unevenness(0, 2)
    assert unevenness(1, 40) == pytest.approx(unevenness(0, 40), rel=0.25)


def test_a_tile_has_at_most_the_configs_paths():
    config = CrackConfig(paths_max=2, network_probability=0)
    counts = {len(draw_cracks(64, 64, config, np.random.default_rng(seed))) for seed in range(50)}
    assert counts == {1, 2}


def test_a_net_encloses_pieces_of_pavement():
    config = CrackConfig(network_probability=1, width_min=2)
    pieces = []
    for seed in range(10):
        sound = rasterise(strokes_of(config, seed), 128, 128) < 0.5
        pieces.append(cv2.connectedComponents(sound.astype(np.uint8), connectivity=4)[0] - 1)
    assert np.median(pieces) >= 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"width_min": 0},
        {"width_min": 5, "width_max": 4},
        {"width_max": float("nan")},
        {"depth_max": 1e6},
        {"paths_max": 0},
        {"branch_probability": 1.5},
        {"network_probability": -0.1},
        {"straight_share": 2},
    ],
)
def test_a_config_that_draws_no_crack_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CrackConfig(**wrong)
