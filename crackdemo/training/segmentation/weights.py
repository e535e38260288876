"""How much a pixel of each class counts in a loss, from how frequent the classes are."""

from collections.abc import Sequence

import numpy as np

from crackdemo.training.segmentation.config import ClassWeights
from crackdemo.training.segmentation.data import Pair, class_shares

_FLOOR = 1.02
"""ENet's: no weight is above 50.5."""


def class_weights(kind: ClassWeights, pairs: Sequence[Pair], classes: int) -> list[float]:
    """Of the background and of each class, by pairs in each of which some class may be missing.

    median frequency: the median over the classes of how frequent each is in the photos that show
    it, divided by that (Eigen and Fergus 2015); inverse log: 1 / ln(1.02 + share) (ENet, Paszke et
    al. 2016); none: all alike.
    """
    if kind == "none":
        return [1.0] * (classes + 1)
    if kind == "inverse log":
        return [float(1 / np.log(_FLOOR + share)) for share in class_shares(pairs, classes)]
    frequencies = [_frequency(pairs, number) for number in range(classes + 1)]
    median = float(np.median(frequencies))
    return [median / max(frequency, 1e-9) for frequency in frequencies]


def _frequency(pairs: Sequence[Pair], number: int) -> float:
    shares = [float((pair.labels == number).mean()) for pair in pairs]
    sizes = [pair.labels.size for pair in pairs]
    showing = [(share, size) for share, size in zip(shares, sizes, strict=True) if share]
    total = sum(size for _, size in showing)
    return sum(share * size for share, size in showing) / max(1, total)
