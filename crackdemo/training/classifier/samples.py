"""How a classifier's fit comes along, to look at: the same few photos after every epoch."""

from pathlib import Path

import cv2
import numpy as np
import torch

from crackdemo.arrays import GrayImage, RgbImage
from crackdemo.detection.heatmaps import to_heatmap
from crackdemo.detection.saliency import saliency_of
from crackdemo.models.family import Network
from crackdemo.photos.images import write_jpeg
from crackdemo.photos.overlays import captioned, heat_rgb
from crackdemo.training.classifier.config import ClassifierFitConfig
from crackdemo.training.classifier.data import Part
from crackdemo.training.classifier.views import AS_THEY_ARE, seen, vary

_OF_EACH_KIND = 4


class Samples:
    """A few validation photos of either kind, fixed for the whole fit."""

    def __init__(self, config: ClassifierFitConfig, validation: Part) -> None:
        self._config = config
        rng = np.random.default_rng([config.seed, 8])
        chosen = [
            photo
            for kind in (True, False)
            for photo in rng.permutation(np.flatnonzero(validation.cracked == kind))[:_OF_EACH_KIND]
        ]
        self._cracked = [bool(validation.cracked[photo]) for photo in chosen]
        self._photos = [
            vary(validation.photos[photo], config.input_size, AS_THEY_ARE, rng) for photo in chosen
        ]

    def sheet(self, network: Network) -> RgbImage:
        """A column for each photo: itself, and where the network looks, with how likely it takes it
        for cracked.

        The heatmap's scale comes from these photos alone: the fit is not calibrated yet.
        """
        network.eval()
        device = next(network.parameters()).device
        flattened = [seen(photo, self._config.flatten) for photo in self._photos]
        images = torch.from_numpy(np.stack(flattened))[:, None].to(device)
        with torch.no_grad():
            chances = torch.sigmoid(network(images)).tolist()
        saliency = saliency_of(network, images, self._config.heatmap).cpu().numpy()
        r0 = max(float(np.quantile(saliency, 0.95)), 1e-6)
        columns = []
        for photo, heat, chance, cracked in zip(
            self._photos, saliency, chances, self._cracked, strict=True
        ):
            caption = f"{'cracked' if cracked else 'clean'}: {100 * chance:.0f} %"
            views = (captioned(_rgb(photo), caption), heat_rgb(to_heatmap(heat, r0)))
            columns.append(np.vstack(views))
        return np.hstack(columns)

    def write(self, file: Path, network: Network) -> None:
        """The sheet as JPEG."""
        file.parent.mkdir(exist_ok=True)
        write_jpeg(file, self.sheet(network), quality=85)


def _rgb(gray: GrayImage) -> RgbImage:
    rgb: RgbImage = cv2.merge([np.round(255 * gray).astype(np.uint8)] * 3)
    return rgb
