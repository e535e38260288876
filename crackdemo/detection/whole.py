"""A detector as one network from a colour tile to its heatmap, for programs that can do no more
than run a graph: every size in it is fixed, and all that is linear is a matrix.

The matrices are what OpenCV makes of the identity, so that a tile gets the heatmap that the
detector itself would give a photo of that size; but for what is faint or stands alone, which stays,
since a graph knows no connected parts.
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import DetectorConfig
from crackdemo.detection.heatmaps import QUARTER
from crackdemo.detection.illumination import COARSE, LARGEST_FALL, FlattenConfig
from crackdemo.detection.probability import SUREST, ProbabilityConfig
from crackdemo.detection.tiling import MARGIN
from crackdemo.models.family import Network


class WholeDetector(nn.Module):
    """Of networks that rebuild: RGB tiles (N, 3, side, side) in 0..1 to heatmaps (N, 1, side,
    side), whole numbers of the fixed scale as shares of 65536."""

    def __init__(self, network: Network, config: DetectorConfig, side: int) -> None:
        super().__init__()
        self.config, self.side = config, side
        self.scales = nn.ModuleList(
            _AtScale(network, config, side, scale, side) for scale in config.heatmap.scales
        )
        is_large = bool(config.heatmap.coarser_at(side, side))
        self.coarser = _Coarser(network, config, side) if is_large else None

    def forward(self, tile: Tensor) -> Tensor:
        heat = self.config.heatmap
        gray = _gray(tile, self.config.flatten.channel == "blue")
        weights = heat.weights or (1.0,) * len(heat.scales)
        total = torch.zeros_like(gray)
        for at_scale, weight in zip(self.scales, weights, strict=True):
            total = total + weight / sum(weights) * at_scale(gray, gray)
        if self.coarser is not None and heat.coarser_weight is not None:
            total = total + heat.coarser_weight / sum(weights) * self.coarser(gray)
        return _heat(total, self.config.calibration.r0)


class WholeSegmenter(nn.Module):
    """Of networks that tell how likely each pixel is crack: RGB tiles (N, 3, side, side) in 0..1 to
    heatmaps as those of a `WholeDetector`. Of several classes (N, 1 + classes, side, side): first
    the background, which is as hot everywhere as `threshold`, so that the hottest is what is
    marked."""

    def __init__(
        self,
        network: Network,
        flatten: FlattenConfig | None,
        config: ProbabilityConfig,
        calibration: Calibration,
        threshold: float,
        side: int,
    ) -> None:
        """flatten: None where the network sees the tile in its own light."""
        super().__init__()
        self.flatten, self.r0, self.threshold = flatten, calibration.r0, threshold
        self.is_gray = network.inputs - (config.evidence is not None) == 1
        self.classes = len(network.config.classes)
        self.light = None if flatten is None else _Light(side, flatten)
        self.evidence: WholeDetector | None = None
        if config.evidence is not None:
            healer = network.get_submodule("healer")
            assert isinstance(healer, Network)
            self.evidence = WholeDetector(healer, config.evidence, side)
        self.views = nn.ModuleList(
            _View(network, self.classes, side, scale) for scale in config.scales
        )

    def forward(self, tile: Tensor) -> Tensor:
        gray = _gray(tile, self.flatten is not None and self.flatten.channel == "blue")
        image = gray if self.is_gray else torch.round(255 * tile) / 255
        if self.light is not None and self.flatten is not None:
            mean, deviation = self.light(gray)
            image = _flat(image, mean, deviation, self.flatten)
        if self.evidence is not None:
            image = torch.cat([image, self.evidence(tile)], 1)
        chance = sum(view(image) for view in self.views) / len(self.views)
        sure = torch.clamp(chance, max=SUREST)
        heat = _heat(sure / (1 - sure), self.r0)
        if self.classes == 1:
            return heat
        return torch.cat([torch.full_like(heat[:, :1], self.threshold), heat], 1)


class _View(nn.Module):
    """What a network answers to an image (N, C, side, side) at one scale: (N, outputs, side,
    side)."""

    def __init__(self, network: Network, outputs: int, side: int, scale: float) -> None:
        super().__init__()
        size = max(1, round(side * scale))
        self.down, self.up = _to_scale(side, size)
        self.tiles = _Tiled(network, outputs, size)

    def forward(self, image: Tensor) -> Tensor:
        seen: Tensor = self.up(self.tiles(self.down(image)))
        return seen


class _Light(nn.Module):
    """As `illumination.measure_illumination`: gray (N, 1, size, size) to its local mean and
    deviation."""

    def __init__(self, size: int, flatten: FlattenConfig) -> None:
        super().__init__()
        self.floor = flatten.deviation_floor
        self.mean = _local_mean(size, flatten.mean_sigma)
        self.deviation = _local_mean(size, flatten.deviation_sigma)

    def forward(self, gray: Tensor) -> tuple[Tensor, Tensor]:
        mean = self.mean(gray)
        variance = self.deviation((gray - mean) ** 2)
        return mean, torch.sqrt(torch.clamp(variance, min=0)) + self.floor


class _Coarser(nn.Module):
    """As `scales._of_coarser`: gray (N, 1, side, side) to what large photos are looked at besides,
    at full size."""

    def __init__(self, network: Network, config: DetectorConfig, side: int) -> None:
        super().__init__()
        quarter = round(side * QUARTER)
        self.down, self.up = _to_scale(side, quarter)
        self.scales = nn.ModuleList(
            _AtScale(network, config, side, scale, quarter)
            for scale in config.heatmap.coarser_at(side, side)
        )
        self.shares = tuple(config.heatmap.coarser_at(side, side).values())

    def forward(self, gray: Tensor) -> Tensor:
        small = self.down(gray)
        total = torch.zeros_like(small)
        for at_scale, share in zip(self.scales, self.shares, strict=True):
            total = total + share * at_scale(gray, small)
        seen: Tensor = self.up(total)
        return seen


class _AtScale(nn.Module):
    """Gray (N, 1, side, side), and itself (N, 1, shown, shown), to one scale's residual at the size
    of the latter."""

    def __init__(
        self, network: Network, config: DetectorConfig, side: int, scale: float, shown: int
    ) -> None:
        super().__init__()
        size = max(1, round(side * scale))
        flatten, heat = config.flatten, config.heatmap
        self.flatten, self.heat = flatten, heat
        self.down, self.up = _to_scale(side, size)[0], _to_scale(shown, size)[1]
        self.light = _Light(size, flatten)
        self.limit = heat.gate.limit_at(scale) if heat.gate else None
        self.around = _local_mean(shown, heat.gate.sigma) if heat.gate and self.limit else None
        has_head = bool(getattr(network.config, "crack_head", False))
        self.is_confirmed = heat.confirmed and has_head
        self.tiles = _Tiled(network, 1 + has_head, size)
        self.blur = _Blurred(size, heat.blur_sigma)
        self.blur_full = _Blurred(shown, heat.blur_sigma)

    def forward(self, gray: Tensor, shown: Tensor) -> Tensor:
        heat = self.heat
        scaled = self.down(gray)
        mean, deviation = self.light(scaled)
        image = _flat(scaled, mean, deviation, self.flatten)
        answer = self.tiles(image)
        residual: Tensor = self.up(self.blur(self._difference(image, answer[:, :1])))
        if heat.sharpened:
            light = _flat(shown, self.up(mean), self.up(deviation), self.flatten)
            darkness = self.blur_full(torch.relu(self.flatten.level - light))
            residual = torch.sqrt(residual * darkness)
        if self.is_confirmed:
            residual = torch.sqrt(residual * self.up(answer[:, 1:]))
        if heat.gate and self.limit and self.around is not None:
            density = self.around((residual > heat.gate.level).to(residual.dtype))
            residual = residual / (1 + (density / self.limit.density) ** self.limit.power)
        return residual

    def _difference(self, image: Tensor, healed: Tensor) -> Tensor:
        """Of the configured kind, before its blur."""
        if self.heat.residual == "dark":
            return torch.relu(healed - image)
        if self.heat.residual == "absolute":
            return torch.abs(healed - image)
        return torch.abs(_gradient(healed) - _gradient(image))


class _Tiled(nn.Module):
    """What the network answers to an image (N, C, size, size): (N, outputs, size, size).

    With a mirrored border, in one pass; a network of one size sees overlapping tiles, of which
    each counts the less the nearer its edge is.
    """

    weight: Tensor
    total: Tensor

    def __init__(self, network: Network, outputs: int, size: int) -> None:
        super().__init__()
        self.network, self.outputs, self.size = network, outputs, size
        step = network.tile_size // 2 if network.tile_size else network.stride
        length = max(-(-(size + 2 * MARGIN) // step) * step, network.tile_size or 0)
        self.pad = _Mirrored(size, MARGIN, length - size - MARGIN)
        self.tile = network.tile_size or length
        starts = range(0, length - self.tile + 1, step)
        self.corners = [(top, left) for top in starts for left in starts]
        self.length = length
        ramp = 1 - torch.abs(torch.linspace(-1, 1, self.tile + 2)[1:-1])
        weight = torch.outer(ramp, ramp) if network.tile_size else torch.ones(length, length)
        total = torch.zeros(length, length)
        for top, left in self.corners:
            total[top : top + self.tile, left : left + self.tile] += weight
        self.register_buffer("weight", weight)
        self.register_buffer("total", total)

    def forward(self, image: Tensor) -> Tensor:
        padded = self.pad(image)
        if len(self.corners) == 1:
            blended = self.network.answer(padded)
        else:
            cuts = [self._cut(padded, top, left) for top, left in self.corners]
            answers = self.network.answer(torch.cat(cuts)) * self.weight
            parts = answers.reshape(len(cuts), -1, self.outputs, self.tile, self.tile)
            blended = torch.zeros(1, self.outputs, self.length, self.length)
            for part, (top, left) in zip(parts, self.corners, strict=True):
                after = self.length - self.tile
                blended = blended + functional.pad(part, (left, after - left, top, after - top))
            blended = blended / self.total
        return blended[..., MARGIN : MARGIN + self.size, MARGIN : MARGIN + self.size]

    def _cut(self, padded: Tensor, top: int, left: int) -> Tensor:
        return padded[..., top : top + self.tile, left : left + self.tile]


class _Linear(nn.Module):
    """The same matrices, one after the other, along rows and columns of (N, C, H, W)."""

    def __init__(self, *matrices: NDArray[np.float32]) -> None:
        super().__init__()
        self.count = len(matrices)
        for number, matrix in enumerate(matrices):
            self.register_buffer(f"matrix{number}", torch.from_numpy(matrix))

    def forward(self, image: Tensor) -> Tensor:
        for number in range(self.count):
            matrix = self.get_buffer(f"matrix{number}")
            image = torch.matmul(torch.matmul(matrix, image), matrix.T)
        return image


class _Mirrored(nn.Module):
    """(N, C, size, size) with its border mirrored, edge pixels included."""

    places: Tensor

    def __init__(self, size: int, before: int, after: int) -> None:
        super().__init__()
        places = np.pad(np.arange(size), (before, after), mode="symmetric")
        self.register_buffer("places", torch.from_numpy(places))

    def forward(self, image: Tensor) -> Tensor:
        return image.index_select(2, self.places).index_select(3, self.places)


class _Blurred(nn.Module):
    """As `cv2.GaussianBlur` with mirrored border; sigma 0 changes nothing."""

    line: Tensor

    def __init__(self, size: int, sigma: float) -> None:
        super().__init__()
        self.is_on = sigma > 0
        if self.is_on:
            self.register_buffer("line", torch.from_numpy(_gaussian(sigma)).float())
            self.pad = _Mirrored(size, len(self.line) // 2, len(self.line) // 2)

    def forward(self, image: Tensor) -> Tensor:
        if not self.is_on:
            return image
        down = functional.conv2d(self.pad(image), self.line.reshape(1, 1, -1, 1))
        return functional.conv2d(down, self.line.reshape(1, 1, 1, -1))


def _gray(tile: Tensor, is_blue: bool) -> Tensor:
    """As `illumination.to_gray`: OpenCV's fixed-point luma, and blue that lies not far below it."""
    levels = torch.round(255 * tile)
    red, green, blue = levels[:, :1], levels[:, 1:2], levels[:, 2:]
    luma = torch.floor((4899 * red + 9617 * green + 1868 * blue + 8192) / 16384)
    return (torch.maximum(blue, torch.relu(luma - LARGEST_FALL)) if is_blue else luma) / 255


