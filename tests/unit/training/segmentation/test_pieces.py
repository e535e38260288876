from dataclasses import replace

import numpy as np
import pytest
import torch

from crackdemo.models.segmenter import SegmenterConfig
from crackdemo.training.segmentation.config import PhotoAugmentConfig, SegmentConfig
from crackdemo.training.segmentation.data import Pair
from crackdemo.training.segmentation.pieces import PieceDataset, make_piece

UNLIT = PhotoAugmentConfig(gain=(1, 1), gamma=(1, 1), tint=0, blur=0, noise=0)
CONFIG = SegmentConfig(network=SegmenterConfig((4, 8)), tile_size=32, flatten=None, augment=UNLIT)


def pair(height: int = 90, width: int = 70) -> Pair:
    """Photo and evidence show the mask itself."""
    mask = np.random.default_rng(0).random((height // 10, width // 10)) < 0.3
    mask = np.kron(mask, np.ones((10, 10))).astype(np.bool_)
    photo = np.repeat((mask * 255).astype(np.uint8)[..., None], 3, axis=2)
    return Pair("road/1", photo, mask, (mask * 65535).astype(np.uint16))


@pytest.mark.parametrize("size", [(90, 70), (20, 70), (8, 8)])
def test_photo_mask_and_evidence_are_varied_alike(size: tuple[int, int]) -> None:
    height, width = size
    given = pair(90, 70)
    small = Pair(
        "",
        given.photo[:height, :width],
        given.mask[:height, :width],
        None if given.evidence is None else given.evidence[:height, :width],
    )
    for seed in range(20):
        sight, mask = make_piece(small, CONFIG, 3, np.random.default_rng(seed))
        assert sight.shape == (4, 32, 32) and mask.shape == (32, 32)
        assert np.abs(sight[0] - sight[3]).max() < 0.01
        assert np.array_equal(sight[3] >= 0.5, mask)


def test_pieces_around_cracks_hold_some() -> None:
    mask = np.zeros((400, 400), np.bool_)
    mask[200, 200] = True
    lonely = Pair("", np.zeros((400, 400, 3), np.uint8), mask)
    plain = replace(CONFIG, crack_share=1, augment=replace(UNLIT, scale=(1, 1)))
    for seed in range(20):
        assert make_piece(lonely, plain, 3, np.random.default_rng(seed))[1].sum() == 1


def test_what_is_learnt_from_depends_on_the_number_alone() -> None:
    config = replace(CONFIG, augment=PhotoAugmentConfig())
    one, other = (PieceDataset([[pair()]], config, 1, 8) for _ in range(2))
    for number in (0, 7, 8):
        assert all(torch.equal(a, b) for a, b in zip(one[number], other[number], strict=True))
    assert not torch.equal(one[0][0], one[8][0])


@pytest.mark.parametrize("scale", [0.5, 2])
def test_any_number_of_classes_is_scaled(scale: float) -> None:
    classes = np.kron(np.arange(9, dtype=np.uint8).reshape(3, 3), np.ones((40, 40), np.uint8))
    given = Pair("", np.zeros((120, 120, 3), np.uint8), classes > 0, classes=classes)
    config = replace(CONFIG, tile_size=64, augment=replace(UNLIT, scale=(scale, scale)))
    found = np.bincount(make_piece(given, config, 3, np.random.default_rng(1))[1].ravel())
    assert len(found) == 9 if scale == 0.5 else 0 < (found > 0).sum() <= 4


def test_classes_are_varied_with_the_photo_and_drawn_alike() -> None:
    classes = np.zeros((200, 200), np.uint8)
    classes[20:180, 20:180] = 3
    classes[5:8, 100:103] = 1
    photo = np.repeat((classes * 80)[..., None], 3, axis=2)
    given = Pair("", photo, classes > 0, classes=classes)
    plain = replace(CONFIG, crack_share=1, augment=replace(UNLIT, scale=(1, 1)))
    drawn = []
    for seed in range(40):
        sight, labels = make_piece(given, plain, 3, np.random.default_rng(seed))
        assert np.abs(sight[0] * 255 - labels * 80.0).max() < 1
        drawn.append(bool((labels == 1).any()))
    assert 10 <= sum(drawn) <= 35  # the tiny class is in half of them
