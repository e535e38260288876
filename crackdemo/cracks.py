"""Procedural cracks: what the network is taught to heal, and what calibration finds again.

Geometry is drawn as polylines whose heading drifts, jitters and branches; the surface under them
is never touched here. Everything is a function of a `numpy.random.Generator`: the same seed gives
the same crack.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import Voronoi

from crackdemo.arrays import CrackMask, GrayImage

_SUPERSAMPLING = 4


@dataclass(frozen=True)
class CrackConfig:
    """What procedural cracks look like. Lengths are pixels of the tile they are painted on."""

    width_min: float = 0.8
    """Width of the finest hairline, in pixels."""
    width_max: float = 24.0
    """Width of the widest crack, in pixels; widths are drawn log-uniformly."""
    depth_min: float = 1.2
    """How much darker the faintest crack is, in local standard deviations."""
    depth_max: float = 8.0
    """How much darker the blackest crack is, in local standard deviations."""
    paths_max: int = 3
    """The most cracks on one tile, branches not counted."""
    branch_probability: float = 0.4
    """Chance that a crack sends out a branch; a branch may branch again."""
    network_probability: float = 0.12
    """Chance that a tile carries a net of cracks (alligator cracking) instead of single ones."""


@dataclass(frozen=True)
class Stroke:
    """One crack's centre line and width."""

    points: NDArray[np.float64]
    """(N, 2) x and y of the centre line, in pixels."""
    flanks: NDArray[np.float64]
    """(N, 2) distance of the left and right edge from the centre line; 0 where interrupted."""


@dataclass(frozen=True)
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
    """Cracks of a tile; the strokes of one crack (stem and branches, or a net) go together."""
    if rng.random() < config.network_probability:
        return [_network(height, width, config, rng)]
    return [
        _branching(height, width, config, rng) for _ in range(rng.integers(1, config.paths_max + 1))
    ]


def rasterise(strokes: list[Stroke], height: int, width: int) -> GrayImage:
    """Strokes to coverage (H, W), 0..1, the fraction of each pixel that lies in the crack."""
    scale = _SUPERSAMPLING
    canvas = np.zeros((height * scale, width * scale), np.uint8)
    for stroke in strokes:
        along = np.gradient(stroke.points, axis=0)
        across = np.stack([-along[:, 1], along[:, 0]], 1)
        across /= np.maximum(np.hypot(across[:, 0], across[:, 1]), 1e-9)[:, None]
        left = stroke.points + across * stroke.flanks[:, :1]
        right = stroke.points - across * stroke.flanks[:, 1:]
        quads = np.stack([left[:-1], left[1:], right[1:], right[:-1]], 1)
        # cv2 counts in sixteenths of a pixel: smooth outlines without a larger canvas
        quads = np.round((quads * scale - 0.5) * 16).astype(np.int32)
        for quad in quads[stroke.flanks[:-1].sum(1) > 0]:
            cv2.fillConvexPoly(canvas, quad, 255, cv2.LINE_8, 4)
    coverage = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return coverage.astype(np.float32) / np.float32(255)


