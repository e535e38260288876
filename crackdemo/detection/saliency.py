"""The detector of networks that judge a picture as a whole: it shows where they look."""

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Literal, NamedTuple, TypeAlias

import cv2
import numpy as np
import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor
from torch.nn import functional

from crackdemo.arrays import GrayImage, RegionMask, Residual, RgbImage
from crackdemo.configs import SETTINGS
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import Detection, ScoredPart
from crackdemo.detection.engine import best_device, device_here
from crackdemo.detection.heatmaps import to_heatmap
from crackdemo.detection.illumination import FlattenConfig, measure_illumination, to_gray
from crackdemo.detection.lent import Card, on_card, packed, unpacked
from crackdemo.errors import Stopped
from crackdemo.masks.classes import CRACK
from crackdemo.models.family import Network

Method: TypeAlias = Literal["gradcam", "gradient", "smoothgrad", "integrated"]

_OVERLAP = 0.25
"""Share of a part that it has in common with its neighbour, at least."""
_WHOLE = 1.5
"""Sides up to so many parts long are looked at in one piece."""
_STEPS = 16
"""Of a path of integration."""
_COPIES = 8
"""Noisy ones whose gradients are averaged."""
_NOISE = 0.1
"""Their noise's deviation, in units of what the network sees, 0..1."""


@dataclass(frozen=True, config=SETTINGS)
class SaliencyConfig:
    """How a network shows where it looks."""

    method: Method = "integrated"
    """integrated: the gradients along the way from an even surface to the photo (Sundararajan et
    al. 2017); gradcam: the features that speak for a crack (Selvaraju et al. 2017); gradient: the
    pixels that would change the answer most; smoothgrad: their mean over noisy copies (Smilkov et
    al. 2017)."""
    level: Annotated[int, Field(ge=1, le=6)] = 3
    """Of gradcam: the network's level whose features are read; deeper ones know better what a crack
    is, and less well where."""
    blur_sigma: Annotated[float, Field(ge=0, le=50)] = 1.0
    """Of the others: Gaussian sigma, in pixels of what the network sees, that makes a surface of
    their scattered pixels."""
    tile_size: Annotated[int, Field(ge=16, le=8192)] = 227
    """Side of the parts in which a large photo is looked at, in its own pixels: about the size of
    the photos that the network has learnt from."""
    input_size: Annotated[int, Field(ge=32, le=1024)] = 128
    """What such a part is shrunk to before the network sees it, in pixels."""

    @property
    def passes(self) -> int:
        """Of the network, there and back, over each part."""
        return {"integrated": _STEPS, "smoothgrad": _COPIES}.get(self.method, 1)


class Part(NamedTuple):
    """A rectangle of a picture."""

    rows: slice
    columns: slice


class Look(NamedTuple):
    """What a network says of a photo."""

    saliency: Residual
    """(H, W), >= 0, higher = speaks more for a crack."""
    parts: tuple[ScoredPart, ...]
    """The parts that it was looked at in, in its own pixels, each with the probability, 0..1, of
    its showing a crack."""


class Glance(NamedTuple):
    """What a network says of one part."""

    probability: float
    """Of its showing a crack, 0..1."""
    strength: Residual
    """(h, w), >= 0, higher = speaks more for a crack."""


def parts_of(height: int, width: int, side: int) -> Iterator[Part]:
    """A picture in parts that overlap, each `side` long unless the picture is little longer or
    shorter than that; row by row."""
    for rows in _cut(height, side):
        for columns in _cut(width, side):
            yield Part(rows, columns)


def _cut(length: int, side: int) -> list[slice]:
    if length <= _WHOLE * side:
        return [slice(0, length)]
    count = int(np.ceil((length - side) / (side * (1 - _OVERLAP)))) + 1
    starts = np.linspace(0, length - side, count).round().astype(int)
    return [slice(start, start + side) for start in starts.tolist()]


