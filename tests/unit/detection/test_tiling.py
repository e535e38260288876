import cv2
import numpy as np
import pytest
import torch

from crackdemo.detection.bands import Band, Computed
from crackdemo.detection.tiling import BLEND, MARGIN, TILE, Tiles
from crackdemo.models.cae import CaeConfig
from crackdemo.models.family import build_network


def run_tiled(run, image, stride, tile_size, most=1):
    """A function of a tile (h, w) on all tiles of an image."""
    tiles = Tiles(image, stride, tile_size)
    for batch in tiles.batches(most):
        assert 1 <= len(batch) <= most
        tiles.put([run(tile[0])[None] for tile in batch])
    return tiles.whole()[0]


class Counting:
    """A function of tiles that remembers the sizes it was given."""

    def __init__(self, run=lambda tile: tile) -> None:
        self.run = run
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, tile: np.ndarray) -> np.ndarray:
        self.shapes.append(tile.shape)
        return self.run(tile)


def smooth_photo(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 1, (height, width)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 12)
    return (0.6 + 0.1 * blurred / blurred.std()).astype(np.float32)


@pytest.mark.parametrize("stride", [1, 4, 16, 64])
@pytest.mark.parametrize(
    "height, width", [(1, 1), (1, 500), (31, 33), (TILE, TILE), (1000, 1501), (TILE * 2 + 1, 9)]
)
def test_the_identity_gives_the_image_back_whatever_its_size(stride, height, width):
    image = np.random.default_rng(0).random((height, width)).astype(np.float32)
    run = Counting()
    result = run_tiled(run, image, stride, None)
    assert result.shape == image.shape
    assert result.dtype == np.float32
    assert np.abs(result - image).max() < 1e-6
    assert all(length % stride == 0 for shape in run.shapes for length in shape)
    assert all(length <= TILE for shape in run.shapes for length in shape)


@pytest.mark.parametrize("most", [2, 3, 50])
@pytest.mark.parametrize("tile_size", [48, None])
def test_tiles_may_come_several_at_once(most, tile_size):
    image = np.random.default_rng(0).random((101, 2 * TILE + 300)).astype(np.float32)
    at_once = run_tiled(np.sqrt, image, 16, tile_size, most)
    assert np.array_equal(at_once, run_tiled(np.sqrt, image, 16, tile_size))


@pytest.mark.parametrize("stride, tile_size", [(16, 32), (16, 48), (16, 128), (32, 96)])
@pytest.mark.parametrize("height, width", [(1, 1), (1, 300), (64, 64), (101, 257)])
def test_a_network_of_one_tile_size_sees_tiles_of_that_size_only(stride, tile_size, height, width):
    image = np.random.default_rng(0).random((height, width)).astype(np.float32)
    run = Counting()
    result = run_tiled(run, image, stride, tile_size)
    assert np.abs(result - image).max() < 1e-6
    assert set(run.shapes) == {(tile_size, tile_size)}


def test_a_photo_that_fits_is_seen_at_once():
    run = Counting()
    run_tiled(run, np.zeros((TILE - 2 * MARGIN, 300), np.float32), 16, None)
    assert len(run.shapes) == 1


def test_a_filter_gives_the_same_with_and_without_tiles():
    def blur(tile: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(tile, (0, 0), 4, borderType=cv2.BORDER_REFLECT)

    image = np.random.default_rng(0).random((900, 1700)).astype(np.float32)
    assert np.abs(run_tiled(blur, image, 16, None) - blur(image)).max() < 0.002


def test_the_images_border_is_mirrored_so_that_zero_padding_does_not_reach_it():
    def zero_padded_blur(tile: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(tile, (31, 31), 5, borderType=cv2.BORDER_CONSTANT)

    image = np.full((100, 120), 0.6, np.float32)
    assert run_tiled(zero_padded_blur, image, 16, None) == pytest.approx(0.6, abs=1e-4)


def test_answers_that_differ_from_tile_to_tile_are_blended_without_a_step():
    values = iter([0.0, 1.0, 0.0, 1.0])

    def any_answer(tile: np.ndarray) -> np.ndarray:
        return np.full_like(tile, next(values))

    wide = TILE + TILE // 2
    result = run_tiled(any_answer, np.zeros((64, wide), np.float32), 16, None)
    assert result.min() == pytest.approx(0, abs=0.01)
    assert result.max() == pytest.approx(1, abs=0.01)
    assert np.abs(np.diff(result, axis=1)).max() < 1.5 / BLEND


def test_no_seam_shows_in_a_networks_answer():
    torch.manual_seed(0)
    network = build_network("cae", CaeConfig((8, 12, 16, 16, 16))).eval()
    torch.nn.init.normal_(network.decoder.last.weight, std=0.3)  # or it would change nothing

    def change(tile: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network.reconstruct(torch.from_numpy(tile)[None, None])[0, 0].numpy() - tile

    image = smooth_photo(96, TILE + 432)  # two tiles
    tiled = run_tiled(change, image, 16, None)
    at_once = change(np.pad(image, MARGIN, mode="symmetric"))[MARGIN:-MARGIN, MARGIN:-MARGIN]
    # what tiles alter is far less than what varies from place to place
    assert np.abs(tiled - at_once).max() < 0.005 * at_once.std()


@pytest.mark.parametrize(
    "height, width, most",
    [(512, 512, 2.0), (2000, 2000, 1.2), (3000, 4000, 1.2), (2448, 3264, 1.2), (8000, 12_500, 1.2)],
)
def test_few_pixels_are_computed_that_are_not_the_photos(height, width, most):
    """Over all the scales of the default heatmap."""
    computed = own = 0
    for scale in (1, 2, 4, 8):
        run = Counting()
        run_tiled(run, np.zeros((height // scale, width // scale), np.float32), 16, None)
        computed += sum(tall * wide for tall, wide in run.shapes)
        own += (height // scale) * (width // scale)
    assert computed / own <= most


def test_channels_are_cut_alike():
    image = np.random.default_rng(0).random((3, 70, 50), np.float32)
    tiles = Tiles(image, 4, 48)
    for batch in tiles.batches(2):
        assert batch.shape[1:] == (3, 48, 48)
        tiles.put(batch)
    assert tiles.whole() == pytest.approx(image, abs=1e-6)


def test_of_an_image_no_more_rows_are_asked_for_than_one_row_of_tiles_has():
    image = np.random.default_rng(0).random((300, 90), np.float32)
    asked = []

    def rows(band: Band) -> np.ndarray:
        asked.append(band.stop - band.start)
        return image[band.rows]

    by_rows, whole = Tiles(Computed(image.shape, rows), 4, 48), Tiles(image, 4, 48)
    for batch, expected in zip(by_rows.batches(2), whole.batches(2), strict=True):
        assert np.array_equal(batch, expected)
    assert max(asked) <= 48


def test_answers_stay_as_exact_as_they_are():
    tiles = Tiles(np.ones((60, 70), np.float32), 4, 48)
    for batch in tiles.batches(1):
        tiles.put(batch.astype(np.float16))
    assert tiles.whole().dtype == np.float16 and (tiles.whole() == 1).all()
