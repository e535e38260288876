"""Procedural cracks: what the network is taught to heal, and what calibration finds again.

Geometry is drawn as polylines whose heading drifts, jitters and branches; the surface under them
is never touched here. Everything is a function of a `numpy.random.Generator`: the same seed gives
the same crack.
"""

import dataclasses
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import Voronoi

from crackdemo.arrays import CrackMask, GrayImage
from crackdemo.configs import SETTINGS, Share
from crackdemo.errors import ConfigError
from crackdemo.synthesis.noise import smooth_noise

_SUPERSAMPLING = 4


_Width = Annotated[float, Field(ge=0.1, le=500)]
_Depth = Annotated[float, Field(ge=0.01, le=100)]


@dataclass(frozen=True, config=SETTINGS)
class CrackConfig:
    """What procedural cracks look like. Lengths are pixels of the tile they are painted on."""

    width_min: _Width = 0.8
    """Width of the finest hairline, in pixels."""
    width_max: _Width = 16.0
    """Width of the widest crack, in pixels; widths are drawn log-uniformly."""
    depth_min: _Depth = 1.2
    """How much darker the faintest crack is, in local standard deviations."""
    depth_max: _Depth = 8.0
    """How much darker the blackest crack is, in local standard deviations."""
    paths_max: Annotated[int, Field(ge=1, le=100)] = 3
    """The most cracks on one tile, branches not counted."""
    branch_probability: Share = 0.4
    """Chance that a crack sends out a branch; a branch may branch again."""
    network_probability: Share = 0.12
    """Chance that a tile carries a net of cracks (alligator cracking) instead of single ones."""
    straight_share: Share = 0.0
    """Share of single cracks that leave a straight line by a few pixels only; joints by none."""

    def __post_init__(self) -> None:
        if self.width_min > self.width_max or self.depth_min > self.depth_max:
            raise ConfigError("The least width and depth of cracks must not exceed the greatest.")


@dataclasses.dataclass(frozen=True)
class Stroke:
    """A centre line and its width, or several of N points each."""

    points: NDArray[np.float64]
    """(..., N, 2) x and y of the centre line, in pixels."""
    flanks: NDArray[np.float64]
    """(..., N, 2) distance of the left and right edge from the centre line; 0 where interrupted."""


@dataclasses.dataclass(frozen=True)
class PaintedTile:
    """A surface with cracks on it, and the truth about them."""

    image: GrayImage
    """(H, W), 0..1, cracks painted in."""
    mask: CrackMask
    """(H, W), True on the cracks."""


def paint_cracks(surface: GrayImage, config: CrackConfig, rng: np.random.Generator) -> PaintedTile:
    """Cracks on a gray surface (H, W), 0..1, darker than their surroundings."""
    height, width = surface.shape
    coverage = np.zeros((height, width), np.float32)
    painted = surface.copy()
    for strokes in draw_cracks(height, width, config, rng):
        crack = _roughen(rasterise(strokes, height, width), rng)
        painted = _darken(painted, crack, _depth(strokes, config, rng), rng)
        np.maximum(coverage, crack, out=coverage)
    return PaintedTile(painted, coverage > 0.4)


def draw_cracks(
    height: int, width: int, config: CrackConfig, rng: np.random.Generator
) -> list[list[Stroke]]:
    """Cracks of a tile; the strokes of one crack (stem and branches) go together."""
    if rng.random() < config.network_probability:
        return [[_network(height, width, config, rng)]]
    return [
        _branching(height, width, config, rng) for _ in range(rng.integers(1, config.paths_max + 1))
    ]


def rasterise(strokes: list[Stroke], height: int, width: int) -> GrayImage:
    """Strokes to coverage (H, W), 0..1, the fraction of each pixel that lies in the crack."""
    scale = _SUPERSAMPLING
    canvas = np.zeros((height * scale, width * scale), np.uint8)
    for stroke in strokes:
        quads = np.round((_quads(stroke) * scale - 0.5) * 16).astype(np.int32)
        inside = (quads.max(1) >= 0) & (quads.min(1) <= np.array([width, height]) * scale * 16)
        for quad in quads[inside.all(1)]:
            # it counts in sixteenths of a pixel: smooth outlines without a larger canvas
            cv2.fillConvexPoly(canvas, quad, 255, cv2.LINE_8, 4)
    # twice by 2 and not once by 4: that is the size OpenCV is quick at
    half = cv2.resize(canvas, (width * 2, height * 2), interpolation=cv2.INTER_AREA)
    coverage: NDArray[np.uint8] = cv2.resize(half, (width, height), interpolation=cv2.INTER_AREA)
    return coverage.astype(np.float32) / np.float32(255)


def _quads(stroke: Stroke) -> NDArray[np.float64]:
    """The corners (M, 4, 2) of a stroke's pieces, from one point to the next."""
    along = np.gradient(stroke.points, axis=-2)
    across = along[..., ::-1] * (-1, 1)
    across /= np.maximum(np.hypot(along[..., :1], along[..., 1:]), 1e-9)
    left = stroke.points + across * stroke.flanks[..., :1]
    right = stroke.points - across * stroke.flanks[..., 1:]
    quads = np.stack(
        [left[..., :-1, :], left[..., 1:, :], right[..., 1:, :], right[..., :-1, :]], -2
    )
    pieces: NDArray[np.float64] = quads[stroke.flanks[..., :-1, :].any(-1)]
    return pieces


