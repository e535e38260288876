"""How a fit comes along, to look at: the same few tiles after every epoch."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from crackdemo.arrays import CrackMask, GrayImage, Residual, RgbImage
from crackdemo.detection.heatmaps import geometric_mean, residual_of, to_heatmap
from crackdemo.masks.cut import cut_mask
from crackdemo.models.family import Network
from crackdemo.photos.images import write_jpeg
from crackdemo.photos.overlays import contact_sheet, heat_rgb, mask_image
from crackdemo.training.config import FitConfig
from crackdemo.training.loop import GrayTiles, PairDataset, TensorPair

TILES = 3
_CANDIDATES = 12
"""Among as many the tiles are chosen."""
_LABELS = ("input", "reconstruction", "heatmap", "mask")
_SIDE = 128
"""At which tiles are shown, in pixels."""


class Samples:
    """A few painted validation tiles, fixed for the whole fit."""

    def __init__(self, config: FitConfig, validation: GrayTiles) -> None:
        self._config = config
        pairs = _telling([PairDataset(validation, config, 1)[i] for i in range(_CANDIDATES)])
        self._images = torch.stack([image for image, _, _ in pairs])
        self._masks = [mask[0].numpy() > 0 for _, _, mask in pairs]

    @torch.no_grad()
    def sheet(self, network: Network) -> RgbImage:
        """One row for each tile: input, reconstruction, heatmap, mask.

        The heatmap's scale comes from these tiles alone: the fit is not calibrated yet.
        """
        network.eval()
        images = self._images[:, 0].numpy()
        prediction = network.predict(self._images.to(next(network.parameters()).device))
        healed = prediction.reconstruction[:, 0].float().cpu().numpy()
        residuals = [
            residual_of(image, reconstruction, self._config.heatmap)
            for image, reconstruction in zip(images, healed, strict=True)
        ]
        if self._config.heatmap.confirmed and prediction.crack_logits is not None:
            cracks = torch.sigmoid(prediction.crack_logits[:, 0].float()).cpu().numpy()
            residuals = [geometric_mean(*both) for both in zip(residuals, cracks, strict=True)]
        r0 = best_f1_residual(residuals, self._masks) or float(np.quantile(residuals, 0.999))
        rows = []
        for image, reconstruction, residual in zip(images, healed, residuals, strict=True):
            heatmap = to_heatmap(residual, max(r0, 1e-6))
            mask = mask_image(cut_mask(heatmap, self._config.mask))
            views = (_gray_rgb(image), _gray_rgb(reconstruction), heat_rgb(heatmap))
            rows.append([_enlarged(view) for view in (*views, cv2.merge([mask] * 3))])
        return contact_sheet(rows, _LABELS)

    def write(self, file: Path, network: Network) -> None:
        """The sheet as JPEG."""
        file.parent.mkdir(exist_ok=True)
        write_jpeg(file, self.sheet(network), quality=85)


def best_f1_residual(residuals: Sequence[Residual], masks: Sequence[CrackMask]) -> float:
    """The residual with the best pooled pixel F1 as a threshold; 0 if nothing was painted."""
    values = np.concatenate([residual.ravel() for residual in residuals])
    truth = np.concatenate([mask.ravel() for mask in masks])
    order = np.argsort(-values, kind="stable")
    values, found = values[order], np.cumsum(truth[order])
    f1 = 2 * found / (np.arange(1, len(values) + 1) + max(int(found[-1]), 1))
    f1[:-1][values[:-1] == values[1:]] = 0  # a threshold takes all equal values or none
    return float(values[int(np.argmax(f1))]) if found[-1] else 0.0


def _telling(pairs: list[TensorPair]) -> list[TensorPair]:
    """One with much painted on it, one with some, and the one with the least."""
    most_first = sorted(pairs, key=lambda pair: -float(pair[2].sum()))
    return [most_first[len(pairs) // 4], most_first[len(pairs) // 2], most_first[-1]]


def _gray_rgb(image: GrayImage) -> RgbImage:
    gray = np.clip(np.round(255 * image), 0, 255).astype(np.uint8)
    rgb: RgbImage = cv2.merge([gray] * 3)
    return rgb


def _enlarged(view: NDArray[np.uint8]) -> RgbImage:
    factor = max(1, _SIDE // view.shape[0])
    return np.repeat(np.repeat(view, factor, axis=0), factor, axis=1)