def _flat(image: Tensor, mean: Tensor, deviation: Tensor, config: FlattenConfig) -> Tensor:
    return torch.clamp((image - mean) * (config.contrast / deviation) + config.level, 0, 1)


def _heat(residual: Tensor, r0: float) -> Tensor:
    """As `heatmaps.to_heatmap`, as a share of 65536."""
    return torch.clamp(torch.round(65536 * residual / (residual + r0)), max=65535) / 65536


def _to_scale(side: int, size: int) -> tuple[nn.Module, nn.Module]:
    """From a side to the size of a scale, and back."""
    if size == side:
        return nn.Identity(), nn.Identity()
    down = _resized(side, size, cv2.INTER_AREA)
    return _Linear(down), _Linear(_resized(size, side, cv2.INTER_LINEAR))


def _gradient(image: Tensor) -> Tensor:
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    padded = functional.pad(image, (1, 1, 1, 1), mode="replicate")
    across = functional.conv2d(padded, sobel[None, None])
    down = functional.conv2d(padded, sobel.T[None, None].contiguous())
    return torch.sqrt(across**2 + down**2)


def _local_mean(size: int, sigma: float) -> _Linear:
    """As `illumination.local_mean`: to a coarser grid, blurred there, and back."""
    coarse = -(-size // COARSE)
    kernel = _gaussian(sigma / COARSE)
    small = _resized(size, coarse, cv2.INTER_AREA)
    blurred = cv2.sepFilter2D(small, -1, np.ones(1), kernel, borderType=cv2.BORDER_REFLECT)
    return _Linear(blurred, _resized(coarse, size, cv2.INTER_LINEAR))


def _gaussian(sigma: float) -> NDArray[np.float64]:
    """The kernel that `cv2.GaussianBlur` takes of its own accord for float images."""
    kernel: NDArray[np.float64] = cv2.getGaussianKernel(round(8 * sigma + 1) | 1, sigma)[:, 0]
    return kernel


def _resized(before: int, after: int, method: int) -> NDArray[np.float32]:
    """The matrix (after, before) by which OpenCV resizes a column."""
    matrix: NDArray[np.float32] = cv2.resize(
        np.eye(before, dtype=np.float32), (before, after), interpolation=method
    )
    return matrix
