"""Pieces of photos, masks and evidence, varied: what the network learns from, step by step."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from crackdemo.arrays import ClassMask, RgbImage
from crackdemo.detection.probability import as_evidence
from crackdemo.detection.sight import Sight, seen
from crackdemo.training.segmentation.config import PhotoAugmentConfig, SegmentConfig
from crackdemo.training.segmentation.data import Pair

TensorPiece = tuple[Tensor, Tensor]
"""What the network sees, (N, inputs, size, size), and its labels as whole numbers, (N, size, size):
0 where there is nothing, else the class, from 1."""

_BLURRED, _NOISY = 1 / 3, 1 / 2


class PieceDataset(Dataset[TensorPiece]):
    """Pieces by number; the number alone decides which, and how it is varied."""

    def __init__(
        self, train: Sequence[Sequence[Pair]], config: SegmentConfig, colours: int, epoch_size: int
    ) -> None:
        """colours: channels of the photo that the network sees, 1 or 3."""
        self.train, self.config, self.colours = train, config, colours
        self.epoch_size = epoch_size

    def __getitem__(self, number: int) -> TensorPiece:
        config = self.config
        rng = np.random.default_rng([config.seed, *divmod(number, self.epoch_size)])
        folder = self.train[int(rng.integers(len(self.train)))]
        pair = folder[int(rng.integers(len(folder)))]
        sight, labels = make_piece(pair, config, self.colours, rng)
        return torch.from_numpy(sight), torch.from_numpy(labels.astype(np.int64))


def make_piece(
    pair: Pair, config: SegmentConfig, colours: int, rng: np.random.Generator
) -> tuple[Sight, ClassMask]:
    """What the network sees of a piece, (inputs, size, size), and its labels (size, size)."""
    size, augment = config.tile_size, config.augment
    scale = float(np.exp(rng.uniform(*np.log(augment.scale))))
    side = max(1, round(size / scale))
    top, left = _place(pair, side, rng.random() < config.crack_share, rng)
    rows, columns = slice(top, top + side), slice(left, left + side)
    layers: list[NDArray[Any]] = [pair.photo[rows, columns], _apart(pair, rows, columns)]
    if pair.evidence is not None:
        layers.append(as_evidence(pair.evidence[rows, columns]))
    turns, is_flipped = int(rng.integers(4)), rng.random() < 0.5
    plain, shares, *evidence = (_laid(layer, side, size, turns, is_flipped) for layer in layers)
    image = seen(_lit(plain, augment, rng), config.flatten, colours)
    return np.concatenate([image, *(layer[None] for layer in evidence)]), _labels(shares)


def _apart(pair: Pair, rows: slice, columns: slice) -> NDArray[Any]:
    """What can be scaled: the mask (H, W), or of several classes one of each (H, W, 1 + classes),
    the background's first."""
    if pair.classes is None:
        return pair.mask[rows, columns]
    labels = pair.classes[rows, columns]
    return np.eye(1 + int(pair.classes.max()), dtype=np.float32)[labels]


def _labels(shares: NDArray[np.float32]) -> ClassMask:
    """Of a piece's scaled masks: what has the largest share of each pixel."""
    found = shares >= 0.5 if shares.ndim == 2 else shares.argmax(axis=2)
    return found.astype(np.uint8)


def _place(pair: Pair, side: int, at_crack: bool, rng: np.random.Generator) -> tuple[int, int]:
    """Top and left of a piece: with a crack in it, or some class of several alike, or anywhere."""
    mask = pair.mask
    room = [max(0, length - side) for length in mask.shape]
    if at_crack and mask.any():
        if pair.classes is not None:
            there = np.unique(pair.classes)
            mask = pair.classes == rng.choice(there[there > 0])
        cracked = np.flatnonzero(mask)
        place = np.unravel_index(cracked[rng.integers(len(cracked))], mask.shape)
        shift = rng.integers(side, size=2)
        top, left = (int(np.clip(p - s, 0, r)) for p, s, r in zip(place, shift, room, strict=True))
        return top, left
    return int(rng.integers(room[0] + 1)), int(rng.integers(room[1] + 1))


def _laid(
    layer: NDArray[Any], side: int, size: int, turns: int, is_flipped: bool
) -> NDArray[np.float32]:
    """A piece at its final size, turned; one at the photo's border is continued by its mirror."""
    height, width = layer.shape[:2]
    wide = layer.astype(np.float32)
    if (height, width) != (side, side):
        margins = ((0, side - height), (0, side - width), *((0, 0),) * (layer.ndim - 2))
        wide = np.pad(wide, margins, mode="symmetric")
    method = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    parts = [wide] if wide.ndim == 2 else np.split(wide, range(4, wide.shape[2], 4), axis=2)
    # OpenCV averages at most four channels at once
    scaled = [cv2.resize(part, (size, size), interpolation=method) for part in parts]
    whole = scaled[0] if len(scaled) == 1 else np.dstack(scaled)
    turned = np.rot90(whole, turns)
    laid: NDArray[np.float32] = np.ascontiguousarray(turned[:, ::-1] if is_flipped else turned)
    return laid


def _lit(
    photo: NDArray[np.float32], augment: PhotoAugmentConfig, rng: np.random.Generator
) -> RgbImage:
    """In another light, out of focus, with noise."""
    tint = 1 + rng.uniform(-augment.tint, augment.tint, 3)
    colours = np.clip(photo / 255, 0, 1) ** rng.uniform(*augment.gamma)
    colours *= rng.uniform(*augment.gain) * tint
    if rng.random() < _BLURRED and augment.blur:
        colours = cv2.GaussianBlur(colours, (0, 0), max(0.1, rng.uniform(0, augment.blur)))
    if rng.random() < _NOISY:
        colours = colours + rng.normal(0, rng.uniform(0, augment.noise), colours.shape)
    return np.clip(np.round(255 * colours), 0, 255).astype(np.uint8)
