"""Photo to detection: the only place that runs a network on a photo."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage, Heatmap, Residual, RgbImage
from crackdemo.checkpoints.checkpoint import Checkpoint
from crackdemo.detection.heatmaps import (
    HeatmapConfig,
    darkness_of,
    photo_score,
    residual_of,
    tied,
    to_heatmap,
)
from crackdemo.detection.illumination import (
    FlattenConfig,
    Illumination,
    local_mean,
    measure_illumination,
    to_gray,
)
from crackdemo.detection.tiling import run_tiled
from crackdemo.errors import Stopped
from crackdemo.models import Autoencoder

_HEALED_GRAY = 1.0 / 255
"""Changes below one gray level are the network's own noise and stay out of the picture."""


_FALLEN_GRAY = 4.0 / 255
"""From here on a pixel's colour, and not grain, says how dark it is beside its surroundings."""
_COLOUR_SIGMA = 1.0
"""Gaussian sigma, in pixels, over which colours are compared."""


@dataclass(frozen=True)
class Detection:
    """What one forward pass says about a photo; everything after it is cheap."""

    reconstruction: RgbImage
    """The photo without its cracks, in its own light and colour."""
    heatmap: Heatmap
    """(H, W) uint16 on the checkpoint's fixed scale; 32768 is the calibrated threshold."""
    score: float
    """Of the photo as a whole, 0..1, higher = more crack; does not grow with its area."""


@dataclass(frozen=True)
class View:
    """The photo at one scale, as the network sees it; all arrays (h, w)."""

    image: GrayImage
    """Flattened gray."""
    reconstruction: GrayImage
    """The network's answer, in flattened units."""
    crack: GrayImage | None
    """How likely the crack head takes each pixel for crack, 0..1; None without that head."""
    illumination: Illumination
    """What undoes the flattening."""


class Detector:
    """A checkpoint on a device. Threads may share it: the network is only read."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device | None = None) -> None:
        self.checkpoint = checkpoint
        self.eye = Eye(checkpoint.network, device or best_device())
        self.photos_scored = 0

    def detect(self, photo: RgbImage, should_stop: Callable[[], bool] | None = None) -> Detection:
        """One pass over the photo at each of the checkpoint's scales. Raises Stopped."""
        config = self.checkpoint.config
        views = look(photo, self.eye, config.flatten, config.heatmap, should_stop)
        residual = fuse(views, config.heatmap, to_gray(photo, config.flatten.channel))
        heatmap = to_heatmap(residual, config.calibration.r0)
        self.photos_scored += 1
        score = photo_score(heatmap, config.calibration.score_top_share)
        return Detection(in_own_light(photo, views), heatmap, score)


class Eye:
    """A network on a device: flattened gray in, what it says of it out, tile by tile."""

    def __init__(self, network: Autoencoder, device: torch.device) -> None:
        self.device = device
        on_gpu = device.type == "cuda"
        self._dtype = torch.float16 if on_gpu else torch.float32
        network = network.to(device, self._dtype).eval()
        if on_gpu:  # torch's stubs do not know the overload
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = network

    def see(
        self, image: GrayImage, should_stop: Callable[[], bool] | None = None
    ) -> tuple[GrayImage, GrayImage | None]:
        """(H, W) flattened gray to reconstruction and, with a crack head, each pixel's probability
        of being crack; tiles are blended. Raises Stopped."""

        def run(tile: NDArray[np.float32]) -> NDArray[np.float32]:
            if should_stop is not None and should_stop():
                raise Stopped
            batch = torch.from_numpy(tile)[None, None].to(self.device, self._dtype)
            with torch.inference_mode():
                prediction = self._network.predict(batch)
                said = [prediction.reconstruction[0, 0]]
                if prediction.crack_logits is not None:
                    said.append(torch.sigmoid(prediction.crack_logits[0, 0]))
                return torch.stack(said).float().cpu().numpy()

        said = run_tiled(run, image, self._network.stride, self._network.tile_size)
        return said[0], said[1] if len(said) > 1 else None