def saliency_of(network: Network, image: Tensor, config: SaliencyConfig) -> Tensor:
    """Where pictures (N, 1, H, W) speak for a crack: (N, H, W), >= 0, by captum.

    network: evaluated, its `levels` one module each. Not for several threads at once: captum hooks
    into the network.
    """
    from captum.attr import IntegratedGradients, LayerGradCam, Saliency  # takes a second

    image = image.detach().requires_grad_()
    if config.method == "gradcam":
        level = network.get_submodule(f"levels.{config.level - 1}")
        cam = LayerGradCam(network, level).attribute(image, relu_attributions=True)
        size = image.shape[-2:]
        larger: Tensor = functional.interpolate(cam, size, mode="bilinear").detach()
        return larger[:, 0]
    if config.method == "integrated":
        even = image.detach().mean((2, 3), keepdim=True).expand_as(image)
        path = IntegratedGradients(network).attribute(image, even, n_steps=_STEPS)
        strength = path.clamp(min=0)  # what speaks against a crack does not count
    elif config.method == "smoothgrad":
        generator = torch.Generator().manual_seed(0)  # the same photo has the same heatmap
        noise = _NOISE * torch.randn(_COPIES, *image.shape, generator=generator)
        copies = [(image.detach() + each.to(image)).requires_grad_() for each in noise]
        strength = torch.stack([Saliency(network).attribute(each) for each in copies]).mean(0)
    else:
        strength = Saliency(network).attribute(image)
    pixels: Tensor = strength.detach()[:, 0]
    return pixels


