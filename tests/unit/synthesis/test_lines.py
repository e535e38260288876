import numpy as np

from crackdemo.synthesis.lines import draw_line


def lines():
    return [draw_line((96, 112), np.random.default_rng(seed)) for seed in range(20)]


def test_across_and_along_are_distances_at_right_angles():
    for line in lines():
        across, along = (np.stack(np.gradient(part)) for part in (line.across, line.along))
        assert np.allclose(np.hypot(*across), 1, atol=1e-3)
        assert np.allclose(np.hypot(*along), 1, atol=1e-3)
        assert np.allclose((across * along).sum(0), 0, atol=1e-3)


def test_every_line_passes_through_the_tile_and_half_of_them_along_an_axis():
    found = lines()
    assert all(np.hypot(line.across, line.along).min() < 1 for line in found)
    slopes = [abs(np.gradient(line.across)[0].mean()) for line in found]
    assert 5 <= sum(min(slope, 1 - slope) < 0.03 for slope in slopes) <= 16


def test_a_band_is_as_wide_as_it_is_told():
    line = lines()[0]
    straight = type(line)(*np.meshgrid(np.arange(-50.0, 50), np.arange(30.0)))
    assert np.allclose(straight.band(0, 4).sum(1), 8)
    assert np.allclose(straight.band(0, 4, softness=6).sum(1), 8)
    assert np.allclose(straight.beyond(10).sum(1), 39.5)
    assert np.allclose(straight.crossed().band(15, 2).sum(0), 4)


def test_a_bent_line_sags_by_as_much_and_stays_where_it_began():
    across, along = np.meshgrid(np.arange(-50.0, 50), np.arange(-64.0, 65))
    bent = type(lines()[0])(across, along).bent(8)
    middle = np.abs(bent.across).argmin(1) - 50
    assert middle[64] == 0 and middle[0] == middle[128] == -8