def look(
    photo: RgbImage,
    eye: Eye,
    flatten: FlattenConfig,
    heatmap: HeatmapConfig,
    should_stop: Callable[[], bool] | None = None,
) -> list[View]:
    """The photo through the network's eye, one view for each scale."""
    gray = to_gray(photo, flatten.channel)
    views = []
    for scale in heatmap.scales:
        scaled = _resize(gray, *_scaled_size(gray, scale))
        illumination = measure_illumination(scaled, flatten)
        image = illumination.flatten(scaled)
        views.append(View(image, *eye.see(image, should_stop), illumination))
    return views


def fuse(views: list[View], config: HeatmapConfig, gray: GrayImage) -> Residual:
    """The weighted mean over scales of the views' residuals, of the size of `gray` (H, W), >= 0."""
    total = np.zeros(gray.shape, np.float32)
    weights = config.weights or (1.0,) * len(views)
    for view, weight in zip(views, weights, strict=True):
        residual = _resize(residual_of(view.image, view.reconstruction, config), *gray.shape)
        if config.sharpened:
            residual = tied(residual, _darkness(gray, view.illumination, config))
        if config.confirmed and view.crack is not None:
            residual = tied(residual, _resize(view.crack, *gray.shape))
        total += np.float32(weight / sum(weights)) * residual
    return total


def _darkness(gray: GrayImage, coarse: Illumination, config: HeatmapConfig) -> Residual:
    """Of the full-size photo, in the light that a view measured: a wide crack stays dark in it."""
    mean, deviation = (_resize(part, *gray.shape) for part in (coarse.mean, coarse.deviation))
    image = Illumination(mean, deviation, coarse.config).flatten(gray)
    return darkness_of(image, coarse.config.level, config)


def in_own_light(photo: RgbImage, views: list[View]) -> RgbImage:
    """The photo with what the views changed, flattening undone.

    At each pixel the largest change counts, since a wide crack is only healed at a coarse scale;
    but a coarse view never lifts a pixel above its surroundings: it would leave a bright ghost.
    Each colour is lifted as far as it fell.
    """
    height, width = photo.shape[:2]
    light = views[0].illumination
    change = _change(views[0], height, width)
    fall = _resize(light.mean, height, width) - to_gray(photo, light.config.channel)
    for view in views[1:]:
        change = np.maximum(change, np.minimum(_change(view, height, width), fall))
    change[np.abs(change) < _HEALED_GRAY] = 0
    fall = cv2.GaussianBlur(fall, (0, 0), _COLOUR_SIGMA)
    healed = photo.copy()
    for channel in range(3):
        colour = photo[..., channel].astype(np.float32) / np.float32(255)
        colour += change * _share(colour, fall, light.config.mean_sigma)
        healed[..., channel] = np.clip(np.round(255 * colour), 0, 255)
    return healed


def _share(colour: GrayImage, fall: GrayImage, mean_sigma: float) -> GrayImage:
    """How far a colour channel fell below its surroundings, as a share of `fall`, that of the
    channel which the network sees: soil in a crack darkens blue more than red."""
    own = cv2.GaussianBlur(local_mean(colour, mean_sigma) - colour, (0, 0), _COLOUR_SIGMA)
    share = np.ones_like(fall)
    np.divide(own, fall, out=share, where=fall > _FALLEN_GRAY)
    return np.clip(share, 0, 2, out=share)


def _change(view: View, height: int, width: int) -> GrayImage:
    """What a view changed, in gray levels 0..1, at the photo's size."""
    difference = view.illumination.unflatten(view.reconstruction - view.image)
    return _resize(difference, height, width)


def best_device() -> torch.device:
    """CUDA where there is one, else Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _scaled_size(gray: GrayImage, scale: float) -> tuple[int, int]:
    height, width = gray.shape
    return max(1, round(height * scale)), max(1, round(width * scale))


def _resize(image: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    if image.shape == (height, width):
        return image
    smaller = height < image.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized: NDArray[np.float32] = cv2.resize(image, (width, height), interpolation=method)
    return resized