def _depth(strokes: list[Stroke], config: CrackConfig, rng: np.random.Generator) -> float:
    """Depth of one crack in local deviations: the wider, the less light reaches its floor."""
    depth = np.exp(rng.uniform(np.log(config.depth_min), np.log(config.depth_max)))
    widest = max(float(stroke.flanks.sum(1).max()) for stroke in strokes)
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
    jaggedness = rng.uniform(0.05, 0.6)
    strokes = [_path(start, heading, length, base_width, jaggedness, rng)]
    while len(strokes) < 6 and rng.random() < config.branch_probability:
        parent = strokes[rng.integers(len(strokes))]
        at = int(rng.integers(len(parent.points) // 5, len(parent.points) * 4 // 5))
        along = parent.points[at] - parent.points[at - 1]
        turn = rng.choice([-1, 1]) * rng.uniform(0.35, 1.4)
        branch_width = max(config.width_min, base_width * rng.uniform(0.3, 0.9))
        branch_length = int(length * rng.uniform(0.2, 0.7))
        heading = np.arctan2(along[1], along[0]) + turn
        strokes.append(
            _path(parent.points[at], heading, branch_length, branch_width, jaggedness, rng)
        )
    return strokes


def _path(
    start: NDArray[np.float64],
    heading: float,
    length: int,
    base_width: float,
    jaggedness: float,
    rng: np.random.Generator,
) -> Stroke:
    """A walk whose heading wanders slowly and turns sharply at the grains it meets."""
    step = max(1.0, base_width / 4)
    count = max(int(length / step), 8)
    wander = gaussian_filter1d(rng.normal(0, 1, count), 12) * rng.uniform(0, 2.5)
    grain = int(rng.integers(2, 9))
    turns = np.repeat(rng.normal(0, jaggedness, -(-count // grain)), grain)[:count]
    headings = heading + wander + turns
    steps = np.stack([np.cos(headings), np.sin(headings)], 1) * step
    return Stroke(start + np.cumsum(steps, 0), _flanks(count, base_width, rng))


def _flanks(count: int, base_width: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Both edges along a path: a shared random walk that tapers and may break off, each jagged."""
    slow = gaussian_filter1d(rng.normal(0, 1, count), 10) * 5 * rng.uniform(0, 0.5)
    fast = gaussian_filter1d(rng.normal(0, 1, count), 1.5) * rng.uniform(0, 0.5)
    widths = base_width * np.exp(slow + fast)
    taper = max(1, int(count * rng.uniform(0.02, 0.3)))
    ramp = np.minimum(1, np.arange(1, count + 1) / taper)
    widths *= ramp[::-1] if rng.random() < 0.5 else np.minimum(ramp, ramp[::-1])
    if rng.random() < 0.35:
        gaps = gaussian_filter1d(rng.normal(0, 1, count), 6)
        widths[gaps > np.quantile(gaps, rng.uniform(0.75, 0.97))] = 0
    grain = int(rng.integers(1, 6))
    jags = np.repeat(rng.normal(0, 1, (-(-count // grain), 2)), grain, axis=0)[:count]
    return widths[:, None] / 2 * np.exp(jags * rng.uniform(0, 0.4))


def _network(
    height: int, width: int, config: CrackConfig, rng: np.random.Generator
) -> list[Stroke]:
    """Alligator cracking: the edges of a Voronoi diagram, made to wander."""
    size = max(height, width)
    cell = size * rng.uniform(0.15, 0.5)
    columns, rows = int(width / cell) + 4, int(height / cell) + 4
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2) - 1.5
    diagram = Voronoi((grid + rng.uniform(-0.45, 0.45, grid.shape)) * cell)
    widest = max(config.width_min * 1.5, min(config.width_max, cell / 8))
    base_width = np.exp(rng.uniform(np.log(config.width_min), np.log(widest)))
    strokes = []
    for a, b in diagram.ridge_vertices:
        if a >= 0 and b >= 0 and rng.random() < 0.85:
            ends = diagram.vertices[[a, b]]
            strokes.append(_wandering_edge(ends, base_width * rng.uniform(0.6, 1.3), rng))
    return strokes


def _wandering_edge(
    ends: NDArray[np.float64], base_width: float, rng: np.random.Generator
) -> Stroke:
    along = ends[1] - ends[0]
    length = float(np.hypot(*along))
    count = int(np.clip(length / max(1.0, base_width / 4), 8, 400))
    across = np.array([-along[1], along[0]]) / max(length, 1e-6)
    t = np.linspace(0, 1, count)
    sway = gaussian_filter1d(rng.normal(0, 1, count), 4) * length * 0.06
    sway += np.repeat(rng.normal(0, 1, -(-count // 4)), 4)[:count] * 0.6
    points = ends[0] + t[:, None] * along + (sway * np.sin(np.pi * t))[:, None] * across
    widths = base_width * np.exp(gaussian_filter1d(rng.normal(0, 0.8, count), 3))
    return Stroke(points, np.repeat(widths[:, None] / 2, 2, axis=1))


def _roughen(coverage: GrayImage, rng: np.random.Generator) -> GrayImage:
    """Rough edges: the crack's outline is displaced by noise of the grain's size."""
    height, width = coverage.shape
    amplitude = rng.uniform(0.0, 1.2)
    grain = rng.uniform(1.0, 3.0)
    noise = cv2.GaussianBlur(
        rng.normal(0, amplitude * 2.5 * grain, (height, width, 2)).astype(np.float32),
        (0, 0),
        grain,
        borderType=cv2.BORDER_REFLECT,
    )
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    rough = cv2.remap(coverage, x + noise[..., 0], y + noise[..., 1], cv2.INTER_LINEAR)
    return cv2.GaussianBlur(rough, (0, 0), rng.uniform(0.25, 0.9))


def _darken(
    image: GrayImage, coverage: GrayImage, depth: float, rng: np.random.Generator
) -> GrayImage:
    """The crack's floor: darker by `depth` deviations, with less texture the deeper it is."""
    around = cv2.GaussianBlur(image, (0, 0), 6)
    mean, deviation = float(image.mean()), float((image - around).std()) * 1.3 + 0.01
    texture = (image - around) * np.float32(np.clip(1.2 - depth / 5, 0.1, 1))
    shade = cv2.GaussianBlur(rng.normal(0, 1, image.shape).astype(np.float32), (0, 0), 3) * 3
    floor = around - deviation * np.float32(depth) * (1 + np.float32(0.25) * shade) + texture
    darkest = np.float32(rng.uniform(0.02, 0.25) * mean)
    floor = np.minimum(np.maximum(floor, darkest), image + np.float32(0.02))
    lit = _lit_edge(coverage, rng) * np.float32(deviation)
    return np.clip(image + lit + coverage * (floor - image), 0, 1).astype(np.float32)


def _lit_edge(coverage: GrayImage, rng: np.random.Generator) -> GrayImage | float:
    """Sun on one flank of an open crack: a bright rim beside the dark floor."""
    if rng.random() > 0.3:
        return np.float32(0)
    dx, dy = rng.uniform(-3, 3, 2)
    shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    moved = cv2.warpAffine(coverage, shift, coverage.shape[::-1])
    return np.clip(moved - coverage, 0, 1) * np.float32(rng.uniform(0.5, 2.5))
