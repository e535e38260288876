import threading

import cv2
import numpy as np
import pytest
import torch

from crackdemo.detection.bands import (
    Band,
    Computed,
    enlarged,
    from_half,
    half,
    halo_of,
    in_bands,
    in_memory,
    shrunk,
)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("height, width", [(1, 1), (1, 5000), (7, 3), (513, 700), (3000, 4000)])
def test_bands_cover_every_row_once(threads, height, width):
    seen = np.zeros(height, int)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        in_bands(lambda band: np.add.at(seen, np.r_[band.rows], 1), height, width)
    finally:
        torch.set_num_threads(before)
    assert (seen == 1).all()


def test_what_goes_wrong_in_a_band_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        in_bands(lambda band: 1 // band.start and None, 3000, 4000)


def test_all_threads_work():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    both = threading.Barrier(2)
    try:
        in_bands(lambda band: band.start < 64 and both.wait(20), 128, 4000)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("sigma", [0.3, 0.7, 1.0, 4.0, 20.0])
def test_a_blur_of_bands_is_the_blur_of_the_image(sigma):
    image = np.random.default_rng(0).random((301, 40)).astype(np.float32)
    whole = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    halo = halo_of(sigma)
    for start in range(0, 301, 40):
        band = Band(start, min(301, start + 40), 301)
        part = image[band.wide(halo)]
        blurred = cv2.GaussianBlur(part, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        assert np.array_equal(blurred[band.inner(halo)], whole[band.rows])


@pytest.mark.parametrize("small", [(1, 1), (1, 7), (5, 3), (38, 50), (75, 101), (150, 201)])
def test_an_enlarged_band_is_the_band_of_the_enlarged_image(small):
    image = np.random.default_rng(0).random(small).astype(np.float32)
    whole = cv2.resize(image, (201, 150))
    for start, stop in ((0, 1), (0, 150), (3, 64), (64, 150), (149, 150)):
        part = enlarged(image, (150, 201))[start:stop]
        assert part.shape == (stop - start, 201)
        assert np.abs(part - whole[start:stop]).max() < 1e-5


def test_rows_are_computed_when_they_are_asked_for():
    asked = []

    def compute(band: Band) -> np.ndarray:
        asked.append(band)
        return np.full((band.stop - band.start, 3), band.start, np.float32)

    image = Computed((10, 3), compute)
    assert not asked
    assert (image[4:6] == 4).all() and image[:].shape == (10, 3) and image[8:20].shape == (2, 3)
    assert asked == [Band(4, 6, 10), Band(0, 10, 10), Band(8, 10, 10)]


def test_halves_come_back_to_one_part_in_two_thousand():
    values = np.random.default_rng(0).normal(0, 0.1, (70, 900)).astype(np.float32)
    kept = half(values)
    assert kept.dtype == np.float16
    again = from_half(kept)
    assert again[30:41].dtype == np.float32 and again[30:41].shape == (11, 900)
    assert np.allclose(again[:], values, rtol=2**-11, atol=1e-7)


@pytest.mark.parametrize("size", [(150, 201), (75, 101), (38, 51), (19, 25), (1, 1)])
def test_shrunk_by_bands_is_shrunk_at_once(size, monkeypatch):
    monkeypatch.setattr("crackdemo.detection.bands._PIXELS", 2000)
    image = np.random.default_rng(0).random((150, 201)).astype(np.float32)
    whole = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk(image, size)[:] - whole).max() < 1e-5


def test_many_rows_at_once_are_the_images_own():
    image = np.random.default_rng(0).random((900, 700)).astype(np.float32)
    assert np.array_equal(in_memory(image, slice(3, 870)), image[3:870])
