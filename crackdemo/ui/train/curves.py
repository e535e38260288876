"""Curves of losses and figures as SVG, in the page's own colours."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 10, 10, 26


@dataclass(frozen=True)
class Curve:
    """One line of a plot."""

    name: str
    """In the legend."""
    values: Sequence[float]
    """One for each epoch, from epoch 1."""
    style: str
    """CSS class: `first` or `second` for the run, and `dashed` for training."""


def plot_losses(curves: Sequence[Curve], epochs: int) -> str:
    """SVG with axes, the losses' logarithmic, and a legend; empty text before there are values."""
    logs = [_log(value) for curve in curves for value in curve.values]
    low, high = (min(logs), max(logs)) if logs else (0.0, 0.0)
    span = (high - low) or 1.0
    # of all losses alike one line in the middle, and no others that nobody measured
    marks = (0, 0.5, 1) if high > low else (0,)
    ticks = [(share, f"{math.exp(low + share * span):.3g}") for share in marks]
    return _plot(curves, epochs, ticks, lambda loss: (_log(loss) - low) / span, "Loss, log scale")


def plot_shares(curves: Sequence[Curve], epochs: int) -> str:
    """The same of figures between 0 and 1, on an axis of these."""
    ticks = [(share, f"{share:g}") for share in (0, 0.5, 1)]
    return _plot(curves, epochs, ticks, lambda share: share, "Figure, 0 to 1")


def _plot(
    curves: Sequence[Curve],
    epochs: int,
    ticks: Sequence[tuple[float, str]],
    height: Callable[[float], float],
    name: str,
) -> str:
    """ticks: heights, 0..1, and what stands there."""
    if not any(curve.values for curve in curves):
        return ""
    lines = "".join(_line(curve, epochs, height) for curve in curves)
    last = f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">{epochs}</text>'
    legend = "".join(
        f'<span class="{curve.style}"><i></i>{escape(curve.name)}</span>' for curve in curves
    )
    axis = _HEIGHT - 8
    return (
        f'<figure class="curves"><figcaption><b>{name}</b>{legend}</figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{name}, by epoch">'
        f"{''.join(_tick(share, told) for share, told in ticks)}{lines}"
        f'<text x="{_LEFT}" y="{axis}">epoch 1</text>{last if epochs > 1 else ""}</svg></figure>'
    )


def _line(curve: Curve, epochs: int, height: Callable[[float], float]) -> str:
    points = [(_x(epoch, epochs), _y(height(value))) for epoch, value in enumerate(curve.values, 1)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1] if points else (0, 0)
    end = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' if points else ""
    return f'<g class="{curve.style}"><polyline points="{path}"/>{end}</g>'


def _tick(share: float, told: str) -> str:
    y = _y(share)
    return (
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{told}</text>'
    )


def _log(value: float) -> float:
    return math.log(max(value, 1e-12))


def _x(epoch: int, epochs: int) -> float:
    return _LEFT + (epoch - 1) / max(1, epochs - 1) * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)