def _depth(strokes: list[Stroke], config: CrackConfig, rng: np.random.Generator) -> float:
    """Depth of one crack in local deviations: the wider, the less light reaches its floor."""
    depth = np.exp(rng.uniform(np.log(config.depth_min), np.log(config.depth_max)))
    widest = max(float(stroke.flanks.sum(-1).max(initial=0)) for stroke in strokes)
    return float(depth * (1 + 0.5 * np.log2(max(1.0, widest))))


def _branching(
    height: int, width: int, config: CrackConfig, rng: np.random.Generator
) -> list[Stroke]:
    size = max(height, width)
    base_width = np.exp(rng.uniform(np.log(config.width_min), np.log(config.width_max)))
    length = int(max(size * rng.uniform(0.4, 1.6), 12 * base_width))
    start = rng.uniform(-0.1, 1.1, 2) * (width, height)
    centre = rng.uniform(0.2, 0.8, 2) * (width, height)
    heading = np.arctan2(*(centre - start)[::-1])
    winding = _winding(base_width, config.straight_share, rng)
    strokes = [_path(start, heading, length, base_width, winding, rng)]
    while len(strokes) < 6 and rng.random() < config.branch_probability:
        parent = strokes[rng.integers(len(strokes))]
        at = int(rng.integers(len(parent.points) // 5, len(parent.points) * 4 // 5))
        along = parent.points[at] - parent.points[at - 1]
        turn = rng.choice([-1, 1]) * rng.uniform(0.35, 1.4)
        branch_width = max(config.width_min, base_width * rng.uniform(0.3, 0.9))
        branch_length = int(length * rng.uniform(0.2, 0.7))
        heading = np.arctan2(along[1], along[0]) + turn
        strokes.append(_path(parent.points[at], heading, branch_length, branch_width, winding, rng))
    return strokes


@dataclasses.dataclass(frozen=True)
class _Winding:
    """How a crack and its branches wind."""

    jaggedness: float
    """Deviation of its sharp turns, in radians."""
    turning: float = 1.0
    """What is left of all turns: .08 leaves a line of 200 px by about a pixel."""
    swelling: float = 1.0
    """What is left of how its width varies."""


def _winding(base_width: float, straight_share: float, rng: np.random.Generator) -> _Winding:
    place = rng.random()
    if place < straight_share:
        turning = float(np.exp(rng.uniform(np.log(0.08), np.log(0.5))))
        # the wider, the more: a straight and even bar of 20 px is a patch
        least = min(1, base_width / 40)
        return _Winding(rng.uniform(0.05, 0.6), max(turning, least), max(rng.uniform(0, 1), least))
    return _Winding(0.05 + 0.55 * (place - straight_share) / (1 - straight_share))


def _path(
    start: NDArray[np.float64],
    heading: float,
    length: int,
    base_width: float,
    winding: "_Winding",
    rng: np.random.Generator,
) -> Stroke:
    """A walk whose heading wanders slowly and turns sharply at the grains it meets."""
    step = max(1.0, base_width / 4)
    count = max(int(length / step), 8)
    wander = gaussian_filter1d(rng.normal(0, 1, count), 12) * rng.uniform(0, 2.5)
    grain = int(rng.integers(2, 9))
    turns = np.repeat(rng.normal(0, winding.jaggedness, -(-count // grain)), grain)[:count]
    headings = heading + winding.turning * (wander + turns)
    steps = np.stack([np.cos(headings), np.sin(headings)], 1) * step
    return Stroke(start + np.cumsum(steps, 0), _flanks(count, base_width, winding.swelling, rng))


def _flanks(
    count: int, base_width: float, swelling: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Both edges along a path: a shared random walk that tapers and may break off, each jagged."""
    slow = gaussian_filter1d(rng.normal(0, 1, count), 10) * 5 * rng.uniform(0, 0.5)
    fast = gaussian_filter1d(rng.normal(0, 1, count), 1.5) * rng.uniform(0, 0.5)
    widths = base_width * np.exp(swelling * (slow + fast))
    taper = max(1, int(count * rng.uniform(0.02, 0.3)))
    ramp = np.minimum(1, np.arange(1, count + 1) / taper)
    widths *= ramp[::-1] if rng.random() < 0.5 else np.minimum(ramp, ramp[::-1])
    if rng.random() < 0.35:
        gaps = gaussian_filter1d(rng.normal(0, 1, count), 6)
        widths[gaps > np.sort(gaps)[int(count * rng.uniform(0.75, 0.97))]] = 0
    grain = int(rng.integers(1, 6))
    jags = np.repeat(rng.normal(0, 1, (-(-count // grain), 2)), grain, axis=0)[:count]
    ragged = np.exp(swelling * jags * rng.uniform(0, 0.4))
    flanks: NDArray[np.float64] = widths[:, None] / 2 * ragged
    return flanks


def _network(height: int, width: int, config: CrackConfig, rng: np.random.Generator) -> Stroke:
    """Alligator cracking: the edges of a Voronoi diagram, made to wander."""
    size = max(height, width)
    cell = size * rng.uniform(0.15, 0.5)
    columns, rows = int(width / cell) + 4, int(height / cell) + 4
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2) - 1.5
    diagram = Voronoi((grid + rng.uniform(-0.45, 0.45, grid.shape)) * cell)
    widest = max(config.width_min * 1.5, min(config.width_max, cell / 8))
    base_width = np.exp(rng.uniform(np.log(config.width_min), np.log(widest)))
    edges = diagram.vertices[[ridge for ridge in diagram.ridge_vertices if min(ridge) >= 0]]
    sway = cell / 4 + widest
    inside = (edges.max(1) > -sway) & (edges.min(1) < np.array([width, height]) + sway)
    chosen = edges[inside.all(1) & (rng.random(len(edges)) < 0.85)]
    return _wandering_edges(chosen, base_width, rng)


def _wandering_edges(
    ends: NDArray[np.float64], base_width: float, rng: np.random.Generator
) -> Stroke:
    """Strokes between pairs of ends (E, 2, 2): both ends stay, the way between them sways."""
    along = ends[:, 1] - ends[:, 0]
    lengths = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    step = max(1.0, base_width / 4, lengths.max(initial=0) / 400)
    count = max(8, int(lengths.max(initial=0) / step) + 2)
    t = np.minimum(1, np.arange(count) * step / lengths)
    sway, swell = gaussian_filter1d(rng.normal(0, 1, (2, len(ends), count)), 4)
    grain = np.repeat(rng.normal(0, 0.6, (len(ends), -(-count // 4))), 4, axis=1)[:, :count]
    aside = (sway * lengths * 0.06 + grain) * np.sin(np.pi * t) / lengths
    across = along[:, ::-1] * (-1, 1)
    points = ends[:, :1] + t[..., None] * along[:, None] + aside[..., None] * across[:, None]
    widths = base_width * rng.uniform(0.6, 1.3, (len(ends), 1)) * np.exp(0.9 * swell)
    widths[:, 1:][t[:, :-1] == 1] = 0  # shorter than the longest: there already
    return Stroke(points, np.repeat(widths[..., None] / 2, 2, axis=2))


def _roughen(coverage: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Rough edges: the crack's outline is displaced by noise of the grain's size."""
    height, width = coverage.shape
    reach = np.float32(rng.uniform(0.0, 0.85))
    grain = rng.uniform(1.0, 3.0)
    right = reach * smooth_noise((height, width), grain, rng)
    down = reach * smooth_noise((height, width), grain, rng)
    x = np.arange(width, dtype=np.float32) + right
    y = np.arange(height, dtype=np.float32)[:, None] + down
    rough: GrayImage = cv2.remap(coverage, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return _blur(rough, rng.uniform(0.25, 0.9))


def _darken(
    image: GrayImage, coverage: GrayImage, depth: float, rng: np.random.Generator
) -> GrayImage:
    """The crack's floor: darker by `depth` deviations, with less texture the deeper it is."""
    height, width = image.shape
    around = _local_mean(image)
    texture = image - around
    mean, deviation = float(image.mean()), float(texture.std()) * 1.3 + 0.01
    shade: GrayImage = 1 + np.float32(0.07) * smooth_noise((height, width), 3, rng)
    floor = around - np.float32(deviation * depth) * shade
    floor += texture * np.float32(np.clip(1.2 - depth / 5, 0.1, 1))
    darkest = np.float32(rng.uniform(0.02, 0.25) * mean)
    floor = np.minimum(np.maximum(floor, darkest), image + np.float32(0.02))
    lit: GrayImage = _lit_edge(coverage, rng) * np.float32(deviation)
    painted: GrayImage = image + lit + coverage * (floor - image)
    return np.clip(painted, 0, 1)


def _local_mean(image: GrayImage) -> GrayImage:
    """Gaussian of sigma 6, at half the size: it is smooth enough."""
    height, width = image.shape
    half = cv2.resize(image, (-(-width // 2), -(-height // 2)), interpolation=cv2.INTER_AREA)
    mean: GrayImage = cv2.resize(_blur(half, 3), (width, height), interpolation=cv2.INTER_LINEAR)
    return mean


def _blur(image: GrayImage, sigma: float) -> GrayImage:
    blurred: GrayImage = cv2.GaussianBlur(image, (0, 0), sigma)
    return blurred


def _lit_edge(coverage: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Sun on one flank of an open crack: a bright rim beside the dark floor."""
    if rng.random() > 0.3:
        return np.zeros_like(coverage)
    dx, dy = rng.uniform(-3, 3, 2)
    shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    moved: GrayImage = cv2.warpAffine(
        coverage, shift, coverage.shape[::-1], borderMode=cv2.BORDER_REPLICATE
    )
    rim: GrayImage = np.clip(moved - coverage, 0, 1) * np.float32(rng.uniform(0.5, 2.5))
    return rim