def glances(
    network: Network,
    images: Sequence[GrayImage],
    config: SaliencyConfig,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[Glance]:
    """At images (h, w), one after the other. Raises Stopped."""
    device = next(network.parameters()).device
    for each in images:
        if should_stop is not None and should_stop():
            raise Stopped
        image = torch.from_numpy(each.copy())[None, None].to(device)
        with torch.no_grad():
            probability = float(torch.sigmoid(network(image)))
        yield Glance(probability, saliency_of(network, image, config)[0].cpu().numpy())


def _glances_on_card(
    network: bytes, images: Sequence[GrayImage], config: SaliencyConfig
) -> list[Glance]:
    return list(glances(unpacked(network).to(device_here()), images, config))


LENT: Card[[bytes, Sequence[GrayImage], SaliencyConfig], list[Glance]] | None = on_card(
    _glances_on_card
)
"""`glances` on a card that is lent; None where none are."""


def look(
    network: Network,
    photo: RgbImage,
    flatten: FlattenConfig | None,
    config: SaliencyConfig,
    should_stop: Callable[[], bool] | None = None,
    lent: Callable[[bytes, Sequence[GrayImage], SaliencyConfig], list[Glance] | None] | None = LENT,
) -> Look:
    """Of a photo (H, W, 3), part by part; where parts overlap the middle ones count more. Raises
    Stopped.

    lent: glances instead of the network's own device, where it can.
    """
    whole = sight(photo, flatten, config)
    total, weight = np.zeros_like(whole), np.zeros_like(whole)
    scored = []
    parts = list(parts_of(whole.shape[0], whole.shape[1], config.input_size))
    images = [whole[part.rows, part.columns] for part in parts]
    on_lent = None
    if lent is not None and not (should_stop is not None and should_stop()):
        on_lent = lent(packed(network), images, config)
    seen = glances(network, images, config, should_stop) if on_lent is None else on_lent
    for part, (probability, strength) in zip(parts, seen, strict=True):
        scored.append(_scored(part, config.tile_size / config.input_size, probability))
        if config.method != "gradcam" and config.blur_sigma:
            strength = cv2.GaussianBlur(strength, (0, 0), config.blur_sigma)
        hill = _hill(*strength.shape)
        total[part.rows, part.columns] += hill * strength
        weight[part.rows, part.columns] += hill
    height, width = photo.shape[:2]
    saliency: Residual = cv2.resize(total / weight, (width, height), interpolation=cv2.INTER_LINEAR)
    return Look(saliency, tuple(scored))


def _scored(part: Part, scale: float, probability: float) -> ScoredPart:
    edges = (part.rows.start, part.columns.start, part.rows.stop, part.columns.stop)
    top, left, bottom, right = (round(edge * scale) for edge in edges)
    return ScoredPart(top, left, bottom, right, probability)


def score_of(parts: Sequence[ScoredPart], region: RegionMask | None = None) -> float:
    """Of the likeliest part, 0..1; of a region (H, W) that of the parts which lie in it by half, or
    else of the one that does most."""
    if region is None:
        return max(part.score for part in parts)
    shares = [float(region[p.top : p.bottom, p.left : p.right].mean()) for p in parts]
    enough = min(0.5, max(shares))
    return max(part.score for part, share in zip(parts, shares, strict=True) if share >= enough)


def likeliest(parts: Sequence[ScoredPart], height: int, width: int) -> Residual:
    """Of each pixel (H, W) the probability, 0..1, of the likeliest part that it lies in."""
    found = np.zeros((height, width), np.float32)
    for part in sorted(parts, key=lambda part: part.score):
        found[part.top : part.bottom, part.left : part.right] = part.score
    # parts are of the smaller picture, whose pixels do not all end where the photo's do
    bottom, right = (max(ends) for ends in zip(*((p.bottom, p.right) for p in parts), strict=True))
    border = ((0, max(0, height - bottom)), (0, max(0, width - right)))
    return np.pad(found[:bottom, :right], border, "edge")


def spoken_for(saliency: Residual, probability: Residual, threshold: float) -> Residual:
    """Saliency (H, W) that fades where the network itself sees no crack: by how far a part's
    probability lies below the score's threshold. Of any surface some pixels speak for a crack more
    than others, however sure it is that there is none."""
    share: Residual = np.minimum(1, probability / np.float32(max(threshold, 1e-9)))
    return saliency * share


def sight(photo: RgbImage, flatten: FlattenConfig | None, config: SaliencyConfig) -> GrayImage:
    """What the network sees of a photo (H, W, 3): gray, smaller by as much as the photos that it
    has learnt from."""
    gray = to_gray(photo, "luma" if flatten is None else flatten.channel)
    scale = config.input_size / config.tile_size
    height, width = (max(1, round(length * scale)) for length in gray.shape)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    gray = cv2.resize(gray, (width, height), interpolation=method)
    return gray if flatten is None else measure_illumination(gray, flatten).flatten(gray)


def _hill(height: int, width: int) -> GrayImage:
    """Highest in the middle, above 0 at the border: seams between parts are blended."""
    down, across = (1 - np.abs(np.linspace(-1, 1, length + 2)[1:-1]) for length in (height, width))
    hill: GrayImage = np.outer(down, across).astype(np.float32)
    return hill


class SaliencyDetector:
    """Shows where a network looks that judges pictures as a whole; rebuilds nothing."""

    rebuilds = False
    classes = (CRACK,)

    def __init__(
        self,
        network: Network,
        flatten: FlattenConfig | None,
        config: SaliencyConfig,
        calibration: Calibration,
        device: torch.device | None = None,
    ) -> None:
        """flatten: None where the network sees the photo in its own light."""
        self.flatten, self.config, self._calibration = flatten, config, calibration
        self._device = device or best_device()
        # a copy: `to` and `eval` would change the caller's own network
        self._network = copy.deepcopy(network).eval().to(self._device)
        self._alone = threading.Lock()

    @property
    def calibration(self) -> Calibration:
        """What its heatmaps and scores were calibrated to."""
        return self._calibration

    @property
    def engine_name(self) -> str | None:
        """What runs its network."""
        where = "the processor" if self._device.type == "cpu" else self._device.type.upper()
        return f"PyTorch on {where}, full precision"

    def detect(
        self, photo: RgbImage, should_stop: Callable[[], bool] | None = None, heal: bool = True
    ) -> Detection:
        """One pass over the photo's parts, and one back; heal changes nothing. Raises Stopped."""
        with self._alone:
            seen = look(self._network, photo, self.flatten, self.config, should_stop)
        probability = likeliest(seen.parts, *photo.shape[:2])
        saliency = spoken_for(seen.saliency, probability, self._calibration.score_threshold)
        heatmap = to_heatmap(saliency, self._calibration.r0)
        return Detection(None, heatmap, score_of(seen.parts), seen.parts)

    def score(self, detection: Detection, region: RegionMask | None = None) -> float:
        """Of a region of the photo, 0..1, higher = more crack."""
        return detection.score if region is None else score_of(detection.parts, region)
