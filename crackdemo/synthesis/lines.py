"""Straight and evenly bent lines through a tile: markings, joints, kerbs and cables follow one."""

from dataclasses import dataclass

import numpy as np

from crackdemo.arrays import GrayImage


@dataclass(frozen=True)
class Line:
    """A line through a tile, as each pixel's place beside it; both (H, W), in pixels."""

    across: GrayImage
    """Signed distance from the line."""
    along: GrayImage
    """Distance along it, from a point on it that lies in the tile."""

    def bent(self, sag: float) -> "Line":
        """The line as a parabola that leaves its middle by `sag` pixels after 64."""
        bend = np.float32(sag / 64**2)
        slope = np.sqrt(1 + (2 * bend * self.along) ** 2)
        return Line((self.across + bend * self.along**2) / slope, self.along)

    def crossed(self) -> "Line":
        """The line at right angles to it, through the same point."""
        return Line(self.along, -self.across)

    def band(self, offset: float, half: float, softness: float = 1.0) -> GrayImage:
        """Coverage (H, W), 0..1, of a band of 2 `half` pixels beside the line."""
        away = np.abs(self.across - np.float32(offset))
        coverage: GrayImage = np.clip((np.float32(half) - away) / np.float32(softness) + 0.5, 0, 1)
        return coverage

    def beyond(self, offset: float, softness: float = 1.0) -> GrayImage:
        """Coverage (H, W), 0..1, of all that lies on the far side of the line."""
        ahead = (self.across - np.float32(offset)) / np.float32(softness)
        coverage: GrayImage = np.clip(ahead + np.float32(0.5), 0, 1)
        return coverage


def draw_line(shape: tuple[int, int], rng: np.random.Generator) -> Line:
    """A random straight line through a tile of a shape (H, W)."""
    height, width = shape
    # roads, slabs and cameras favour the image's axes
    aligned = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.06)
    angle = aligned if rng.random() < 0.5 else rng.uniform(0, np.pi)
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(rng.uniform(0, width))
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(rng.uniform(0, height))
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return Line(cosine * x + sine * y, cosine * y - sine * x)
